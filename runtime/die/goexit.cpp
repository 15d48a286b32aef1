// goexit.cpp: Goexit. On an ordinary goroutine it is a forced unwind, which proc.cpp makes.
//
// In Go a Goexit in a deferred call ends a panic: the goroutine's other Defers run, and it is gone.
// Here a Defer may run in two ways because of a panic, and each has its own way out. In both Goexit
// throws a Leave, which ends the frames of that one Defer.
//
//   A catch block waits for the panic. The Defer runs because its frame is unwound. ~Defer catches
//   the Leave, and tells the unwinder to treat the panic's exception as a forced unwind from there
//   on (goexit_instead). So the frames between go on to be unwound, but no handler is entered.
//   If the handler stands in that very frame, it is too late: the code that ran the Defer goes on to
//   the handler. Then this frame is left as it is, and the unwinding begins in its caller. Its Defers
//   run; other objects of its own are not destroyed.
//
//   Nobody waits for it. The Defer runs in the terminate handler, on top of the whole stack. Goexit
//   runs the other Defers there first, as Go does: one of them may panic, and its dump shows all
//   frames. Then the stack has to be unwound, which no exception can do through the C++ library's
//   terminate. So each panic remembers the place of its throw, and the terminate handler jumps back
//   to it (leave_from_throw). There an ordinary Goexit begins.
//
// The second way is closed if the panic met a noexcept function: nothing unwinds through that, and
// C++ may have unwound the frames below it already. Then Goexit is a fatal error.
#include <unwind.h>

#include <cxxabi.h>

#include <utility>

#include "runtime/core/inject.h"
#include "runtime/die/die.h"
#include "runtime/sched/sched.h"

