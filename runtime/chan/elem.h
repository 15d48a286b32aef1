// elem.h: moves elements and wakes partners, for send, receive and select (runtime/chan only).
#pragma once

#include <cstring>

#include "runtime/chan/hchan.h"
#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"

namespace golab::runtime {

// Moves the element at `from` to `to` (null: nowhere). With `assign`, `to` is a variable; without,
// raw memory.
inline void carry(const ElemType* type, void* to, bool assign, void* from) {
  if (to == nullptr) return;
  if (type->trivial) {
    switch (type->size) {
      case 8:
        memcpy(to, from, 8);
        return;
      case 4:
        memcpy(to, from, 4);
        return;
      case 1:
        memcpy(to, from, 1);
        return;
      default:
        memcpy(to, from, type->size);
        return;
    }
  }
  (assign ? type->assign : type->construct)(to, from);
}

inline void enqueue(waitq* q, Sudog* sg) {
  sg->next = nullptr;
  sg->prev = q->last;
  if (q->last != nullptr)
    q->last->next = sg;
  else
    q->first = sg;
  q->last = sg;
}

inline void dequeueSudoG(waitq* q, Sudog* sg) {
  if (sg->prev == nullptr && sg->next == nullptr && q->first != sg) return;  // not in the queue
  if (sg->prev != nullptr)
    sg->prev->next = sg->next;
  else
    q->first = sg->next;
  if (sg->next != nullptr)
    sg->next->prev = sg->prev;
  else
    q->last = sg->prev;
  sg->prev = sg->next = nullptr;
}

// Takes off the first waiter that is still free. A waiter in a select may belong to another channel
// already: the first channel to set selectDone gets it.
inline Sudog* dequeue(waitq* q) {
  for (;;) {
    Sudog* sg = q->first;
    if (sg == nullptr) return nullptr;
    q->first = sg->next;
    if (sg->next != nullptr)
      sg->next->prev = nullptr;
    else
      q->last = nullptr;
    sg->next = sg->prev = nullptr;
    if (sg->isSelect) {
      uint32_t open = 0;
      if (!sg->g->selectDone.compare_exchange_strong(open, 1)) continue;
    }
    return sg;
  }
}

// Wakes the goroutine of sg. After that, sg may be gone: it lies on that goroutine's stack.
inline void wake(Sudog* sg, bool success) {
  G* gp = sg->g;
  sg->success = success;
  if (sg->releasetime != 0) [[unlikely]]
    sg->releasetime = nanotime();  // DOC: wait-ends
  gp->param = sg;
  goready(gp);
}

enum class Outcome { Done, WouldBlock, Closed };

// Tries one case of a select. Requires its channel's lock; drops it unless WouldBlock.
Outcome try_case(scase* cas);

}  // namespace golab::runtime
