// modules.h: the ELF files that this process consists of, and what each knows about an address.
#pragma once

#include <elfutils/libdw.h>
#include <libelf.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runtime/traceback/dwarf_index.h"

namespace golab::runtime {

// The program, a shared library, or the vdso. Files are opened when the first address in them is
// asked for. DWARF is used where the file itself has it; separate debug files are not looked for.
class Module {
 public:
  struct Symbol {
    uintptr_t address;
    uintptr_t end;     // where its size or, without one, its section ends
    const char* name;  // in the mapped file
  };

  Module(std::string path, uintptr_t bias) : path_(std::move(path)), bias_(bias) {}
  ~Module();
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  void add_segment(uintptr_t lo, uintptr_t hi) { segments_.push_back({lo, hi}); }
  bool contains(uintptr_t pc) const;
  bool same(const Module& m) const { return path_ == m.path_ && bias_ == m.bias_; }
  uintptr_t bias() const { return bias_; }

  DwarfIndex* dwarf();                 // null if there is none
  const Symbol* symbol(uintptr_t pc);  // null if there is none; addresses are those of the process

 private:
  struct Segment {
    uintptr_t lo;
    uintptr_t hi;
  };
  void open();
  void read_symbols();

  std::string path_;
  uintptr_t bias_;
  std::vector<Segment> segments_;
  bool opened_ = false;
  int fd_ = -1;
  Elf* elf_ = nullptr;
  Dwarf* dwarf_ = nullptr;
  std::unique_ptr<DwarfIndex> index_;
  std::vector<Symbol> symbols_;
};

// The modules that are mapped now, the program first.
std::vector<std::unique_ptr<Module>> mapped_modules();

}  // namespace golab::runtime
