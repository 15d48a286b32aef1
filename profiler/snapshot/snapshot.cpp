#include "profiler/snapshot/snapshot.h"

#include <sched.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <new>
#include <utility>

#include "profiler/snapshot/stack_counter.h"
#include "runtime/core/hooks.h"
#include "runtime/core/panic.h"
#include "runtime/core/proc.h"
#include "runtime/core/reserve.h"
#include "runtime/core/sema.h"
#include "runtime/core/stop.h"
#include "runtime/traceback/walk.h"

namespace golab::profiler {
namespace {

using runtime::G;
using runtime::kMemoBlock;
using runtime::kStackTraceMax;
using runtime::RunningAtInstant;
using runtime::StoppedStack;

constexpr uint32_t kCountedDepthMax = 128;  // Go's: deeper stacks lose their outermost frames

// The snapshot being taken. There is one at a time (SnapshotLock).
struct Collector {
  Collector(Detail detail, uint32_t goroutines_max)
      : detail(detail),
        stacks(table()),
        goroutines(detail == Detail::each_goroutine ? goroutines_max : 0),
        known(goroutines.capacity() / kMemoBlock) {
    if (detail == Detail::each_goroutine) {
      bool same = std::exchange(last_facts, goroutines.number()) == goroutines.number();
      facts_kept = same ? goroutines.kKeptItems : 0;
    }
  }
  ~Collector() { stacks.clear(); }

  static StackCounter& table() {
    static auto* table = new StackCounter(runtime::share_of_address_space(size_t{16} << 30, 16));  // made once: to map it took a third of a small profile
    return *table;
  }

  Detail detail;
  StackCounter& stacks;
  LazyArray<GoroutineSnapshot> goroutines;  // Snapshot::table
  LazyArray<uint64_t> known;                // Snapshot::known
  size_t facts_kept = 0;                    // the first of them: as the last dump left them
  uint32_t allglen = 0;                     // at the instant
  int64_t now = 0;                          // nanotime of the instant
  std::atomic<uint32_t> fallbacks{0};

  uint32_t depth_max() const {
    return detail == Detail::counted ? kCountedDepthMax : kStackTraceMax;
  }
  static uint32_t epoch() { return static_cast<uint32_t>(runtime::snapshotEpoch.load()); }
  void add(G* gp, const uintptr_t* pcs, uint32_t depth, uint32_t elided);
  // Counted stacks lose their outermost frames, as in Go; where each is wanted, both ends are.
  uint32_t elided_of(uint32_t elided) const { return detail == Detail::counted ? 0 : elided; }
  void add(const RunningAtInstant& r);
  void note(const G* gp, const StackEntry* entry);
  GoroutineSnapshot* place_of(const G* gp);

  static inline uint64_t last_facts = 0;  // the number of the last dump's table
};

Collector* collector = nullptr;

// Held while a snapshot is taken.
class SnapshotLock {
 public:
  SnapshotLock() { runtime::semacquire1(&free_, false, runtime::WaitReason::Semacquire); }
  ~SnapshotLock() { runtime::semrelease1(&free_); }
  SnapshotLock(const SnapshotLock&) = delete;
  SnapshotLock& operator=(const SnapshotLock&) = delete;

