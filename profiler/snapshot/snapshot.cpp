// snapshot.cpp: marks the instant, walks the goroutines that do not run, and collects the counts.
#include "profiler/snapshot/snapshot.h"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "profiler/snapshot/apart.h"
#include "profiler/snapshot/stack_counter.h"
#include "runtime/core/reserve.h"
#include "runtime/die/panic.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/hooks.h"
#include "runtime/sched/labels.h"
#include "runtime/sched/parked.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sema.h"
#include "runtime/stop/memo.h"
#include "runtime/stop/stop.h"
#include "runtime/walk/walk.h"

namespace golab::profiler {
namespace {

using runtime::G;
using runtime::kStackTraceMax;
using runtime::LabelMap;
using runtime::RunningAtInstant;
using runtime::StoppedStack;

constexpr uint32_t kCountedDepthMax = 128;     // Go's: deeper stacks lose their outermost frames
constexpr uint32_t kManyGoroutines = 1 << 17;  // a longer walk gives its P away at once

std::atomic<uint32_t> snapshots{1};  // a semaphore: one at a time

struct Collector {
  Collector(Detail detail, uint32_t goroutines_max, std::span<const uint64_t> goids_apart)
      : detail(detail),
        apart(goids_apart),
        stacks(table()),
        goroutines(detail == Detail::each_goroutine ? goroutines_max : 0),
        ancestors(runtime::tracebackancestors > 0 ? goroutines.size() : 0) {}
  ~Collector() {
    if (stacks.clear()) stacks_since = epoch() + 1;
  }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  static StackCounter& table() {
    // Made once: mapping it takes longer than a small profile. 2 GiB of address space have room for
    // half a million different stacks of the greatest depth.
    static auto* table = new StackCounter(runtime::share_of_address_space(size_t{2} << 30, 16));
    return *table;
  }

  Detail detail;
  Apart apart;
  StackCounter& stacks;
  LazyArray<GoroutineSnapshot> goroutines;  // Snapshot::table
  LazyArray<const runtime::AncestorList*> ancestors;
  uint32_t allglen = 0;                     // at the instant
  int64_t now = 0;                          // program_time of the instant
  static inline uint32_t stacks_since = 0;  // the first epoch of the present entries of `stacks`

