// walk_test.cpp: stacks of goroutines are taken down whole, whatever stands on them.
#include "runtime/walk/walk.h"
#include "runtime/core/goexit.h"
#include "runtime/sched/parked.h"

#include <ucontext.h>
#include <unwind.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "runtime/core/arch.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/traceback/stack.h"
#include "runtime/traceback/symbols.h"
#include "runtime/walk/cfi.h"
#include "tests/catch.h"
#include "tests/traceback/parked.h"

using namespace golab;
using runtime::StackFrame;
using runtime::WalkBuffer;
using runtime::WalkResult;

namespace {

std::vector<std::string> names(const uintptr_t* pcs, size_t n, bool leaf_exact = false) {
  std::vector<std::string> out;
  runtime::systemstack([&] {
    for (const StackFrame& f : runtime::frames_of(pcs, n, leaf_exact))
      out.emplace_back(f.frame->function);
  });
  return out;
}

size_t position(const std::vector<std::string>& v, const std::string& name) {
  return static_cast<size_t>(std::find(v.begin(), v.end(), name) - v.begin());
}

struct Walked {
  WalkResult result;
  std::vector<uintptr_t> pcs;
  std::vector<std::string> names;
};

Walked walk(const runtime::G* gp, uint32_t max = 512, uint32_t tail = 0) {
  Walked w;
  w.pcs.resize(max);
  WalkBuffer buffer;
  buffer.pcs = w.pcs.data();
  buffer.max = max;
  buffer.tail = tail;
  w.result = runtime::walk_stack(gp, buffer);
  w.pcs.resize(w.result.stored);
  w.names = names(w.pcs.data(), w.pcs.size());
  return w;
}

}  // namespace

[[gnu::noinline]] static void inner(Parked* p) { p->park(); }
[[gnu::noinline]] static void outer(Parked* p) { inner(p); }

static Parked* compared;
static int park_once(const void* a, const void* b) {
  if (Parked* p = std::exchange(compared, nullptr)) p->park();
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}
static void sorts(Parked* p) {
  compared = p;
  int v[] = {3, 1, 2};
  std::qsort(v, 3, sizeof v[0], park_once);
}

[[gnu::noinline]] static int down(int n, Parked* p) {
  if (n == 0) {
    p->park();
    return 0;
  }
  return down(n - 1, p) + 1;
}

TEST_CASE("a parked goroutine's stack leads from gopark to goexit", "[walk]") {
  Parked p;
  go(outer, &p);
  p.wait_until_parked();
  Walked w = walk(p.gp);
  CHECK(w.result.complete);
  CHECK_FALSE(w.result.by_tables);
  REQUIRE(w.names.size() >= 4);
  CHECK(w.names.front() == "runtime.gopark");
  CHECK(w.names.back() == "runtime.goexit");
  CHECK(runtime::is_goexit(w.pcs.back() - 1));
  CHECK(position(w.names, "main.inner") + 1 == position(w.names, "main.outer"));
  // Nothing between the goroutine's function and the bottom: what started it is glue.
  CHECK(position(w.names, "main.outer") + 2 == w.names.size());
  p.wake();
}

TEST_CASE("frame pointers and unwind tables tell the same stack", "[walk][cfi]") {
  Parked p;
  go([&p] { outer(&p); });
  p.wait_until_parked();
  Walked fast = walk(p.gp);
  runtime::UnwindState state;
  state.set(runtime::kDwarfPc, p.gp->sched_pc);
  state.set(runtime::kDwarfFp, p.gp->sched_fp);
  std::vector<uintptr_t> slow;
  runtime::UnwindStep step = runtime::UnwindStep::Ok;
  while (step == runtime::UnwindStep::Ok && slow.size() < 100) {
    slow.push_back(state.r[runtime::kDwarfPc]);
    bool exact = false;
    step = runtime::unwind_step(&state, &exact, {p.gp->stack_lo, p.gp->stack_hi});
  }
  CHECK(step == runtime::UnwindStep::End);
  CHECK(slow == fast.pcs);
  p.wake();
}

TEST_CASE("a callback that parks below libc has its caller", "[walk][cfi]") {
  Parked p;
  go(sorts, &p);
  p.wait_until_parked();
  Walked w = walk(p.gp);
  CHECK(w.result.complete);
  CHECK(w.result.by_tables);
  size_t callback = position(w.names, "main.park_once");
  size_t caller = position(w.names, "main.sorts");
  REQUIRE(caller < w.names.size());
  CHECK(callback + 1 < caller);  // libc stands between
  CHECK(w.names.back() == "runtime.goexit");
  p.wake();
}

