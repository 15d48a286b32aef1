// sema.cpp: the table of semaphores that goroutines wait on, and the lists behind sync.Cond.
//
// The table has 251 buckets, each with a lock. A bucket holds the first waiter of every address
// that hashes to it, in a digital search tree: at depth d, bit d of the hashed address says left or
// right. The hash is a bijection, so the tree is at most 64 deep. Any leaf below a node may take
// the node's place when it is deleted. (Go has a treap here. A list would be slow for many
// addresses.) The other waiters of an address queue behind its first one.
//
// A waiter's node lies on the waiter's own stack, so nothing is allocated.
#include "runtime/sched/sema.h"

#include <unistd.h>

#include <cstdio>

#include "runtime/core/arch.h"
#include "runtime/core/throw.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/contention.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"

namespace golab::runtime {
namespace {

struct SemaWaiter {
  G* g = nullptr;
  const void* addr = nullptr;
  uint32_t ticket = 0;                        // 1: the semaphore was handed over
  SemaWaiter* child[2] = {nullptr, nullptr};  // first waiters: the tree
  SemaWaiter* next = nullptr;                 // the queue of this address
  SemaWaiter* tail = nullptr;                 // first waiters: its end
  int64_t behind = 0;                         // first waiters: how many wait behind it
  int64_t releasetime = 0;  // not 0: the wait is timed; the waker writes when it ended
  int64_t acquiretime = 0;  // not 0: since when its wait is not yet charged to an Unlock
};

struct alignas(64) SemaRoot {
  mutex lock;
  std::atomic<uint32_t> nwait{0};
  SemaWaiter* tree = nullptr;

  SemaWaiter** find(const void* addr);
  void queue(SemaWaiter* w, bool lifo);
  SemaWaiter* dequeue(const void* addr);
};

constexpr size_t kSemaRoots = 251;  // prime, so that regular layouts use all of them
SemaRoot semtable[kSemaRoots];

SemaRoot* semroot(const void* addr) {
  return &semtable[(reinterpret_cast<uintptr_t>(addr) >> 3) % kSemaRoots];
}

// The link to the first waiter of addr, or where it would be.
SemaWaiter** SemaRoot::find(const void* addr) {
  uint64_t bits = reinterpret_cast<uintptr_t>(addr) * 0x9e3779b97f4a7c15u;
  SemaWaiter** link = &tree;
  while (*link != nullptr && (*link)->addr != addr) {
    link = &(*link)->child[bits >> 63];
    bits <<= 1;
  }
  return link;
}

void SemaRoot::queue(SemaWaiter* w, bool lifo) {
  w->child[0] = w->child[1] = w->next = nullptr;
  w->behind = 0;
  SemaWaiter** link = find(w->addr);
  SemaWaiter* first = *link;
  if (first == nullptr) {
    w->tail = w;
    *link = w;
  } else if (lifo) {
    w->child[0] = first->child[0];
    w->child[1] = first->child[1];
    w->next = first;
    w->tail = first->tail;
    w->behind = first->behind + 1;
    w->acquiretime = first->acquiretime;  // the first waiter's is the oldest
    *link = w;
  } else {
    first->tail->next = w;
    first->tail = w;
    first->behind++;
  }
}

SemaWaiter* SemaRoot::dequeue(const void* addr) {
  SemaWaiter** link = find(addr);
  SemaWaiter* first = *link;
  if (first == nullptr) return nullptr;
  SemaWaiter* heir = first->next;
  if (heir != nullptr) {
    heir->tail = first->tail;
    heir->behind = first->behind - 1;
  } else {
    SemaWaiter** at = link;
    while ((*at)->child[0] != nullptr || (*at)->child[1] != nullptr) {
      at = &(*at)->child[(*at)->child[0] == nullptr];
    }
    heir = *at;
    *at = nullptr;
    if (heir == first) return first;  // a leaf itself: its place stays empty
  }
  heir->child[0] = first->child[0];
  heir->child[1] = first->child[1];
  *link = heir;
  return first;
}

bool cansemacquire(std::atomic<uint32_t>* addr) {
  uint32_t v = addr->load();
  while (v > 0) {
    if (addr->compare_exchange_weak(v, v - 1)) return true;
  }
  return false;
}

// What an Unlock is charged with: how long `first`, which it wakes, and those behind it have waited
// since the last charge. Those behind are not looked at one by one: on average they have waited for
// half as long as the first and the last together.
int64_t charge(SemaWaiter* first) {
  if (first->acquiretime == 0) return 0;
  const int64_t now = nanotime();
  const int64_t longest = now - first->acquiretime;
  first->acquiretime = now;  // it may lose the race for the lock, and wait again
  if (first->behind == 0) return longest;
  SemaWaiter* last = first->next->tail;
  const int64_t shortest = last->acquiretime != 0 ? now - last->acquiretime : 0;
  first->next->acquiretime = last->acquiretime = now;
  return longest + (longest + shortest) / 2 * first->behind;
}

// The first goroutine that waits on addr, which waits no more; null: none does.
SemaWaiter* take_waiter(SemaRoot* root, std::atomic<uint32_t>* addr, int64_t* charged_ns) {
  lock(&root->lock);
  SemaWaiter* w = root->nwait.load() != 0 ? root->dequeue(addr) : nullptr;
  if (w != nullptr) {
    root->nwait.fetch_sub(1);
    *charged_ns = charge(w);
  }
  unlock(&root->lock);
  if (w != nullptr && w->releasetime != 0) [[unlikely]]
    w->releasetime = nanotime();
  return w;
}

}  // namespace

[[gnu::noinline]] void semacquire1(std::atomic<uint32_t>* addr, bool lifo, WaitReason reason,
                                   SemaProfile profile) {
  if (cansemacquire(addr)) return;
  int64_t waited_ns = 0;
  {
    RuntimeCall rc;
    SemaRoot* root = semroot(addr);
    SemaWaiter w;
    w.g = getm()->curg;
    w.addr = addr;
    if (profile != SemaProfile::None) w.releasetime = contention_clock(blockprofilerate);
    const int64_t begun = w.releasetime;
    if (profile == SemaProfile::BlockAndMutex) w.acquiretime = contention_clock(mutexprofilerate);
    for (;;) {
      lock(&root->lock);
      root->nwait.fetch_add(1);
      if (cansemacquire(addr)) {
        root->nwait.fetch_sub(1);
        unlock(&root->lock);
        break;
      }
      root->queue(&w, lifo);
      goparkunlock(&root->lock, reason);
      if (w.ticket != 0 || cansemacquire(addr)) break;
    }
    waited_ns = w.releasetime - begun;
  }
  if (waited_ns != 0) [[unlikely]]
    blockevent(waited_ns, getpc(), __builtin_frame_address(0));
}

[[gnu::noinline]] void semrelease1(std::atomic<uint32_t>* addr, bool handoff) {
  SemaRoot* root = semroot(addr);
  int64_t charged_ns = 0;
  bool handed_on = false;
  if (handoff && root->nwait.load() != 0) {
    RuntimeCall rc;
    if (SemaWaiter* w = take_waiter(root, addr, &charged_ns)) {
      handed_on = true;
      w->ticket = 1;  // The word does not show what is handed on: no acquirer can come in between.
      goready(w->g);  // from here on w may be gone
      // Lets the new owner run at once, on this P: while it waited for a thread, the whole queue
      // would. Inside another runtime call nothing may park.
      if (getm()->locks.load(std::memory_order_relaxed) == 1)
        gopark([](G*, void*) { return false; }, nullptr, WaitReason::Preempted);
    }
  }
  if (!handed_on) {
    addr->fetch_add(1);
    if (root->nwait.load() == 0) return;
    RuntimeCall rc;
    if (SemaWaiter* w = take_waiter(root, addr, &charged_ns)) goready(w->g);
  }
  if (charged_ns != 0) [[unlikely]]
    mutexevent(charged_ns, getpc(), __builtin_frame_address(0));
}

struct NotifyWaiter {
  G* g = nullptr;
  uint32_t ticket = 0;
  NotifyWaiter* next = nullptr;
  int64_t releasetime = 0;  // as SemaWaiter's