  uint32_t depth_max() const {
    return detail == Detail::each_goroutine ? kStackTraceMax : kCountedDepthMax;
  }
  static uint32_t epoch() { return static_cast<uint32_t>(runtime::snapshot_epoch.load()); }
  // Counts a stack. A profile's loses its outermost frames, as in Go. A dump shows both ends.
  StackEntry* count(const uintptr_t* pcs, uint32_t depth, uint32_t elided, bool leaf_exact,
                    const LabelMap* labels) {
    bool both = detail == Detail::each_goroutine;
    return stacks.add(pcs, std::min(depth, depth_max()), leaf_exact, labels, 1, both ? elided : 0);
  }
  void add(const RunningAtInstant& r);
  void note(const G* gp, StackEntry* entry);
  void note_ancestors(const G* gp, const runtime::AncestorList* list) {
    size_t slot = static_cast<size_t>(gp - runtime::allg(0));
    if (slot < ancestors.size()) ancestors[slot] = list;
  }
  GoroutineSnapshot* place_of(const G* gp);
};

Collector* collector = nullptr;

void Collector::add(const RunningAtInstant& r) {
  if (r.system) return;
  const StoppedStack& stack = r.stack;
  StackEntry* entry = count(stack.pcs, stack.depth, stack.elided, stack.leaf_exact, r.labels);
  entry->gopc.store(r.gopc, std::memory_order_relaxed);
  if (apart.meet(r.goid, r.parentGoid)) entry->apart.fetch_add(1, std::memory_order_relaxed);
  if (GoroutineSnapshot* facts = place_of(r.gp)) {
    *facts = {.goid = r.goid,
              .parent_goid = r.parentGoid,
              .gopc = r.gopc,
              .stack = stacks.reference(entry),
              .bubble_id = r.bubble_id,
              .waitsince_us = 0,
              .status = runtime::_Grunning,
              .waitreason = 0,
              .locked_to_thread = r.locked_to_thread,
              .started = true};
    note_ancestors(r.gp, r.ancestors);
  }
}

// Returns null if the facts of each goroutine are not wanted, or if there is no room.
GoroutineSnapshot* Collector::place_of(const G* gp) {
  size_t slot = static_cast<size_t>(gp - runtime::allg(0));
  return slot < goroutines.size() ? &goroutines[slot] : nullptr;
}

// Rounded up, so that a wait of exactly a minute is one of a minute.
uint64_t waitsince_us(const G* gp) { return static_cast<uint64_t>((gp->waitsince + 999) / 1000); }

int64_t waited_ns_since(uint64_t since_us, int64_t now) {
  int64_t since = static_cast<int64_t>(since_us);
  return since != 0 ? std::max<int64_t>((now + 999) / 1000 - since, 0) * 1000 : 0;
}

void Collector::note(const G* gp, StackEntry* entry) {
  if (detail == Detail::with_waits) {
    entry->gopc.store(gp->gopc, std::memory_order_relaxed);
    if (apart.meet(gp->goid, gp->parentGoid)) entry->apart.fetch_add(1, std::memory_order_relaxed);
    uint64_t since = waitsince_us(gp), seen = entry->waitsince_us.load(std::memory_order_relaxed);
    while (since != 0 && (seen == 0 || since < seen) &&
           !entry->waitsince_us.compare_exchange_weak(seen, since, std::memory_order_relaxed)) {}
  }
  GoroutineSnapshot* facts = place_of(gp);
  if (facts == nullptr) return;
  facts->goid = gp->goid;
  facts->parent_goid = gp->parentGoid;
  facts->gopc = gp->gopc;
  facts->stack = stacks.reference(entry);
  facts->waitsince_us = waitsince_us(gp);
  facts->status = gp->status.load(std::memory_order_relaxed);
  facts->waitreason = static_cast<uint8_t>(gp->waitreason);
  facts->locked_to_thread = gp->locked_to_thread;
  facts->bubble_id = gp->bubble_id;
  facts->started = gp->started_running;
  note_ancestors(gp, gp->ancestors);
}

const LabelMap* labels_of(const G* gp) { return gp->labels.load(std::memory_order_acquire); }

// Records a goroutine that does not run. Requires: the caller has claimed it.
void record(G* gp) {
  if (gp->system) return;
  StoppedStack s;
  runtime::WalkBuffer buffer = s.buffer();
  if (collector->detail != Detail::each_goroutine) {  // the outermost frames are not wanted
    buffer.max = kCountedDepthMax;
    buffer.tail = 0;
  }
  s.keep(runtime::walk_stack(gp, buffer));
  collector->note(gp, collector->count(s.pcs, s.depth, s.elided, false, labels_of(gp)));
}

bool has_memo(const G* gp) { return gp->has_memo.load(std::memory_order_relaxed); }

// Records every goroutine that does not run, in order of the runtime's table.
//
//   - A goroutine that has not run since the last snapshot has a memo of its stack (memo.h). A
//     profile counts by the memo, and reads neither the goroutine nor its stack.
//   - Equal stacks in a row are counted here, and added to the shared table when the row ends.
//   - The walk mostly waits for memory, so it prefetches: some goroutines ahead, and one cache line
//     of each stack, because finding the stack's page takes the longest.
//
// It runs on the system stack, where its thread may lose its P: a long walk and busy goroutines do
// not delay each other, and no stop of the world waits for it. If the kernel interrupts it with a
// goroutine half recorded, the scheduler runs others meanwhile (may_run).
class Walker {
 public:
  explicit Walker(Collector* c) : c_(c), max_(c->depth_max()) {}

  // Records the goroutines of [0, end) that are still absent from this epoch.
  void walk(uint32_t end) {
    end_ = end;
    if (end > kManyGoroutines) runtime::systemstack_takes_long();
    for (uint32_t i = 0; i < end; i++) {
      if (c_->detail == Detail::counted && counted_by_memo(i)) continue;
      record_if_absent(i);
    }
    end_of_run();
  }

