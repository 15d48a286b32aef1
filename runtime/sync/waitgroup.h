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

#include "runtime/sync/func.h"

namespace golab::sync {

class WaitGroup {
 public:
  WaitGroup() = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // Never parks. Panics "sync: negative WaitGroup counter", and "sync: WaitGroup misuse: Add called
  // concurrently with Wait" if it sees that.
  void Add(int delta);
  void Done() { Add(-1); }
  // Parks until the counter is zero. Panics "sync: WaitGroup is reused before previous Wait has
  // returned".
  void Wait();
  // Add(1), then f in a new goroutine, then Done when f returns or ends by Goexit. If f panics, the
  // program dies without Done: no Wait returns as if the work were done.
  void Go(golab::glue::Func<void()> f);

 private:
  std::atomic<uint64_t> state_{0};  // counter << 32 | waiters
  std::atomic<uint32_t> sema_{0};
};

}  // namespace golab::sync