#if defined(GOLAB_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace golab {
namespace runtime {

struct ThrowSite {
  void* jump[5];  // __builtin_setjmp's
};

namespace {

// Looks for the function whose frame `place` lies in.
struct FrameSearch {
  uintptr_t place;
  uintptr_t function;
};

// For libgcc a frame begins where its stack pointer is during the call of the frame below it.
_Unwind_Reason_Code look_at(_Unwind_Context* context, void* arg) {
  auto* search = static_cast<FrameSearch*>(arg);
  if (search->place < _Unwind_GetCFA(context)) return _URC_NORMAL_STOP;
  search->function = _Unwind_GetRegionStart(context);
  return _URC_NO_REASON;
}

// Looks for the caller of the function whose frame `place` lies in.
struct CallerSearch {
  uintptr_t place;
  uintptr_t frame_end = 0;  // 0: not found
  uintptr_t registers[kDwarfRegisters] = {};
};

_Unwind_Reason_Code look_at_caller(_Unwind_Context* context, void* arg) {
  auto* search = static_cast<CallerSearch*>(arg);
  uintptr_t cfa = _Unwind_GetCFA(context);
  if (cfa <= search->place) return _URC_NO_REASON;
  search->frame_end = cfa;
  registers_at_call(context, search->registers);
  return _URC_NORMAL_STOP;
}

// Does the panic unwind to a handler in the frame in which this object lies? The unwinder keeps the
// lower end of the handler's frame in private_2, unless it is a forced unwind already.
bool handler_is_here(const void* object, void* exception) {
  auto* exc = static_cast<_Unwind_Exception*>(exception) - 1;
  auto at = reinterpret_cast<uintptr_t>(object);
  const G* gp = getg();
  return exc->private_1 == 0 && at >= exc->private_2 && at >= gp->stack_lo && at < gp->stack_hi;
}

CallerSearch caller_of_frame(const void* object) {
  CallerSearch search{reinterpret_cast<uintptr_t>(object)};
  _Unwind_Backtrace(look_at_caller, &search);
  if (search.frame_end == 0) fatal(kGoexitTooLate);
  return search;
}

// Goexit, as if the caller of this frame had called it instead. The exception that unwinds is gone.
[[noreturn]] void leave_frame(void* exception, const CallerSearch& caller) {
  _Unwind_DeleteException(static_cast<_Unwind_Exception*>(exception) - 1);
  getm()->eh_globals->uncaught_exceptions--;
#if defined(GOLAB_ASAN)
  __asan_handle_no_return();
#endif
  call_instead(caller.registers, Goexit);
}

// Is the frame of throw_panic that made the site still on this stack?
bool on_stack(const ThrowSite* site) {
  FrameSearch search{reinterpret_cast<uintptr_t>(site), 0};
  _Unwind_Backtrace(look_at, &search);
  return search.function == reinterpret_cast<uintptr_t>(&throw_panic);
}

}  // namespace

[[noreturn, gnu::noinline]] void throw_panic(PanicRecord* record, void (*raise)(const void*),
                                             const void* arg) {
  ThrowSite site;
  record->site = &site;
  record->in_flight = std::uncaught_exceptions() + 1;
  if (__builtin_setjmp(site.jump) == 0) {
    raise(arg);
  } else {
    abi::__cxa_end_catch();  // the library had begun one, and called terminate in it
    goexit_unwind();
  }
  __builtin_unreachable();
}

void leave_from_throw(ThrowSite* site) {
  if (site == nullptr || !on_stack(site)) return;
#if defined(GOLAB_ASAN)
  __asan_handle_no_return();
#endif
  __builtin_longjmp(site->jump, 1);
}

namespace {
PanicRecord* dying_panic(const G* gp) {
  PanicRecord* r = gp->panics;
  while (r != nullptr && !r->dying) r = r->link.get();
  return r;
}
}  // namespace

[[noreturn, gnu::noinline]] void Goexit() {
  G* gp = getg();
  if (std::uncaught_exceptions() > 0) throw glue::Leave();
  PanicRecord* dying = dying_panic(gp);
  if (dying == nullptr) goexit_unwind();
  dying->forgotten = true;
  run_defers(gp);
  throw glue::Leave();
}

std::optional<Underway> panic_underway() {
  PanicRecord* newest = getg()->panics;
  if (newest == nullptr || newest->forgotten) return std::nullopt;
  int in_flight = std::uncaught_exceptions();
  bool unwinds = in_flight > 0 && newest->exception != nullptr && newest->in_flight == in_flight;
  if (!unwinds && !newest->dying) return std::nullopt;
  return Underway{Panic(newest->shared_from_this()), unwinds};
}

}  // namespace runtime

glue::Leave::~Leave() {
  if (!caught_) runtime::fatal("runtime.Goexit was swallowed by a catch (...) that does not rethrow");
}

void DeferBase::left(glue::Leave& leave) {
  int in_flight = std::uncaught_exceptions();
  runtime::PanicRecord* newest = runtime::getg()->panics;
  // An ordinary end of the Defer's scope, in a Defer that a panic runs: that one is to end, too.
  if (in_flight == 0 || (newest != nullptr && newest == made_during_)) throw;
  leave.caught();
  for (runtime::PanicRecord* r = newest; r != nullptr; r = r->link.get()) {
    if (r->exception == nullptr || r->in_flight != in_flight) continue;
    r->forgotten = true;
    void* exception = r->exception;
    if (!runtime::handler_is_here(this, exception)) return runtime::goexit_instead(exception);
    runtime::CallerSearch caller = runtime::caller_of_frame(this);
    abi::__cxa_end_catch();  // the Leave
    runtime::G* gp = runtime::getg();
    while (gp->defers != nullptr && reinterpret_cast<uintptr_t>(gp->defers) < caller.frame_end) {
      DeferBase* d = std::exchange(gp->defers, gp->defers->link_);
      d->done_ = true;
      d->call();
    }
    runtime::leave_frame(exception, caller);
  }
  // No panic unwinds: either another Leave does, or an exception that has no record.
  if (newest == nullptr) runtime::fatal(runtime::kGoexitTooLate);
}

}  // namespace golab
