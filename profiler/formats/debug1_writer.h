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

// The text of a contention profile: delay, then count. Go counts the delay in cycles of the
// processor and says how many make a second; here a cycle is a nanosecond.
//
//   --- mutex:
//   cycles/second=1000000000
//   sampling period=1
//   20135000 1 @ 0x40a1aa 0x41808e
//   #	0x40a1a9	sync.(*Mutex).Unlock+0x29	/home/gopher/golab/runtime/sync/mutex.h:61
struct ContentionOptions {
  std::string name;              // "contention" or "mutex"
  int64_t sampling_period = -1;  // -1: the line is left out
  bool cpp_names = false;
};
void write_contention(const StackTable& table, const ContentionOptions& options, const Sink& sink);

// The text of a heap profile: objects and bytes in use, then allocated so far, as sampled.
//
//   heap profile: 12: 3146880 [14: 5243904] @ heap/1048576
//   3: 3145728 [5: 5242880] @ 0x40a1aa 0x41808e
//   #	0x40a1a9	main.hold+0x29	/home/gopher/hold/main.cpp:15
//
// What stands after `heap/` is twice the sampling rate: gperftools, whose form it is, counts so.
struct HeapOptions {
  int64_t rate = 0;  // bytes per sample
  bool cpp_names = false;
};
void write_heap(const StackTable& table, const HeapOptions& options, const Sink& sink);

}  // namespace golab::profiler
