// stacks.h: where goroutines' stacks come from.
//
// A stack is a fixed piece of address space (GOLAB_STACK, 256 KiB by default, 64 KiB under a ulimit
// -v of less than 8 GiB). The kernel commits it page by page as it is used: a parked goroutine
// holds one page. Stacks are carved from large reservations that are never unmapped, and reused
// newest first, so that many short goroutines run on a few warm stacks. sysmon gives the pages of
// those that stay unused after a burst back to the kernel, a second or more later.
//
// Below each stack lies a guard, so that an overflow faults instead of writing into a neighbour:
//   1. Linux >= 6.13: MADV_GUARD_INSTALL. A marker in the page table, no mapping of its own: a
//      million guarded stacks are one virtual memory area.
//   2. Older kernels: PROT_NONE for the first 24 000 stacks. Each such page splits a mapping, and
//      the kernel allows 65 530 mappings.
//   3. Beyond that: a canary, the word at the very top of each stack, which a neighbour above that
//      overflows overwrites. A thread that switches away from a stack without a guard looks at the
//      canary below. It lies on a page that its owner uses anyway; at the low end it would cost
//      a page.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/sched/gmp.h"

namespace golab::runtime {

void stackinit();               // reads GOLAB_STACK
void stackalloc(P* pp, G* gp);  // binds a stack to gp
void stackfree(P* pp, G* gp);   // takes it back
// Gives back pages of free stacks that were not needed since the last call. True if more are left.
bool stackscavenge();
void stackalloc_main(G* gp);     // the larger one of goroutine 1
size_t stacks_sys();             // address space of all stacks so far, used or free, in bytes
bool stack_intact(const G* gp);  // false: gp wrote below its stack, and has no guard
// True if addr is in the guard below gp's stack.
bool stack_guard_hit(const G* gp, uintptr_t addr);

// In ASan builds: looks for leaks; what a goroutine holds is held. In others: does nothing.
void check_leaks();

// For tests: how guards are made. Also set by GOLAB_GUARD=madvise|mprotect|canary.
enum class StackGuard { Madvise, Mprotect, Canary };
StackGuard stack_guard_kind();

constexpr size_t kGuardBytes = 4096;

}  // namespace golab::runtime
