// foreign.cpp: exceptions that are not panics, turned into panics.
//
// A std::exception does not know where it was raised, and when it is caught the frames are gone. So
// the program has a __cxa_throw of its own, which takes the stack down and calls the library's (and
// a __cxa_rethrow, which notes that a panic is raised again). The
// C++ library's own throws reach it too: the dynamic linker finds the program's symbols first. Each
// thread keeps the stack of its newest throw, because a catch comes right after it.
#include <cxxabi.h>
#include <dlfcn.h>

#include <cstring>

#include "runtime/die/die.h"
#include "runtime/sched/proc.h"
#include "runtime/traceback/naming.h"

#if defined(GOLAB_ASAN)
#include <sanitizer/asan_interface.h>
#endif

namespace golab::runtime {
namespace {

struct Throw {
  const void* object = nullptr;  // the exception
  uint64_t goid = 0;
  PanicStack stack{};
};
thread_local constinit Throw newest_throw;

// Takes down the stack from the caller of the function that has this frame record. The C++
// library's frames that lead to the throw are left out, unless there are no others.
[[gnu::noinline]] void note_throw(const void* object, const void* frame) {
  Throw& t = newest_throw;
  t.object = nullptr;
  const G* gp = getg();
  auto at = reinterpret_cast<uintptr_t>(frame);
  if (gp == nullptr || at < gp->stack_lo || at >= gp->stack_hi) return;
  PanicStack& s = t.stack;
  s.keep(walk_anywhere(caller_of(frame), gp->stack_lo, gp->stack_hi, s.buffer()));
  uint32_t skip = 0;
  while (skip < s.depth && !own_code(s.pcs[skip] - 1)) skip++;
  if (skip == s.depth) skip = 0;
  s.depth -= skip;
  memmove(s.pcs, s.pcs + skip, s.depth * sizeof *s.pcs);
  t.goid = gp->goid;
  t.object = object;
}

// No stack is known if the goroutine runs on another thread now, or has thrown again.
[[gnu::noinline]] void take_stack_of_throw(const void* object, PanicRecord* record) {
  const Throw& t = newest_throw;
  if (t.object == object && t.goid == goid()) record->stack = t.stack;
}

// Itanium C++ ABI: an exception_ptr is the address of the exception.
const void* object_of(const std::exception_ptr& exception) {
  const void* object = nullptr;
  static_assert(sizeof exception == sizeof object);
  memcpy(&object, &exception, sizeof object);
  return object;
}

struct ForeignValue final : PanicValue {
  std::string text;
  const std::type_info* of = &typeid(void);
  std::string print() const override { return text; }
  const std::type_info& type() const override { return *of; }
  const void* address() const override { return nullptr; }
};

std::shared_ptr<ForeignValue> describe_foreign(const std::exception* e) {
  auto value = std::make_shared<ForeignValue>();
  value->text = "exception of unknown type";
  if (const std::type_info* type = abi::__cxa_current_exception_type()) {
    value->text = demangled(type->name());
    value->of = type;
  }
  if (e != nullptr) value->text += std::string(": ") + e->what();
  return value;
}

std::shared_ptr<PanicRecord> foreign_record(const std::exception_ptr& exception,
                                            const std::exception* e, bool chained) {
  auto record = std::make_shared<PanicRecord>();
  record->value = describe_foreign(e);
  record->goid = goid();
  take_stack_of_throw(object_of(exception), record.get());
  G* gp = getg();
  if (chained && gp != nullptr && gp->panics != nullptr) {
    record->link = gp->panics->shared_from_this();
  }
  return record;
}

}  // namespace

std::shared_ptr<PanicRecord> record_of(const std::exception_ptr& exception, bool chained) {
  if (exception == nullptr) return nullptr;
  try {
    std::rethrow_exception(exception);
  } catch (Panic& p) {
    return p.record();
  } catch (std::exception& e) {
    return foreign_record(exception, &e, chained);
  } catch (...) {
    return foreign_record(exception, nullptr, chained);
  }
}

Panic panic_caught() {
  std::exception_ptr caught = std::current_exception();
  if (caught == nullptr) throw;  // a Goexit: forced unwinding is no exception, and goes on
  std::shared_ptr<PanicRecord> record = record_of(caught, false);
  if (record->forgotten) throw;  // a Goexit that has ended this panic
  return Panic(std::move(record));
}

}  // namespace golab::runtime

namespace golab::glue {

[[gnu::noinline]] void noted_throw(void* object, std::type_info* type,
                                   void (*destroy)(void*)) asm("__cxa_throw");
[[gnu::noinline]] void noted_rethrow() asm("__cxa_rethrow");

namespace {

template <typename F>
F* of_library(F*, const char* symbol) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, symbol));
}

void before_throw() {
#if defined(GOLAB_ASAN)
  __asan_handle_no_return();
#endif
}

struct Thrown {
  void* object;
  std::type_info* type;
  void (*destroy)(void*);
};

}  // namespace

void noted_throw(void* object, std::type_info* type, void (*destroy)(void*)) {
  static auto* const next = of_library(noted_throw, "__cxa_throw");
  runtime::PanicRecord* record = runtime::record_of_thrown(object, *type);
  if (record == nullptr) runtime::note_throw(object, __builtin_frame_address(0));
  before_throw();
  Thrown thrown{object, type, destroy};
  if (record == nullptr) next(object, type, destroy);
  runtime::throw_panic(
      record,
      [](const void* arg) {
        const auto* t = static_cast<const Thrown*>(arg);
        next(t->object, t->type, t->destroy);
      },
      &thrown);
}

void noted_rethrow() {
  static auto* const next = of_library(noted_rethrow, "__cxa_rethrow");
  runtime::PanicRecord* record = runtime::note_rethrow();
  before_throw();
  if (record == nullptr) next();
  runtime::throw_panic(record, [](const void*) { next(); }, nullptr);
}

}  // namespace golab::glue
