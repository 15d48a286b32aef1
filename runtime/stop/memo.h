// memo.h: what a snapshot remembers of a goroutine for the next one: the stack that it stands on.
//
// Most goroutines have not run since the last snapshot, and a leaked one never runs again. Its
// stack cannot have changed. So a snapshot leaves a memo on each goroutine that it finds off its
// thread: which of the profiler's stacks is this one's. The next profile counts the goroutine by
// its memo and looks neither at the goroutine nor at its stack. There it would wait for memory, for
// a page that nobody else looks at; the memos are a table of their own, eight bytes a goroutine,
// read from one end to the other. A dump wants more than the stack, so it looks at the goroutine,
// but does not walk the stack again.
//
// A memo is a number of the profiler's, 32 bits, and the epoch of the snapshot that has counted the
// goroutine last, 32 bits. No bit at all: there is none.
//
// Who may do what. The walker and the scheduler may come to one goroutine at the same time: the
// walker to count it, the scheduler to run it. The goroutine must be counted once, with the stack
// that it had at the instant.
//
//   - The walker finds a memo and writes its own epoch into it, by compare-and-swap. If that
//     succeeds, the goroutine is counted. G::snapshot stays as it is: absent.
//   - The scheduler that is about to run a goroutine comes by its gate (may_run). During a snapshot
//     it claims the goroutine first (G::snapshot, stop.h), as it does without memos; then it takes
//     the memo away. If the memo has this epoch, the walker has counted the goroutine, and nothing
//     is left to record. If not, the scheduler records it, and a walker that comes later fails to
//     swap, looks at the goroutine and finds it satisfied.
//   - Only the one that has claimed a goroutine leaves a memo on it or takes it away, or the thread
//     that runs it. So G::has_memo, which tells the gate whether there is a memo, needs no lock.
//
// The gate is the one place where a memo ends. Every way of running a goroutine comes by it, so a
// memo that is there is true. A goroutine in a system call has none: its stack changes without a
// gate.
//
// When a memo is too old. The profiler's numbers are good until its table of stacks begins anew. It
// keeps the epoch of that, and a memo that was counted before is none. Every snapshot that counts a
// goroutine also renews its memo, so no memo grows so old that its epoch of 32 bits comes again.
//
// Rejected: one memo for 64 neighbours on one stack, which makes a profile of a million a hundred
// times faster than this, and this is a hundred times faster than Go's already; facts for dumps
// that a memo vouches for. Both need a second place where a memo ends.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/sched/gmp.h"

namespace golab::runtime {

using Memo = std::atomic<uint64_t>;

constexpr uint64_t make_memo(uint32_t epoch, uint32_t stack) {
  return uint64_t{epoch} << 32 | stack;
}
constexpr uint32_t memo_epoch(uint64_t memo) { return static_cast<uint32_t>(memo >> 32); }
constexpr uint32_t memo_stack(uint64_t memo) { return static_cast<uint32_t>(memo); }

Memo& memo_of(uint32_t i);  // of allg(i)
// gp is about to run: its memo goes. True if the snapshot of this epoch has counted gp by it.
bool take_memo(G* gp);

}  // namespace golab::runtime
