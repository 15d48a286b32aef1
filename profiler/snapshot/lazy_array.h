// lazy_array.h: an array in a mapping of its own, for recorders, which must not allocate.
//
// All bits are 0 at first. A page takes memory only when it is touched (runtime/core/reserve.h).
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

#include "runtime/core/reserve.h"

namespace golab::profiler {

template <typename T>
class LazyArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  LazyArray() = default;
  // Throws bad_alloc if there is no address space for it.
  explicit LazyArray(size_t n) : map_(n != 0 ? map(n) : nullptr, Unmap{n * sizeof(T)}) {}

  size_t size() const { return map_.get_deleter().bytes / sizeof(T); }
  T* data() const { return map_.get(); }
  T& operator[](size_t i) const { return map_[i]; }
  // Gives the memory of the first n back. They are 0 again, and so is the rest of their last page.
  void forget(size_t n) { madvise(static_cast<void*>(data()), n * sizeof(T), MADV_DONTNEED); }

 private:
  struct Unmap {
    size_t bytes = 0;
    void operator()(T* at) const { munmap(static_cast<void*>(at), bytes); }
  };
  static T* map(size_t n) {
    void* at = runtime::reserve(n * sizeof(T));
    if (at == nullptr) throw std::bad_alloc();
    return static_cast<T*>(at);
  }
  std::unique_ptr<T[], Unmap> map_;
};

}  // namespace golab::profiler