TEST_CASE("of a deep stack both ends are kept, in order", "[walk]") {
  Parked p;
  go([&p] { down(700, &p); });
  p.wait_until_parked();
  Walked whole = walk(p.gp, 2000);
  REQUIRE(whole.result.stored == whole.result.total);
  REQUIRE(whole.result.total > 700);
  SECTION("with a tail") {
    Walked w = walk(p.gp, 200, 50);
    CHECK(w.result.total == whole.result.total);
    REQUIRE(w.result.stored == 200);
    REQUIRE(w.result.head == 150);
    CHECK(std::equal(w.pcs.begin(), w.pcs.begin() + 150, whole.pcs.begin()));
    CHECK(std::equal(w.pcs.begin() + 150, w.pcs.end(), whole.pcs.end() - 50));
  }
  SECTION("without one the outermost are cut off") {
    Walked w = walk(p.gp, 200);
    REQUIRE(w.result.stored == 200);
    CHECK(std::equal(w.pcs.begin(), w.pcs.end(), whole.pcs.begin()));
  }
  SECTION("a buffer of exactly its size has no gap") {
    Walked w = walk(p.gp, whole.result.total, 50);
    CHECK(w.result.head == whole.result.total);
    CHECK(w.pcs == whole.pcs);
  }
  p.wake();
}

TEST_CASE("a damaged chain ends, and is never followed off the stack", "[walk]") {
  uintptr_t stack[16] = {};
  auto at = [&](int i) { return reinterpret_cast<uintptr_t>(&stack[i]); };
  uintptr_t lo = at(0);
  uintptr_t hi = at(0) + sizeof stack;
  uintptr_t pc = reinterpret_cast<uintptr_t>(&outer) + 4;
  uintptr_t pcs[32];
  WalkBuffer buffer;
  buffer.pcs = pcs;
  buffer.max = 32;
  SECTION("a frame pointer outside") { stack[2] = 0x10; }
  SECTION("a frame pointer to itself") { stack[2] = at(2); }
  SECTION("a frame pointer downwards") { stack[2] = at(0); }
  SECTION("a frame pointer to the last word") { stack[2] = hi - 8; }
  SECTION("a frame pointer not aligned") { stack[2] = at(4) + 1; }
  stack[3] = pc;
  WalkResult r = runtime::walk_from(pc, at(2), lo, hi, buffer);
  CHECK_FALSE(r.complete);
  CHECK(r.stored < 20);
}

namespace {

struct Unwound {
  std::vector<uintptr_t> pcs;
};
_Unwind_Reason_Code unwound_frame(_Unwind_Context* context, void* arg) {
  auto* u = static_cast<Unwound*>(arg);
  u->pcs.push_back(_Unwind_GetIP(context));
  return runtime::is_goexit(u->pcs.back() - 1) ? _URC_END_OF_STACK : _URC_NO_REASON;
}

}  // namespace

[[gnu::noinline]] static void compare_callers(bool* equal, size_t* depth) {
  uintptr_t pcs[64];
  int n = runtime::Callers(1, pcs);
  Unwound u;
  _Unwind_Backtrace(unwound_frame, &u);
  *depth = u.pcs.size();
  // The first is in this function, at another call; the callers must agree.
  *equal =
      static_cast<size_t>(n) == u.pcs.size() && std::equal(u.pcs.begin() + 1, u.pcs.end(), pcs + 1);
}
[[gnu::noinline]] static std::vector<std::string> callers_from(int skip) {
  uintptr_t pcs[64];
  int n = runtime::Callers(skip, pcs);
  return names(pcs, static_cast<size_t>(n));
}

TEST_CASE("Callers begins where it is told to", "[walk][callers]") {
  bool equal = false;
  size_t depth = 0;
  compare_callers(&equal, &depth);
  CHECK(equal);
  CHECK(depth > 3);
  auto own = callers_from(0);
  REQUIRE(own.size() > 4);
  CHECK(own[0] == "runtime.Callers");
  CHECK(own[1] == "main.callers_from");
  CHECK(own.back() == "runtime.goexit");
  auto first = callers_from(1);
  auto second = callers_from(2);
  CHECK(std::equal(first.begin(), first.end(), own.begin() + 1, own.end()));
  CHECK(std::equal(second.begin(), second.end(), own.begin() + 2, own.end()));
  uintptr_t one[1];
  CHECK(runtime::Callers(1, one) == 1);
  CHECK(runtime::Callers(1, std::span<uintptr_t>()) == 0);
  CHECK(runtime::Callers(1000, one) <= 1);
}

