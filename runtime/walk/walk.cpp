// walk.cpp: the return addresses on a stack.
#include "runtime/walk/walk.h"

#include <algorithm>

#include "runtime/core/arch.h"
#include "runtime/core/goexit.h"
#include "runtime/core/inject.h"

extern "C" char __executable_start[], etext[];  // made by the linker

namespace golab::runtime {

namespace {

// Stores what fits: the innermost frames, and a ring of the outermost ones, which finish() sorts.
class Sink {
 public:
  explicit Sink(const WalkBuffer& buffer)
      : b_(buffer), head_max_(buffer.max - std::min(buffer.tail, buffer.max)) {}

  void add(uintptr_t pc, uintptr_t cfa) {
    uint32_t at = total_++;
    if (at >= b_.max) {
      if (b_.tail == 0) return;
      at = head_max_ + (at - head_max_) % b_.tail;
    }
    b_.pcs[at] = pc;
    if (b_.cfas != nullptr) b_.cfas[at] = cfa;
  }

  bool full() const { return total_ > b_.max && b_.tail == 0; }

  WalkResult finish(bool complete, bool by_tables) {
    WalkResult r;
    r.complete = complete;
    r.by_tables = by_tables;
    r.total = total_;
    r.stored = r.head = std::min(total_, b_.max);
    if (total_ > b_.max && b_.tail > 0) {
      r.head = head_max_;
      uint32_t oldest = (total_ - head_max_) % b_.tail;
      std::rotate(b_.pcs + head_max_, b_.pcs + head_max_ + oldest, b_.pcs + b_.max);
      if (b_.cfas != nullptr) {
        std::rotate(b_.cfas + head_max_, b_.cfas + head_max_ + oldest, b_.cfas + b_.max);
      }
    }
    return r;
  }

