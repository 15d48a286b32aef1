// chan.cpp: send, receive and close (hchan.h has the invariants).
#include "runtime/chan/hchan.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include "runtime/chan/elem.h"
#include "runtime/core/arch.h"
#include "runtime/die/panic.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/contention.h"
#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/request.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {
namespace {

constexpr size_t kMaxChanBytes = size_t{1} << 40;

unsigned char* chanbuf(hchan* c, uint32_t i) { return c->buf + size_t{i} * c->elemsize; }

uint32_t next_index(hchan* c, uint32_t i) { return i + 1 == c->dataqsiz ? 0 : i + 1; }

bool parkunlock(G*, void* c) {
  unlock_with_p(&static_cast<hchan*>(c)->lock);
  return true;
}

// A channel is one block: the hchan, its timer if it has one, the buffer.
struct Layout {
  size_t timer;
  size_t buf;
  size_t bytes;
  std::align_val_t align;
};

Layout layout_of(const ElemType* type, uint32_t size, bool timer) {
  auto up = [](size_t n, size_t align) { return (n + align - 1) / align * align; };
  Layout l{};
  l.timer = up(sizeof(hchan), alignof(Timer));
  l.buf = up(timer ? l.timer + sizeof(Timer) : sizeof(hchan), type->align);
  l.bytes = l.buf + size_t{size} * type->size;
  l.align = std::align_val_t(type->align > alignof(hchan) ? type->align : alignof(hchan));
  return l;
}

hchan* allocate(const ElemType* type, uint32_t size, bool timer) {
  Layout l = layout_of(type, size, timer);
  auto* block =
      static_cast<unsigned char*>(l.align <= std::align_val_t(__STDCPP_DEFAULT_NEW_ALIGNMENT__)
                                      ? ::operator new(l.bytes)
                                      : ::operator new(l.bytes, l.align));
  auto* c = new (block) hchan;
  if (timer) c->timer = new (block + l.timer) Timer;
  c->buf = block + l.buf;
  c->elemtype = type;
  c->elemsize = type->size;
  c->dataqsiz = size;
  c->bubble_id = current_bubble_id();
  return c;
}

void deallocate(hchan* c) {
  Layout l = layout_of(c->elemtype, c->dataqsiz, c->timer != nullptr);
  if (l.align <= std::align_val_t(__STDCPP_DEFAULT_NEW_ALIGNMENT__))
    ::operator delete(c);
  else
    ::operator delete(c, l.align);
}

// Hands *elem to a waiting receiver or to the buffer. Requires c->lock; drops it unless WouldBlock.
Outcome try_send(hchan* c, void* elem) {
  if (c->closed.load(std::memory_order_relaxed) != 0) {
    unlock_with_p(&c->lock);
    return Outcome::Closed;
  }
  if (Sudog* sg = dequeue(&c->recvq)) {  // DOC: send-meets-receiver
    carry(c->elemtype, sg->elem, sg->assign, elem);
    unlock_with_p(&c->lock);
    wake(sg, true);
    return Outcome::Done;
  }
  uint32_t count = c->qcount.load(std::memory_order_relaxed);
  if (count < c->dataqsiz) {  // DOC: buffer-has-room
    carry(c->elemtype, chanbuf(c, c->sendx), false, elem);
    c->sendx = next_index(c, c->sendx);
    c->qcount.store(count + 1, std::memory_order_relaxed);
    unlock_with_p(&c->lock);
    return Outcome::Done;
  }
  return Outcome::WouldBlock;
}

// Takes the oldest value to *elem (null: discards it).
// Requires c->lock; drops it unless WouldBlock.
Outcome try_recv(hchan* c, void* elem, bool assign) {
  uint32_t count = c->qcount.load(std::memory_order_relaxed);
  if (count > 0) {
    unsigned char* slot = chanbuf(c, c->recvx);
    carry(c->elemtype, elem, assign, slot);
    if (!c->elemtype->trivial) c->elemtype->destroy(slot);
    c->recvx = next_index(c, c->recvx);
    // Senders wait only if the buffer was full. The first one's value takes the free slot.
    if (Sudog* sg = dequeue(&c->sendq)) {
      carry(c->elemtype, slot, false, sg->elem);
      c->sendx = c->recvx;
      unlock_with_p(&c->lock);
      wake(sg, true);
      return Outcome::Done;
    }
    c->qcount.store(count - 1, std::memory_order_relaxed);
    unlock_with_p(&c->lock);
    return Outcome::Done;
  }
  if (c->closed.load(std::memory_order_relaxed) != 0) {
    unlock_with_p(&c->lock);
    return Outcome::Closed;
  }
  if (Sudog* sg = dequeue(&c->sendq)) {
    carry(c->elemtype, elem, assign, sg->elem);
    unlock_with_p(&c->lock);
    wake(sg, true);
    return Outcome::Done;
  }
  return Outcome::WouldBlock;
}

}  // namespace
}  // namespace golab::runtime

