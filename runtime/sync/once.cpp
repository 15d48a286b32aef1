// once.cpp: the first call of sync.Once.
#include "runtime/sync/once.h"

namespace golab::sync {

[[gnu::noinline]] void Once::doSlow(golab::glue::FuncRef f) {
  // These are destructors so that they also run when f panics or ends by Goexit. They run in
  // reverse order: done first, then unlocked.
  struct Done {
    std::atomic<uint32_t>& done;
    ~Done() { done.store(1, std::memory_order_release); }
  };
  golab::glue::Locked lock(m_);
  if (done_.load(std::memory_order_relaxed) != 0) return;
  Done done{done_};
  f();
}

}  // namespace golab::sync
