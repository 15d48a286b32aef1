// runq.cpp: the queues of runnable goroutines, and how an idle P takes from a busy one.
//
// A P's ring has one producer, its owner, and many consumers: the owner and thieves. Only the owner
// moves the tail. A consumer reads the slots, then moves the head with a compare-and-swap. A slot
// that was overwritten after it was read is never used: the head has moved, so the swap fails.
//
// runnext is one more slot in front, and the hottest word of the scheduler: two goroutines that
// talk to each other use it at every step. Only the owner fills it; thieves only empty it. So:
//
//   - To fill an empty slot, the owner stores plainly.
//   - To empty or replace it, the owner sets runnext_owner, then looks at runnext_thief. If no
//     thief is there, it loads and stores plainly; else it uses an atomic exchange.
//   - A thief sets runnext_thief, makes all threads pass a fence (heavy_fence), and leaves if
//     runnext_owner is set. From then on the owner sees the thief, and both use atomic operations.
//     The fence is slow, but theft from this slot is rare.
//
// The global queue is a list of blocks of pointers: one linked through the goroutines would cost a
// cache miss for each, under sched.lock.
//
// Here the scheduler chooses (which goroutine is next, which one is stolen): a schedule explorer
// would hook runqget, globrunqget and runqsteal.
#include <algorithm>
#include <iterator>
#include <new>

#include "runtime/core/reserve.h"
#include "runtime/core/throw.h"
#include "runtime/sched/sched.h"

