// lookup.cpp: runtime/pprof, from a snapshot to bytes.
//
// The functions between WriteTo and the snapshot have Go's names, because they are on the stack of
// the goroutine that asks, and so in its profile.
#include "profiler/endpoints/lookup.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <new>
#include <utility>

#include "profiler/endpoints/heap_profile.h"
#include "profiler/endpoints/wording.h"
#include "profiler/formats/debug1_writer.h"
#include "profiler/formats/delta.h"
#include "profiler/formats/mappings.h"
#include "profiler/formats/pprof_writer.h"
#include "profiler/snapshot/snapshot.h"
#include "runtime/die/panic.h"
#include "runtime/heap/mprof.h"
#include "runtime/sched/contention.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/sema.h"
#include "runtime/time/time.h"
#include "runtime/traceback/stack.h"
#include "runtime/traceback/symbols.h"
#include "runtime/traceback/traceback.h"

namespace golab::runtime {

// Go's chain ends in these two.
[[gnu::noinline]] profiler::Snapshot goroutineProfileWithLabels() {
  std::vector<uintptr_t> self(kStackTraceMax);
  self.resize(static_cast<size_t>(Callers(1, self)));
  return profiler::take_snapshot(profiler::Detail::counted, self);
}

[[gnu::noinline]] profiler::Snapshot pprof_goroutineProfileWithLabels() {
  return goroutineProfileWithLabels();
}

}  // namespace golab::runtime

namespace golab::glue {
namespace {

// Held while a profile is put into words: many requests at once need one thread and one table.
std::atomic<uint32_t> wording{1};

// Runs f on the big stack, one caller at a time.
template <typename F>
void in_turn(F f) {
  SemaLock lock(wording);
  runtime::systemstack(f);
}

}  // namespace
}  // namespace golab::glue

namespace golab::runtime::pprof {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

// Made in advance: it is needed when there is no memory.
const error kOutOfMemory = errors::New("profile: out of memory or address space (see ulimit -v)");

using glue::in_turn;
using glue::wording;

bool cpp_names(const Writer& w) { return w.cpp_names || default_print_options().cpp_names; }

}  // namespace

namespace {

// Needs a big stack.
std::string as_pprof(const profiler::StackTable& table, profiler::PprofOptions options) {
  std::string text;
  options.mappings = profiler::read_mappings();
  options.comments = symbol_problems();
  profiler::write_pprof(table, options, [&](std::string_view piece) { text.append(piece); });
  return text;
}

// Stacks that are counted and no more: goroutines, threads, values of the program's own profiles.
// Needs a big stack.
std::string counts_in_words(const std::vector<profiler::StackRecord>& stacks, std::string name,
                            int64_t time_nanos, int debug, bool cpp_names) {
  profiler::StackTable table = profiler::count_stacks(stacks, profiler::runtime_symbols());
  if (debug <= 0)
    return as_pprof(table, {.type = name, .time_nanos = time_nanos, .cpp_names = cpp_names});
  std::string text;
  profiler::write_debug1(table, {.name = name, .cpp_names = cpp_names},
                         [&](std::string_view piece) { text.append(piece); });
  return text;
}

}  // namespace

std::string in_protobuf(const std::vector<profiler::StackRecord>& stacks,
                        profiler::PprofOptions options) {
  std::string text;
  options.cpp_names |= default_print_options().cpp_names;
  in_turn([&] {
    text = as_pprof(profiler::count_stacks(stacks, profiler::runtime_symbols()), options);
  });
  return text;
}

[[gnu::noinline]] static error writeRuntimeProfile(const Writer& w, int debug) {
  std::string text;
  {
    glue::SemaLock lock(wording);
    profiler::Snapshot snapshot = pprof_goroutineProfileWithLabels();
    systemstack([&] {
      text =
          counts_in_words(snapshot.stacks, "goroutine", snapshot.time_nanos, debug, cpp_names(w));
    });
  }
  yield_if_others_wait();
  return w(text);
}

namespace {

GoroutineRecord record_of(const profiler::Snapshot& snapshot, size_t i) {
  const profiler::GoroutineSnapshot& g = snapshot.table[i];
  const profiler::StackRecord& stack = snapshot.stacks[snapshot.stack_of(g)];
  GoroutineRecord r;
  r.goid = g.goid;
  r.parent_goid = g.parent_goid;
  r.status = g.status;
  // As in Go, where the dump stops the world: only the goroutine that asked is running.
  bool lost = is_lost_stack(stack.pcs.data(), static_cast<uint32_t>(stack.pcs.size()));
  if (r.status == _Grunning && i != snapshot.self && !lost) r.status = _Grunnable;
  r.waitreason = static_cast<WaitReason>(g.waitreason);
  r.locked_to_thread = g.locked_to_thread;
  r.bubble_id = g.bubble_id;
  r.started = g.started;
  r.leaf_exact = stack.leaf_exact;
  r.waited_ns = snapshot.waited_ns(g);
  r.gopc = g.gopc;
  if (stack.labels) r.labels = &*stack.labels;
  auto ancestors = snapshot.ancestors.find(i);
  if (ancestors != snapshot.ancestors.end()) r.ancestors = &ancestors->second;
  r.pcs = stack.pcs.data();
  r.walk = both_ends(static_cast<uint32_t>(stack.pcs.size()), stack.elided);
  return r;
}

}  // namespace

