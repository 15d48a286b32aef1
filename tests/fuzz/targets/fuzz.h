// fuzz.h: a fuzz target is one function that takes any bytes and must come back.
//
// Each target is a program. With Clang and GOLAB_FUZZ it is libFuzzer's, which looks for bytes that
// reach new code. In every other build it reads the files of its corpus once (replay.cpp): what was
// found stays mended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "profiler/formats/profile.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Ends the program: libFuzzer keeps the bytes.
inline void must(bool right, std::string_view rule) {
  if (right) return;
  std::fprintf(stderr, "fuzz: not so: %.*s\n", static_cast<int>(rule.size()), rule.data());
  std::abort();
}

// For readers: a small file may not take much memory.
inline constexpr golab::profiler::ReadLimits kFuzzLimits{.unpacked_bytes_max = 8 << 20,
                                                         .memory_bytes_max = 32 << 20};
