// switch.h: the one place where a thread leaves one stack for another.
//
// Registers are Boost.Context's affair (jump_fcontext, in `jump`). Three things that are not in
// registers travel along here: the C++ runtime's two words about exceptions in flight, and what
// ASan and TSan must be told. Copying the exception words is what lets a goroutine park inside a `catch` block,
// wake on another thread and still `throw;` the right exception.
//
// The words are reached through M::ehGlobals, never by __cxa_get_globals() here: compilers are told
// that function is const and would merge the call before the switch with the one after it.
#pragma once

#include "runtime/core/sched.h"

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

// Stores where the jump came from into the goroutine (or g0) that left, whose thread this is.
inline void switch_arrived(M* mp, fcontext_t from) {
  if (mp->left != nullptr)
    mp->left->ctx = from;
  else
    mp->g0ctx = from;
}

// All but the jump from the running stack (gp's, or g0's if gp is null) to `to`'s (g0's if null).
// Answers where to jump. `dying`: the stack that is left will never run again.
[[gnu::always_inline]] inline fcontext_t leave_stack(M* mp, G* gp, G* to, bool dying) {
  EhGlobals* thread_eh = mp->ehGlobals;
  if (gp != nullptr) gp->eh = *thread_eh;
  *thread_eh = to != nullptr ? to->eh : EhGlobals{};
  mp->left = gp;
#if defined(GOLAB_ASAN)
  void** save = gp != nullptr ? &gp->sanitizerStack : &mp->sanitizerStack;
  if (to != nullptr) {
    __sanitizer_start_switch_fiber(dying ? nullptr : save, reinterpret_cast<void*>(to->stackLo),
                                   to->stackHi - to->stackLo);
  } else {
    __sanitizer_start_switch_fiber(dying ? nullptr : save, mp->g0stackLo, mp->g0stackBytes);
  }
#endif
#if defined(GOLAB_TSAN)
  __tsan_switch_to_fiber(to != nullptr ? to->sanitizerStack : mp->sanitizerStack, 0);
#endif
  (void)dying;
  return to != nullptr ? to->ctx : mp->g0ctx;
}

// Goes to that stack. Returns when some thread switches back.
[[gnu::always_inline]] inline void stack_switch(M* mp, G* gp, G* to) {
  fcontext_t from = jump(leave_stack(mp, gp, to, false));
  // Perhaps another thread from here on: mp is stale.
  M* now = getm();
#if defined(GOLAB_ASAN)
  __sanitizer_finish_switch_fiber(gp != nullptr ? gp->sanitizerStack : now->sanitizerStack, nullptr,
                                  nullptr);
#endif
  switch_arrived(now, from);
}

}  // namespace golab::runtime
