// packed.h: bytes as gzip packs them.
#pragma once

#include <string>

#include "profiler/formats/gzip.h"

// A stream of so many members: gzip unpacks them one after the other.
inline std::string packed(const std::string& plain, int members = 1) {
  std::string member, all;
  golab::profiler::GzipWriter gzip([&](std::string_view piece) { member += piece; },
                                   golab::profiler::GzipLevel::Fastest);
  gzip.write(plain);
  gzip.finish();
  while (members-- > 0) all += member;
  return all;
}
