// waitgroup.h: sync.WaitGroup: waits until as many Done have come as were announced by Add.
//
//   sync::WaitGroup wg;
//   wg.Go([&] { work(); });        // Add(1), a goroutine, and Done when work returns
//   wg.Wait();
//
// The classic leak: a goroutine that never calls Done leaves everyone parked in Wait.
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

  // Panics "sync: negative WaitGroup counter", and "sync: WaitGroup misuse: Add called concurrently
  // with Wait" where that shows.
  void Add(int delta);
  void Done() { Add(-1); }
  // Parks until the counter is zero.
  void Wait();
  // Calls f in a new goroutine that counts until f returns or ends by Goexit. If f panics, the
  // program dies with the counter as it is: nobody goes on as if the work were done.
  void Go(golab::glue::Func<void()> f);

 private:
  std::atomic<uint64_t> state_{0};  // counter << 32 | waiters
  std::atomic<uint32_t> sema_{0};
};

}  // namespace golab::sync
