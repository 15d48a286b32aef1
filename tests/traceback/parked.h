// parked.h: a goroutine that parks until the test wakes it.
#pragma once

#include <atomic>

#include "runtime/sched/proc.h"
#include "tests/catch.h"

struct Parked {
  golab::runtime::G* gp = nullptr;
  bool wake_at_once = false;
  std::atomic<int> state{0};  // 1 parked, 2 awake again

  // Called by the goroutine. The state is set when it is off its stack.
  [[gnu::noinline]] void park(
      golab::runtime::WaitReason reason = golab::runtime::WaitReason::ChanReceive) {
    gp = golab::runtime::getg();
    if (!wake_at_once) {
      golab::runtime::RuntimeCall rc;
      golab::runtime::gopark(
          [](golab::runtime::G*, void* self) {
            static_cast<Parked*>(self)->state.store(1);
            return true;
          },
          this, reason);
    }
    state.store(2);
  }
  void wait_until_parked() {
    REQUIRE(eventually([this] { return state.load() == 1; }));
  }
  void wait_until_done() {
    REQUIRE(eventually([this] { return state.load() == 2; }));
  }
  void wake() {
    {
      golab::runtime::RuntimeCall rc;
      golab::runtime::goready(gp);
    }
    wait_until_done();
  }
};
