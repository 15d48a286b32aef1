#include "profiler/snapshot/snapshot.h"

#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "profiler/snapshot/stack_counter.h"
#include "runtime/core/hooks.h"
#include "runtime/core/panic.h"
#include "runtime/core/proc.h"
#include "runtime/core/sema.h"
#include "runtime/traceback/walk.h"

namespace golab::profiler {
namespace {

using runtime::G;
using runtime::kStackTraceMax;
using runtime::StoppedStack;

constexpr uint32_t kCountedDepthMax = 128;  // Go's: deeper stacks lose their outermost frames
constexpr uint32_t kBatch = 64;  // goroutines a walker records in one stay inside the runtime

// What is noted per goroutine for Detail::each_goroutine; the rest is read from the G.
struct Note {
  GoroutineSnapshot facts;
  StackEntry* stack;  // null: it was not there at the instant
};

// A mapping of n zeroed Ts, touched only where used.
template <typename T>
class LazyArray {
 public:
  explicit LazyArray(size_t n) : bytes_(n * sizeof(T)) {
    if (bytes_ == 0) return;
    void* at = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) panic("goroutine profile: out of address space (see ulimit -v)");
    data_ = static_cast<T*>(at);
  }
  ~LazyArray() {
    if (data_ != nullptr) munmap(data_, bytes_);
  }
  LazyArray(const LazyArray&) = delete;
  LazyArray& operator=(const LazyArray&) = delete;
  T& operator[](size_t i) { return data_[i]; }

 private:
  T* data_ = nullptr;
  size_t bytes_;
};

// The snapshot being taken. There is one at a time (snapshot_sema).
struct Collector {
  Collector(Detail detail, uint32_t notes_max)
      : detail(detail),
        notes_max(notes_max),
        notes(detail == Detail::each_goroutine ? notes_max : 0) {}

  Detail detail;
  uint32_t notes_max;
  StackCounter stacks;
  LazyArray<Note> notes;
  uint32_t allglen = 0;  // at the instant
  int64_t now = 0;       // nanotime of the instant
  std::atomic<uint32_t> fallbacks{0};

