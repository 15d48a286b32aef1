// modules.h: the ELF files that this process consists of, and what each knows about an address.
//
//   the file of a module          names come from
//   has its DWARF                 the file
//   was stripped of it            the separate debug file, if there is one (elf_file.h)
//   cannot be opened now          the loader (dladdr: exported functions); it is tried again
//   was replaced by another file  the loader, and never that file
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
// asked for. Addresses are those of the process, not of the file.
class Module {
 public:
  Module(std::string path, uintptr_t bias, std::string build_id)
      : path_(std::move(path)), build_id_(std::move(build_id)), bias_(bias) {}
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  void add_segment(uintptr_t lo, uintptr_t hi) { segments_.push_back({lo, hi}); }
  bool contains(uintptr_t pc) const;
  uintptr_t bias() const { return bias_; }

  // Is it certainly the same image? Without a build id, only as long as nothing was unloaded.
  bool same(const Module& m, bool unloaded) const {
    return path_ == m.path_ && bias_ == m.bias_ && build_id_ == m.build_id_ &&
           !(unloaded && build_id_.empty());
  }

  // Opens the file, unless it is open or was tried in this attempt, a number of the caller's.
  // Returns settled(): what the module says from now on stays the same.
  bool open(uint64_t attempt);
  bool settled() const { return settled_; }

  DwarfIndex* dwarf() const { return index_.get(); }  // null if there is none
  std::optional<ElfSymbol> symbol(uintptr_t pc) const;

  // Why names cannot be found, as a sentence without its full stop; "" if they can.
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
  std::unique_ptr<ElfFile> file_;   // null: not opened
  std::unique_ptr<ElfFile> debug_;  // with the DWARF, if that is not in file_
  std::unique_ptr<DwarfIndex> index_;
  std::vector<ElfSymbol> symbols_;
};

// The modules that are mapped now, the program first.
std::vector<std::unique_ptr<Module>> mapped_modules();

}  // namespace golab::runtime