 private:
  bool counted_by_memo(uint32_t i) {
    runtime::Memo& memo = runtime::memo_of(i);
    uint64_t seen = memo.load(std::memory_order_acquire);
    StackEntry* entry = stack_of(seen);
    uint64_t counted = runtime::make_memo(epoch_, runtime::memo_stack(seen));
    if (entry == nullptr || !memo.compare_exchange_strong(seen, counted)) return false;
    count(entry);
    return true;
  }

  // Returns null if there is no memo, or one older than the entries. Epochs may wrap around.
  StackEntry* stack_of(uint64_t memo) const {
    bool too_old = epoch_ - runtime::memo_epoch(memo) > epoch_ - c_->stacks_since;
    return memo == 0 || too_old ? nullptr : c_->stacks.at(runtime::memo_stack(memo));
  }

  // Leaves a memo of `entry` on a claimed goroutine. Null: removes its memo.
  void leave_memo(uint32_t i, G* gp, StackEntry* entry) {
    if (entry == nullptr && !has_memo(gp)) return;
    gp->has_memo.store(entry != nullptr, std::memory_order_relaxed);
    uint64_t memo = entry != nullptr ? runtime::make_memo(epoch_, c_->stacks.reference(entry)) : 0;
    runtime::memo_of(i).store(memo, std::memory_order_release);
  }

  void prefetch_after(uint32_t i) const {
    const G* gp = runtime::allg(i);
    __builtin_prefetch(gp + 24);
#if !defined(GOLAB_TSAN)  // a race without harm: the address is only a hint
    constexpr uint32_t kAhead = 8;
    if (i + kAhead < end_ && !has_memo(gp + kAhead)) {
      __builtin_prefetch(reinterpret_cast<void*>(gp[kAhead].sched_fp));
    }
#endif
  }

  void record_if_absent(uint32_t i) {
    G* gp = runtime::allg(i);
    prefetch_after(i);
    uint32_t status = gp->status.load(std::memory_order_acquire);
    if (status == runtime::_Gdead || status == runtime::_Gidle) return;
    // Others record a goroutine that runs: its thread, if it was in it at the instant, otherwise
    // the scheduler, before it ran.
    if (status != runtime::_Grunning && runtime::snapshot_claim(gp)) {
      record_claimed(i, gp, status);
      runtime::snapshot_done(gp);
      return;
    }
    for (int spins = 1; !runtime::snapshot_satisfied(gp); spins++) {
      if (runtime::snapshot_held(gp)) break;
      runtime::cpu_relax();
      if (spins % 1000 == 0) sched_yield();  // its recorder may need this processor
    }
  }

  void record_claimed(uint32_t i, G* gp, uint32_t status) {
    if (gp->system) return;
    StackEntry* entry = has_memo(gp) ? stack_of(runtime::memo_of(i).load()) : nullptr;
    bool lasts = true;
    if (entry == nullptr) {
      uint32_t depth = runtime::walk_fast(gp, pcs_, max_);
      if (depth == 0) {
        leave_memo(i, gp, nullptr);
        record(gp);
        return;
      }
      const LabelMap* labels = labels_of(gp);
      bool same = entry_ != nullptr && depth == entry_->depth && !entry_->leaf_exact &&
                  entry_->elided == 0 && entry_->labels == labels &&
                  std::memcmp(pcs_, entry_->pcs, depth * sizeof *pcs_) == 0;
      entry = same ? entry_ : c_->stacks.add(pcs_, depth, false, labels, 0);
      // A system call changes its stack without passing the gate, where memos end. A deep stack may
      // need another entry in a snapshot of the other form.
      lasts = status != runtime::_Gsyscall && depth < kCountedDepthMax;
    }
    count(entry);
    if (c_->detail != Detail::counted) c_->note(gp, entry);
    leave_memo(i, gp, lasts ? entry : nullptr);
  }

  void count(StackEntry* entry) {
    if (entry != entry_) {
      end_of_run();
      entry_ = entry;
    }
    run_++;
  }

  void end_of_run() {
    if (entry_ != nullptr) entry_->count.fetch_add(run_, std::memory_order_relaxed);
    run_ = 0;
  }