 private:
  const WalkBuffer& b_;
  uint32_t head_max_;
  uint32_t total_ = 0;
};

// The address is in another goroutine's stack, which sanitizers do not know to be in use.
__attribute__((no_sanitize("address", "thread"))) uintptr_t load_word(uintptr_t at) {
  return *reinterpret_cast<const volatile uintptr_t*>(at);
}
__attribute__((no_sanitize("address", "thread"))) FrameRecord load(uintptr_t fp) {
  const auto* record = reinterpret_cast<const volatile FrameRecord*>(fp);
  return {record->fp, record->pc};
}

// True if the chain ends in goexit and leads through the program's own code only.
bool by_frame_pointers(uintptr_t pc, uintptr_t fp, uintptr_t lo, uintptr_t hi, Sink* sink) {
  while (own_code(pc - 1)) {
    sink->add(pc, fp + sizeof(FrameRecord));
    if (is_goexit(pc - 1)) return true;
    if (fp < lo || fp > hi - sizeof(FrameRecord) || fp % sizeof(uintptr_t) != 0) return false;
    FrameRecord record = load(fp);
    pc = record.pc;
    if (is_goexit(pc - 1)) {  // the outermost record: its fp is no frame pointer
      sink->add(pc, hi);
      return true;
    }
    if (record.fp <= fp) return false;
    fp = record.fp;
  }
  return false;
}

// True if every frame was plain (cfi.h), up to goexit or until the sink is full.
bool by_plain_frames(WalkFrom at, uintptr_t lo, uintptr_t hi, Sink* sink) {
  constexpr uintptr_t kWord = sizeof(uintptr_t);
  while (!is_goexit(at.pc - 1)) {
    PlainFrame frame;
    if (!plain_frame(at.exact ? at.pc : at.pc - 1, &frame)) return false;
    uintptr_t cfa = (frame.above_fp ? at.fp : at.sp) + frame.cfa_words * kWord;
    uintptr_t lowest = cfa - std::max<uintptr_t>(frame.saved_words, 1) * kWord;
    if (cfa <= at.sp || cfa > hi || lowest < lo || cfa % kWord != 0) return false;
    sink->add(at.pc, cfa);
    if (frame.saved_words != 0) at.fp = load_word(cfa - frame.saved_words * kWord);
    at = {load_word(cfa - kWord), cfa, at.fp, false, {}};
    if (sink->full()) return true;
  }
  sink->add(at.pc, hi);
  return true;
}

bool by_tables(UnwindState state, bool exact, StackRange stack, StackRange alternate, Sink* sink) {
  uintptr_t last = 0;
  while (true) {
    uintptr_t pc = state.r[kDwarfPc];
    bool end = is_goexit(pc - 1);
    UnwindStep step = unwind_step(&state, &exact, stack, alternate);
    uintptr_t cfa = step == UnwindStep::Ok ? state.r[kDwarfSp] : stack.hi;
    sink->add(pc, cfa);
    if (end || step != UnwindStep::Ok) return end || step == UnwindStep::End;
    bool leaves_handler = alternate.holds(last) && stack.holds(cfa);
    if (cfa <= last && !leaves_handler) return false;  // it leads downwards: damaged
    last = cfa;
    if (sink->full()) return false;
  }
}

}  // namespace

bool own_code(uintptr_t pc) {
  return pc >= reinterpret_cast<uintptr_t>(__executable_start) &&
         pc < reinterpret_cast<uintptr_t>(etext);
}

WalkResult walk_from(uintptr_t pc, uintptr_t fp, uintptr_t lo, uintptr_t hi,
                     const WalkBuffer& buffer) {
  Sink fast(buffer);
  if (by_frame_pointers(pc, fp, lo, hi, &fast)) return fast.finish(true, false);
  UnwindState state;
  state.set(kDwarfPc, pc);
  state.set(kDwarfFp, fp);
  Sink slow(buffer);
  bool complete = by_tables(state, false, {lo, hi}, {}, &slow);
  return slow.finish(complete, true);
}

WalkResult both_ends(uint32_t stored, uint32_t elided) {
  WalkResult r;
  r.total = stored + elided;
  r.stored = stored;
  r.head = elided == 0 ? stored : stored - std::min(stored, kStackTraceTail);
  r.complete = true;
  return r;
}

WalkFrom interrupted_at(const ucontext_t* context) {
  WalkFrom from{context_pc(context), context_sp(context), context_fp(context), true, {}};
  const stack_t& alternate = context->uc_stack;  // as it was when the signal came
  auto lo = reinterpret_cast<uintptr_t>(alternate.ss_sp);
  StackRange range{lo, lo + alternate.ss_size};
  if (range.holds(from.sp)) from.alternate = range;
  return from;
}

WalkFrom caller_of(const void* frame) {
  const auto* record = static_cast<const FrameRecord*>(frame);
  return {record->pc, reinterpret_cast<uintptr_t>(record + 1), record->fp, false};
}

WalkResult walk_anywhere(const WalkFrom& from, uintptr_t lo, uintptr_t hi,
                         const WalkBuffer& buffer) {
  Sink fast(buffer);
  if (by_plain_frames(from, lo, hi, &fast)) return fast.finish(!fast.full(), false);
  UnwindState state;
  state.set(kDwarfPc, from.pc);
  state.set(kDwarfSp, from.sp);
  state.set(kDwarfFp, from.fp);
  Sink slow(buffer);
  bool complete = by_tables(state, from.exact, {lo, hi}, from.alternate, &slow);
  return slow.finish(complete, true);
}

WalkResult walk_interrupted(const ucontext_t* context, uintptr_t lo, uintptr_t hi,
                            const WalkBuffer& buffer) {
  WalkResult walked = walk_anywhere(interrupted_at(context), lo, hi, buffer);
  if (walked.complete) return walked;
  UnwindState state;
  context_registers(context, state.r);
  state.known = (1u << UnwindState::kRegisters) - 1;
  Sink slow(buffer);
  bool complete = by_tables(state, true, {lo, hi}, interrupted_at(context).alternate, &slow);
  WalkResult all = slow.finish(complete, true);
  if (all.total >= walked.total) return all;
  return walk_anywhere(interrupted_at(context), lo, hi, buffer);
}

uint32_t walk_plain(uintptr_t pc, uintptr_t fp, uintptr_t lo, uintptr_t hi, uintptr_t* pcs,
                    uint32_t max) {
  const uintptr_t begin = reinterpret_cast<uintptr_t>(__executable_start);
  const uintptr_t size = reinterpret_cast<uintptr_t>(etext) - begin;
  const uintptr_t highest = hi - sizeof(FrameRecord);
  uintptr_t lowest = lo;
  for (uint32_t n = 0; n < max && pc - 1 - begin < size;) {
    pcs[n++] = pc;
    if (is_goexit(pc - 1)) return n;
    if (fp < lowest || fp > highest || fp % sizeof(uintptr_t) != 0) return 0;
    FrameRecord record = load(fp);
    lowest = fp + 1;
    pc = record.pc;
    fp = record.fp;
  }
  return 0;
}

}  // namespace golab::runtime
