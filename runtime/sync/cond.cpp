// cond.cpp: sync.Cond on the runtime's list of tickets.
#include "runtime/sync/cond.h"

namespace golab::sync {

[[gnu::noinline]] void Cond::Wait() {
  // The ticket is taken while L is held. So a Signal after L.Unlock calls it, even before this
  // parks.
  uint32_t ticket = runtime_notifyListAdd(&notify_);
  L.Unlock();
  runtime_notifyListWait(&notify_, ticket);
  L.Lock();
}

void Cond::Signal() { runtime_notifyListNotifyOne(&notify_); }

void Cond::Broadcast() { runtime_notifyListNotifyAll(&notify_); }

}  // namespace golab::sync
