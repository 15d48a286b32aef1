// once.cpp: the first call of sync.Once.
#include "runtime/sync/once.h"

namespace golab::sync {

[[gnu::noinline]] void Once::doSlow(golab::glue::FuncRef f) {
  // Destructors, in the opposite order: done first, then unlocked, also when f panics or ends by
  // Goexit.
  struct Unlock {
    Mutex& m;
    ~Unlock() { m.Unlock(); }
  };
  struct Done {
    std::atomic<uint32_t>& done;
    ~Done() { done.store(1, std::memory_order_release); }
  };
  m_.Lock();
  Unlock unlock{m_};
  if (done_.load(std::memory_order_relaxed) != 0) return;
  Done done{done_};
  f();
}

}  // namespace golab::sync
