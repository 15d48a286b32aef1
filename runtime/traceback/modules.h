// modules.h: the ELF files that this process consists of, and what each knows about an address.
//
// What a module says is believed only as far as it is sure:
//
//   the file cannot be opened now            bare symbols, for now: it is tried again
//   another file is at its path              never names of that file: symbols out of memory
//   there is none, or its DWARF was taken out  its debug file, if there is one (elf_file.h)
//
// In all of these the loader still knows the exported functions (dladdr).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/traceback/dwarf_index.h"
#include "runtime/traceback/elf_file.h"

namespace golab::runtime {

// The program, a shared library, or the vdso. Its file is opened when the first address in it is
// asked for. Addresses are those of the process.
class Module {
 public:
  Module(std::string path, uintptr_t bias, std::string build_id)
      : path_(std::move(path)), build_id_(std::move(build_id)), bias_(bias) {}
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  void add_segment(uintptr_t lo, uintptr_t hi) { segments_.push_back({lo, hi}); }
  bool contains(uintptr_t pc) const;
  uintptr_t bias() const { return bias_; }

  // The same image, for sure? Without a build id that is not known once something was unloaded.
  bool same(const Module& m, bool unloaded) const {
    return path_ == m.path_ && bias_ == m.bias_ && build_id_ == m.build_id_ &&
           !(unloaded && build_id_.empty());
  }

  // Opens the file, if that was not done: once in each attempt, a number of the caller's. True if
  // what the module says from now on is its last word.
  bool open(uint64_t attempt);
  bool settled() const { return settled_; }

  DwarfIndex* dwarf() const { return index_.get(); }  // null if there is none
  std::optional<ElfSymbol> symbol(uintptr_t pc) const;

  // What keeps names from being found, as a sentence without its end; "" if nothing does.
  const std::string& problem() const { return problem_; }

 private:
  struct Segment {
    uintptr_t lo;
    uintptr_t hi;
  };
  bool is_program() const;
  std::vector<std::string> paths() const;
  std::unique_ptr<ElfFile> open_file(std::string* path);
  bool open_debug_file(const std::string& path);
  std::string shown_path() const;

  std::string path_;
  std::string build_id_;  // of the image in memory
  uintptr_t bias_;
  std::vector<Segment> segments_;
  uint64_t attempt_ = 0;  // the last one
  bool settled_ = false;
  std::string problem_;
  std::unique_ptr<ElfFile> file_;   // null: not to be had
  std::unique_ptr<ElfFile> debug_;  // with the DWARF, if that is not in file_
  std::unique_ptr<DwarfIndex> index_;
  std::vector<ElfSymbol> symbols_;
};

// The modules that are mapped now, the program first.
std::vector<std::unique_ptr<Module>> mapped_modules();

}  // namespace golab::runtime
