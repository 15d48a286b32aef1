// images.cpp: what the dynamic loader says of the ELF images in memory.
#include "runtime/walk/images.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace golab::runtime {

namespace {

// The GNU build id among the notes in [at, end).
std::string build_id_in(const char* at, const char* end) {
  auto padded = [](size_t n) { return (n + 3) & ~size_t{3}; };
  while (static_cast<size_t>(end - at) >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, at, sizeof note);
    at += sizeof note;
    size_t body = padded(note.n_namesz) + padded(note.n_descsz);
    if (body > static_cast<size_t>(end - at)) return {};
    if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && std::memcmp(at, "GNU", 4) == 0) {
      return hex_text(at + padded(note.n_namesz), note.n_descsz);
    }
    at += body;
  }
  return {};
}

class LoadedAtStart {
 public:
  LoadedAtStart() { dl_iterate_phdr(add_image, this); }
  bool contains(uintptr_t pc) const {
    return std::any_of(code_, code_ + n_,
                       [pc](const Range& r) { return pc >= r.begin && pc < r.end; });
  }

 private:
  struct Range {
    uintptr_t begin;
    uintptr_t end;
  };
  static int add_image(dl_phdr_info* info, size_t, void* self) {
    auto* loaded = static_cast<LoadedAtStart*>(self);
    each_code_range(*info, [loaded](uintptr_t begin, uintptr_t end) {
      if (loaded->n_ < std::size(loaded->code_)) loaded->code_[loaded->n_++] = {begin, end};
    });
    return 0;
  }

  size_t n_ = 0;
  Range code_[128];
};
const LoadedAtStart loaded_at_start;

}  // namespace

bool never_unloaded(uintptr_t pc) { return loaded_at_start.contains(pc); }

LoaderGeneration loader_generation() {
  LoaderGeneration generation;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        *static_cast<LoaderGeneration*>(out) = {info->dlpi_adds, info->dlpi_subs};
        return 1;  // every image has the same numbers
      },
      &generation);
  return generation;
}

std::string build_id_of(const dl_phdr_info& image) {
  std::string id;
  for (int i = 0; i < image.dlpi_phnum && id.empty(); i++) {
    const auto& header = image.dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    auto* notes = reinterpret_cast<const char*>(image.dlpi_addr + header.p_vaddr);
    id = build_id_in(notes, notes + header.p_memsz);
  }
  return id;
}

std::string hex_text(const void* bytes, size_t n) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (size_t i = 0; i < n; i++) {
    auto byte = static_cast<const unsigned char*>(bytes)[i];
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

}  // namespace golab::runtime
