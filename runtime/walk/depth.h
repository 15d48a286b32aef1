// depth.h: how many frames are kept of one stack.
#pragma once

#include <cstdint>

namespace golab::runtime {

constexpr uint32_t kStackTraceMax = 512;   // frames
constexpr uint32_t kStackTraceTail = 100;  // of them, the outermost ones of a deeper stack

}  // namespace golab::runtime
