// traceback.h: goroutines as text, as debug=2, runtime::Stack, a panic and SIGQUIT print them.
//
//   goroutine 7 [chan receive, 2 minutes, locked to thread]:
//   main.worker(...)
//       /src/main.cpp:46 +0x1e
//   created by main.startWorkers in goroutine 5
//       /src/main.cpp:39 +0x28
//
// The text is an interface: goleak, gostackparse and panicparse parse it. Facts are collected while
// the world is stopped (GoroutineRecord: plain data, nothing allocated); names are found
// afterwards. A call's arguments are not known: a function that declares parameters has "(...)", as
// inlined calls have in Go, another one "()".
//
// As in Go, functions of package runtime that are not exported are hidden, unless that would leave
// nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sched/ancestors.h"
#include "runtime/sched/gmp.h"
#include "runtime/sched/labels.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

// One goroutine as it was at one moment. The pcs belong to the collector.
struct GoroutineRecord {
  uint64_t goid = 0;
  uint64_t parent_goid = 0;
  const G* gp = nullptr;  // never dereferenced: its address is printed at system level
  const M* mp = nullptr;  // the thread it runs on
  int64_t m_id = -1;      // −1: not running
  uint32_t status = _Gidle;
  WaitReason waitreason = WaitReason::Zero;
  bool locked_to_thread = false;
  bool system = false;
  uint32_t bubble_id = 0;   // 0: in no bubble of testing/synctest
  bool started = true;      // false: has not run yet; its one frame is its function's entry
  bool leaf_exact = false;  // pcs[0] is an instruction's address, not a return address
  int64_t waited_ns = 0;    // 0: unknown or not waiting
  uintptr_t gopc = 0;
  const LabelList* labels = nullptr;    // null: none
  const Ancestry* ancestors = nullptr;  // null: none (GODEBUG=tracebackancestors=N)
  const uintptr_t* pcs = nullptr;     // leaf first
  const uintptr_t* cfas = nullptr;    // parallel to pcs, or null (system level prints fp= and sp=)
  WalkResult walk;
};

// Everything but the stack. `now` is a program_time.
void describe_goroutine(const G* gp, int64_t now, GoroutineRecord* record);

// The goroutine of this thread, running, with this stack.
GoroutineRecord running_goroutine(const uintptr_t* pcs, const WalkResult& walk, bool leaf_exact);
template <uint32_t Max>
GoroutineRecord running_goroutine(const KeptStack<Max>& s) {
  return running_goroutine(s.pcs, s.walk(), s.leaf_exact);
}

enum class TraceLevel : unsigned char {
  User,    // Go's default
  System,  // GOTRACEBACK=system: runtime frames, addresses of frames and of G and M
};

struct PrintOptions {
  TraceLevel level = TraceLevel::User;
  bool cpp_names = false;
  bool labels = true;
};
// From the environment: GOLAB_NAMES=cpp sets cpp_names, GODEBUG=tracebacklabels=0 clears labels.
PrintOptions default_print_options(TraceLevel level = TraceLevel::User);

// A block of text without blank lines around it, whole or without its header. They need a big stack
// (systemstack).
void append_goroutine(std::string* out, const GoroutineRecord& record, const PrintOptions& options);
// The labels in a header, in pieces: " {job: import, tenant: acme}". Nothing for an empty set. It
// allocates nothing, and needs no big stack.
void put_labels(const LabelList& labels, void (*put)(void* to, std::string_view piece), void* to);
void append_stack(std::string* out, const GoroutineRecord& record, const PrintOptions& options);

// What stands between the brackets of its header: "chan receive, 2 minutes, locked to thread".
std::string goroutine_state(const GoroutineRecord& record);

// The functions of the stack that append_stack shows, leaf first, with those that it elides, and
// the one behind "created by" ("" if there is none), in Go's spelling. The texts are never freed.
// Needs a big stack.
struct ShownFunctions {
  std::vector<std::string_view> functions;
  std::string_view created_by;
};
ShownFunctions shown_functions(const GoroutineRecord& record);

struct GoroutineDump {
  std::vector<GoroutineRecord> records;  // the caller first, then in order of creation
  std::vector<uintptr_t> pcs;
  std::deque<LabelList> labels;
  std::deque<Ancestry> ancestors;
};

// Where the running goroutine's stack begins in a dump: a return address and its frame.
struct SelfFrame {
  uintptr_t pc = 0;  // 0: no goroutine runs (a deadlock; a thread without one)
  uintptr_t fp = 0;
};

// Stops the world, takes all stacks down, restarts it. Requires: called on a goroutine. Panics if
// the world cannot be stopped. With world_stopped, it may be called anywhere, and the world is left
// as it is. `system`: the runtime's own goroutines too.
GoroutineDump dump_goroutines(SelfFrame self, bool world_stopped = false, bool system = false);

// Blocks, separated by blank lines. Needs a big stack.
std::string format_dump(const GoroutineDump& dump, const PrintOptions& options);

}  // namespace golab::runtime