 private:
  static inline std::atomic<uint32_t> free_{1};
};

void Collector::add(G* gp, const uintptr_t* pcs, uint32_t depth, uint32_t elided) {
  if (gp->system) return;
  StackEntry* entry =
      stacks.add(pcs, std::min(depth, depth_max()), false, gp->labels, 1, elided_of(elided));
  note(gp, entry);
}

void Collector::add(const RunningAtInstant& r) {
  if (r.system) return;
  const StoppedStack& stack = r.stack;
  const StackEntry* entry = stacks.add(stack.pcs, std::min(stack.depth, depth_max()),
                                       stack.leaf_exact, r.labels, 1, elided_of(stack.elided));
  if (GoroutineSnapshot* facts = place_of(r.gp)) {
    *facts = {.goid = r.goid,
              .parent_goid = r.parentGoid,
              .gopc = r.gopc,
              .epoch = epoch(),
              .stack = stacks.reference(entry),
              .waitsince_us = 0,
              .status = runtime::_Grunning,
              .waitreason = 0,
              .locked_to_thread = r.lockedToThread,
              .started = true};
  }
}

// Null: its facts are not wanted, or there is no room.
GoroutineSnapshot* Collector::place_of(const G* gp) {
  size_t slot = static_cast<size_t>(gp - runtime::allg(0));
  return slot < goroutines.capacity() ? &goroutines[slot] : nullptr;
}

void Collector::note(const G* gp, const StackEntry* entry) {
  GoroutineSnapshot* place = place_of(gp);
  if (place == nullptr) return;
  GoroutineSnapshot& facts = *place;
  facts.goid = gp->goid;
  facts.parent_goid = gp->parentGoid;
  facts.gopc = gp->gopc;
  facts.epoch = epoch();
  facts.stack = stacks.reference(entry);
  facts.waitsince_us = static_cast<uint64_t>((gp->waitsince + 999) / 1000);
  facts.status = gp->status.load(std::memory_order_relaxed);
  facts.waitreason = static_cast<uint8_t>(gp->waitreason);
  facts.locked_to_thread = gp->lockedToThread;
  facts.started = gp->startedRunning;
}

// Records a goroutine that does not run: nobody runs it while this lasts.
void record(G* gp) {
  Collector* c = collector;
  uintptr_t pcs[kStackTraceMax];
  runtime::WalkBuffer buffer;
  buffer.pcs = pcs;
  buffer.max = c->depth_max();
  if (c->detail == Detail::each_goroutine) buffer.tail = runtime::kStackTraceTail;
  runtime::WalkResult walked = runtime::walk_stack(gp, buffer);
  if (walked.by_tables) c->fallbacks.fetch_add(1, std::memory_order_relaxed);
  c->add(gp, pcs, walked.stored, walked.total - walked.stored);
}

bool has_memo(const G* gp) { return gp->hasMemo.load(std::memory_order_relaxed); }

// Goes through the table of goroutines.
//
// The work is waiting for memory: a goroutine is a line of the table and a dozen lines at the top
// of its stack, on a page that nobody else looks at. So both are asked for some goroutines ahead;
// of the stack only the first line: that finds the page, the long part, and asking for all is no
// faster.
//
// Neighbours mostly have equal stacks: one that equals the last one is counted here, and the shared
// table learns of it when the run ends. And who has not run since the last snapshot has a memo of
// what its stack was, or a whole block of them has (stop.h): then not even the goroutine is looked
// at. A second look at a million takes a thousandth of the first. Where each one's facts are
// wanted, those of the last dump do for who has a memo of them, and the walk does not look at them:
// a fifth of the time, and a fortieth of the memory.
//
// It runs on the system stack: its thread may lose its P, so that a walk of many goroutines holds
// nobody up, and busy goroutines do not hold up the walk. No stop of the world waits for this
// thread. Where the kernel takes its processor away with a goroutine half recorded, the scheduler
// runs another one meanwhile (snapshot_gate).
class Walker {
 public:
  explicit Walker(Collector* c) : c_(c), max_(c->depth_max()) {}

  // Records what of [0, end) is still absent from this epoch.
  void walk(uint32_t end) {
    end_ = end;
    snapshot_ = runtime::snapshotEpoch.load();
    epoch_ = runtime::memoEpoch(snapshot_);
    counted_ = c_->detail == Detail::counted;
    for (uint32_t i = 0; i < end;) {
      if (i % kMemoBlock == 0 && counted_ && !runtime::renewsMemos(snapshot_, i) &&
          counted_by(runtime::blockMemoOf(i), kMemoBlock)) {
        i += kMemoBlock;
        continue;
      }
      StackEntry* memo = nullptr;
      if (counted_) {
        memo = counted_by(runtime::memoOf(i), 1);
      } else if (i < c_->facts_kept) {
        memo = known(i);
      }
      if (memo == nullptr) memo = record_if_absent(i);
      // Null as soon as two of this block differ.
      block_ = i % kMemoBlock == 0 || memo == block_ ? memo : nullptr;
      if (++i % kMemoBlock == 0) leave_block_memo(i - kMemoBlock);
      if (!counted_ && (i % kMemoBlock == 0 || i == end_)) keep_known(i - 1);
    }
    end_of_run();
  }

 private:
  // Counts n goroutines by their memo, or their block's. Null: not possible.
  StackEntry* counted_by(runtime::Memo& memo, int64_t n) {
    uint64_t seen = memo.load(std::memory_order_acquire);
    StackEntry* entry = stack_of_memo(seen);
    if (entry == nullptr) return nullptr;
    uint64_t counted = (seen & ~runtime::kMemoEpochMask) | epoch_;
    if (!memo.compare_exchange_strong(seen, counted)) return nullptr;
    count(entry, n);
    return entry;
  }

  // Counts goroutine i if the facts of the last dump are true of it. Null: not known.
  StackEntry* known(uint32_t i) {
    runtime::Memo& memo = runtime::memoOf(i);
    if ((memo.load(std::memory_order_relaxed) & runtime::kMemoFacts) == 0) return nullptr;
    StackEntry* entry = counted_by(memo, 1);
    if (entry != nullptr) known_ |= uint64_t{1} << i % kMemoBlock;
    return entry;
  }