  // True if the calling goroutine may not wake it.
  bool out_of_reach() const { return g->bubble_id != 0 && g->bubble_id != current_bubble_id(); }
  void wake() {
    if (releasetime != 0) [[unlikely]]
      releasetime = nanotime();
    goready(g);
  }
};

}  // namespace golab::runtime

namespace golab::sync {

using runtime::NotifyWaiter;
using runtime::RuntimeCall;
using runtime::SemaProfile;
using runtime::WaitReason;

uint32_t runtime_notifyListAdd(runtime::notifyList* l) { return l->wait.fetch_add(1); }

[[gnu::noinline]] void runtime_notifyListWait(runtime::notifyList* l, uint32_t ticket) {
  int64_t waited_ns = 0;
  {
    RuntimeCall rc;
    runtime::lock(&l->lock);
    // Tickets wrap around: compare their distance.
    if (static_cast<int32_t>(ticket - l->notify.load(std::memory_order_relaxed)) < 0) {
      runtime::unlock(&l->lock);
      return;
    }
    const int64_t begun = runtime::contention_clock(runtime::blockprofilerate);
    NotifyWaiter w{runtime::getm()->curg, ticket, nullptr, begun};
    if (l->tail == nullptr)
      l->head = &w;
    else
      l->tail->next = &w;
    l->tail = &w;
    runtime::goparkunlock(&l->lock, WaitReason::SyncCondWait);
    waited_ns = w.releasetime - begun;
  }
  if (waited_ns != 0) [[unlikely]]
    runtime::blockevent(waited_ns, runtime::getpc(), __builtin_frame_address(0));
}

namespace {
// Ends the program: a waiter is in a bubble of testing/synctest that the caller is not in.
[[noreturn]] void wakes_from_outside(uint64_t goid) {
  char text[96];
  int n = std::snprintf(text, sizeof text,
                        "semaphore wake of synctest goroutine %lu from outside bubble\n",
                        static_cast<unsigned long>(goid));
  if (::write(2, text, static_cast<size_t>(n)) < 0) {}
  runtime::fatal("semaphore wake of synctest goroutine from outside bubble");
}

// Returns the goroutine that it may not wake, if that is the next one, else 0.
uint64_t notify_one(runtime::notifyList* l) {
  RuntimeCall rc;
  runtime::lock(&l->lock);
  uint32_t ticket = l->notify.load(std::memory_order_relaxed);
  if (ticket == l->wait.load()) {
    runtime::unlock(&l->lock);
    return 0;
  }
  l->notify.store(ticket + 1);
  // The list is in order of arrival here, not of tickets: the goroutine with this ticket is near
  // the front, or not in the list yet.
  NotifyWaiter* prev = nullptr;
  NotifyWaiter* w = l->head;
  while (w != nullptr && w->ticket != ticket) {
    prev = w;
    w = w->next;
  }
  if (w != nullptr) {
    (prev == nullptr ? l->head : prev->next) = w->next;
    if (l->tail == w) l->tail = prev;
  }
  runtime::unlock(&l->lock);
  if (w == nullptr) return 0;
  if (w->out_of_reach()) [[unlikely]]
    return w->g->goid;
  w->wake();
  return 0;
}
}  // namespace

void runtime_notifyListNotifyAll(runtime::notifyList* l) {
  if (l->wait.load() == l->notify.load()) return;
  uint64_t out_of_reach = 0;
  {
    RuntimeCall rc;
    runtime::lock(&l->lock);
    NotifyWaiter* w = l->head;
    l->head = l->tail = nullptr;
    // A goroutine that has a ticket but is not in the list yet sees that its ticket was called.
    l->notify.store(l->wait.load());
    runtime::unlock(&l->lock);
    while (w != nullptr) {
      NotifyWaiter* next = w->next;
      if (w->out_of_reach()) [[unlikely]]
        out_of_reach = w->g->goid;
      else
        w->wake();
      w = next;
    }
  }
  if (out_of_reach != 0) [[unlikely]]
    wakes_from_outside(out_of_reach);
}

void runtime_notifyListNotifyOne(runtime::notifyList* l) {
  if (l->wait.load() == l->notify.load()) return;
  if (uint64_t goid = notify_one(l)) [[unlikely]]
    wakes_from_outside(goid);
}

[[gnu::noinline]] void runtime_SemacquireWaitGroup(std::atomic<uint32_t>* addr, bool durable) {
  const WaitReason reason =
      durable ? WaitReason::SynctestWaitGroupWait : WaitReason::SyncWaitGroupWait;
  runtime::semacquire1(addr, false, reason, SemaProfile::Block);
}

[[gnu::noinline]] void runtime_SemacquireRWMutexR(std::atomic<uint32_t>* addr) {
  runtime::semacquire1(addr, false, WaitReason::SyncRWMutexRLock, SemaProfile::BlockAndMutex);
}

[[gnu::noinline]] void runtime_SemacquireRWMutex(std::atomic<uint32_t>* addr) {
  runtime::semacquire1(addr, false, WaitReason::SyncRWMutexLock, SemaProfile::BlockAndMutex);
}

[[gnu::noinline]] void runtime_Semrelease(std::atomic<uint32_t>* addr, bool handoff) {
  runtime::semrelease1(addr, handoff);
}

[[gnu::noinline]] void fatal(const char* s) { runtime::fatal(s); }

}  // namespace golab::sync