// A signal that arrives inside libc, which keeps no frame pointers.
static uintptr_t interrupted_pcs[64];
static WalkResult interrupted_walk, interrupted_short;
static Unwound interrupted_unwound;
static void on_signal(int, siginfo_t*, void* uc) {
  auto* context = static_cast<ucontext_t*>(uc);
  const runtime::G* gp = runtime::getg();
  WalkBuffer buffer;
  buffer.pcs = interrupted_pcs;
  buffer.max = 64;
  interrupted_walk =
      runtime::walk_anywhere(runtime::interrupted_at(context), gp->stack_lo, gp->stack_hi, buffer);
  _Unwind_Backtrace(unwound_frame, &interrupted_unwound);
  uintptr_t first[2];
  buffer.pcs = first;
  buffer.max = 2;
  interrupted_short =
      runtime::walk_anywhere(runtime::interrupted_at(context), gp->stack_lo, gp->stack_hi, buffer);
}

TEST_CASE("an interrupted stack is taken down as the system's unwinder would", "[walk][cfi]") {
  interrupted_unwound.pcs.reserve(128);
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  REQUIRE(sigaction(SIGUSR2, &action, &before) == 0);
  raise(SIGUSR2);
  sigaction(SIGUSR2, &before, nullptr);
  REQUIRE(interrupted_walk.complete);
  std::vector<uintptr_t> ours(interrupted_pcs, interrupted_pcs + interrupted_walk.stored);
  // The system's begins with the handler and the frame of the signal itself.
  const std::vector<uintptr_t>& theirs = interrupted_unwound.pcs;
  REQUIRE(theirs.size() > ours.size());
  CHECK(std::equal(ours.begin(), ours.end(), theirs.end() - static_cast<ptrdiff_t>(ours.size())));
  CHECK(names(ours.data(), ours.size(), true).back() == "runtime.goexit");
  // It ends where the room does.
  CHECK(interrupted_short.stored == 2);
  CHECK(interrupted_short.total == 3);
  CHECK_FALSE(interrupted_short.complete);
}

static void on_signal_within(int, siginfo_t*, void* uc) {
  const runtime::G* gp = runtime::getg();
  interrupted_walk = runtime::walk_anywhere(runtime::interrupted_at(static_cast<ucontext_t*>(uc)),
                                            gp->stack_lo, gp->stack_hi, {interrupted_pcs, 64});
}
static void program_handler(int) {
  raise(SIGUSR1);
  asm volatile("");
}
[[gnu::noinline]] static void raises_for_handler() {
  raise(SIGUSR2);
  asm volatile("");
}

TEST_CASE("a goroutine in a signal handler on the alternate stack has its frames below that",
          "[walk][cfi]") {
  struct sigaction within = {}, handler = {}, before_within = {}, before = {};
  within.sa_sigaction = on_signal_within;
  within.sa_flags = SA_SIGINFO | SA_ONSTACK;
  handler.sa_handler = program_handler;
  handler.sa_flags = SA_ONSTACK;
  REQUIRE(sigaction(SIGUSR1, &within, &before_within) == 0);
  REQUIRE(sigaction(SIGUSR2, &handler, &before) == 0);
  raises_for_handler();
  sigaction(SIGUSR2, &before, nullptr);
  sigaction(SIGUSR1, &before_within, nullptr);
  CHECK(interrupted_walk.complete);
  std::vector<std::string> shown = names(interrupted_pcs, interrupted_walk.stored, true);
  auto at = std::find(shown.begin(), shown.end(), "main.program_handler");
  REQUIRE(at != shown.end());
  CHECK(std::find(at, shown.end(), "main.raises_for_handler") != shown.end());
  CHECK(shown.back() == "runtime.goexit");
}

// TSan cannot be interrupted at every instruction: some are its own, with its locks held.
#if !defined(GOLAB_TSAN)
// The processor's trap flag makes every instruction one that is interrupted.
struct Steps {
  static constexpr uintptr_t kTrapFlag = 0x100;
  static constexpr size_t kMax = 500'000;

  bool on = false;
  bool through_signal = false;  // the walk begins in the handler, and passes the signal's frame
  size_t taken = 0, plain = 0, wrong = 0;
  uintptr_t first_wrong = 0;
  Unwound theirs;
};
static Steps steps;

