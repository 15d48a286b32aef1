// synctest.cpp: running a bubble: the root's loop, and Wait (see runtime/sched/bubble.h).
#include "runtime/testing/synctest/synctest.h"

#include <cxxabi.h>

#include <exception>
#include <utility>

#include "runtime/core/arch.h"
#include "runtime/die/panic.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/go.h"
#include "runtime/sched/timer.h"
#include "runtime/time/time.h"
#include "runtime/traceback/traceback.h"

namespace golab::internal::synctest {

using runtime::Bubble;
using runtime::RuntimeCall;
using runtime::WaitReason;

// The root's part, after it has started the main goroutine. Go's root starts that one here, too;
// "created by" shows Test in both.
// `thrown`: what has ended the main goroutine. Who is left then is blocked because of that.
[[gnu::noinline]] static void Run(Bubble* b, std::exception_ptr& thrown) {
  {
    RuntimeCall rc;
    for (;;) {
      runtime::fire_bubble_timers(b);
      runtime::gopark(nullptr, nullptr, WaitReason::SynctestRun);
      const int64_t next = b->timers.timer0_when.load();
      if (next == 0 || b->done.load()) break;
      if (next > b->now.load()) b->now.store(next);
    }
  }
  const uint32_t id = b->id;
  const bool done = b->done.load();
  const bool all_ended = runtime::bubble_end(b).total == 0;
  if (thrown != nullptr) std::rethrow_exception(std::move(thrown));
  if (all_ended) return;
  panic(runtime::synctestDeadlockError{
      done ? "deadlock: main bubble goroutine has exited but blocked goroutines remain"
           : "deadlock: all goroutines in bubble are blocked",
      id});
}

[[gnu::noinline]] static void Wait() {
  Bubble* b = runtime::current_bubble();
  if (b == nullptr) panic("goroutine is not in a bubble");
  if (b->waiting.exchange(true)) panic("wait already in progress");
  {
    RuntimeCall rc;
    runtime::gopark(
        [](runtime::G* gp, void*) {
          gp->bubble->waiter = gp;
          return true;
        },
        nullptr, WaitReason::SynctestWait);
  }
  b->waiting.store(false);
}

}  // namespace golab::internal::synctest

namespace golab::testing::synctest {

[[gnu::noinline]] void Test(golab::glue::Func<void()> f) {
  if (runtime::current_bubble() != nullptr)
    panic("synctest.Run called from within a synctest bubble");
  std::exception_ptr thrown;
  runtime::Bubble* b = runtime::bubble_begin();
  go([&thrown, f = std::move(f)] {
    try {
      f();
    } catch (abi::__forced_unwind&) {
      throw;  // Goexit
    } catch (...) {
      thrown = std::current_exception();
    }
  });
  internal::synctest::Run(b, thrown);
}

[[gnu::noinline]] void Wait() { internal::synctest::Wait(); }

[[gnu::noinline]] void Sleep(time::Duration d) {
  time::Sleep(d);
  Wait();
}

[[gnu::noinline]] std::string left_in_bubble(const Panic& p) {
  const auto* deadlock = p.value<runtime::synctestDeadlockError>();
  if (deadlock == nullptr) return "";
  const auto* frame = static_cast<const runtime::FrameRecord*>(__builtin_frame_address(0));
  const runtime::GoroutineDump dump = runtime::dump_goroutines({frame->pc, frame->fp});
  std::string text;
  runtime::systemstack([&] {
    for (const runtime::GoroutineRecord& g : dump.records) {
      if (g.bubble_id != deadlock->bubble_id) continue;
      text += '\n';
      runtime::append_goroutine(&text, g, runtime::default_print_options());
    }
  });
  return text;
}

}  // namespace golab::testing::synctest
