// lazy_array.h: a mapping of n zeroed Ts that is memory only where it was touched.
//
// It is made before the world stops, for as many goroutines as there may be, and filled by
// recorders that must not allocate. Given back it goes a piece at a time: the kernel needs a
// quarter of a microsecond for a page, which is milliseconds for a hundred thousand goroutines, and
// whoever else wants the processor should not feel them.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <type_traits>
#include <utility>

#include "runtime/core/panic.h"
#include "runtime/core/proc.h"

namespace golab::profiler {

template <typename T>
class LazyArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  LazyArray() = default;
  // Panics if there is no address space for it.
  explicit LazyArray(size_t n) : bytes_(n * sizeof(T)) {
    if (bytes_ == 0) return;
    void* at = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) panic("goroutine profile: out of address space (see ulimit -v)");
    data_ = static_cast<T*>(at);
  }
  // On a goroutine: may let others run.
  ~LazyArray() {
    if (data_ == nullptr) return;
    auto* at = reinterpret_cast<char*>(data_);
    size_t used = size_ * sizeof(T);
    for (size_t done = 0; done < used; done += kPiece) {
      madvise(at + done, used - done < kPiece ? used - done : kPiece, MADV_DONTNEED);
      if (runtime::getg() != nullptr) runtime::yield_if_others_wait();
    }
    munmap(at, bytes_);
  }
  LazyArray(LazyArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        bytes_(std::exchange(other.bytes_, 0)),
        size_(std::exchange(other.size_, 0)) {}
  LazyArray& operator=(LazyArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }

  size_t capacity() const { return bytes_ / sizeof(T); }
  // Any index below the capacity may be used; those below size() are what begin() to end() show.
  T& operator[](size_t i) { return data_[i]; }
  const T& operator[](size_t i) const { return data_[i]; }
  void set_size(size_t n) { size_ = n; }
  size_t size() const { return size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }

 private:
  static constexpr size_t kPiece = size_t{256} << 10;

  T* data_ = nullptr;
  size_t bytes_ = 0;
  size_t size_ = 0;
};

}  // namespace golab::profiler