  Collector* c_;
  uint32_t max_;
  uint32_t end_ = 0;  // of the table
  const uint32_t epoch_ = Collector::epoch();
  StackEntry* entry_ = nullptr;  // the last stack
  int64_t run_ = 0;              // how many goroutines in a row have it
  uintptr_t pcs_[kStackTraceMax];
};

// From before the instant until every goroutine is recorded. Its end stops the scheduler's part.
class Recording {
 public:
  explicit Recording(Collector* c) {
    collector = c;
    runtime::hooks.record = record;
  }
  ~Recording() {
    runtime::snapshot_end();
    runtime::hooks.record = nullptr;
    collector = nullptr;
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // The instant. Returns how long the world was stopped, ns; -1 if it did not stop.
  int64_t mark_the_instant() {
    return runtime::at_instant([] {
      runtime::snapshot_begin();
      collector->now = runtime::program_time();
      collector->allglen = runtime::allglen();
    });
  }
};

// Records the goroutine that takes the snapshot, with the stack that it gave.
void record_self(std::span<const uintptr_t> self, uint32_t elided) {
  runtime::RuntimeCall rc;
  G* me = runtime::getg();
  if (!runtime::snapshot_claim(me)) return;
  if (!me->system) {
    auto depth = static_cast<uint32_t>(self.size());
    collector->note(me, collector->count(self.data(), depth, elided, false, labels_of(me)));
  }
  runtime::snapshot_done(me);
}

int64_t walltime_nanos() {
  timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return int64_t{ts.tv_sec} * 1000000000 + ts.tv_nsec;
}

void gather(Collector& c, Snapshot* out) {
  c.stacks.for_each([&](StackEntry& e) {
    out->stack_references.push_back(c.stacks.reference(&e));
    StackRecord& r = out->stacks.emplace_back();
    r.count = e.count.load(std::memory_order_relaxed);
    r.pcs.assign(e.pcs, e.pcs + e.depth);
    r.leaf_exact = e.leaf_exact;
    if (e.labels != nullptr) r.labels = e.labels->list;
    r.elided = e.elided;
    r.waited_ns = waited_ns_since(e.waitsince_us.load(std::memory_order_relaxed), c.now);
    r.gopc = e.gopc.load(std::memory_order_relaxed);
    r.apart = e.apart.load(std::memory_order_relaxed);
    out->total += r.count;
  });
  out->apart = c.apart.met();
  if (c.detail != Detail::each_goroutine) return;
  out->places = std::min<size_t>(c.allglen, c.goroutines.size());
  out->self = static_cast<size_t>(runtime::getg() - runtime::allg(0));
  out->now = c.now;
  for (size_t i = 0; i < std::min(out->places, c.ancestors.size()); i++) {
    if (c.ancestors[i] != nullptr) out->ancestors.emplace(i, c.ancestors[i]->ancestry);
  }
  out->table = std::move(c.goroutines);
}

}  // namespace

size_t Snapshot::stack_of(const GoroutineSnapshot& g) const {
  auto place = std::lower_bound(stack_references.begin(), stack_references.end(), g.stack);
  return static_cast<size_t>(place - stack_references.begin());
}

int64_t Snapshot::waited_ns(const GoroutineSnapshot& g) const {
  return waited_ns_since(g.waitsince_us, now);
}

namespace {
// The labels that died during the snapshot are freed at its end.
struct ReapLabels {
  ~ReapLabels() { runtime::reap_labels(); }
};
}  // namespace

Snapshot take_snapshot(Detail detail, std::span<const uintptr_t> self, uint32_t self_elided,
                       std::span<const uint64_t> apart) {
  glue::SemaLock lock(snapshots);
  ReapLabels reap;
  runtime::KeepLabels keep;
  // With room for goroutines that are born before the instant, and few more: dumps keep the table.
  Collector c(detail, std::bit_ceil(2 * runtime::allglen() + 32768), apart);
  Snapshot out;
  {
    Recording recording(&c);
    out.time_nanos = walltime_nanos();
    out.pause_ns = recording.mark_the_instant();
    if (out.pause_ns < 0) throw NoInstant();
    record_self(self, self_elided);
    runtime::systemstack([&c] {
      Walker(&c).walk(c.allglen);
      runtime::for_each_running_at_instant([](const RunningAtInstant& r) { collector->add(r); });
    });
  }
  if (c.stacks.overflowed()) throw std::bad_alloc();
  gather(c, &out);
  return out;
}

}  // namespace golab::profiler