namespace golab::internal::sync {

[[gnu::noinline]] void runtime_SemacquireMutex(std::atomic<uint32_t>* addr, bool lifo) {
  runtime::semacquire1(addr, lifo, runtime::WaitReason::SyncMutexLock,
                       runtime::SemaProfile::BlockAndMutex);
}

[[gnu::noinline]] void runtime_Semrelease(std::atomic<uint32_t>* addr, bool handoff) {
  runtime::semrelease1(addr, handoff);
}

bool runtime_canSpin(int i) {
  constexpr int kActiveSpin = 4;
  if (i >= kActiveSpin) return false;
  int32_t procs = runtime::sched.gomaxprocs.load(std::memory_order_relaxed);
  if (procs <= runtime::sched.npidle.load(std::memory_order_relaxed) +
                   runtime::sched.nmspinning.load(std::memory_order_relaxed) + 1) {
    return false;
  }
  if (i == 0) return true;
  runtime::M* mp = runtime::acquirem();
  bool idle = runtime::door_open(mp) && runtime::runqempty(mp->p);
  runtime::releasem(mp);
  return idle;
}

// Does not look at the lock: each look would take the lock's cache line from its holder.
void runtime_doSpin(int i) {
  constexpr int64_t kFirstSpinNs = 1000;
  int64_t until = runtime::nanotime() + (kFirstSpinNs << i);
  do {
    for (int n = 0; n < 10; n++) runtime::cpu_relax();
  } while (runtime::nanotime() < until);
}

int64_t runtime_nanotime() { return runtime::nanotime(); }

[[gnu::noinline]] void fatal(const char* s) { runtime::fatal(s); }

}  // namespace golab::internal::sync
