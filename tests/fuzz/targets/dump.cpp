// dump.cpp: the reader that keeps each goroutine of a dump, and the one that counts them.
#include "profiler/formats/debug2_reader.h"
#include "tests/fuzz/targets/fuzz.h"

using namespace golab::profiler;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const DumpResult dump = read_debug2(text_of(data, size), "fuzz", kFuzzLimits);
  must(dump.error.empty() || dump.error.starts_with("fuzz: "), "an error names the file");
  must(!dump.error.empty() || !dump.goroutines.empty(), "a dump has goroutines");
  for (const DumpedGoroutine& goroutine : dump.goroutines) {
    for (const DumpedFrame& frame : goroutine.frames) must(frame.line >= 0, "a line is no less than 0");
  }
  return 0;
}
