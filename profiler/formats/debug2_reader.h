// debug2_reader.h: reads the dump of ?debug=2, of a panic and of SIGQUIT, of Go 1.0 and later.
//
//   goroutine 7 [chan receive, 2 minutes, locked to thread] {tenant: acme}:
//   main.worker(0xc000102000)
//   	/home/gopher/pool/main.cpp:15 +0x27
//   created by main.start in goroutine 5
//   	/home/gopher/pool/main.cpp:19 +0x28
//
// It is the only form with the state of each goroutine. C functions have no parentheses. A frame
// without a name has two lines: "non-Go function" and TAB "pc=0x7f03a1".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/formats/profile.h"

namespace golab::profiler {

struct DumpedFrame {
  std::string function;   // "main.worker"
  std::string arguments;  // the text in the parentheses
  std::string file;
  int line = 0;
  uint64_t offset = 0;  // from the function's entry; 0: unknown
  uint64_t pc = 0;      // 0: unknown
};

struct DumpedGoroutine {
  uint64_t goid = 0;
  std::string state;  // "chan receive", "running"
  bool leaked = false;
  bool locked_to_thread = false;
  int64_t minutes = 0;              // of waiting
  std::string labels;               // as printed, without the braces
  std::vector<DumpedFrame> frames;  // leaf first
  int64_t elided = 0;               // frames left out in the middle
  std::string created_by;           // a function; empty for the first goroutine
  uint64_t created_in = 0;          // the goroutine that called it
  DumpedFrame created_at;           // where; the function is left out
};

struct DumpResult {
  std::vector<DumpedGoroutine> goroutines;
  std::string error;    // a sentence for the user; empty if all went well
  std::string warning;  // the same for lines that could not be read and were left out
  explicit operator bool() const { return error.empty(); }
};

// Reads a dump, at any place of a log; any bytes are safe. Leaves out a line that cannot be read,
// but not its goroutine.
DumpResult read_debug2(std::string_view text, const std::string& name, ReadLimits limits = {});

}  // namespace golab::profiler
