// images.h: what the dynamic loader says of the ELF images in memory: their build ids, and whether
// they are still the same ones.
//
// What is kept by address (a name, a mapping) is true only while the same images are loaded: after
// dlclose another library may have the address.
#pragma once

#include <link.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace golab::runtime {

// How many images were ever loaded and unloaded: equal numbers, equal images. loader_generation
// takes the loader's lock, so it must not be called in a signal handler.
struct LoaderGeneration {
  unsigned long long adds = 0;
  unsigned long long subs = 0;
  bool operator==(const LoaderGeneration&) const = default;
};
LoaderGeneration loader_generation();

// True if pc is in code that was loaded before main: the program and the libraries that it is
// linked to are never unloaded. Takes no lock, so a signal handler may call it.
bool never_unloaded(uintptr_t pc);

// Calls f(begin, end) for each piece of code of an image.
template <typename F>
void each_code_range(const dl_phdr_info& image, F f) {
  for (int i = 0; i < image.dlpi_phnum; i++) {
    const auto& segment = image.dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    uintptr_t begin = image.dlpi_addr + segment.p_vaddr;
    f(begin, begin + segment.p_memsz);
  }
}

// The GNU build id in hex, "" if there is none. It is read from memory, because the file at the
// image's path may have been replaced.
std::string build_id_of(const dl_phdr_info& image);

// Bytes in lower-case hex, as build ids are written.
std::string hex_text(const void* bytes, size_t n);

}  // namespace golab::runtime
