// traceback.h: goroutines as text: what debug=2, runtime::Stack, a panic and SIGQUIT all print.
//
//   goroutine 7 [chan receive, 2 minutes, locked to thread]:
//   main.worker(...)
//       /src/main.cpp:46 +0x1e
//   created by main.startWorkers in goroutine 5
//       /src/main.cpp:39 +0x28
//
// The text is an interface: goleak, gostackparse, panicparse and people read it. Two steps. Facts
// are collected while nothing moves (GoroutineRecord: plain data, nothing allocated), words are
// found for them afterwards. Go prints a call's argument words; here they are not known, so a
// function that declares parameters has "(...)", as Go prints inlined calls, and one that has none
// "()".
//
// What is hidden is Go's choice too: functions of package runtime whose name is not exported,
// unless that would leave nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sched/gmp.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

// One goroutine as it was at one moment. The pcs belong to whoever collected them.
struct GoroutineRecord {
  uint64_t goid = 0;
  uint64_t parent_goid = 0;
  const G* gp = nullptr;  // not looked into: its address is printed at system level
  const M* mp = nullptr;  // the thread it runs on
  int64_t m_id = -1;      // −1: not running
  uint32_t status = _Gidle;
  WaitReason waitreason = WaitReason::Zero;
  bool locked_to_thread = false;
  bool system = false;
  bool started = true;      // false: has not run yet; its frame is its function's entry
  bool leaf_exact = false;  // pcs[0] is an instruction's address, not a return address
  int64_t waited_ns = 0;    // 0: unknown or not waiting
  uintptr_t gopc = 0;
  std::string_view labels;          // as printed after the bracket, braces included; "" if none
  const uintptr_t* pcs = nullptr;   // leaf first
  const uintptr_t* cfas = nullptr;  // parallel to pcs, or null (system level prints fp= and sp=)
  WalkResult walk;
};

// Everything but the stack. `now` is a nanotime.
void describe_goroutine(const G* gp, int64_t now, GoroutineRecord* record);

enum class TraceLevel : unsigned char {
  User,    // Go's default
  System,  // GOTRACEBACK=system: runtime frames, addresses of frames and of G and M
};

struct PrintOptions {
  TraceLevel level = TraceLevel::User;
  bool cpp_names = false;
};
// As the environment says: GOLAB_NAMES=cpp.
PrintOptions default_print_options(TraceLevel level = TraceLevel::User);

// One block of text without a blank line before or after it. Needs a big stack (systemstack).
void append_goroutine(std::string* out, const GoroutineRecord& record, const PrintOptions& options);
// The same without its header.
void append_stack(std::string* out, const GoroutineRecord& record, const PrintOptions& options);
// Frames only: for a thread without a goroutine ("runtime stack:").
void append_frames(std::string* out, const GoroutineRecord& record, const PrintOptions& options);

// Every goroutine, at one moment.
struct GoroutineDump {
  std::vector<GoroutineRecord> records;  // the caller first, then in order of creation
  std::vector<uintptr_t> pcs;
};

// The running goroutine's place in a dump: its stack from this pc (a return address) and frame on.
struct SelfFrame {
  uintptr_t pc = 0;  // 0: no goroutine runs (a deadlock; a thread without one)
  uintptr_t fp = 0;
};

// Stops the world, takes all stacks down, starts it again: called on a goroutine. With
// world_stopped, anywhere, and the world is left as it is. `system`: the runtime's own goroutines
// too.
GoroutineDump dump_goroutines(SelfFrame self, bool world_stopped = false, bool system = false);

// Blocks, separated by blank lines. Needs a big stack.
std::string format_dump(const GoroutineDump& dump, const PrintOptions& options);

}  // namespace golab::runtime
