// panic.cpp: raising panics, their values as text, and Defers (panic.h).
#include "runtime/die/panic.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "runtime/die/die.h"
#include "runtime/errors/errors.h"
#include "runtime/sched/proc.h"
#include "runtime/traceback/naming.h"
#include "runtime/traceback/stack.h"

namespace golab {
namespace runtime {
namespace {

// What panic() throws. As long as it lives, its panic unwinds or is being handled.
class RaisedPanic final : public Panic {
 public:
  explicit RaisedPanic(std::shared_ptr<PanicRecord> record) : Panic(std::move(record)) {
    runningPanicDefers.fetch_add(1);
  }
  RaisedPanic(const RaisedPanic& other) : Panic(other) { runningPanicDefers.fetch_add(1); }
  RaisedPanic& operator=(const RaisedPanic&) = delete;
  ~RaisedPanic() {
    if (record()->exception == this) record()->exception = nullptr;
    runningPanicDefers.fetch_sub(1);
  }
};

// The panic that a catch block handles now, if any.
std::shared_ptr<PanicRecord> handled() {
  if (std::exception_ptr exception = std::current_exception()) {
    try {
      std::rethrow_exception(exception);
    } catch (Panic& p) {
      return p.record();
    } catch (...) {}
  }
  return nullptr;
}

// Would Go's panic(recover()) have this value? The same one, or the same error.
bool same_value(const PanicValue& a, const PanicValue& b) {
  if (&a == &b) return true;
  if (a.type() != typeid(error) || b.type() != typeid(error)) return false;
  const auto *x = static_cast<const error*>(a.address()), *y = static_cast<const error*>(b.address());
  return x->box() == y->box();
}

std::shared_ptr<PanicValue> runtime_error(bool prefixed, const char* text) {
  return std::make_shared<glue::TypedPanicValue<Error>>(
      Error{(prefixed ? std::string("runtime error: ") : std::string()) + text});
}

[[noreturn]] void raise(std::shared_ptr<PanicRecord> record) {
  record->goid = goid();
  // A panic raised while another one unwinds or is being handled is chained to it. There may be one
  // of each: in a Defer that a dying panic runs, or in a catch block below one that unwinds. The
  // newest one counts.
  record->link = handled();
  bool recovered = record->link != nullptr && !record->link->dying;
  G* gp = getg();
  PanicRecord* newest = gp != nullptr ? gp->panics : nullptr;
  if (newest != nullptr && newest != record->link.get() &&
      (std::uncaught_exceptions() > 0 || newest->dying)) {
    record->link = newest->shared_from_this();
    recovered = false;
  }
  if (record->link != nullptr) {
    record->link->recovered = recovered;
    record->link->repanicked = same_value(*record->link->value, *record->value);
  }
  if (gp != nullptr) {
    record->raiser = gp;
    gp->panics = record.get();
  }
  throw RaisedPanic(std::move(record));
}

}  // namespace

std::atomic<uint32_t> runningPanicDefers{0};

PanicRecord* record_of_thrown(void* object, const std::type_info& type) {
  bool raised = type == typeid(RaisedPanic);
  if (!raised && type != typeid(Panic)) return nullptr;  // a copy: `throw p;`
  PanicRecord* record = static_cast<Panic*>(object)->record().get();
  record->exception = raised ? object : nullptr;
  return record;
}

PanicRecord* note_rethrow() {
  std::shared_ptr<PanicRecord> record = handled();
  if (record == nullptr || record->forgotten) return nullptr;
  record->repanicked = true;
  return record.get();  // the exception keeps it
}

// The panic below this one is the newest again, if it is still on its way.
PanicRecord::~PanicRecord() {
  if (raiser == nullptr || raiser->panics != this) return;
  bool goes_on = link != nullptr && link->raiser == raiser &&
                 (link->exception != nullptr || link->dying);
  raiser->panics = goes_on ? link.get() : nullptr;
}

[[noreturn, gnu::noinline]] void gopanic(std::shared_ptr<PanicValue> value) {
  auto record = std::make_shared<PanicRecord>();
  // Copied, not moved: GCC 12 assumes that a function which does not return leaves its argument
  // alone, so a caller in this file would destroy it again.
  record->value = value;
  record->stack.keep(callers_both_ends(1, record->stack.buffer()));
  raise(std::move(record));
}

[[noreturn, gnu::noinline]] void gopanic(const Panic& again) {
  auto record = std::make_shared<PanicRecord>();
  record->value = again.record()->value;
  record->stack.keep(callers_both_ends(1, record->stack.buffer()));
  raise(std::move(record));
}

[[noreturn]] void gopanic_fault(const char* text, std::shared_ptr<PanicRecord> record) {
  record->value = runtime_error(true, text);
  raise(std::move(record));
}

[[gnu::noinline]] void panic_runtime_error(const char* s, bool prefixed) {
  gopanic(runtime_error(prefixed, s));
}

// The shortest digits that read back as the same value; an exponent from 1e6 on and below 1e-4.
template <typename F>
std::string shortest(F v) {
  if (v != v) return "NaN";
  if (v > std::numeric_limits<F>::max()) return "+Inf";
  if (v < std::numeric_limits<F>::lowest()) return "-Inf";
  char text[64];
  char* end = std::to_chars(text, text + sizeof text, v, std::chars_format::scientific).ptr;
  *end = '\0';
  const char* e = std::find(text, end, 'e');
  int exponent = atoi(e + 1);
  if (exponent < -4 || exponent >= 6) return std::string(text, end);
  end = std::to_chars(text, text + sizeof text, v, std::chars_format::fixed).ptr;
  return std::string(text, end);
}

std::string printpanicval(double v) { return shortest(v); }
std::string printpanicval(float v) { return shortest(v); }

std::string printcustom(const std::type_info& type, std::string_view value) {
  return go_type(type) + "(" + std::string(value) + ")";
}

std::string printtype(const std::type_info& type, const void* value) {
  char address[32];
  snprintf(address, sizeof address, "0x%lx", reinterpret_cast<unsigned long>(value));
  return "(" + go_type(type) + ") " + address;
}

[[noreturn, gnu::noinline]] void throw_(const char* s) { die_fatal(s, /*runtime_fault=*/true); }
[[noreturn, gnu::noinline]] void fatal(const char* s) { die_fatal(s, /*runtime_fault=*/false); }
[[noreturn]] void fatal_deadlock(const char* s) { die_deadlock(s); }

}  // namespace runtime

std::string Panic::String() const { return record_->value->print(); }
std::string Panic::Stack() const { return runtime::panic_stack(*record_); }
const std::type_info& Panic::type() const { return record_->value->type(); }
const void* Panic::address() const { return record_->value->address(); }

DeferBase::DeferBase() {
  runtime::G* gp = runtime::getg();
  link_ = gp->defers;
  made_during_ = gp->panics;
  gp->defers = this;
}

bool DeferBase::unlink() {
  if (done_) return false;
  runtime::getg()->defers = link_;
  return true;
}

void run_defers(runtime::G* gp) {
  while (DeferBase* d = gp->defers) {
    gp->defers = d->link_;
    d->done_ = true;
    d->call();
  }
}

}  // namespace golab