namespace golab::glue {

using namespace golab::runtime;

// Parks on q until a partner or close comes. Requires c->lock. True if a partner came.
[[gnu::always_inline]] static inline bool park_on(hchan* c, waitq* q, void* elem, bool assign,
                                                  WaitReason reason, int64_t* waited_ns) {
  Sudog sg;
  sg.g = getm()->curg;
  sg.elem = elem;
  sg.assign = assign;
  sg.releasetime = contention_clock(blockprofilerate);
  const int64_t begun = sg.releasetime;
  enqueue(q, &sg);
  gopark(parkunlock, c, reason);
  *waited_ns = sg.releasetime - begun;
  return sg.success;
}

}  // namespace golab::glue

namespace golab::runtime {

using glue::park_on;

[[gnu::noinline]] hchan* makechan(const ElemType* type, int64_t size) {
  if (size < 0 || (type->size > 0 && static_cast<size_t>(size) > kMaxChanBytes / type->size) ||
      size > UINT32_MAX / 2) {
    panic_runtime_error("makechan: size out of range");
  }
  return allocate(type, static_cast<uint32_t>(size), false);
}

namespace {
// A timer takes back what it sent (Timer::discard_value).
bool discard_timer_value(void* arg) {
  auto* c = static_cast<hchan*>(arg);
  lock_with_p(&c->lock);
  bool had = c->qcount.load(std::memory_order_relaxed) > 0;
  if (had) {
    if (!c->elemtype->trivial) c->elemtype->destroy(chanbuf(c, c->recvx));
    c->recvx = next_index(c, c->recvx);
    c->qcount.store(0, std::memory_order_relaxed);
  }
  unlock_with_p(&c->lock);
  return had;
}
}  // namespace

hchan* maketimerchan(const ElemType* type, TimerFunc f) {
  hchan* c = allocate(type, 1, true);
  c->timer->discard_value = discard_timer_value;
  c->timer->f = f;
  c->timer->arg = c;
  return c;
}

void freechan(hchan* c) {
  if (c->timer != nullptr) timer_stop(c->timer);
  if (!c->elemtype->trivial) {
    for (uint32_t n = c->qcount.load(); n > 0; n--) {
      c->elemtype->destroy(chanbuf(c, c->recvx));
      c->recvx = next_index(c, c->recvx);
    }
  }
  deallocate(c);
}

[[gnu::noinline]] static void chansend(hchan* c, void* elem) {
  if (c != nullptr && c->bubble_id != 0) [[unlikely]]
    check_in_bubble(c->bubble_id, "send on synctest channel from outside bubble");
  bool closed = false;
  int64_t waited_ns = 0;
  {
    RuntimeCall rc;
    if (c == nullptr) {
      gopark(nullptr, nullptr, WaitReason::ChanSendNilChan);
      throw_("unreachable");
    }
    lock_with_p(&c->lock);
    Outcome outcome = try_send(c, elem);
    if (outcome == Outcome::WouldBlock) {
      const WaitReason reason =
          c->bubble_id != 0 ? WaitReason::SynctestChanSend : WaitReason::ChanSend;
      closed = !park_on(c, &c->sendq, elem, false, reason, &waited_ns);
    } else {
      closed = outcome == Outcome::Closed;
    }
  }
  if (waited_ns != 0) [[unlikely]]
    blockevent(waited_ns, getpc(), __builtin_frame_address(0));
  if (closed) panic_runtime_error("send on closed channel");
  if (in_classroom()) [[unlikely]]
    count_send_for_request();
}

[[gnu::noinline]] void chansend1(hchan* c, void* elem) { chansend(c, elem); }

bool chantrysend(hchan* c, void* elem) {
  RuntimeCall rc;
  lock_with_p(&c->lock);
  Outcome outcome = try_send(c, elem);
  if (outcome == Outcome::WouldBlock) unlock_with_p(&c->lock);
  return outcome == Outcome::Done;
}

}  // namespace golab::runtime