static void on_step(int, siginfo_t*, void* uc) {
  auto* context = static_cast<ucontext_t*>(uc);
  if (!steps.on || ++steps.taken == Steps::kMax) {
    context->uc_mcontext.gregs[REG_EFL] &= ~static_cast<greg_t>(Steps::kTrapFlag);
    return;
  }
  const runtime::G* gp = runtime::getg();
  uintptr_t ours[128];
  WalkBuffer buffer;
  buffer.pcs = ours;
  buffer.max = 128;
  const auto* record = static_cast<const runtime::FrameRecord*>(__builtin_frame_address(0));
  runtime::WalkFrom from = runtime::interrupted_at(context);
  if (steps.through_signal) {
    from = {record->pc, reinterpret_cast<uintptr_t>(record + 1), record->fp, false};
  }
  WalkResult walk = runtime::walk_anywhere(from, gp->stack_lo, gp->stack_hi, buffer);
  std::vector<uintptr_t>& theirs = steps.theirs.pcs;
  theirs.clear();
  _Unwind_Backtrace(unwound_frame, &steps.theirs);
  if (!walk.by_tables) steps.plain++;
  bool equal = walk.complete && theirs.size() > walk.stored &&
               std::equal(ours, ours + walk.stored, theirs.end() - walk.stored);
  if (!equal && steps.wrong++ == 0) steps.first_wrong = runtime::context_pc(context);
}

[[gnu::noinline]] static int by_size(const void* a, const void* b) {
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}

// A bit of everything that has frames of another kind: libc, with a callback, libstdc++, the vdso.
[[gnu::noinline]] static void stepped_through() {
  char text[64];
  std::snprintf(text, sizeof text, "%s %g %d", "stepped", 1.5, 3);
  int numbers[40];
  for (int i = 0; i < 40; i++) numbers[i] = i * 7 % 40;
  std::qsort(numbers, 40, sizeof *numbers, by_size);
  std::vector<std::string> words;
  for (int number : numbers) words.push_back(std::to_string(number) + text);
  std::sort(words.begin(), words.end());
  for (int i = 0; i < 10; i++) (void)std::chrono::steady_clock::now();
}

TEST_CASE("at every instruction the stack is what the system's unwinder says", "[walk][cfi]") {
  steps = {};
  steps.through_signal = GENERATE(false, true);
  steps.theirs.pcs.reserve(256);
  struct sigaction action = {};
  struct sigaction before = {};
  action.sa_sigaction = on_step;
  action.sa_flags = SA_SIGINFO | (steps.through_signal ? 0 : SA_ONSTACK);
  REQUIRE(sigaction(SIGTRAP, &action, &before) == 0);
  steps.on = true;
  asm volatile("subq $128, %%rsp\n\tpushfq\n\torq %0, (%%rsp)\n\tpopfq\n\taddq $128, %%rsp" ::"i"(
                   Steps::kTrapFlag)
               : "cc", "memory");
  stepped_through();
  steps.on = false;
  stepped_through();  // the first step from here on takes the flag away
  sigaction(SIGTRAP, &before, nullptr);
  CAPTURE(steps.through_signal, steps.taken, steps.plain, steps.first_wrong);
  CHECK(steps.wrong == 0);
  CHECK(steps.taken > 10'000);
  CHECK(steps.taken < Steps::kMax);
  if (!steps.through_signal) CHECK(steps.plain > steps.taken * 9 / 10);
}
#endif

TEST_CASE("a goroutine that has not run yet has its function", "[walk]") {
  int before = runtime::GOMAXPROCS(1);
  Parked p;
  p.wake_at_once = true;
  uint32_t n = runtime::allglen();
  static Parked* shared = &p;
  auto function = [] { shared->park(); };
  go(function);
  const runtime::G* fresh = nullptr;
  for (uint32_t i = 0; i < std::max(n, runtime::allglen()); i++) {
    const runtime::G* gp = runtime::allg(i);
    if (gp->status.load() == runtime::_Grunnable && !gp->started_running) fresh = gp;
  }
  if (fresh != nullptr) {  // it cannot have run: this goroutine holds the only P
    Walked w = walk(fresh);
    REQUIRE(w.names.size() == 2);
    CHECK(w.names[0].find(".func") != std::string::npos);
    CHECK(w.names[1] == "runtime.goexit");
  }
  CHECK(fresh != nullptr);
  runtime::GOMAXPROCS(before);
  p.wait_until_done();
}
