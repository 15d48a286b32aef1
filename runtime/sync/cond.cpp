// cond.cpp: sync.Cond on the runtime's list of tickets.
#include "runtime/sync/cond.h"

namespace golab::sync {

[[gnu::noinline]] void Cond::Wait() {
  // The ticket is taken while L is held, so a Signal after L is given up calls it, even before we
  // park.
  uint32_t ticket = runtime_notifyListAdd(&notify_);
  L.Unlock();
  runtime_notifyListWait(&notify_, ticket);
  L.Lock();
}

void Cond::Signal() { runtime_notifyListNotifyOne(&notify_); }

void Cond::Broadcast() { runtime_notifyListNotifyAll(&notify_); }

}  // namespace golab::sync