  void add(G* gp, const uintptr_t* pcs, uint32_t depth, bool leaf_exact);
};

std::atomic<uint32_t> snapshot_sema{1};
Collector* collector = nullptr;

void Collector::add(G* gp, const uintptr_t* pcs, uint32_t depth, bool leaf_exact) {
  if (gp->system) return;
  if (detail == Detail::counted && depth > kCountedDepthMax) depth = kCountedDepthMax;
  StackEntry* entry = stacks.add(pcs, depth, leaf_exact, gp->labels);
  if (detail == Detail::counted) return;
  size_t slot = static_cast<size_t>(gp - runtime::allg(0));
  if (slot >= notes_max) return;
  Note& note = notes[slot];
  GoroutineSnapshot& facts = note.facts;
  facts.goid = gp->goid;
  facts.parent_goid = gp->parentGoid;
  facts.status = gp->status.load(std::memory_order_relaxed);
  facts.waitreason = gp->waitreason;
  facts.locked_to_thread = gp->lockedToThread;
  facts.gopc = gp->gopc;
  facts.startpc = gp->startpc;
  facts.started = gp->startedRunning;
  facts.wait_ns = gp->waitsince != 0 && gp->waitsince < now ? now - gp->waitsince : 0;
  note.stack = entry;
}

// Records a goroutine that does not run: nobody runs it while this lasts.
void record(G* gp) {
  Collector* c = collector;
  uintptr_t pcs[kStackTraceMax];
  runtime::WalkBuffer buffer;
  buffer.pcs = pcs;
  buffer.max = c->detail == Detail::counted ? kCountedDepthMax : kStackTraceMax;
  runtime::WalkResult walked = runtime::walk_stack(gp, buffer);
  if (walked.by_tables) c->fallbacks.fetch_add(1, std::memory_order_relaxed);
  c->add(gp, pcs, walked.stored, false);
}

// Only a guess at an address: whether gp runs meanwhile does not matter here, so TSan need not
// know.
__attribute__((no_sanitize("thread"))) inline void prefetch_stack(const G* gp) {
  __builtin_prefetch(reinterpret_cast<void*>(gp->schedFp));
}

// Records what of [begin, end) of the goroutine table is still absent from this epoch.
void walk(uint32_t begin, uint32_t end) {
  for (uint32_t batch = begin; batch < end; batch += kBatch) {
    // Inside the runtime: this thread cannot be stopped with a goroutine half recorded, for which
    // others may be waiting.
    runtime::RuntimeCall rc;
    uint32_t batch_end = batch + kBatch < end ? batch + kBatch : end;
    for (uint32_t i = batch; i < batch_end; i++) {
      G* gp = runtime::allg(i);
      if (i + 2 < batch_end) prefetch_stack(runtime::allg(i + 2));
      uint32_t status = gp->status.load(std::memory_order_acquire);
      if (status == runtime::_Gdead || status == runtime::_Gidle) continue;
      if (runtime::snapshotClaim(gp)) {
        record(gp);
        runtime::snapshotDone(gp);
      }
      // Another recorder may be at it; it is inside the runtime, so it will not be long.
      while ((gp->snapshot.load(std::memory_order_acquire) & 3) == runtime::kSnapshotInProgress) {
        runtime::cpu_relax();
      }
    }
  }
}

void record_stopped(G* gp, const StoppedStack& stack, void*) {
  if (!runtime::snapshotClaim(gp)) return;
  collector->add(gp, stack.pcs, stack.depth, stack.leaf_exact);
  runtime::snapshotDone(gp);
}

// The instant itself. Nothing in here may allocate, lock or park. Answers how long the world stood
// still.
int64_t mark_the_instant(const StoppedStack& self) {
  G* me = runtime::getg();
  runtime::stopTheWorld();
  runtime::snapshotBegin();
  collector->now = runtime::nanotime();
  collector->allglen = runtime::allglen();
  record_stopped(me, self, nullptr);
  runtime::forEachStopped(record_stopped, nullptr);
  return runtime::startTheWorld();
}

int64_t walltime_nanos() {
  timespec ts;
  clock_gettime(CLOCK_REALTIME, &ts);
  return int64_t{ts.tv_sec} * 1000000000 + ts.tv_nsec;
}

void gather(Collector& c, uint64_t self_goid, Snapshot* out) {
  c.stacks.for_each([&](StackEntry& e) {
    e.index = static_cast<uint32_t>(out->stacks.size());
    StackRecord& r = out->stacks.emplace_back();
    r.count = e.count.load(std::memory_order_relaxed);
    r.pcs.assign(e.pcs, e.pcs + e.depth);
    r.leaf_exact = e.leaf_exact;
    out->total += r.count;
  });
  if (c.detail == Detail::counted) return;
  out->goroutines.reserve(static_cast<size_t>(out->total));
  // Who was there at the instant has a place in the table as it was then.
  uint32_t n = c.allglen < c.notes_max ? c.allglen : c.notes_max;
  for (uint32_t i = 0; i < n; i++) {
    Note& note = c.notes[i];
    if (note.stack == nullptr) continue;
    note.facts.stack = note.stack->index;
    note.facts.self = note.facts.goid == self_goid;
    out->goroutines.push_back(note.facts);
  }
}

}  // namespace

Snapshot take_snapshot(Detail detail, const StoppedStack& self) {
  runtime::semacquire1(&snapshot_sema, false, runtime::WaitReason::Semacquire);
  Snapshot out;
  {
    // Room for those that are born until the world stops; a later one is not of this instant.
    auto c = std::make_unique<Collector>(detail, runtime::allglen() + (1u << 20));
    collector = c.get();
    runtime::hooks.record = record;
    out.time_nanos = walltime_nanos();
    out.pause_ns = mark_the_instant(self);
    walk(0, c->allglen);
    runtime::snapshotEnd();
    runtime::hooks.record = nullptr;
    collector = nullptr;
    out.fallbacks = c->fallbacks.load();
    gather(*c, runtime::goid(), &out);
  }
  runtime::semrelease1(&snapshot_sema);
  return out;
}

}  // namespace golab::profiler
