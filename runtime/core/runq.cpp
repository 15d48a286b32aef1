// runq.cpp: the queues of runnable goroutines, and how an idle P takes from a busy one.
//
// A P's ring has one producer, its owner, and many consumers: the owner and thieves. The owner
// alone moves the tail; whoever takes moves the head with a compare-and-swap, after it has read the
// slots. A slot that was read and then overwritten is never used: the swap fails, since the head
// has moved.
//
// runnext is one more slot in front, and the hottest word of the scheduler: two goroutines that
// talk to each other go through it at every step. Only the owner fills it, thieves only empty it.
// So to fill an empty one is a plain store. To take from it the owner says so (runnextOwner), looks
// whether a thief has said so too (runnextThief), and if not, loads and stores plainly. A thief
// says so, makes all threads pass a fence (heavy_fence, 5 µs: theft from this slot is rare), and
// leaves if the owner is at it. From then on the owner sees the thief, and both use
// compare-and-swap. Atomic exchanges on both sides were here first, and cost a tenth of a channel
// operation.
//
// This is one of the places where the scheduler chooses (who is next, who is robbed): a schedule
// explorer would hook runqget, globrunqget and runqsteal.
#include "runtime/core/sched.h"

namespace golab::runtime {
namespace {

// The ring is full: half of it and gp go to the global queue, where others find them.
bool runqputslow(P* pp, G* gp, uint32_t h, uint32_t t) {
  G* batch[kRunqueueSize / 2 + 1];
  uint32_t n = (t - h) / 2;
  for (uint32_t i = 0; i < n; i++) {
    batch[i] = pp->runq[(h + i) % kRunqueueSize].load(std::memory_order_relaxed);
  }
  if (!pp->runqhead.compare_exchange_strong(h, h + n, std::memory_order_acq_rel)) return false;
  batch[n] = gp;
  for (uint32_t i = 0; i < n; i++) batch[i]->schedlink = batch[i + 1];
  lock(&sched.lock);
  globrunqputbatch(batch[0], batch[n], static_cast<int32_t>(n + 1));
  unlock(&sched.lock);
  return true;
}

// Copies half of victim's ring to pp's tail (not yet published). Answers how many.
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
  pp->runnextOwner.store(1, std::memory_order_relaxed);
  light_fence();
  G* old;
  if (pp->runnextThief.load(std::memory_order_acquire) == 0) [[likely]] {
    old = pp->runnext.load(std::memory_order_relaxed);
    pp->runnext.store(gp, std::memory_order_release);
  } else {
    old = pp->runnext.exchange(gp);
  }
  pp->runnextOwner.store(0, std::memory_order_release);
  return old;
}

}  // namespace

void runqput(P* pp, G* gp, bool next) {
  if (next) {
    if (pp->runnext.load(std::memory_order_relaxed) == nullptr) {
      pp->runnext.store(gp, std::memory_order_release);
      light_fence();  // wakep reads the idle count after this (find.cpp)
      return;
    }
    gp = swap_runnext(pp, gp);
    if (gp == nullptr) return;  // a thief was faster
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
    if (onlyOneP) {  // no thief
      pp->runqhead.store(h + 1, std::memory_order_release);
      return gp;
    }
    if (pp->runqhead.compare_exchange_strong(h, h + 1, std::memory_order_acq_rel)) return gp;
  }
}

bool runqempty(P* pp) {
  // A goroutine may move from runnext into the ring between the reads: read again until they agree.
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
  return n <= kRunqueueSize ? n : 0;  // the head overtook what we read
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
  if (!victim->runnextThief.compare_exchange_strong(nobody, 1)) return nullptr;
  heavy_fence();
  G* gp = nullptr;
  if (victim->runnextOwner.load(std::memory_order_acquire) == 0) {
    gp = victim->runnext.load(std::memory_order_acquire);
    if (gp != nullptr && !victim->runnext.compare_exchange_strong(gp, nullptr)) gp = nullptr;
  }
  victim->runnextThief.store(0, std::memory_order_release);
  return gp;
}

void globrunqputbatch(G* head, G* tail, int32_t n) {
  tail->schedlink = nullptr;
  if (sched.runqtail != nullptr)
    sched.runqtail->schedlink = head;
  else
    sched.runqhead = head;
  sched.runqtail = tail;
  sched.runqsize.fetch_add(n);
}

void globrunqput(G* gp) { globrunqputbatch(gp, gp, 1); }

G* globrunqget(P* pp, int32_t max) {
  int32_t size = sched.runqsize.load(std::memory_order_relaxed);
  if (size == 0) return nullptr;
  // A fair share for each P; pp's ring has room for it, as it is empty or max is 1.
  int32_t n = size / sched.gomaxprocs.load(std::memory_order_relaxed) + 1;
  if (n > size) n = size;
  if (max > 0 && n > max) n = max;
  if (n > static_cast<int32_t>(kRunqueueSize / 2)) n = kRunqueueSize / 2;
  G* first = sched.runqhead;
  G* gp = first;
  G* rest = first->schedlink;
  for (int32_t i = 1; i < n; i++) {
    G* next = rest->schedlink;
    runqput(pp, rest, false);
    rest = next;
  }
  sched.runqhead = rest;
  if (rest == nullptr) sched.runqtail = nullptr;
  sched.runqsize.fetch_sub(n);
  gp->schedlink = nullptr;
  return gp;
}

}  // namespace golab::runtime
