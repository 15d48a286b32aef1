// select.cpp: waiting on several channels at once.
//
// There are three passes, as in Go:
//   1. With all channels locked, look for a ready case, in random order.
//   2. If none is ready, put a sudog on every channel's queue, and park once.
//   3. After one channel has woken this goroutine, leave the queues of the others.
//
// Locks are taken in order of the channels' addresses, so two selects cannot wait for each other.
// Two partners may want to wake the same select at the same time. G::selectDone lets one of them.
//
// The random order is a choice of the scheduler: see cheaprandn in permute.
#include <cstdint>
#include <memory>
#include <new>

#include "runtime/chan/elem.h"
#include "runtime/core/arch.h"
#include "runtime/die/panic.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/contention.h"
#include "runtime/sched/request.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {
namespace {

constexpr int kCasesMax = 65536;  // Go's limit
constexpr int kInline = 8;        // cases whose bookkeeping fits on the stack

struct Order {
  uint16_t poll;
  uint16_t lock;
};

void sellock(scase* cases, const Order* order, int n) {
  hchan* last = nullptr;
  for (int i = 0; i < n; i++) {
    hchan* c = cases[order[i].lock].c;
    if (c != last) lock_with_p(&c->lock);
    last = c;
  }
}

// Unlocks all channels but `except`. Its case has dropped that lock already.
void selunlock(scase* cases, const Order* order, int n, hchan* except) {
  hchan* last = nullptr;
  for (int i = n; i-- > 0;) {
    hchan* c = cases[order[i].lock].c;
    if (c != last && c != except) unlock_with_p(&c->lock);
    last = c;
  }
}

// Fills in the poll order (a random permutation) and the lock order (by address) of the cases that
// have a channel. Returns how many there are.
int permute(scase* cases, int n, Order* order) {
  int count = 0;
  for (int i = 0; i < n; i++) {
    if (cases[i].c == nullptr) continue;  // a nil channel is never ready; a default has no channel
    int at = static_cast<int>(cheaprandn(static_cast<uint32_t>(count + 1)));
    order[count].poll = order[at].poll;
    order[at].poll = static_cast<uint16_t>(i);
    int j = count;  // insertion sort: a select has few cases
    while (j > 0 && cases[order[j - 1].lock].c > cases[i].c) {
      order[j].lock = order[j - 1].lock;
      j--;
    }
    order[j].lock = static_cast<uint16_t>(i);
    count++;
  }
  return count;
}

struct Park {
  scase* cases;
  Order* order;
  int n;
};

bool selparkcommit(G*, void* arg) {
  // The argument lies on the parked stack, so it is read before the last lock is dropped.
  Park park = *static_cast<Park*>(arg);
  selunlock(park.cases, park.order, park.n, nullptr);
  return true;
}

// The timers whose channels are among the cases are armed until the end of the scope, if `block`.
class TimersBlocked {
 public:
  TimersBlocked(scase* cases, int n, bool block) : cases_(cases), n_(n), block_(block) {
    for_each([this](Timer* t) {
      maybeRunChan(t);
      if (block_) blockTimerChan(t);
    });
  }
  ~TimersBlocked() {
    if (block_) for_each(unblockTimerChan);
  }
  TimersBlocked(const TimersBlocked&) = delete;
  TimersBlocked& operator=(const TimersBlocked&) = delete;

 private:
  template <typename F>
  void for_each(F f) {
    for (int i = 0; i < n_; i++) {
      if (cases_[i].c != nullptr && cases_[i].c->timer != nullptr) f(cases_[i].c->timer);
    }
  }
  scase* cases_;
  int n_;
  bool block_;
};

// Sets the variables of a receive that went ahead: to zero if the channel was closed.
void finish_recv(const scase& cas, bool met) {
  if (cas.ok != nullptr) *cas.ok = met;
  if (!met && cas.elem != nullptr && cas.zero != nullptr) cas.zero(cas.elem);
}

struct Result {
  int index;
  Outcome outcome;
  int64_t waited_ns = 0;
};

}  // namespace
}  // namespace golab::runtime

