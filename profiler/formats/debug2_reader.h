// debug2_reader.h: the dump of ?debug=2, of a panic and of SIGQUIT, goroutine by goroutine.
//
//   goroutine 7 [chan receive, 2 minutes, locked to thread] {tenant: acme}:
//   main.worker(0xc000102000)
//   	/home/gopher/pool/main.cpp:15 +0x27
//   created by main.start in goroutine 5
//   	/home/gopher/pool/main.cpp:19 +0x28
//
// The only form that says what each goroutine waits for. Code that has no name is a frame of two
// lines, "non-Go function" and TAB "pc=0x7f03a1"; C functions that a debugger's symbols name have no
// parentheses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/formats/profile.h"

namespace golab::profiler {

struct DumpedFrame {
  std::string function;   // "main.worker"
  std::string arguments;  // what stands in the parentheses
  std::string file;
  int line = 0;
  uint64_t offset = 0;  // behind the function's entry; 0: not said
  uint64_t pc = 0;      // 0: not said
};

struct DumpedGoroutine {
  uint64_t goid = 0;
  std::string state;  // "chan receive", "running"
  bool leaked = false;
  bool locked_to_thread = false;
  int64_t minutes = 0;              // waiting for, 0: not said
  std::string labels;               // as printed, without the braces
  std::vector<DumpedFrame> frames;  // leaf first
  int64_t elided = 0;               // frames left out in the middle
  bool stack_unavailable = false;
  std::string created_by;   // function, empty for the first goroutine
  uint64_t created_in = 0;  // goroutine
  DumpedFrame created_at;
};

struct DumpResult {
  std::vector<DumpedGoroutine> goroutines;
  std::string error;    // a sentence for the user, empty if all went well
  std::string warning;  // another one: what could not be read and was left out, empty if nothing
  explicit operator bool() const { return error.empty(); }
};

// Reads a dump. Lines before the first goroutine (a panic's message) are passed over. A line that
// cannot be read costs itself, never the goroutine or the dump. Any bytes are safe to give.
DumpResult read_debug2(std::string_view text, const std::string& name, ReadLimits limits = {});

}  // namespace golab::profiler