[[gnu::noinline]] static error writeGoroutineStacks(const Writer& w) {
  std::vector<uintptr_t> self(kStackTraceMax);
  WalkResult own = callers_both_ends(1, {self.data(), kStackTraceMax, kStackTraceTail});
  self.resize(own.stored);
  profiler::Snapshot snapshot =
      profiler::take_snapshot(profiler::Detail::each_goroutine, self, own.total - own.stored);
  PrintOptions options = default_print_options();
  options.cpp_names = cpp_names(w);
  std::string piece;
  bool first = true;
  auto add = [&](size_t i) {
    if (!std::exchange(first, false)) piece += '\n';
    append_goroutine(&piece, record_of(snapshot, i), options);
  };
  // The goroutine that asks, unless it is one of the runtime's own.
  if (snapshot.present(snapshot.self)) in_turn([&] { add(snapshot.self); });
  // Each piece is made on the big stack, and written on the goroutine's own, where it may park.
  for (size_t i = 0; i < snapshot.places || !piece.empty();) {
    in_turn([&] {
      for (; i < snapshot.places && piece.size() < kPieceBytes; i++) {
        if (i != snapshot.self && snapshot.present(i)) add(i);
      }
    });
    if (error err = w(piece); err != nullptr) return err;
    piece.clear();
    yield_if_others_wait();
  }
  return nullptr;
}

[[gnu::noinline]] static error writeGoroutine(const Writer& w, int debug) {
  if (debug >= 2) return writeGoroutineStacks(w);
  return writeRuntimeProfile(w, debug);
}

namespace {

// Where Go's stacks of contention begin: in the function of package sync or runtime that the
// program called.
bool begins_contention(const Frame& frame) {
  std::string_view name = frame.function;
  constexpr std::string_view kOperations[] = {"runtime.chansend1", "runtime.chanrecv1",
                                              "runtime.chanrecv2", "runtime.selectgo"};
  if (name.starts_with("runtime."))
    return std::find(std::begin(kOperations), std::end(kOperations), name) != std::end(kOperations);
  return !name.starts_with("internal/sync.") && !name.starts_with("sync.runtime_") &&
         !name.starts_with("internal/poll.runtime_");
}

int count_contention(Contention which) { return static_cast<int>(contention_count(which)); }

error write_contention(Contention which, const Writer& w, int debug) {
  std::vector<profiler::StackRecord> stacks;
  for (ContentionRecord& r : contention_records(which)) {
    profiler::StackRecord& stack = stacks.emplace_back();
    stack.count = r.count;
    stack.delay_ns = r.delay_ns;
    stack.pcs = std::move(r.pcs);
  }
  std::string text;
  const bool names = cpp_names(w), mutex = which == Contention::Mutex;
  const int64_t now = time::Now().UnixNano();
  in_turn([&] {
    profiler::StackTable table =
        profiler::count_contention(stacks, profiler::runtime_symbols(), begins_contention);
    if (debug <= 0) {
      text = as_pprof(
          table,
          {.type = "contentions", .with_delay = true, .time_nanos = now, .cpp_names = names});
      return;
    }
    profiler::ContentionOptions options{.name = mutex ? "mutex" : "contention", .cpp_names = names};
    if (mutex) options.sampling_period = SetMutexProfileFraction(-1);
    profiler::write_contention(table, options, [&](std::string_view piece) { text.append(piece); });
  });
  return w(text);
}

int countBlock() { return count_contention(Contention::Block); }
int countMutex() { return count_contention(Contention::Mutex); }
error writeBlock(const Writer& w, int debug) {
  return write_contention(Contention::Block, w, debug);
}
error writeMutex(const Writer& w, int debug) {
  return write_contention(Contention::Mutex, w, debug);
}

error write_counts(const Writer& w, int debug, const std::string& name,
                   const std::vector<profiler::StackRecord>& stacks) {
  std::string text;
  const bool names = cpp_names(w);
  const int64_t now = time::Now().UnixNano();
  in_turn([&] { text = counts_in_words(stacks, name, now, debug, names); });
  return w(text);
}

// Made in advance: see kOutOfMemory.
const error kHeapUnknown = errors::New(
    "this program's allocations are not known: it is linked without golab's library \"heap\"");

[[gnu::noinline]] error writeHeapInternal(const Writer& w, int debug, const char* default_type) {
  if (!mem_profile_known()) return kHeapUnknown;
  std::string text;
  const int64_t now = time::Now().UnixNano();
  const bool names = cpp_names(w);
  in_turn([&] { text = profiler::heap_profile(debug, default_type, now, names); });
  return w(text);
}

int countHeap() { return static_cast<int>(mem_profile_count()); }
[[gnu::noinline]] error writeHeap(const Writer& w, int debug) {
  return writeHeapInternal(w, debug, "");
}
[[gnu::noinline]] error writeAlloc(const Writer& w, int debug) {
  return writeHeapInternal(w, debug, "alloc_space");
}

int countThreads() { return sched.mcount.load(); }
// Go has kept no stack of a thread's creation for long; its text is one record of 32 zeros.
error writeThreadCreate(const Writer& w, int debug) {
  std::string threads = std::to_string(countThreads());
  if (debug <= 0) {
    profiler::StackRecord all;
    all.count = countThreads();
    return write_counts(w, debug, "threadcreate", {all});
  }
  std::string text = "threadcreate profile: total " + threads + "\n" + threads + " @";
  for (int i = 0; i < 32; i++) text += " 0x0";
  return w(text + "\n#\t0x0\n\n");
}

struct Registry {
  std::mutex mu;
  std::map<std::string, std::unique_ptr<Profile>, std::less<>> profiles;

