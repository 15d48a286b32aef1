// stack.h: where goroutines' stacks come from.
//
// A stack is a fixed piece of address space (GOLAB_STACK, 256 KiB by default, 64 KiB under a ulimit -v
// of less than 8 GiB), committed by the kernel page by page as it is used: a parked goroutine holds
// one page. Stacks are carved from
// large reservations that never go back, and reused newest first, so that many short goroutines run
// on a few warm stacks. After a burst the pages of those that stay unused go back to the kernel, by
// sysmon, a second or more later: to do it when a goroutine ends cost more than all else of its
// life.
//
// Below each stack lies a guard, so that an overflow faults instead of writing into a neighbour:
//   1. Linux >= 6.13: MADV_GUARD_INSTALL. A marker in the page table, no mapping of its own: a
//      million guarded stacks are one virtual memory area.
//   2. Older kernels: PROT_NONE for the first 24 000 stacks. Each such page splits a mapping, and
//      the kernel allows 65 530 mappings.
//   3. Beyond that no page can be had. Then the word at the very top of each stack is a canary: a
//      neighbour above that overflows overwrites it. A thread that switches away from a stack
//      without a guard looks at the canary below. The canary lies on a page that its owner uses
//      anyway, so it costs no memory. (A poison word at the low end of a stack would cost a page
//      per goroutine.)
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/sched/gmp.h"

namespace golab::runtime {

void stackinit();               // reads GOLAB_STACK
size_t stackBytes();            // size of a goroutine's stack, guard included
void stackalloc(P* pp, G* gp);  // binds a stack to gp
void stackfree(P* pp, G* gp);   // takes it back
// Gives back pages of free stacks that nobody has needed since the last call. True if there will be
// more to give back.
bool stackscavenge();
void stackalloc_main(G* gp);     // the larger one of goroutine 1
bool stack_intact(const G* gp);  // false: gp wrote below its stack, and has no guard
// Does an access at addr mean that gp ran into the guard below its stack?
bool stack_guard_hit(const G* gp, uintptr_t addr);

// ASan builds: looks for leaks, with everything that a goroutine holds counted as held. Else
// nothing.
void check_leaks();

// For tests: how guards are made. Also set by GOLAB_GUARD=madvise|mprotect|canary.
enum class StackGuard { Madvise, Mprotect, Canary };
StackGuard stack_guard_kind();

constexpr size_t kGuardBytes = 4096;

}  // namespace golab::runtime
