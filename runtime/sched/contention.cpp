// contention.cpp: samples the events, takes their stacks down and adds up equal ones.
#include "runtime/sched/contention.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <new>
#include <span>

#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"
#include "runtime/walk/walk.h"

namespace golab::runtime {

std::atomic<int64_t> blockprofilerate{0};
std::atomic<int64_t> mutexprofilerate{0};

namespace {

constexpr uint32_t kDepthMax = 128;  // Go's

struct Bucket {
  double count = 0;  // a sampled event counts for as many as it stands for
  int64_t delay_ns = 0;
};

struct Less {
  using is_transparent = void;
  bool operator()(std::span<const uintptr_t> a, std::span<const uintptr_t> b) const {
    return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end());
  }
};

// No runtime call is made under the lock, so a goroutine that holds it stays on its thread.
struct Events {
  std::mutex mu;
  std::map<std::vector<uintptr_t>, Bucket, Less> buckets;

  void add(const Bucket& event, uintptr_t pc, const void* frame) {
    const G* gp = getg();
    KeptStack<kDepthMax> s;
    WalkBuffer buffer = s.buffer();
    buffer.tail = 0;
    s.keep(walk_from(pc, reinterpret_cast<uintptr_t>(frame), gp->stack_lo, gp->stack_hi, buffer));
    std::span<const uintptr_t> pcs(s.pcs, s.depth);
    try {
      std::lock_guard lock(mu);
      auto at = buckets.find(pcs);
      if (at == buckets.end())
        at = buckets.emplace(std::vector<uintptr_t>(pcs.begin(), pcs.end()), Bucket{}).first;
      at->second.count += event.count;
      at->second.delay_ns += event.delay_ns;
    } catch (const std::bad_alloc&) {  // then this event is lost: a receive or an Unlock goes on
    }
  }
};

Events& events_of(Contention which) {
  static auto* events = new Events[2];
  return events[which == Contention::Mutex];
}
// No event allocates them.
[[maybe_unused]] const Events& made_early = events_of(Contention::Block);

// A number in [0, n).
int64_t random_below(int64_t n) {
  uint64_t bits = uint64_t{cheaprand()} << 32 | cheaprand();
  return static_cast<int64_t>(bits % static_cast<uint64_t>(n));
}

}  // namespace

void SetBlockProfileRate(int64_t rate) { blockprofilerate.store(std::max<int64_t>(rate, 0)); }

int SetMutexProfileFraction(int rate) {
  return static_cast<int>(rate < 0 ? mutexprofilerate.load() : mutexprofilerate.exchange(rate));
}

std::vector<ContentionRecord> contention_records(Contention which) {
  Events& events = events_of(which);
  std::vector<ContentionRecord> records;
  std::lock_guard lock(events.mu);
  for (const auto& [pcs, bucket] : events.buckets) {
    records.push_back({static_cast<int64_t>(bucket.count), bucket.delay_ns, pcs});
  }
  return records;
}

size_t contention_count(Contention which) {
  Events& events = events_of(which);
  std::lock_guard lock(events.mu);
  return events.buckets.size();
}

int64_t contention_clock(const std::atomic<int64_t>& rate) {
  return rate.load(std::memory_order_relaxed) > 0 ? nanotime() : 0;
}

// A wait of at least `rate` is always in the profile. A shorter one is with the chance ns/rate, and
// then stands for rate/ns waits like it.
void blockevent(int64_t ns, uintptr_t pc, const void* frame) {
  const int64_t rate = blockprofilerate.load(std::memory_order_relaxed);
  if (ns == 0 || rate <= 0) return;
  ns = std::max<int64_t>(ns, 1);
  if (rate > ns && random_below(rate) > ns) return;
  Bucket event{1, ns};
  if (ns < rate) event = {static_cast<double>(rate) / static_cast<double>(ns), rate};
  events_of(Contention::Block).add(event, pc, frame);
}

void mutexevent(int64_t ns, uintptr_t pc, const void* frame) {
  const int64_t rate = mutexprofilerate.load(std::memory_order_relaxed);
  if (ns == 0 || rate <= 0 || random_below(rate) != 0) return;
  events_of(Contention::Mutex)
      .add({static_cast<double>(rate), rate * std::max<int64_t>(ns, 0)}, pc, frame);
}

}  // namespace golab::runtime
