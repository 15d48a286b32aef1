// modules.cpp: the ELF files that this process consists of.
#include "runtime/traceback/modules.h"

#include <dlfcn.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "runtime/walk/images.h"

namespace golab::runtime {

namespace {

constexpr const char* kVdso = "[vdso]";
constexpr const char* kProgram = "/proc/self/exe";  // the program's own name is empty

int add_module(dl_phdr_info* info, size_t, void* arg) {
  auto* modules = static_cast<std::vector<std::unique_ptr<Module>>*>(arg);
  uintptr_t vdso_base = getauxval(AT_SYSINFO_EHDR);
  bool vdso = false;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || vdso_base == 0) continue;
    vdso |= vdso_base - (info->dlpi_addr + segment.p_vaddr) < segment.p_memsz;
  }
  std::string path = vdso ? kVdso : info->dlpi_name[0] == 0 ? kProgram : info->dlpi_name;
  auto module = std::make_unique<Module>(std::move(path), info->dlpi_addr, build_id_of(*info));
  each_code_range(*info, [&](uintptr_t lo, uintptr_t hi) { module->add_segment(lo, hi); });
  modules->push_back(std::move(module));
  return 0;
}

std::string link_target(const std::string& link) {
  std::error_code none;
  return std::filesystem::read_symlink(link, none);
}

// The path that exec was given. It may be relative to the working directory of that time.
std::string started_as() {
  auto* path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  return path == nullptr ? "" : path;
}

}  // namespace

std::vector<std::unique_ptr<Module>> mapped_modules() {
  std::vector<std::unique_ptr<Module>> modules;
  dl_iterate_phdr(add_module, &modules);
  return modules;
}

bool Module::contains(uintptr_t pc) const {
  return std::any_of(segments_.begin(), segments_.end(),
                     [pc](const Segment& s) { return pc >= s.lo && pc < s.hi; });
}

bool Module::is_program() const { return path_ == kProgram; }

std::string Module::shown_path() const {
  if (!is_program()) return path_;
  std::string target = link_target(kProgram);
  return target.empty() ? started_as() : target;
}

// Where the file may be. A path in /proc leads to the mapped file, even if another one has its name
// now (for libraries only root may use it).
std::vector<std::string> Module::paths() const {
  std::vector<std::string> paths = {path_};
  if (is_program() && !started_as().empty()) paths.push_back(started_as());
  if (!is_program() && !segments_.empty()) {
    auto page = static_cast<unsigned long>(sysconf(_SC_PAGESIZE));
    char link[64];
    snprintf(link, sizeof link, "/proc/self/map_files/%lx-%lx", segments_[0].lo / page * page,
             (segments_[0].hi + page - 1) / page * page);
    paths.emplace_back(link);
  }
  return paths;
}

// Returns the file that is mapped, and its path in *path; or null, and problem_ says why.
std::unique_ptr<ElfFile> Module::open_file(std::string* path) {
  bool replaced = false;
  bool for_now = false;
  int first_error = 0;
  for (const std::string& candidate : paths()) {
    int error = 0;
    std::unique_ptr<ElfFile> file = ElfFile::open(candidate, &error);
    if (file != nullptr && (build_id_.empty() || file->build_id() == build_id_)) {
      *path = candidate;
      return file;
    }
    replaced |= file != nullptr;
    for_now |= passes(error);
    if (first_error == 0) first_error = error;
  }
  settled_ = replaced && !for_now;
  problem_ = shown_path();
  if (settled_) {
    problem_ += " is another file than the one that was loaded, so functions of it";
  } else {
    problem_ += std::string(" cannot be read (") +
                std::strerror(first_error == 0 ? ENOEXEC : first_error) +
                "; the next profile tries again), so functions of it";
  }
  problem_ += " are shown without lines, or by address";
  return nullptr;
}

// Returns false if there may be a debug file that cannot be opened now.
bool Module::open_debug_file(const std::string& path) {
  DebugFile found = file_->find_debug_file(path == kProgram ? link_target(path) : path);
  debug_ = std::move(found.file);
  if (debug_ != nullptr) return true;
  if (found.error != 0) {
    problem_ = "the debug file of " + shown_path() + " cannot be read (" +
               std::strerror(found.error) +
               "; the next profile tries again), so functions are shown without lines";
    return false;
  }
  // Libraries seldom have debug information, and no user needs it: only the program's is missed.
  if (!found.other.empty()) {
    problem_ = found.other + " is not the debug file of " + shown_path() + " (another build)";
  } else if (is_program()) {
    problem_ =
        shown_path() +
        " has no debug information, so functions of it are shown without lines, or by address; "
        "build it with -g and do not strip it, or put its debug file beside it";
  }
  return true;
}

bool Module::open(uint64_t attempt) {
  if (settled_ || attempt_ == attempt) return settled_;
  attempt_ = attempt;
  problem_.clear();
  std::string path;
  if (path_ == kVdso) {
    size_t bytes = 2 * static_cast<size_t>(sysconf(_SC_PAGESIZE));
    file_ = ElfFile::in_memory(reinterpret_cast<void*>(getauxval(AT_SYSINFO_EHDR)), bytes);
  } else {
    file_ = open_file(&path);
    if (file_ == nullptr) return settled_;
    if (file_->dwarf() == nullptr && !open_debug_file(path)) return false;
  }
  ElfFile* with_dwarf = debug_ != nullptr ? debug_.get() : file_.get();
  if (with_dwarf != nullptr) {
    symbols_ = with_dwarf->symbols();
    if (symbols_.empty()) symbols_ = file_->symbols();
    std::erase_if(symbols_, [this](const ElfSymbol& s) { return !contains(s.address + bias_); });
    if (with_dwarf->dwarf() != nullptr) {
      index_ = std::make_unique<DwarfIndex>(with_dwarf->dwarf());
    }
  }
  return settled_ = true;
}

std::optional<ElfSymbol> Module::symbol(uintptr_t pc) const {
  if (symbols_.empty()) {
    Dl_info info;
    void* entry = nullptr;
    if (dladdr1(reinterpret_cast<void*>(pc), &info, &entry, RTLD_DL_SYMENT) == 0 ||
        entry == nullptr || info.dli_sname == nullptr) {
      return std::nullopt;
    }
    auto address = reinterpret_cast<uintptr_t>(info.dli_saddr);
    return ElfSymbol{address, address + static_cast<const ElfW(Sym)*>(entry)->st_size,
                     info.dli_sname};
  }
  uintptr_t at = pc - bias_;
  auto it = std::upper_bound(symbols_.begin(), symbols_.end(), at,
                             [](uintptr_t a, const ElfSymbol& s) { return a < s.address; });
  if (it == symbols_.begin()) return std::nullopt;
  uintptr_t address = (--it)->address;
  while (it != symbols_.begin() && (it - 1)->address == address) --it;
  if (at >= it->end) return std::nullopt;
  return ElfSymbol{it->address + bias_, it->end + bias_, it->name};
}

}  // namespace golab::runtime
