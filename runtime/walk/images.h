// images.h: what the dynamic loader says of the ELF images in memory: their build ids, and whether
// they are still the same ones.
//
// Whatever is kept by address (a name, a mapping) is true only as long as the same images are
// loaded: after dlclose another library may have the address.
#pragma once

#include <link.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace golab::runtime {

// How many images were ever loaded and unloaded: equal numbers, equal images. To ask takes the
// loader's lock, so not in a signal handler.
struct LoaderGeneration {
  unsigned long long adds = 0;
  unsigned long long subs = 0;
  bool operator==(const LoaderGeneration&) const = default;
};
LoaderGeneration loader_generation();

// Is pc in code that was there before main? The program and the libraries that it is linked to are
// never unloaded. Takes no lock, so may be asked in a signal handler, where nobody could tell
// whether another library has the address by now.
bool never_unloaded(uintptr_t pc);

// The GNU build id in hex, "" if there is none. It is read from memory, where the loader put the
// notes: the file at the image's path may be another one by now.
std::string build_id_of(const dl_phdr_info& image);

// As build ids are written.
std::string hex_text(const void* bytes, size_t n);

}  // namespace golab::runtime
