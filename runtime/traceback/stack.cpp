// stack.cpp: Go's runtime.Callers, runtime.Stack, debug.Stack and debug.PrintStack.
#include "runtime/traceback/stack.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "runtime/core/arch.h"
#include "runtime/core/goexit.h"
#include "runtime/sched/proc.h"
#include "runtime/traceback/traceback.h"

namespace golab::runtime {

namespace {

constexpr uint32_t kOwnDepthMax = 8192;  // frames of the caller's own stack in a text

// The stack from the caller of the function that has this frame, `skip` calls further out.
WalkResult callers_of(const void* frame, int skip, const WalkBuffer& buffer) {
  const auto* record = static_cast<const FrameRecord*>(frame);
  const G* gp = getg();
  auto inside = [gp](uintptr_t at) {
    return gp != nullptr && at >= gp->stack_lo && at <= gp->stack_hi - sizeof(FrameRecord);
  };
  if (!inside(reinterpret_cast<uintptr_t>(frame))) {
    // On the thread's own stack, for a goroutine: the goroutine's, from where it left it.
    if (gp == nullptr || !getm()->on_systemstack) return {};
    return walk_from(gp->sched_pc, gp->sched_fp, gp->stack_lo, gp->stack_hi, buffer);
  }
  for (; skip > 0 && inside(record->fp) && !is_goexit(record->pc - 1); skip--) {
    record = reinterpret_cast<const FrameRecord*>(record->fp);
  }
  if (skip > 0) return {};  // there are not so many
  return walk_from(record->pc, record->fp, gp->stack_lo, gp->stack_hi, buffer);
}

std::string text_from(const void* frame, bool all) {
  const auto* record = static_cast<const FrameRecord*>(frame);
  GoroutineDump dump;
  if (all && getg() != nullptr) {
    dump = dump_goroutines({record->pc, record->fp});
  } else {
    dump.pcs.resize(kOwnDepthMax);
    WalkResult walk = callers_of(frame, 0, {dump.pcs.data(), kOwnDepthMax, kStackTraceTail});
    dump.records.push_back(running_goroutine(dump.pcs.data(), walk, false));
  }
  std::string text;
  systemstack([&] { text = format_dump(dump, default_print_options()); });
  return text;
}

}  // namespace

[[gnu::noinline]] WalkResult callers_both_ends(int skip, const WalkBuffer& buffer) {
  return callers_of(__builtin_frame_address(0), std::max(skip - 1, 0), buffer);
}

[[gnu::noinline]] int Callers(int skip, std::span<uintptr_t> pcs) {
  int own = skip <= 0 && !pcs.empty() ? 1 : 0;
  if (own != 0) pcs[0] = getpc();
  WalkBuffer buffer;
  buffer.pcs = pcs.data() + own;
  buffer.max = static_cast<uint32_t>(pcs.size()) - static_cast<uint32_t>(own);
  WalkResult r = callers_of(__builtin_frame_address(0), std::max(skip - 1, 0), buffer);
  return own + static_cast<int>(r.stored);
}

[[gnu::noinline]] int Stack(std::span<char> buf, bool all) {
  std::string text = text_from(__builtin_frame_address(0), all);
  size_t n = std::min(buf.size(), text.size());
  std::memcpy(buf.data(), text.data(), n);
  return static_cast<int>(n);
}

[[gnu::noinline]] std::string StackText(bool all) {
  return text_from(__builtin_frame_address(0), all);
}

namespace debug {

// StackText leaves out its own frame, so that debug.Stack is the first one, as in Go.
[[gnu::noinline]] std::string Stack() { return StackText(false); }

[[gnu::noinline]] void PrintStack() {
  std::string text = Stack();
  fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace debug
}  // namespace golab::runtime
