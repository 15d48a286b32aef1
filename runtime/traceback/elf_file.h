// elf_file.h: one ELF file, on disk or in memory: its symbols, its DWARF, and the separate debug
// file that has the DWARF of a stripped one.
#pragma once

#include <elfutils/libdw.h>
#include <libelf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace golab::runtime {

// Is this error a temporary one: no descriptor or no memory now, or an interrupted call?
bool passes(int error);

struct ElfSymbol {
  uintptr_t address;  // as the file has it
  uintptr_t end;      // where its size or, without one, its section ends
  const char* name;   // in the mapped file
};

struct DebugFile;

class ElfFile {
 public:
  // Maps the file; no descriptor stays open. Returns null on failure: *error is then an errno, or 0
  // if the file is no ELF file.
  static std::unique_ptr<ElfFile> open(const std::string& path, int* error);
  static std::unique_ptr<ElfFile> in_memory(void* image, size_t bytes);
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  std::string build_id() const;  // in hex, "" if there is none
  bool has_debug_info() const;   // a unit of its own, in .debug_info
  Dwarf* dwarf() const { return dwarf_; }

  // The functions, sorted by address. Of several names for one address the longest function comes
  // first, and among equals the first in the file. A stripped file has only those of .dynsym.
  std::vector<ElfSymbol> symbols() const;

  // Finds the separate file with the DWARF of this one, at `path`. As gdb, looks by build id below
  // /usr/lib/debug/.build-id, then by the name in .gnu_debuglink: in the same folder, in .debug/,
  // below /usr/lib/debug. The build id must be the same, or without one the link's checksum.
  DebugFile find_debug_file(const std::string& path) const;

 private:
  ElfFile() = default;

  Elf* elf_ = nullptr;
  Dwarf* dwarf_ = nullptr;
};

struct DebugFile {
  std::unique_ptr<ElfFile> file;  // null: not found
  std::string other;              // a file at the right place that belongs to another build
  int error = 0;                  // errno of a file that cannot be opened now
};
}  // namespace golab::runtime