  // `last` is the last one of a block.
  void keep_known(uint32_t last) {
    uint64_t known = std::exchange(known_, 0);
    if (last < c_->goroutines.capacity()) c_->known[last / kMemoBlock] = known;
  }

  // The profiler's bits of a memo: generation of the table of stacks (never 0), number in it.
  uint64_t memo_of(const StackEntry* entry) const {
    uint64_t ours = uint64_t{c_->stacks.generation()} << 31 | c_->stacks.reference(entry);
    return ours << runtime::kMemoShift | epoch_;
  }
  // Null: there is no memo, it is broken, or of an earlier generation.
  StackEntry* stack_of_memo(uint64_t memo) const {
    uint64_t ours = (memo & ~runtime::kMemoFacts) >> runtime::kMemoShift;
    if (ours >> 31 != c_->stacks.generation() || (memo & runtime::kMemoBroken) != 0) return nullptr;
    return c_->stacks.at(static_cast<uint32_t>(ours & INT32_MAX));
  }

  // Leaves a memo on a goroutine that is claimed, or takes the one away that it has.
  void leave_memo(uint32_t i, G* gp, StackEntry* entry) {
    if (entry == nullptr && !has_memo(gp)) return;
    gp->hasMemo.store(entry != nullptr, std::memory_order_relaxed);
    runtime::memoOf(i).store(entry != nullptr ? memo_of(entry) : 0, std::memory_order_release);
  }

  // The goroutines from `first` on have been counted one by one.
  void leave_block_memo(uint32_t first) {
    runtime::Memo& block = runtime::blockMemoOf(first);
    if (block_ == nullptr) {
      if (block.load(std::memory_order_relaxed) != 0) block.store(0);
      return;
    }
    uint64_t memo = memo_of(block_);
    block.store(memo);
    const runtime::Memo* each = &runtime::memoOf(first);
    bool all = std::all_of(each, each + kMemoBlock,
                           [&](auto& one) { return (one.load() & ~runtime::kMemoFacts) == memo; });
    if (!all) block.store(0);
  }

  // Asks for what the walk comes to soon after goroutine i.
  void prefetch_after(uint32_t i) const {
    const G* gp = runtime::allg(i);
    __builtin_prefetch(gp + 24);
#if !defined(GOLAB_TSAN)  // only a guess at an address: no matter if that goroutine runs meanwhile
    constexpr uint32_t kAhead = 8;
    if (i + kAhead < end_ && !has_memo(gp + kAhead)) {
      __builtin_prefetch(reinterpret_cast<void*>(gp[kAhead].schedFp));
    }
#endif
  }

  // Answers the stack of which it has a memo then.
  StackEntry* record_if_absent(uint32_t i) {
    G* gp = runtime::allg(i);
    prefetch_after(i);
    uint32_t status = gp->status.load(std::memory_order_acquire);
    if (status == runtime::_Gdead || status == runtime::_Gidle) return nullptr;
    // One that ran at the instant is recorded by its own thread, on its way back to it; one that
    // runs since has been.
    if (status != runtime::_Grunning && runtime::snapshotClaim(gp)) {
      StackEntry* memo = record_here(i, gp, status);
      runtime::snapshotDone(gp);
      return memo;
    }
    for (int spins = 1; !runtime::snapshotSatisfied(gp); spins++) {
      if (runtime::snapshotHeld(gp)) break;
      runtime::cpu_relax();
      if (spins % 1000 == 0) sched_yield();  // the kernel has taken the recorder off its processor
    }
    return nullptr;
  }

  StackEntry* record_here(uint32_t i, G* gp, uint32_t status) {
    if (gp->system) return nullptr;
    uint64_t seen = has_memo(gp) ? runtime::memoOf(i).load() : 0;
    StackEntry* entry = stack_of_memo(seen);
    bool had_memo = entry != nullptr, lasts = had_memo;
    if (!had_memo) {
      uint32_t depth = runtime::walk_fast(gp, pcs_, max_);
      if (depth == 0) {
        leave_memo(i, gp, nullptr);
        record(gp);
        return nullptr;
      }
      bool same = entry_ != nullptr && depth == entry_->depth && gp->labels == entry_->labels &&
                  !entry_->leaf_exact && entry_->elided == 0 &&
                  std::memcmp(pcs_, entry_->pcs, depth * sizeof *pcs_) == 0;
      entry = same ? entry_ : c_->stacks.add(pcs_, depth, false, gp->labels, 0);
      // A system call moves its stack without passing by the scheduler; depth and labels decide
      // what the next profile, which may be of another form, would make of it.
      lasts = status != runtime::_Gsyscall && depth < kCountedDepthMax && gp->labels == nullptr;
    }
    count(entry, 1);
    if (!counted_) c_->note(gp, entry);
    if (had_memo && !counted_) {
      // From now on with these facts, unless somebody has woken it since they were asked for.
      bool still =
          runtime::memoOf(i).compare_exchange_strong(seen, memo_of(entry) | runtime::kMemoFacts);
      return still ? entry : nullptr;
    }
    StackEntry* memo = lasts ? entry : nullptr;
    leave_memo(i, gp, memo);
    return memo;
  }

