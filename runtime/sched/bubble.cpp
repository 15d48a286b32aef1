// bubble.cpp: who is in a bubble, who of them can run, and who is next when none can (see
// bubble.h).
#include "runtime/sched/bubble.h"

#include <utility>

#include "runtime/core/lock.h"
#include "runtime/core/throw.h"
#include "runtime/sched/timer.h"

namespace golab::runtime {

alignas(64) std::atomic<bool> bubbles_made{false};

namespace {

constexpr int64_t kBaseTime = 946'684'800'000'000'000;  // midnight UTC of 2000-01-01

std::atomic<uint32_t> bubbleGen{0};
mutex free_lock;
Bubble* free_bubbles = nullptr;
Bubble* all_bubbles = nullptr;

Bubble* take_free() {
  RuntimeCall rc;
  lock(&free_lock);
  Bubble* b = free_bubbles;
  if (b != nullptr) free_bubbles = b->next_free;
  unlock(&free_lock);
  return b;
}

Bubble* make_bubble() {
  auto* b = new Bubble;
  b->timers.ties_at_random = true;
  RuntimeCall rc;
  lock(&free_lock);
  b->next_made = all_bubbles;
  all_bubbles = b;
  unlock(&free_lock);
  return b;
}

void give_back(Bubble* b) {
  lock(&free_lock);
  b->next_free = free_bubbles;
  free_bubbles = b;
  unlock(&free_lock);
}

// Nothing in b can run, and the calling thread has seen that first: it owns b.
void wake_next(Bubble* b) {
  int64_t first = b->timers.timer0_when.load();
  bool due = first != 0 && first <= b->now.load(std::memory_order_relaxed);
  G* gp = due || b->waiter == nullptr ? b->root : std::exchange(b->waiter, nullptr);
  if (gp == nullptr) return;
  b->add(0, 1);
  goready(gp);
}

}  // namespace

Bubble::Counts Bubble::add(int32_t total, int32_t running) {
  uint64_t step = (static_cast<uint64_t>(static_cast<int64_t>(total)) << 32) +
                  static_cast<uint64_t>(static_cast<int64_t>(running));
  uint64_t sum = counts.fetch_add(step) + step;
  return {static_cast<uint32_t>(sum), static_cast<uint32_t>(sum >> 32)};
}

void check_in_bubble(uint32_t id, const char* text) {
  const G* gp = getg();
  if (gp == nullptr || gp->bubble_id != id) fatal(text);
}

OutsideBubbles::OutsideBubbles() {
  if (G* gp = current_bubble() != nullptr ? getg() : nullptr) id_ = std::exchange(gp->bubble_id, 0);
}
OutsideBubbles::~OutsideBubbles() {
  if (id_ != 0) getg()->bubble_id = id_;
}

Bubble* bubble_begin() {
  Bubble* b = take_free();
  if (b == nullptr) b = make_bubble();
  b->id = bubbleGen.fetch_add(1) + 1;
  b->now.store(kBaseTime);
  b->waiting.store(false);
  b->done.store(false);
  b->main = b->waiter = nullptr;
  b->add(1, 1);
  bubbles_made.store(true);
  G* gp = getg();
  b->root = gp;
  gp->bubble = b;
  gp->bubble_id = b->id;
  return b;
}

Bubble::Counts bubble_end(Bubble* b) {
  forget_timers(&b->timers);
  RuntimeCall rc;
  b->root->bubble_id = 0;
  b->root = nullptr;
  Bubble::Counts left = b->add(-1, -1);
  if (left.total == 0) give_back(b);
  return left;
}

G* bubble_join(G* parent, G* child) {
  if (child->system) return parent;
  Bubble* b = parent->bubble;
  child->bubble = b;
  child->bubble_id = b->id;
  b->add(1, 1);
  if (b->main == nullptr) b->main = child;
  return parent->fires_timer ? nullptr : parent;
}

Bubble* bubble_if_durable(const G* gp) {
  return isIdleInSynctest(gp->waitreason) ? gp->bubble : nullptr;
}

void bubble_blocks(Bubble* b) {
  if (b->add(0, -1).running == 0) wake_next(b);
}

void bubble_wakes(G* gp) {
  // For these two, wake_next has counted.
  if (gp->waitreason == WaitReason::SynctestRun || gp->waitreason == WaitReason::SynctestWait)
    return;
  if (isIdleInSynctest(gp->waitreason)) gp->bubble->add(0, 1);
}

void bubble_leave(G* gp) {
  Bubble* b = std::exchange(gp->bubble, nullptr);
  gp->bubble_id = 0;
  if (gp == b->main) b->done.store(true);
  Bubble::Counts left = b->add(-1, -1);
  if (left.total == 0)
    give_back(b);  // the root has left long ago
  else if (left.running == 0)
    wake_next(b);
}

}  // namespace golab::runtime
