// debug1_writer.h: writes counted stacks as the text of ?debug=1.
//
//   goroutine profile: total 3
//   2 @ 0x40a1aa 0x41808e 0x417bd2 0x47c6e7 0x490f21
//   #	0x47c6e6	main.worker+0x26	/home/gopher/pool/main.cpp:15
//
// After the @ stands the return address of every frame, inlined calls included (shown_return_pcs).
// The lines below leave out goexit and the runtime frames at the leaf.
#pragma once

#include "profiler/formats/stacks.h"

namespace golab::profiler {

struct Debug1Options {
  std::string name = "goroutine";  // of the profile
  bool cpp_names = false;          // C++ spelling instead of Go's
};

void write_debug1(const StackTable& table, const Debug1Options& options, const Sink& sink);

}  // namespace golab::profiler