  void count(StackEntry* entry, int64_t n) {
    if (entry != entry_) {
      end_of_run();
      entry_ = entry;
    }
    run_ += n;
  }

  void end_of_run() {
    if (entry_ != nullptr) entry_->count.fetch_add(run_, std::memory_order_relaxed);
    run_ = 0;
  }

  Collector* c_;
  uint32_t max_;
  uint32_t end_ = 0;             // of the table
  uint64_t snapshot_ = 0;        // its epoch
  uint64_t epoch_ = 0;           // the same as memos have it
  bool counted_ = false;         // false: each one's facts are wanted
  uint64_t known_ = 0;           // whose are, of this block so far
  StackEntry* block_ = nullptr;  // the memo that all have of the block so far
  StackEntry* entry_ = nullptr;  // the last stack
  int64_t run_ = 0;              // how many equal ones in a row
  uintptr_t pcs_[kStackTraceMax];
};

// From the instant until every goroutine of it is recorded. However that ends, the scheduler
// records no more.
class Recording {
 public:
  explicit Recording(Collector* c) {
    collector = c;
    runtime::hooks.record = record;
  }
  ~Recording() {
    runtime::snapshotEnd();
    runtime::hooks.record = nullptr;
    collector = nullptr;
  }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // The instant itself. Returns how long the world stood still, ns.
  int64_t mark_the_instant() {
    return runtime::atInstant([] {
      runtime::snapshotBegin();
      collector->now = runtime::nanotime();
      collector->allglen = runtime::allglen();
    });
  }
};

// The goroutine that takes the snapshot, as it was when it asked.
void record_self(std::span<const uintptr_t> self, uint32_t elided) {
  runtime::RuntimeCall rc;
  G* me = runtime::getg();
  if (!runtime::snapshotClaim(me)) return;
  collector->add(me, self.data(), static_cast<uint32_t>(self.size()), elided);
  runtime::snapshotDone(me);
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
    r.elided = e.elided;
    out->total += r.count;
  });
  if (c.detail == Detail::counted) return;
  out->places = std::min<size_t>(c.allglen, c.goroutines.capacity());
  out->self = static_cast<size_t>(runtime::getg() - runtime::allg(0));
  out->epoch = Collector::epoch();
  out->now = c.now;
  c.goroutines.set_touched(out->places);
  out->table = std::move(c.goroutines);
  out->known = std::move(c.known);
}

}  // namespace

size_t Snapshot::stack_of(const GoroutineSnapshot& g) const {
  auto place = std::lower_bound(stack_references.begin(), stack_references.end(), g.stack);
  return static_cast<size_t>(place - stack_references.begin());
}

int64_t Snapshot::waited_ns(const GoroutineSnapshot& g) const {
  int64_t since = static_cast<int64_t>(g.waitsince_us) * 1000;
  return since != 0 ? std::max<int64_t>(now - since, 0) : 0;
}

Snapshot take_snapshot(Detail detail, std::span<const uintptr_t> self, uint32_t self_elided) {
  SnapshotLock lock;
  // Room for those that are born until the world stops; a later one is not of this instant. Mostly
  // the same as last time, so that this snapshot can have the last one's table; and not much more
  // than is needed, since a dump keeps it for as long as its reader takes to read.
  Collector c(detail, std::bit_ceil(2 * runtime::allglen() + 32768));
  Snapshot out;
  {
    Recording recording(&c);
    out.time_nanos = walltime_nanos();
    out.pause_ns = recording.mark_the_instant();
    if (out.pause_ns < 0) throw NoInstant();
    record_self(self, self_elided);
    runtime::systemstack([&c] {
      Walker(&c).walk(c.allglen);
      runtime::forEachRunningAtInstant([](const RunningAtInstant& r) { collector->add(r); });
    });
  }
  if (c.stacks.overflowed()) throw std::bad_alloc();
  out.fallbacks = c.fallbacks.load();
  gather(c, &out);
  return out;
}

}  // namespace golab::profiler
