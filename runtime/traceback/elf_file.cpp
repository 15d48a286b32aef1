// elf_file.cpp: one ELF file, its symbols and its DWARF.
#include "runtime/traceback/elf_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <unistd.h>

#include <algorithm>
#include <boost/crc.hpp>
#include <cerrno>
#include <new>

#include "runtime/walk/images.h"

namespace golab::runtime {

namespace {

constexpr const char* kDebugRoot = "/usr/lib/debug";

// libdw's own handler ends the process.
__attribute__((noreturn)) void out_of_memory() { throw std::bad_alloc(); }

// .gnu_debuglink names the CRC-32 of the debug file.
bool has_checksum(Elf* file, uint32_t wanted) {
  size_t bytes = 0;
  const char* image = elf_rawfile(file, &bytes);
  boost::crc_32_type crc;
  if (image != nullptr) crc.process_bytes(image, bytes);
  return image != nullptr && crc.checksum() == wanted;
}

}  // namespace

bool passes(int error) {
  return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR || error == EAGAIN;
}

std::unique_ptr<ElfFile> ElfFile::open(const std::string& path, int* error) {
  *error = 0;
  elf_version(EV_CURRENT);
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    *error = errno;
    return nullptr;
  }
  std::unique_ptr<ElfFile> file(new ElfFile);
  errno = 0;
  file->elf_ = elf_begin(fd, ELF_C_READ_MMAP, nullptr);
  if (file->elf_ != nullptr && elf_kind(file->elf_) == ELF_K_ELF) {
    file->dwarf_ = dwarf_begin_elf(file->elf_, DWARF_C_READ, nullptr);
    elf_cntl(file->elf_, ELF_C_FDREAD);  // the descriptor is not needed any more
    if (file->dwarf_ != nullptr) dwarf_new_oom_handler(file->dwarf_, out_of_memory);
  } else {
    *error = errno;
  }
  ::close(fd);
  bool short_of_memory = errno == ENOMEM && file->dwarf_ == nullptr;
  if (short_of_memory) *error = ENOMEM;
  bool elf = file->elf_ != nullptr && elf_kind(file->elf_) == ELF_K_ELF;
  return elf && !short_of_memory ? std::move(file) : nullptr;
}

std::unique_ptr<ElfFile> ElfFile::in_memory(void* image, size_t bytes) {
  elf_version(EV_CURRENT);
  std::unique_ptr<ElfFile> file(new ElfFile);
  file->elf_ = elf_memory(static_cast<char*>(image), bytes);
  return file->elf_ == nullptr ? nullptr : std::move(file);
}

ElfFile::~ElfFile() {
  if (dwarf_ != nullptr) dwarf_end(dwarf_);
  if (elf_ != nullptr) elf_end(elf_);
}

std::string ElfFile::build_id() const {
  const void* id = nullptr;
  ssize_t n = dwelf_elf_gnu_build_id(elf_, &id);
  return n > 0 ? hex_text(id, static_cast<size_t>(n)) : "";
}

bool ElfFile::has_debug_info() const {
  Dwarf_CU* first = nullptr;
  return dwarf_ != nullptr &&
         dwarf_get_units(dwarf_, nullptr, &first, nullptr, nullptr, nullptr, nullptr) == 0;
}

// .symtab has all that .dynsym has, so .dynsym is read only where there is no .symtab.
std::vector<ElfSymbol> ElfFile::symbols() const {
  std::vector<ElfSymbol> symbols;
  Elf_Scn* best = nullptr;
  GElf_Shdr header;
  GElf_Shdr table{};
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section)) != nullptr;) {
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_SYMTAB || (header.sh_type == SHT_DYNSYM && best == nullptr)) {
      best = section;
      table = header;
    }
  }
  Elf_Data* data = best == nullptr ? nullptr : elf_getdata(best, nullptr);
  if (data == nullptr || table.sh_entsize == 0) return symbols;
  for (size_t i = 0; i < table.sh_size / table.sh_entsize; i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
    int type = GELF_ST_TYPE(symbol.st_info);
    bool code = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
    if (!code || symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0) continue;
    const char* name = elf_strptr(elf_, table.sh_link, symbol.st_name);
    if (name == nullptr || *name == 0) continue;
    // Symbols of hand-written assembly often have no size. Such a symbol reaches to the next one.
    uintptr_t end = symbol.st_value + symbol.st_size;
    if (symbol.st_size == 0 && symbol.st_shndx < SHN_LORESERVE &&
        gelf_getshdr(elf_getscn(elf_, symbol.st_shndx), &header) != nullptr) {
      end = header.sh_addr + header.sh_size;
    }
    symbols.push_back({symbol.st_value, end, name});
  }
  std::stable_sort(symbols.begin(), symbols.end(), [](const ElfSymbol& a, const ElfSymbol& b) {
    return a.address != b.address ? a.address < b.address : a.end > b.end;
  });
  return symbols;
}

DebugFile ElfFile::find_debug_file(const std::string& path) const {
  DebugFile found;
  std::string id = build_id();
  uint32_t checksum = 0;
  const char* link = dwelf_elf_gnu_debuglink(elf_, &checksum);
  std::vector<std::string> candidates;
  if (id.size() > 2) {
    candidates.push_back(std::string(kDebugRoot) + "/.build-id/" + id.substr(0, 2) + "/" +
                         id.substr(2) + ".debug");
  }
  if (link != nullptr && path.starts_with('/')) {
    std::string folder = path.substr(0, path.rfind('/'));
    candidates.push_back(folder + "/" + link);
    candidates.push_back(folder + "/.debug/" + link);
    candidates.push_back(kDebugRoot + folder + "/" + link);
  }
  for (const std::string& candidate : candidates) {
    int error = 0;
    std::unique_ptr<ElfFile> file = ElfFile::open(candidate, &error);
    if (passes(error)) found.error = error;
    if (file == nullptr || !file->has_debug_info()) continue;
    bool same = id.empty() ? has_checksum(file->elf_, checksum) : file->build_id() == id;
    if (same) return {std::move(file), "", 0};
    found.other = candidate;
  }
  return found;
}

}  // namespace golab::runtime
