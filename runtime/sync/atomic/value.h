// value.h: sync/atomic's Value: a value of any one type, replaced as a whole.
//
//   sync::atomic::Value config;                        // var config atomic.Value
//   config.Store(load());                              // config.Store(load())
//   auto c = config.Load().as<Config>();               // c := config.Load().(Config)
//
// All values stored in one Value have one type. The calls take a mutex for a moment.
#pragma once

#include "runtime/fmt/any.h"
#include "runtime/sync/mutex.h"

namespace golab::sync::atomic {

class Value {
 public:
  Value() = default;
  Value(const Value&) = delete;
  Value& operator=(const Value&) = delete;

  // What was stored last; nil if nothing was.
  any Load() const;
  // Panics "sync/atomic: store of nil value into Value", and "… of inconsistently typed value …".
  void Store(any v);
  // Stores `v`, and returns what was there. Panics as Store does, with "swap" for "store".
  any Swap(any v);
  // If what is there equals `old`, stores `v` and returns true. A nil `old`: if nothing is there.
  // Panics as Store does, with "compare and swap"; "… of inconsistently typed values" if the two have
  // not one type; and as == does if that cannot be compared.
  bool CompareAndSwap(const any& old, any v);

 private:
  void check(const any& v, const char* what) const;

  mutable Mutex mu_;
  any v_;
};

}  // namespace golab::sync::atomic
