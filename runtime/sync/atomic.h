// atomic.h: sync/atomic: Go's atomic types, on std::atomic.
//
//   atomic::Int64 hits;   // var hits atomic.Int64
//   hits.Add(1);          // hits.Add(1)
//   hits.Load()           // hits.Load()
//
// All operations are sequentially consistent. None parks or panics. atomic.Value, which holds a value
// of any type, is in atomic/value.h.
#pragma once

#include <atomic>
#include <cstdint>

namespace golab::sync::atomic {

template <typename T>
class Plain {
 public:
  constexpr Plain() = default;
  constexpr explicit Plain(T v) : v_(v) {}
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  T Load() const { return v_.load(); }
  void Store(T v) { v_.store(v); }
  T Swap(T v) { return v_.exchange(v); }
  bool CompareAndSwap(T old, T v) { return v_.compare_exchange_strong(old, v); }

 protected:
  std::atomic<T> v_{};
};

template <typename T>
class Integer : public Plain<T> {
 public:
  using Plain<T>::Plain;
  T Add(T delta) { return this->v_.fetch_add(delta) + delta; }  // the new value
  T And(T mask) { return this->v_.fetch_and(mask); }            // the old value
  T Or(T mask) { return this->v_.fetch_or(mask); }              // the old value
};

using Int32 = Integer<int32_t>;
using Int64 = Integer<int64_t>;
using Uint32 = Integer<uint32_t>;
using Uint64 = Integer<uint64_t>;
using Uintptr = Integer<uintptr_t>;
using Bool = Plain<bool>;
template <typename T>
using Pointer = Plain<T*>;

}  // namespace golab::sync::atomic

namespace golab {
namespace atomic = sync::atomic;
}
