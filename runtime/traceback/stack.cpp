// stack.cpp: Go's runtime.Callers, runtime.Stack, debug.Stack and debug.PrintStack.
#include "runtime/traceback/stack.h"

#include <unistd.h>
#include <unwind.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/core/arch.h"
#include "runtime/core/goexit.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/proc.h"
#include "runtime/traceback/traceback.h"

namespace golab::runtime {

namespace {

constexpr uint32_t kOwnDepthMax = 8192;  // frames of the caller's own stack in a text

// A thread that runs no goroutine. Its stack's bounds are unknown, so the unwinder walks it.
struct Foreign {
  uintptr_t* pcs;
  uint32_t max;
  uint32_t depth;
  uintptr_t from;  // where to begin
};

_Unwind_Reason_Code foreign_frame(_Unwind_Context* context, void* arg) {
  auto* f = static_cast<Foreign*>(arg);
  uintptr_t pc = _Unwind_GetIP(context);
  if (pc == 0 || f->depth == f->max) return _URC_END_OF_STACK;
  if (f->depth == 0 && pc != f->from) return _URC_NO_REASON;
  f->pcs[f->depth++] = pc;
  return _URC_NO_REASON;
}

// The stack from the caller of the function that has this frame, `skip` calls further out.
WalkResult callers_of(const void* frame, int skip, const WalkBuffer& buffer) {
  const auto* record = static_cast<const FrameRecord*>(frame);
  const G* gp = getg();
  auto inside = [gp](uintptr_t at) {
    return gp != nullptr && at >= gp->stack_lo && at <= gp->stack_hi - sizeof(FrameRecord);
  };
  bool goroutine = inside(reinterpret_cast<uintptr_t>(frame));
  for (; skip > 0 && (goroutine ? inside(record->fp) : record->fp != 0); skip--) {
    if (is_goexit(record->pc - 1)) break;
    record = reinterpret_cast<const FrameRecord*>(record->fp);
  }
  if (goroutine) return walk_from(record->pc, record->fp, gp->stack_lo, gp->stack_hi, buffer);
  Foreign foreign{buffer.pcs, buffer.max, 0, record->pc};
  _Unwind_Backtrace(foreign_frame, &foreign);
  WalkResult r;
  r.total = r.stored = r.head = foreign.depth;
  r.by_tables = true;
  return r;
}

std::string text_from(const void* frame, bool all) {
  const auto* record = static_cast<const FrameRecord*>(frame);
  GoroutineDump dump;
  const G* gp = getg();
  if (all && gp != nullptr) {
    dump = dump_goroutines({record->pc, record->fp});
  } else {
    dump.pcs.resize(kOwnDepthMax);
    GoroutineRecord r;
    if (gp != nullptr) describe_goroutine(gp, program_time(), &r);
    WalkBuffer buffer;
    buffer.pcs = dump.pcs.data();
    buffer.max = kOwnDepthMax;
    buffer.tail = kStackTraceTail;
    r.walk = callers_of(frame, 0, buffer);
    r.status = _Grunning;
    r.pcs = buffer.pcs;
    dump.records.push_back(r);
  }
  std::string text;
  auto format = [&] { text = format_dump(dump, default_print_options()); };
  if (gp != nullptr)
    systemstack(format);
  else
    format();
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
  for (size_t at = 0; at < text.size();) {
    ssize_t n = ::write(2, text.data() + at, text.size() - at);
    if (n <= 0) return;
    at += static_cast<size_t>(n);
  }
}

}  // namespace debug
}  // namespace golab::runtime