  Registry() {
    add("allocs", {countHeap, writeAlloc});
    add("block", {countBlock, writeBlock});
    add("goroutine", {NumGoroutine, writeGoroutine});
    add("heap", {countHeap, writeHeap});
    add("mutex", {countMutex, writeMutex});
    add("threadcreate", {countThreads, writeThreadCreate});
  }
  Profile* add(const std::string& name, Profile::BuiltIn built_in) {
    return (profiles[name] = std::make_unique<Profile>(name, built_in)).get();
  }
};

Registry& registry() {
  static auto* all = new Registry;
  return *all;
}
// A lack of memory cannot hit the first Lookup.
[[maybe_unused]] const Registry& made_early = registry();

}  // namespace

int Profile::Count() const {
  if (built_in_.count != nullptr) return built_in_.count();
  std::lock_guard lock(mu_);
  return static_cast<int>(values_.size());
}

// The stack of a value that was added with a skip beyond its goroutine's first frame.
[[gnu::noinline, gnu::used]] void lostProfileEvent() { asm volatile(""); }

[[gnu::noinline]] void Profile::Add(const void* value, int skip) {
  if (built_in_.write != nullptr) panic("pprof: Add called on built-in Profile " + name_);
  std::vector<uintptr_t> pcs(32);  // as deep as Go's
  pcs.resize(static_cast<size_t>(Callers(skip + 1, pcs)));
  if (pcs.empty()) pcs = {reinterpret_cast<uintptr_t>(lostProfileEvent) + 1};
  bool fresh = false;
  {
    std::lock_guard lock(mu_);
    fresh = values_.try_emplace(value, std::move(pcs)).second;
  }
  if (!fresh) panic("pprof: Profile.Add of duplicate value");
}

void Profile::Remove(const void* value) {
  std::lock_guard lock(mu_);
  values_.erase(value);
}

[[gnu::noinline]] error Profile::WriteTo(const Writer& w, int debug) {
  try {
    if (built_in_.write != nullptr) return built_in_.write(w, debug);
    std::vector<profiler::StackRecord> stacks;
    {
      std::lock_guard lock(mu_);
      for (const auto& [value, pcs] : values_) stacks.emplace_back().pcs = pcs;
    }
    return write_counts(w, debug, name_, stacks);
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  } catch (const profiler::NoInstant& e) {
    return errors::New(e.what());
  }
}

Profile* Lookup(std::string_view name) {
  Registry& all = registry();
  std::lock_guard lock(all.mu);
  auto at = all.profiles.find(name);
  return at != all.profiles.end() ? at->second.get() : nullptr;
}

std::vector<Profile*> Profiles() {
  Registry& all = registry();
  std::lock_guard lock(all.mu);
  std::vector<Profile*> found;
  for (const auto& [name, profile] : all.profiles) found.push_back(profile.get());
  return found;
}

Profile* NewProfile(std::string name) {
  if (name.empty()) panic("pprof: NewProfile with empty name");
  Profile* made = nullptr;
  {
    Registry& all = registry();
    std::lock_guard lock(all.mu);
    if (!all.profiles.contains(name)) made = all.add(name, {});
  }
  if (made == nullptr) panic("pprof: NewProfile name already in use: " + name);
  return made;
}

namespace {

error write_delta(const Writer& w, std::string_view before, std::string_view after) {
  std::string text;
  std::string problem;
  systemstack([&] {
    profiler::ReadResult first = profiler::read_profile(before, "first profile");
    profiler::ReadResult second = profiler::read_profile(after, "second profile");
    profiler::ReadResult difference;
    if (first && second) difference = profiler::delta(first.profile, second.profile);
    problem = !first ? first.error : !second ? second.error : difference.error;
    if (problem.empty()) {
      profiler::write_profile(difference.profile,
                              [&](std::string_view piece) { text.append(piece); });
    }
  });
  if (!problem.empty()) return errors::New(problem);
  return w(text);
}

}  // namespace

error WriteHeapProfile(const Writer& w) { return Lookup("heap")->WriteTo(w, 0); }

error WriteDelta(const Writer& w, std::string_view before, std::string_view after) {
  try {
    return write_delta(w, before, after);
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  }
}

}  // namespace golab::runtime::pprof
