// cpu_profile.cpp: counts the samples of a CPU profile, and writes it.
//
// Samples are counted as they come, in a StackCounter, by the handlers of SIGPROF. So a profile
// needs memory for its different stacks only, and no goroutine has to keep up with the samples.
//
// Who keeps the labels alive? A handler interrupts the goroutine that has them, so it can take a
// hold of its own: one for each period that is counted. The writer lets go of all of them.
#include "profiler/endpoints/cpu_profile.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <new>
#include <vector>

#include "profiler/endpoints/wording.h"
#include "profiler/snapshot/stack_counter.h"
#include "runtime/chan/chan.h"
#include "runtime/core/reserve.h"
#include "runtime/die/die.h"
#include "runtime/sched/cpuprof.h"
#include "runtime/sched/go.h"
#include "runtime/sched/labels.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/mutex.h"
#include "runtime/time/time.h"

namespace golab::runtime {
namespace {

using profiler::StackCounter;
using profiler::StackEntry;

// Go's cpuProfile.
struct CpuProfile {
  sync::Mutex mu;
  bool on = false;      // samples are counted
  bool unread = false;  // samples have been counted since the last profile was written
  int32_t hz = 0;       // of them
  std::atomic<uint32_t> closed{0};  // futex: 1 when no more samples come
  std::unique_ptr<StackCounter> stacks;
};
CpuProfile& cpuprof() {
  static auto& profile = *new CpuProfile;
  return profile;
}

// Made in advance: handlers must not make it.
StackCounter* counter = nullptr;

// In a signal handler.
void record(const CpuSample& s) {
  const auto holds = static_cast<uint32_t>(s.periods);
  if (s.labels != nullptr) s.labels->holders.fetch_add(holds, std::memory_order_relaxed);
  const StackEntry* entry = counter->add(s.pcs, s.depth, s.leaf_exact, s.labels, s.periods);
  // Lost. The goroutine has its own hold, so this was not the last one.
  if (s.labels != nullptr && entry == counter->at(0))
    s.labels->holders.fetch_sub(holds, std::memory_order_relaxed);
}

void make_counter(CpuProfile& p) {
  if (p.stacks != nullptr) return;
  constexpr size_t kBytes = size_t{256} << 20;  // of address space: for 400,000 deep stacks
  p.stacks = std::make_unique<StackCounter>(share_of_address_space(kBytes, 16));
  counter = p.stacks.get();
}

// Takes the samples out.
std::vector<profiler::StackRecord> take_samples(CpuProfile& p) {
  std::vector<profiler::StackRecord> taken;
  p.stacks->for_each([&](StackEntry& e) {
    profiler::StackRecord& r = taken.emplace_back();
    r.count = e.count.load(std::memory_order_relaxed);
    r.pcs.assign(e.pcs, e.pcs + e.depth);
    r.leaf_exact = e.leaf_exact;
    if (e.labels != nullptr) r.labels = e.labels->list;
  });
  if (p.stacks->overflowed()) {
    profiler::StackRecord& lost = taken.emplace_back();
    lost.count = p.stacks->at(0)->count.load(std::memory_order_relaxed);
    lost.pcs = {reinterpret_cast<uintptr_t>(pprof::lostProfileEvent) + 1};
  }
  return taken;
}

void drop_samples(CpuProfile& p) {
  p.stacks->for_each([&](StackEntry& e) {
    if (e.labels == nullptr) return;
    auto* labels = const_cast<LabelMap*>(e.labels);
    const auto holds = static_cast<uint32_t>(e.count.load(std::memory_order_relaxed));
    labels->holders.fetch_sub(holds - 1, std::memory_order_relaxed);
    release_labels(labels);
  });
  p.stacks->clear();
  p.unread = false;
}

}  // namespace

void SetCPUProfileRate(int hz) {
  CpuProfile& p = cpuprof();
  glue::Locked lock(p.mu);
  hz = std::clamp(hz, 0, int{kCpuProfileHzMax});
  if (hz == 0) {
    if (!p.on) return;
    setcpuprofilerate(0, nullptr);
    p.on = false;
    p.closed.store(1);
    futexwakeup(&p.closed, 1);
    return;
  }
  if (p.on || p.unread) {
    print("runtime: cannot set cpu profile rate until previous profile has finished.\n");
    return;
  }
  make_counter(p);
  p.on = p.unread = true;
  p.hz = hz;
  p.closed.store(0);
  setcpuprofilerate(hz, record);
}

}  // namespace golab::runtime

namespace golab::runtime::pprof {
namespace {

// Go's `cpu`.
struct Cpu {
  sync::Mutex mu;
  bool profiling = false;
  Chan<bool> done = make_chan<bool>();
};
Cpu& cpu() {
  static auto& state = *new Cpu;
  return state;
}

}  // namespace

// Waits in a system call, as Go's does. Now and then it looks for new foreign threads.
[[gnu::noinline]] static void readProfile() {
  constexpr int64_t kLookNs = 100'000'000;
  CpuProfile& p = cpuprof();
  while (p.closed.load() == 0) {
    notetsleepg(&p.closed, kLookNs);
    glue::Locked lock(p.mu);
    if (p.on) profile_foreign_threads();
  }
}

[[gnu::noinline]] static void profileWriter(Writer w) {
  const time::Time start = time::Now();
  readProfile();
  std::string text;
  try {
    CpuProfile& p = cpuprof();
    const int64_t duration = time::Since(start).Nanoseconds();
    std::vector<profiler::StackRecord> samples;
    {
      glue::Locked lock(p.mu);
      samples = take_samples(p);
      drop_samples(p);
    }
    text = in_protobuf(samples, {.time_nanos = start.UnixNano(),
                                 .cpu_period_ns = 1'000'000'000 / p.hz,
                                 .duration_nanos = duration,
                                 .cpp_names = w.cpp_names});
    reap_labels();
  } catch (const std::bad_alloc&) {
    // As with any error of w's: there is nobody to tell.
  }
  if (!text.empty()) w(text);
  cpu().done.send(true);
}

[[gnu::noinline]] error StartCPUProfile(Writer w) {
  constexpr int kHz = 100;
  Cpu& c = cpu();
  glue::Locked lock(c.mu);
  if (c.profiling) return errors::New("cpu profiling already in use");
  try {
    SetCPUProfileRate(kHz);
  } catch (const std::bad_alloc&) {
    return errors::New("out of memory or address space (see ulimit -v)");
  }
  c.profiling = true;
  go(profileWriter, std::move(w));
  return nullptr;
}

[[gnu::noinline]] void StopCPUProfile() {
  Cpu& c = cpu();
  glue::Locked lock(c.mu);
  if (!c.profiling) return;
  c.profiling = false;
  SetCPUProfileRate(0);
  c.done.recv();
}

}  // namespace golab::runtime::pprof
