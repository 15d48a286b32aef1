// program_file.cpp: reads functions as the runtime reads them; a section is put behind all others.
//
// It writes the few headers itself: objcopy would copy the whole file at each build of a student's.
#include "profiler/pclntab/program_file.h"

#include <elf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <system_error>
#include <unordered_map>

#include "runtime/fmt/fmt.h"
#include "runtime/traceback/dwarf_index.h"
#include "runtime/traceback/elf_file.h"
#include "runtime/traceback/naming.h"

namespace golab::profiler {

namespace {

// The table of an ELF file's sections.
struct Sections {
  Elf64_Ehdr file{};
  std::vector<Elf64_Shdr> headers;
  std::string names;  // of all, each ended by a zero byte

  const Elf64_Shdr* find(std::string_view name) const {
    auto found = std::find_if(headers.begin(), headers.end(), [&](const Elf64_Shdr& header) {
      return header.sh_name < names.size() && names.c_str() + header.sh_name == name;
    });
    return found == headers.end() ? nullptr : &*found;
  }
};

bool read_at(std::istream& in, uint64_t place, void* to, size_t bytes) {
  in.seekg(static_cast<std::streamoff>(place));
  in.read(static_cast<char*>(to), static_cast<std::streamsize>(bytes));
  return in.good();
}

bool read_sections(std::istream& in, Sections* sections) {
  Elf64_Ehdr& file = sections->file;
  if (!read_at(in, 0, &file, sizeof file) || std::memcmp(file.e_ident, ELFMAG, SELFMAG) != 0 ||
      file.e_ident[EI_CLASS] != ELFCLASS64 || file.e_shentsize != sizeof(Elf64_Shdr) ||
      file.e_shstrndx >= file.e_shnum) {
    return false;
  }
  sections->headers.resize(file.e_shnum);
  if (!read_at(in, file.e_shoff, sections->headers.data(), file.e_shnum * sizeof(Elf64_Shdr))) {
    return false;
  }
  const Elf64_Shdr& names = sections->headers[file.e_shstrndx];
  sections->names.resize(names.sh_size);
  return read_at(in, names.sh_offset, sections->names.data(), names.sh_size);
}

std::pair<Sections, error> sections_of(const std::string& path, std::istream& in) {
  Sections sections;
  if (!in) return {sections, fmt::Errorf("cannot open %s: %s", path, std::strerror(errno))};
  if (!read_sections(in, &sections)) return {sections, fmt::Errorf("%s is no ELF program", path)};
  return {std::move(sections), nullptr};
}

// Where a program's code is: from .text to the end of its last section with instructions.
struct CodeBounds {
  uint64_t text = 0;
  uint64_t end = 0;
  bool has(uint64_t address) const { return text <= address && address < end; }
};

std::pair<CodeBounds, error> code_bounds(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  auto [sections, err] = sections_of(path, in);
  if (err != nullptr) return {{}, err};
  const Elf64_Shdr* text = sections.find(".text");
  if (text == nullptr) return {{}, fmt::Errorf("%s has no section .text", path)};
  CodeBounds bounds{text->sh_addr, 0};
  for (const Elf64_Shdr& header : sections.headers) {
    if ((header.sh_flags & SHF_EXECINSTR) == 0) continue;
    bounds.end = std::max(bounds.end, header.sh_addr + header.sh_size);
  }
  return {bounds, nullptr};
}

// Sorted, and no two overlap. A function with lines stays whole. Of two that begin at one address
// the first stays: they are two names for the same code. A symbol without a size ends where the
// next one begins.
std::vector<PclnFunction> apart(std::vector<PclnFunction> functions) {
  std::stable_sort(functions.begin(), functions.end(),
                   [](const PclnFunction& a, const PclnFunction& b) { return a.begin < b.begin; });
  std::vector<PclnFunction> kept;
  for (PclnFunction& function : functions) {
    if (!kept.empty() && function.begin < kept.back().end) {
      PclnFunction& before = kept.back();
      if (!before.rows.empty() || before.begin == function.begin) continue;
      before.end = function.begin;
    }
    kept.push_back(std::move(function));
  }
  return kept;
}

// Reads a program function by function.
class Reader {
 public:
  Reader(const runtime::ElfFile& file, const CodeBounds& bounds)
      : index_(file.dwarf()), symbols_(file.symbols()), bounds_(bounds) {
    std::erase_if(symbols_, [&](const auto& symbol) { return !bounds.has(symbol.address); });
  }

