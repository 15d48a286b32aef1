// switch.h: what a thread does, besides the jump, to leave one stack for another.
//
// Every switch goes through leave_stack, which sees to what is not in registers:
//
//   - the C++ runtime's two words about exceptions in flight. A goroutine's words travel with it,
//     so it may park inside a `catch` block, wake on another thread and `throw;` the right
//     exception. g0's do not: no exception is in flight on g0 at a switch.
//   - what ASan and TSan must be told.
//
// The words are reached through M::eh_globals, never by __cxa_get_globals() here: that function is
// declared const, so a compiler may merge the call before the switch with the one after it.
#pragma once

#include "runtime/sched/sched.h"

#if defined(GOLAB_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(GOLAB_TSAN)
#include <sanitizer/tsan_interface.h>
#endif

namespace golab::runtime {

using boost::context::detail::fcontext_t;
using boost::context::detail::transfer_t;

// Stores the context that a jump came from into the goroutine, or g0, that has left. Runs on the
// thread that it left.
inline void switch_arrived(M* mp, fcontext_t from) {
  if (mp->left != nullptr)
    mp->left->ctx = from;
  else
    mp->g0ctx = from;
}

// Prepares the jump from the running stack (gp's, or g0's if gp is null) to the stack of `to` (g0's
// if null). Returns the context to jump to. `dying`: the stack that is left never runs again.
[[gnu::always_inline]] inline fcontext_t leave_stack(M* mp, G* gp, G* to, bool dying) {
  EhGlobals* thread_eh = mp->eh_globals;
  if (gp != nullptr) gp->eh = *thread_eh;
  *thread_eh = to != nullptr ? to->eh : EhGlobals{};
  mp->left = gp;
#if defined(GOLAB_ASAN)
  void** save = gp != nullptr ? &gp->sanitizer_stack : &mp->sanitizer_stack;
  if (to != nullptr) {
    __sanitizer_start_switch_fiber(dying ? nullptr : save, reinterpret_cast<void*>(to->stack_lo),
                                   to->stack_hi - to->stack_lo);
  } else {
    __sanitizer_start_switch_fiber(dying ? nullptr : save, mp->g0stack_lo, mp->g0stack_bytes);
  }
#endif
#if defined(GOLAB_TSAN)
  __tsan_switch_to_fiber(to != nullptr ? to->sanitizer_stack : mp->sanitizer_stack, 0);
#endif
  (void)dying;
  return to != nullptr ? to->ctx : mp->g0ctx;
}

// Goes to the stack of `to`. Returns when a thread switches back, perhaps another thread.
[[gnu::always_inline]] inline void stack_switch(M* mp, G* gp, G* to) {
  fcontext_t from = jump(leave_stack(mp, gp, to, false));
  // This may be another thread, so mp is stale.
  M* now = getm();
#if defined(GOLAB_ASAN)
  __sanitizer_finish_switch_fiber(gp != nullptr ? gp->sanitizer_stack : now->sanitizer_stack,
                                  nullptr, nullptr);
#endif
  switch_arrived(now, from);
}

}  // namespace golab::runtime
