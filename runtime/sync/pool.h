// pool.h: sync.Pool: keeps values to use them again.
//
//   sync::Pool<std::string> pool([] { return std::string(); });  // pool := sync.Pool{New: ...}
//   std::string s = pool.Get();                                  // s := pool.Get().(string)
//   pool.Put(std::move(s));                                      // pool.Put(s)
//
// Go's garbage collector empties a pool. This one keeps a fixed number of values and drops the
// rest.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "runtime/sync/func.h"
#include "runtime/sync/mutex.h"

namespace golab::sync {

template <typename T>
class Pool {
 public:
  Pool() = default;
  explicit Pool(golab::glue::Func<T()> make) : New(std::move(make)) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // Get calls it when the pool is empty. If it is nil, Get returns a zero value.
  golab::glue::Func<T()> New;

  T Get() {
    {
      glue::Locked lock(mu_);
      if (!items_.empty()) {
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
      }
    }
    return New ? New() : T();
  }
  void Put(T item) {
    glue::Locked lock(mu_);
    if (items_.size() < kKept) items_.push_back(std::move(item));
  }

 private:
  static constexpr size_t kKept = 1024;
  Mutex mu_;
  std::vector<T> items_;
};

}  // namespace golab::sync
