// panic.cpp: raising panics, their values as text, and Defers (panic.h).
#include "runtime/die/panic.h"

#include <cxxabi.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <limits>

#include "runtime/die/die.h"
#include "runtime/sched/proc.h"

namespace golab {
namespace runtime {
namespace {

class RuntimeError final : public PanicValue {
 public:
  explicit RuntimeError(std::string text) : error_{std::move(text)} {}
  std::string print() const override { return error_.text; }
  const std::type_info& type() const override { return typeid(Error); }
  const void* address() const override { return &error_; }

 private:
  Error error_;
};

// What panic() throws. As long as it lives, its panic unwinds or is being handled.
class RaisedPanic final : public Panic {
 public:
  explicit RaisedPanic(std::shared_ptr<PanicRecord> record) : Panic(std::move(record)) {
    runningPanicDefers.fetch_add(1);
  }
  RaisedPanic(const RaisedPanic& other) : Panic(other) { runningPanicDefers.fetch_add(1); }
  RaisedPanic& operator=(const RaisedPanic&) = delete;
  ~RaisedPanic() { runningPanicDefers.fetch_sub(1); }
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

// A panic raised while another one unwinds or is being handled is chained to it. There may be one
// of each: in a Defer that a dying panic runs, or in a catch block below one that unwinds. The
// newest one counts.
std::shared_ptr<PanicRecord> predecessor(bool* recovered) {
  *recovered = false;
  std::shared_ptr<PanicRecord> caught = handled();
  G* gp = getg();
  PanicRecord* newest = gp != nullptr ? gp->panics : nullptr;
  if (newest != nullptr && newest != caught.get() &&
      (std::uncaught_exceptions() > 0 || newest->dying)) {
    return newest->shared_from_this();
  }
  *recovered = caught != nullptr && !caught->dying;
  return caught;
}

[[noreturn]] void raise(std::shared_ptr<PanicRecord> record) {
  record->goid = goid();
  bool recovered = false;
  record->link = predecessor(&recovered);
  if (record->link != nullptr) record->link->recovered = recovered;
  if (G* gp = getg()) {
    record->raiser = gp;
    gp->panics = record.get();
  }
  throw RaisedPanic(std::move(record));
}

}  // namespace

std::atomic<uint32_t> runningPanicDefers{0};

bool is_panic(const std::type_info& type) {
  return type == typeid(RaisedPanic) || type == typeid(Panic);
}

PanicRecord::~PanicRecord() {
  if (raiser != nullptr && raiser->panics == this) raiser->panics = nullptr;
}

[[noreturn, gnu::noinline]] void gopanic(std::shared_ptr<PanicValue> value) {
  auto record = std::make_shared<PanicRecord>();
  // Copied, not moved: GCC 12 assumes that a function which does not return leaves its argument
  // alone, so a caller in this file would destroy it again.
  record->value = value;
  take_stack(1, record.get());
  raise(std::move(record));
}

[[noreturn]] void gopanic_fault(const char* text, std::shared_ptr<PanicRecord> record) {
  record->value = std::make_shared<RuntimeError>(std::string("runtime error: ") + text);
  raise(std::move(record));
}

[[gnu::noinline]] void panic_runtime_error(const char* s, bool prefixed) {
  gopanic(std::make_shared<RuntimeError>(prefixed ? std::string("runtime error: ") + s
                                                  : std::string(s)));
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

std::string printtype(const std::type_info& type, const void* value) {
  int status = 0;
  char* name = abi::__cxa_demangle(type.name(), nullptr, nullptr, &status);
  std::string shown = status == 0 ? name : type.name();
  free(name);
  if (shown.find("::") == std::string::npos) shown.insert(0, "main.");
  for (size_t at; (at = shown.find("::")) != std::string::npos;) shown.replace(at, 2, ".");
  if (shown.rfind("golab.", 0) == 0) shown.erase(0, 6);
  char address[32];
  snprintf(address, sizeof address, "%p", value);
  return "(" + shown + ") " + address;
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