// Go has selectgo right above gopark, so the functions between them are glue here.
namespace golab::glue {

using namespace golab::runtime;

// Passes 2 and 3. Requires: all channels are locked and none is ready.
[[gnu::always_inline]] static inline Result wait_for_one(scase* cases, Order* order, int n,
                                                         Sudog* sudogs, WaitReason reason) {
  G* gp = getm()->curg;
  gp->selectDone.store(0, std::memory_order_relaxed);
  gp->param = nullptr;
  const int64_t begun = contention_clock(blockprofilerate);
  for (int i = 0; i < n; i++) {
    uint16_t index = order[i].lock;
    scase& cas = cases[index];
    Sudog& sg = *new (&sudogs[i]) Sudog;
    sg.g = gp;
    sg.isSelect = true;
    sg.elem = cas.elem;
    sg.assign = cas.assign;
    sg.index = index;
    sg.releasetime = begun;
    enqueue(cas.kind == scase::Send ? &cas.c->sendq : &cas.c->recvq, &sg);
  }
  Park park{cases, order, n};
  gopark(selparkcommit, &park, reason);

  auto* won = static_cast<Sudog*>(gp->param);
  for (int i = 0; i < n; i++) {
    if (&sudogs[i] == won) continue;      // its waker has taken it off
    scase& cas = cases[sudogs[i].index];  // DOC: select-leaves-the-rest
    lock_with_p(&cas.c->lock);
    dequeueSudoG(cas.kind == scase::Send ? &cas.c->sendq : &cas.c->recvq, &sudogs[i]);
    unlock_with_p(&cas.c->lock);
  }
  return {won->index, won->success ? Outcome::Done : Outcome::Closed, won->releasetime - begun};
}

static Result choose(scase* cases, int n, bool block, int default_index, WaitReason reason) {
  Order order_inline[kInline];
  union Sudogs {  // without initialization: only a select that parks writes to it
    Sudogs() {}
    Sudog at[kInline];
  } sudogs_inline;
  std::unique_ptr<Order[]> orders(n <= kInline ? nullptr : new Order[n]);
  std::unique_ptr<Sudog[]> many_sudogs(n <= kInline ? nullptr : new Sudog[n]);
  Order* order = n <= kInline ? order_inline : orders.get();
  Sudog* sudogs = n <= kInline ? sudogs_inline.at : many_sudogs.get();
  int count = permute(cases, n, order);
  sellock(cases, order, count);
  for (int i = 0; i < count; i++) {
    scase* cas = &cases[order[i].poll];
    Outcome outcome = try_case(cas);
    if (outcome == Outcome::WouldBlock) continue;
    selunlock(cases, order, count, cas->c);
    return {order[i].poll, outcome};
  }
  if (block) return wait_for_one(cases, order, count, sudogs, reason);
  selunlock(cases, order, count, nullptr);
  return {default_index, Outcome::WouldBlock};
}

}  // namespace golab::glue

namespace golab::runtime {

[[gnu::noinline]] int selectgo(scase* cases, int n) {
  if (n > kCasesMax) throw_("select: too many cases");
  int default_index = -1;
  bool any = false;
  bool timers = false;
  uint32_t outside = 0;  // channels that belong to no bubble
  for (int i = 0; i < n; i++) {
    if (cases[i].kind == scase::Default) default_index = i;
    if (cases[i].c == nullptr) continue;
    any = true;
    timers |= cases[i].c->timer != nullptr;
    if (cases[i].c->bubble_id == 0)
      outside++;
    else
      check_in_bubble(cases[i].c->bubble_id, "select on synctest channel from outside bubble");
  }
  bool block = default_index < 0;
  WaitReason reason = WaitReason::Select;
  if (outside == 0 && current_bubble_id() != 0) [[unlikely]]
    reason = WaitReason::SynctestSelect;
  Result result{default_index, Outcome::WouldBlock};
  {
    RuntimeCall rc;
    if (!any && block) {
      gopark(nullptr, nullptr, n == 0 ? WaitReason::SelectNoCases : reason);
      throw_("unreachable");
    }
    TimersBlocked timers_blocked(cases, timers ? n : 0, block);
    if (any) result = glue::choose(cases, n, block, default_index, reason);
  }
  if (result.waited_ns != 0) [[unlikely]]
    blockevent(result.waited_ns, getpc(), __builtin_frame_address(0));
  if (result.index == default_index) return result.index;
  scase& cas = cases[result.index];
  if (cas.kind == scase::Send) {
    if (result.outcome == Outcome::Closed) panic_runtime_error("send on closed channel");
    if (in_classroom()) [[unlikely]]
      count_send_for_request();
    return result.index;
  }
  finish_recv(cas, result.outcome == Outcome::Done);
  return result.index;
}

[[noreturn, gnu::noinline]] void block() {
  RuntimeCall rc;
  gopark(nullptr, nullptr, WaitReason::SelectNoCases);
  throw_("unreachable");
}

}  // namespace golab::runtime

namespace golab::glue {

[[gnu::noinline]] int select_any(scase* cases, int n) {
  if (n == 0) block();
  if (n > 1 || cases->kind == scase::Default) return selectgo(cases, n);
  if (cases->kind == scase::Send) {
    chansend1(cases->c, cases->elem);
  } else {
    auto chanrecv = cases->ok == nullptr ? chanrecv1 : chanrecv2;
    finish_recv(*cases, chanrecv(cases->c, cases->elem, true));
  }
  return 0;
}

}  // namespace golab::glue
