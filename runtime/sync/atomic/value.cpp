// value.cpp: sync/atomic's Value.
#include "runtime/sync/atomic/value.h"

#include <string>
#include <utility>

#include "runtime/die/panic.h"

namespace golab::sync::atomic {

namespace {
bool same_type(const any& a, const any& b) { return a.type_name() == b.type_name(); }
}  // namespace

// Requires mu_.
void Value::check(const any& v, const char* what) const {
  if (v_ == nullptr || same_type(v_, v)) return;
  panic(std::string("sync/atomic: ") + what + " of inconsistently typed value into Value");
}

any Value::Load() const {
  golab::glue::Locked lock(mu_);
  return v_;
}

void Value::Store(any v) {
  if (v == nullptr) panic("sync/atomic: store of nil value into Value");
  golab::glue::Locked lock(mu_);
  check(v, "store");
  v_ = std::move(v);
}

any Value::Swap(any v) {
  if (v == nullptr) panic("sync/atomic: swap of nil value into Value");
  golab::glue::Locked lock(mu_);
  check(v, "swap");
  return std::exchange(v_, std::move(v));
}

bool Value::CompareAndSwap(const any& old, any v) {
  if (v == nullptr) panic("sync/atomic: compare and swap of nil value into Value");
  if (old != nullptr && !same_type(old, v)) {
    panic("sync/atomic: compare and swap of inconsistently typed values");
  }
  golab::glue::Locked lock(mu_);
  check(v, "compare and swap");
  if (!(v_ == old)) return false;
  v_ = std::move(v);
  return true;
}

}  // namespace golab::sync::atomic