namespace golab::runtime {
namespace {

// For a full ring: moves half of it, and gp, to the global queue.
bool runqputslow(P* pp, G* gp, uint32_t h, uint32_t t) {
  G* batch[kRunqueueSize / 2 + 1];
  uint32_t n = (t - h) / 2;
  for (uint32_t i = 0; i < n; i++) {
    batch[i] = pp->runq[(h + i) % kRunqueueSize].load(std::memory_order_relaxed);
  }
  if (!pp->runqhead.compare_exchange_strong(h, h + n, std::memory_order_acq_rel)) return false;
  batch[n] = gp;
  lock(&sched.lock);
  globrunqputbatch(batch, n + 1);
  unlock(&sched.lock);
  return true;
}

// The global queue's blocks. These functions need sched.lock. Blocks are reused, never unmapped.
RunqBlock* new_block() {
  if (RunqBlock* b = sched.runqfree) {
    sched.runqfree = b->next;
    return new (b) RunqBlock;
  }
  static RunqBlock *fresh = nullptr, *end = nullptr;
  if (fresh == end) {
    constexpr size_t kBlocks = 64;
    fresh = static_cast<RunqBlock*>(reserve_or_die(kBlocks * sizeof(RunqBlock), "the run queue"));
    end = fresh + kBlocks;
  }
  return new (fresh++) RunqBlock;
}

// The last block, with room for at least one goroutine.
RunqBlock* block_to_fill() {
  RunqBlock* b = sched.runqtail;
  if (b != nullptr && b->tail < std::size(b->gs)) return b;
  RunqBlock* fresh = new_block();
  (b != nullptr ? b->next : sched.runqhead) = fresh;
  sched.runqtail = fresh;
  return fresh;
}

// Requires: the queue is not empty.
G* take_from_global() {
  RunqBlock* b = sched.runqhead;
  G* gp = b->gs[b->head++];
  if (b->head < b->tail) return gp;
  if (b->next == nullptr) {
    b->head = b->tail = 0;  // the last block stays: often the queue holds one goroutine at a time
  } else {
    sched.runqhead = b->next;
    b->next = sched.runqfree;
    sched.runqfree = b;
  }
  return gp;
}

// Copies half of victim's ring to pp's tail, without publishing it. Returns how many.
uint32_t runqgrab(P* victim, P* pp, uint32_t tail) {
  for (;;) {
    uint32_t h = victim->runqhead.load(std::memory_order_acquire);
    uint32_t t = victim->runqtail.load(std::memory_order_acquire);
    uint32_t n = t - h;
    n = n - n / 2;
    if (n == 0) return 0;
    if (n > kRunqueueSize / 2) continue;  // head and tail were read at different times
    for (uint32_t i = 0; i < n; i++) {
      G* gp = victim->runq[(h + i) % kRunqueueSize].load(std::memory_order_relaxed);
      pp->runq[(tail + i) % kRunqueueSize].store(gp, std::memory_order_relaxed);
    }
    if (victim->runqhead.compare_exchange_strong(h, h + n, std::memory_order_acq_rel)) return n;
  }
}

// The owner puts gp (or null) in runnext and takes out what was there.
G* swap_runnext(P* pp, G* gp) {
  pp->runnext_owner.store(1, std::memory_order_relaxed);
  light_fence();
  G* old;
  if (pp->runnext_thief.load(std::memory_order_acquire) == 0) [[likely]] {
    old = pp->runnext.load(std::memory_order_relaxed);
    pp->runnext.store(gp, std::memory_order_release);
  } else {
    old = pp->runnext.exchange(gp);
  }
  pp->runnext_owner.store(0, std::memory_order_release);
  return old;
}

}  // namespace

void runqput(P* pp, G* gp, bool next) {
  if (next) {
    if (pp->runnext.load(std::memory_order_relaxed) == nullptr) {
      pp->runnext.store(gp, std::memory_order_release);
      light_fence();  // wake_helper reads the idle count after this (find.cpp)
      return;
    }
    gp = swap_runnext(pp, gp);
    if (gp == nullptr) return;  // a thief has emptied the slot
  }
  for (;;) {
    uint32_t h = pp->runqhead.load(std::memory_order_acquire);
    uint32_t t = pp->runqtail.load(std::memory_order_relaxed);
    if (t - h < kRunqueueSize) {
      pp->runq[t % kRunqueueSize].store(gp, std::memory_order_relaxed);
      pp->runqtail.store(t + 1, std::memory_order_release);
      light_fence();
      return;
    }
    if (runqputslow(pp, gp, h, t)) return;
  }
}

G* runqget(P* pp, bool* inheritTime) {
  if (pp->runnext.load(std::memory_order_relaxed) != nullptr) {
    if (G* next = swap_runnext(pp, nullptr)) {
      *inheritTime = true;
      return next;
    }
  }
  *inheritTime = false;
  for (;;) {
    uint32_t h = pp->runqhead.load(std::memory_order_acquire);
    uint32_t t = pp->runqtail.load(std::memory_order_relaxed);
    if (t == h) return nullptr;
    G* gp = pp->runq[h % kRunqueueSize].load(std::memory_order_relaxed);
    if (only_one_p) {  // there is no thief
      pp->runqhead.store(h + 1, std::memory_order_release);
      return gp;
    }
    if (pp->runqhead.compare_exchange_strong(h, h + 1, std::memory_order_acq_rel)) return gp;
  }
}

bool runqempty(P* pp) {
  // A goroutine may move from runnext to the ring between the reads: the tail changes then.
  for (;;) {
    uint32_t h = pp->runqhead.load(std::memory_order_seq_cst);
    uint32_t t = pp->runqtail.load(std::memory_order_seq_cst);
    G* next = pp->runnext.load(std::memory_order_seq_cst);
    if (t == pp->runqtail.load(std::memory_order_seq_cst)) return h == t && next == nullptr;
  }
}

uint32_t runqlen(const P* pp) {
  uint32_t h = pp->runqhead.load(std::memory_order_acquire);
  uint32_t n = pp->runqtail.load(std::memory_order_acquire) - h;
  return n <= kRunqueueSize ? n : 0;  // more: head and tail were read at different times
}

G* runqsteal(P* pp, P* victim) {
  uint32_t t = pp->runqtail.load(std::memory_order_relaxed);
  uint32_t n = runqgrab(victim, pp, t);
  if (n == 0) return nullptr;
  n--;
  G* gp = pp->runq[(t + n) % kRunqueueSize].load(std::memory_order_relaxed);
  if (n > 0) pp->runqtail.store(t + n, std::memory_order_release);
  return gp;
}

G* runnextsteal(P* victim) {
  uint32_t nobody = 0;
  if (!victim->runnext_thief.compare_exchange_strong(nobody, 1)) return nullptr;
  heavy_fence();
  G* gp = nullptr;
  if (victim->runnext_owner.load(std::memory_order_acquire) == 0) {
    gp = victim->runnext.load(std::memory_order_acquire);
    if (gp != nullptr && !victim->runnext.compare_exchange_strong(gp, nullptr)) gp = nullptr;
  }
  victim->runnext_thief.store(0, std::memory_order_release);
  return gp;
}

void globrunqputbatch(G* const* gs, uint32_t n) {
  for (uint32_t done = 0; done < n;) {
    RunqBlock* b = block_to_fill();
    uint32_t some = std::min(n - done, static_cast<uint32_t>(std::size(b->gs)) - b->tail);
    std::copy_n(gs + done, some, b->gs + b->tail);
    b->tail += some;
    done += some;
  }
  sched.runqsize.fetch_add(static_cast<int32_t>(n));
}

void globrunqput(G* gp) { globrunqputbatch(&gp, 1); }

void requeue(G* gp) {
  lock(&sched.lock);
  globrunqput(gp);
  unlock(&sched.lock);
}

G* globrunqget(P* pp, int32_t max) {
  int32_t size = sched.runqsize.load(std::memory_order_relaxed);
  if (size == 0) return nullptr;
  // A fair share for each P. pp's ring has room for it: it is empty, or max is 1.
  int32_t share = size / sched.gomaxprocs.load(std::memory_order_relaxed) + 1;
  int32_t n = std::min({share, size, static_cast<int32_t>(kRunqueueSize / 2)});
  if (max > 0) n = std::min(n, max);
  G* gp = take_from_global();
  for (int32_t i = 1; i < n; i++) runqput(pp, take_from_global(), false);
  sched.runqsize.fetch_sub(n);
  return gp;
}

}  // namespace golab::runtime
