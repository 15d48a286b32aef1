// elf_file.h: one ELF file on disk (or image in memory), its symbols and its DWARF; and where the
// DWARF is if it was taken out of the file.
#pragma once

#include <elfutils/libdw.h>
#include <libelf.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace golab::runtime {

// Is this errno one that is gone when the program has more descriptors or memory?
bool passes(int error);

struct ElfSymbol {
  uintptr_t address;  // as the file has it
  uintptr_t end;      // where its size or, without one, its section ends
  const char* name;   // in the mapped file
};

struct DebugFile;

class ElfFile {
 public:
  // Null if that is not possible; *error is an errno then, or 0 if the file is no ELF file. The
  // file is mapped: no descriptor stays open.
  static std::unique_ptr<ElfFile> open(const std::string& path, int* error);
  static std::unique_ptr<ElfFile> in_memory(void* image, size_t bytes);
  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  std::string build_id() const;  // in hex, "" if there is none
  bool has_debug_info() const;   // a .debug_info of its own
  Dwarf* dwarf() const { return dwarf_; }

  // Functions, sorted by address. Of several names for one address the longest function comes
  // first, and of equals the first in the file. A stripped file has only those of .dynsym.
  std::vector<ElfSymbol> symbols() const;

  // The file with the DWARF that was taken out of this one, looked for where gdb looks: by build id
  // below /usr/lib/debug/.build-id, then by the name in .gnu_debuglink beside the file at `path`,
  // in .debug/ there, and below /usr/lib/debug. It has to have the same build id or, where there is
  // none, the checksum that the link names. Nothing is asked of the network.
  DebugFile find_debug_file(const std::string& path) const;

 private:
  ElfFile() = default;

  Elf* elf_ = nullptr;
  Dwarf* dwarf_ = nullptr;
};

struct DebugFile {
  std::unique_ptr<ElfFile> file;  // null: there is none
  std::string other;              // a file that was found, and does not belong to this one
  int error = 0;                  // errno if one may be there that cannot be opened now
};
}  // namespace golab::runtime
