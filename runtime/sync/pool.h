// pool.h: sync.Pool: a bag of things that were used before and may be used again.
//
// Go's is emptied by the garbage collector; this one keeps at most a fixed number and drops the
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
  explicit Pool(golab::glue::Func<T()> make) : New(std::move(make)) {}

  golab::glue::Func<T()> New;  // called by Get when the bag is empty

  T Get() {
    {
      glue::Locked lock(mu_);
      if (!items_.empty()) {
        T item = std::move(items_.back());
        items_.pop_back();
        return item;
      }
    }
    return New();
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
