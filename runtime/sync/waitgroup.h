// waitgroup.h: sync.WaitGroup: waits until Done was called as often as Add announced.
//
//   sync::WaitGroup wg;        // var wg sync.WaitGroup
//   wg.Go([&] { work(); });    // wg.Go(func() { work() })
//   wg.Wait();                 // wg.Wait()
//
// The classic leak: a goroutine that never calls Done leaves every Wait parked.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/mistake.h"
#include "runtime/sync/func.h"

namespace golab::sync {

class WaitGroup {
 public:
  WaitGroup() = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // Never parks. Panics "sync: negative WaitGroup counter", and "sync: WaitGroup misuse: Add called
  // concurrently with Wait" if it sees that. Ends the program with "fatal error: sync:
  // WaitGroup.Add called from inside and outside synctest bubble", and "… from multiple synctest
  // bubbles".
  void Add(int delta);
  void Done() { Add(-1); }
  // Parks until the counter is zero. Panics "sync: WaitGroup is reused before previous Wait has
  // returned".
  void Wait();
  // Add(1), then f in a new goroutine, then Done when f returns or ends by Goexit. If f panics, the
  // program dies without Done: no Wait returns as if the work were done.
  void Go(golab::glue::Func<void()> f);

  // ---- Mistakes, see core/mistake.h ----
  template <typename F, typename... A>
  requires(sizeof...(A) > 0 ||
           !std::is_convertible_v<F, golab::glue::Func<void()>>) void Go(F&&, A&&...) {
    static_assert(golab::glue::mistake<F, A...>,
                  "wg.Go(f): f takes no arguments: wg.Go([=] { f(x); })");
  }

 private:
  // counter << 32 | kInBubble | waiters
  std::atomic<uint64_t> state_{0};
  std::atomic<uint32_t> sema_{0};
  // While its counter is not zero, of the bubble that it was used in (testing/synctest).
  std::atomic<uint32_t> bubble_id_{0};

  static constexpr uint64_t kInBubble = 0x8000'0000;
  bool in_bubble();
};

}  // namespace golab::sync