  PclnProgram all() {
    program_.text = bounds_.text;
    for (const runtime::DwarfCode& code : index_.all_code()) {
      if (bounds_.has(code.lo)) program_.functions.push_back(from_dwarf(code));
    }
    for (const runtime::ElfSymbol& symbol : symbols_) {
      std::string name = runtime::name_of_symbol(symbol.name).go;
      program_.functions.push_back({symbol.address, symbol.end, std::move(name), {}});
    }
    program_.functions = apart(std::move(program_.functions));
    return std::move(program_);
  }

 private:
  PclnFunction from_dwarf(const runtime::DwarfCode& code) {
    PclnFunction function{code.lo, code.hi, name_of(code), {}};
    for (const runtime::DwarfRow& row : index_.rows_of(code)) {
      function.rows.push_back({row.address, number_of(row.file), row.line});
    }
    return function;
  }

  std::string name_of(const runtime::DwarfCode& code) const {
    const runtime::FunctionInfo& function = *code.function;
    auto symbol = std::lower_bound(
        symbols_.begin(), symbols_.end(), code.lo,
        [](const runtime::ElfSymbol& s, uint64_t address) { return s.address < address; });
    if (symbol == symbols_.end() || symbol->address != code.lo) return function.go;
    std::optional<runtime::SymbolName> full = runtime::full_name(function, symbol->name);
    return full ? full->go : function.go;
  }

  int32_t number_of(const std::string* file) {
    auto [known, added] = numbers_.try_emplace(file, 0);
    if (!added) return known->second;
    auto [same, fresh] =
        numbers_by_name_.try_emplace(*file, static_cast<int32_t>(program_.files.size()));
    if (fresh) program_.files.push_back(*file);
    return known->second = same->second;
  }

  runtime::DwarfIndex index_;
  std::vector<runtime::ElfSymbol> symbols_;
  CodeBounds bounds_;
  PclnProgram program_;
  std::unordered_map<const std::string*, int32_t> numbers_;  // each unit has a string of its own
  std::unordered_map<std::string, int32_t> numbers_by_name_;
};

// Writes the bytes at the end of the file, at a multiple of `alignment`. Returns where that is.
uint64_t append(std::ostream& out, const void* bytes, size_t size, uint64_t alignment) {
  out.seekp(0, std::ios::end);
  while (out.good() && static_cast<uint64_t>(out.tellp()) % alignment != 0) out.put('\0');
  const auto place = static_cast<uint64_t>(out.tellp());
  out.write(static_cast<const char*>(bytes), static_cast<std::streamsize>(size));
  return place;
}

}  // namespace

std::pair<PclnProgram, error> read_program(const std::string& path) {
  auto [bounds, err] = code_bounds(path);
  if (err != nullptr) return {{}, err};
  int number = 0;
  std::unique_ptr<runtime::ElfFile> file = runtime::ElfFile::open(path, &number);
  if (file == nullptr || !file->has_debug_info()) {
    return {{}, fmt::Errorf("%s has no debug information: it must be built with -g", path)};
  }
  return {Reader(*file, bounds).all(), nullptr};
}

error add_section(const std::string& path, const std::string& name, const std::string& bytes) {
  constexpr uint64_t kAlignment = 32;
  std::error_code unknown;
  const uint64_t size_before = std::filesystem::file_size(path, unknown);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  auto [sections, err] = sections_of(path, file);
  if (err != nullptr) return err;
  if (sections.find(name) != nullptr) {
    return fmt::Errorf("%s has a section %s already: link it anew", path, name);
  }
  Elf64_Shdr added{};
  added.sh_name = static_cast<Elf64_Word>(sections.names.size());
  added.sh_type = SHT_PROGBITS;
  added.sh_addralign = kAlignment;
  added.sh_size = bytes.size();
  added.sh_offset = append(file, bytes.data(), bytes.size(), kAlignment);
  sections.names += name + '\0';
  Elf64_Shdr& names = sections.headers[sections.file.e_shstrndx];
  names.sh_size = sections.names.size();
  names.sh_offset = append(file, sections.names.data(), sections.names.size(), 1);
  sections.headers.push_back(added);
  sections.file.e_shnum++;
  sections.file.e_shoff = append(file, sections.headers.data(),
                                 sections.headers.size() * sizeof(Elf64_Shdr), alignof(Elf64_Shdr));
  file.flush();
  // Last, so that the file is whole until all is there.
  if (file) {
    file.seekp(0);
    file.write(reinterpret_cast<const char*>(&sections.file), sizeof sections.file);
    file.flush();
  }
  if (file) return nullptr;
  const int why = errno;
  file.close();
  if (!unknown) std::filesystem::resize_file(path, size_before, unknown);
  return fmt::Errorf("cannot write the section %s into %s: %s", name, path, std::strerror(why));
}

}  // namespace golab::profiler