namespace golab::glue {

[[gnu::always_inline]] static inline Outcome recv_or_park(hchan* c, void* elem, bool assign,
                                                          int64_t* waited_ns) {
  RuntimeCall rc;
  if (c == nullptr) {
    gopark(nullptr, nullptr, WaitReason::ChanReceiveNilChan);
    throw_("unreachable");
  }
  if (c->timer != nullptr) [[unlikely]] {
    maybeRunChan(c->timer);
    blockTimerChan(c->timer);
  }
  lock_with_p(&c->lock);
  Outcome outcome = try_recv(c, elem, assign);
  if (outcome == Outcome::WouldBlock) {
    const WaitReason reason =
        c->bubble_id != 0 ? WaitReason::SynctestChanReceive : WaitReason::ChanReceive;
    bool met = park_on(c, &c->recvq, elem, assign, reason, waited_ns);
    outcome = met ? Outcome::Done : Outcome::Closed;
  }
  if (c->timer != nullptr) [[unlikely]]
    unblockTimerChan(c->timer);
  return outcome;
}
}  // namespace golab::glue

namespace golab::runtime {

[[gnu::noinline]] static bool chanrecv(hchan* c, void* elem, bool assign) {
  if (c != nullptr && c->bubble_id != 0) [[unlikely]]
    check_in_bubble(c->bubble_id, "receive on synctest channel from outside bubble");
  int64_t waited_ns = 0;
  Outcome outcome = glue::recv_or_park(c, elem, assign, &waited_ns);
  if (waited_ns != 0) [[unlikely]]
    blockevent(waited_ns, getpc(), __builtin_frame_address(0));
  return outcome == Outcome::Done;
}

[[gnu::noinline]] bool chanrecv1(hchan* c, void* elem, bool assign) {
  return chanrecv(c, elem, assign);
}
[[gnu::noinline]] bool chanrecv2(hchan* c, void* elem, bool assign) {
  return chanrecv(c, elem, assign);
}

[[gnu::noinline]] void closechan(hchan* c) {
  if (c == nullptr) panic_runtime_error("close of nil channel");
  if (c->bubble_id != 0) [[unlikely]]
    check_in_bubble(c->bubble_id, "close of synctest channel from outside bubble");
  {
    RuntimeCall rc;
    lock_with_p(&c->lock);
    if (c->closed.load(std::memory_order_relaxed) == 0) {
      c->closed.store(1, std::memory_order_release);
      // They leave the queues under the lock and are woken after it, because a woken goroutine
      // takes this lock at once. `all` is a stack, as in Go: the goroutine that waited longest is
      // readied last, and so runs next here.
      Sudog* all = nullptr;
      while (Sudog* sg = dequeue(&c->recvq)) sg->next = all, all = sg;  // DOC: close-wakes-all
      while (Sudog* sg = dequeue(&c->sendq)) sg->next = all, all = sg;
      unlock_with_p(&c->lock);
      while (all != nullptr) {
        Sudog* sg = all;
        all = sg->next;
        wake(sg, false);
      }
      return;
    }
    unlock_with_p(&c->lock);
  }
  panic_runtime_error("close of closed channel");
}

int chanlen(const hchan* c) {
  if (c == nullptr || c->timer != nullptr) return 0;
  return static_cast<int>(c->qcount.load(std::memory_order_relaxed));
}

int chancap(const hchan* c) {
  return c == nullptr || c->timer != nullptr ? 0 : static_cast<int>(c->dataqsiz);
}

// ---- For select.cpp ----

Outcome try_case(scase* cas) {
  return cas->kind == scase::Send ? try_send(cas->c, cas->elem)
                                  : try_recv(cas->c, cas->elem, cas->assign);
}

}  // namespace golab::runtime
