// memo.h: what a snapshot remembers of a goroutine for the next one: the stack that it is on.
//
// Most goroutines have not run since the last snapshot, so their stacks have not changed. A
// snapshot leaves a memo on each goroutine that it finds off its thread: which of the profiler's
// stacks is this one's. The next profile counts the goroutine by its memo. It reads neither the
// goroutine nor its stack, only the table of memos, eight bytes for each goroutine, from one end to
// the other. A dump reads more of the goroutine, but does not walk the stack again.
//
// A memo is the profiler's number of a stack, 32 bits, and the epoch of the snapshot that counted
// the goroutine last, 32 bits. 0: there is none.
//
// The walker may come to count a goroutine while the scheduler is about to run it. It must be
// counted once, with the stack that it had at the instant:
//
//   - The walker writes its own epoch into the memo, by compare-and-swap. If that succeeds, the
//     goroutine is counted. G::snapshot stays absent.
//   - The scheduler passes its gate (may_run). During a snapshot it first claims the goroutine
//     (G::snapshot, stop.h). Then it takes the memo away. If that has this epoch, the goroutine is
//     counted. If not, the scheduler records it, and a walker that comes later fails to swap, looks
//     at the goroutine and finds it satisfied.
//   - Only a thread that has claimed a goroutine, or is about to run it, leaves a memo on it or
//     takes it away. So G::has_memo, which tells the gate of the memo, needs no lock.
//
// Every way of running a goroutine passes the gate, and only there a memo ends. So a memo that
// exists is true. A goroutine in a system call has none: its stack changes without a gate.
//
// Age. The profiler's numbers are valid until its table of stacks begins anew. It keeps the epoch
// of that, and a memo counted before is none. Every snapshot that counts a goroutine renews its
// memo, so no memo lives until its 32 bits of epoch come again.
//
// Rejected: one memo for 64 neighbours on one stack; facts for dumps that a memo vouches for. Both
// need a second place where a memo ends.
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
// Takes the memo of gp, which is about to run. True if this epoch's snapshot counted gp by it.
bool take_memo(G* gp);

}  // namespace golab::runtime
