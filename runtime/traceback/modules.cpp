// modules.cpp: the ELF files that this process consists of.
#include "runtime/traceback/modules.h"

#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>

namespace golab::runtime {

namespace {

constexpr const char* kVdso = "[vdso]";

int add_module(dl_phdr_info* info, size_t, void* arg) {
  auto* modules = static_cast<std::vector<std::unique_ptr<Module>>*>(arg);
  std::string path = info->dlpi_name;
  bool vdso = false;
  uintptr_t vdso_base = getauxval(AT_SYSINFO_EHDR);
  auto module = std::unique_ptr<Module>();
  for (int pass = 0; pass < 2; pass++) {
    for (int i = 0; i < info->dlpi_phnum; i++) {
      const auto& segment = info->dlpi_phdr[i];
      if (segment.p_type != PT_LOAD) continue;
      uintptr_t lo = info->dlpi_addr + segment.p_vaddr;
      if (pass == 0) vdso |= vdso_base != 0 && vdso_base >= lo && vdso_base < lo + segment.p_memsz;
      if (pass == 1 && (segment.p_flags & PF_X) != 0) module->add_segment(lo, lo + segment.p_memsz);
    }
    if (pass == 1) break;
    if (vdso) path = kVdso;
    if (path.empty()) path = "/proc/self/exe";  // the program's own name is empty
    module = std::make_unique<Module>(path, info->dlpi_addr);
  }
  modules->push_back(std::move(module));
  return 0;
}

}  // namespace

std::vector<std::unique_ptr<Module>> mapped_modules() {
  std::vector<std::unique_ptr<Module>> modules;
  dl_iterate_phdr(add_module, &modules);
  return modules;
}

Module::~Module() {
  index_.reset();
  if (dwarf_ != nullptr) dwarf_end(dwarf_);
  if (elf_ != nullptr) elf_end(elf_);
  if (fd_ >= 0) ::close(fd_);
}

bool Module::contains(uintptr_t pc) const {
  return std::any_of(segments_.begin(), segments_.end(),
                     [pc](const Segment& s) { return pc >= s.lo && pc < s.hi; });
}

void Module::open() {
  if (opened_) return;
  opened_ = true;
  elf_version(EV_CURRENT);
  if (path_ == kVdso) {
    auto* image = reinterpret_cast<char*>(getauxval(AT_SYSINFO_EHDR));
    elf_ = elf_memory(image, 2 * static_cast<size_t>(sysconf(_SC_PAGESIZE)));
  } else {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) return;
    elf_ = elf_begin(fd_, ELF_C_READ_MMAP, nullptr);
  }
  if (elf_ == nullptr) return;
  read_symbols();
  dwarf_ = dwarf_begin_elf(elf_, DWARF_C_READ, nullptr);
  if (dwarf_ != nullptr) index_ = std::make_unique<DwarfIndex>(dwarf_);
}

// .symtab has everything that .dynsym has; a stripped file has only the latter.
void Module::read_symbols() {
  Elf_Scn* best = nullptr;
  GElf_Shdr header;
  GElf_Shdr best_header{};
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section)) != nullptr;) {
    if (gelf_getshdr(section, &header) == nullptr) continue;
    if (header.sh_type == SHT_SYMTAB || (header.sh_type == SHT_DYNSYM && best == nullptr)) {
      best = section;
      best_header = header;
    }
  }
  Elf_Data* data = best == nullptr ? nullptr : elf_getdata(best, nullptr);
  if (data == nullptr || best_header.sh_entsize == 0) return;
  for (size_t i = 0; i < best_header.sh_size / best_header.sh_entsize; i++) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) break;
    int type = GELF_ST_TYPE(symbol.st_info);
    bool code = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
    if (!code || symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0) continue;
    const char* name = elf_strptr(elf_, best_header.sh_link, symbol.st_name);
    uintptr_t address = symbol.st_value + bias_;
    if (name == nullptr || *name == 0 || !contains(address)) continue;
    // Hand-written assembly often gives its symbols no size: they then reach to the next one.
    uintptr_t end = address + symbol.st_size;
    if (symbol.st_size == 0 && symbol.st_shndx < SHN_LORESERVE &&
        gelf_getshdr(elf_getscn(elf_, symbol.st_shndx), &header) != nullptr) {
      end = header.sh_addr + header.sh_size + bias_;
    }
    symbols_.push_back({address, end, name});
  }
  // Of several names for one address the longest function wins, and of equals the first in the
  // file.
  std::stable_sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) {
    return a.address != b.address ? a.address < b.address : a.end > b.end;
  });
}

DwarfIndex* Module::dwarf() {
  open();
  return index_.get();
}

const Module::Symbol* Module::symbol(uintptr_t pc) {
  open();
  auto it = std::upper_bound(symbols_.begin(), symbols_.end(), pc,
                             [](uintptr_t a, const Symbol& s) { return a < s.address; });
  if (it == symbols_.begin()) return nullptr;
  uintptr_t address = (--it)->address;
  while (it != symbols_.begin() && (it - 1)->address == address) --it;
  return pc < it->end ? &*it : nullptr;
}

}  // namespace golab::runtime
