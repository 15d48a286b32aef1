// lazy_array.h: a mapping of n Ts that is memory only where it was touched.
//
// It is made before the world stops, for as many goroutines as there may be, and filled by
// recorders that must not allocate. The mapping is kept for the next one, with its first pages and
// what they hold: so a T is zero at first, or what an earlier array left there. To give the pages
// back after each dump and fault them in for the next was more than half of the walk: on a virtual
// machine it may take 200 µs until the host has found one. (To keep them and zero them here was no
// better: they are more than the caches hold.) number() says whose pages these are: what was in the
// first kKeptItems is still there when an array of the same number comes up again.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "runtime/core/reserve.h"

namespace golab::profiler {

template <typename T>
class LazyArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  static constexpr size_t kSmall = size_t{64} << 10;  // bytes in small pages: 1,600 goroutines
  static constexpr size_t kKept = kSmall + (size_t{64} << 20);  // 1.6 million
  static constexpr size_t kKeptItems = kKept / sizeof(T);

  LazyArray() = default;
  // Throws bad_alloc if there is no address space for it.
  explicit LazyArray(size_t n) {
    if (n == 0) return;
    Mapping* old = kept().exchange(nullptr);
    if (old != nullptr && old->bytes >= n * sizeof(T)) {
      map_.reset(old);
    } else {
      delete old;
      map_ = std::make_unique<Mapping>(n * sizeof(T));
    }
    map_->taken = next_number();
  }
  ~LazyArray() {
    if (map_ == nullptr) return;
    size_t used = touched_ * sizeof(T);
    if (used > kKept) madvise(map_->at + kKept, used - kKept, MADV_DONTNEED);
    // Of two, the one that was in use last: what is in there is worth more.
    std::unique_ptr<Mapping> other(kept().exchange(nullptr));
    if (other != nullptr && other->taken > map_->taken) std::swap(map_, other);
    delete kept().exchange(map_.release());
  }
  LazyArray(LazyArray&& other) noexcept { *this = std::move(other); }
  LazyArray& operator=(LazyArray&& other) noexcept {
    std::swap(map_, other.map_);
    std::swap(touched_, other.touched_);
    return *this;
  }

  size_t capacity() const { return map_ == nullptr ? 0 : map_->bytes / sizeof(T); }
  T& operator[](size_t i) { return data()[i]; }
  const T& operator[](size_t i) const { return data()[i]; }
  // Those from n on were never written.
  void set_touched(size_t n) { touched_ = n; }
  // Never 0, if there is a mapping.
  uint64_t number() const { return map_ == nullptr ? 0 : map_->number; }

 private:
  struct Mapping {
    explicit Mapping(size_t wanted) : bytes(wanted) {
      void* map = runtime::reserve(bytes, kSmall);
      if (map == nullptr) throw std::bad_alloc();
      at = static_cast<char*>(map);
    }
    ~Mapping() { munmap(at, bytes); }
    Mapping(const Mapping&) = delete;
    Mapping& operator=(const Mapping&) = delete;

    char* at;
    size_t bytes;
    uint64_t number = next_number();
    uint64_t taken = 0;  // by an array: the higher, the later
  };

  static uint64_t next_number() {
    static std::atomic<uint64_t> last;
    return ++last;
  }

  static std::atomic<Mapping*>& kept() {
    static std::atomic<Mapping*> mapping;
    return mapping;
  }
  T* data() const { return map_ == nullptr ? nullptr : reinterpret_cast<T*>(map_->at); }

  std::unique_ptr<Mapping> map_;
  size_t touched_ = 0;
};

}  // namespace golab::profiler
