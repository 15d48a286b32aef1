// lookup.cpp: runtime/pprof, from a snapshot to bytes.
//
// The functions between WriteTo and the snapshot have Go's names, because they are on the stack of
// the goroutine that asks, and so in its profile.
#include "profiler/endpoints/lookup.h"

#include <new>
#include <utility>

#include "profiler/formats/debug1_writer.h"
#include "profiler/formats/delta.h"
#include "profiler/formats/mappings.h"
#include "profiler/formats/pprof_writer.h"
#include "profiler/snapshot/snapshot.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sema.h"
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

namespace golab::runtime::pprof {
namespace {

constexpr size_t kPieceBytes = 64 << 10;

// Made in advance: it is needed when there is no memory.
const error kOutOfMemory =
    errors::New("goroutine profile: out of memory or address space (see ulimit -v)");

// Held while a profile is put into words: many requests at once need one thread and one table.
std::atomic<uint32_t> wording{1};

// Runs f on the big stack, one caller at a time.
template <typename F>
void in_turn(F f) {
  glue::SemaLock lock(wording);
  systemstack(f);
}

bool cpp_names(const Writer& w) { return w.cpp_names || default_print_options().cpp_names; }

}  // namespace

// Needs a big stack.
static std::string in_words(const profiler::Snapshot& snapshot, int debug, bool cpp_names) {
  profiler::StackTable table = profiler::count_stacks(snapshot.stacks, profiler::runtime_symbols());
  std::string text;
  profiler::Sink sink = [&](std::string_view piece) { text.append(piece); };
  if (debug > 0) {
    profiler::write_debug1(table, {.cpp_names = cpp_names}, sink);
  } else {
    profiler::PprofOptions options;
    options.time_nanos = snapshot.time_nanos;
    options.mappings = profiler::read_mappings();
    options.comments = symbol_problems();
    options.cpp_names = cpp_names;
    profiler::write_pprof(table, options, sink);
  }
  return text;
}

[[gnu::noinline]] static error writeRuntimeProfile(const Writer& w, int debug) {
  std::string text;
  {
    glue::SemaLock lock(wording);
    profiler::Snapshot snapshot = pprof_goroutineProfileWithLabels();
    systemstack([&] { text = in_words(snapshot, debug, cpp_names(w)); });
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
  r.started = g.started;
  r.leaf_exact = stack.leaf_exact;
  r.waited_ns = snapshot.waited_ns(g);
  r.gopc = g.gopc;
  if (stack.labels) r.labels = &*stack.labels;
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

int Profile::Count() const { return NumGoroutine(); }

[[gnu::noinline]] error Profile::WriteTo(const Writer& w, int debug) {
  try {
    return writeGoroutine(w, debug);
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  } catch (const profiler::NoInstant& e) {
    return errors::New(e.what());
  }
}

Profile* Lookup(std::string_view name) {
  static Profile goroutine("goroutine");
  return name == goroutine.Name() ? &goroutine : nullptr;
}

std::vector<Profile*> Profiles() { return {Lookup("goroutine")}; }

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

error WriteDelta(const Writer& w, std::string_view before, std::string_view after) {
  try {
    return write_delta(w, before, after);
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  }
}

}  // namespace golab::runtime::pprof
