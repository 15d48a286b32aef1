// map.h: sync.Map: a map that many goroutines may use at once.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/sync/rwmutex.h"

namespace golab::sync {

template <typename K, typename V>
class Map {
 public:
  // The value and true; a zero value and false if there is none.
  std::pair<V, bool> Load(const K& key) {
    Locker reader = rw_.RLocker();
    glue::Locked lock(reader);
    auto it = map_.find(key);
    return it == map_.end() ? std::pair<V, bool>() : std::pair<V, bool>(it->second, true);
  }
  void Store(const K& key, V value) {
    glue::Locked lock(rw_);
    map_.insert_or_assign(key, std::move(value));
  }
  // What was there and true, or what was stored now and false.
  std::pair<V, bool> LoadOrStore(const K& key, V value) {
    glue::Locked lock(rw_);
    auto [it, stored] = map_.try_emplace(key, std::move(value));
    return {it->second, !stored};
  }
  std::pair<V, bool> LoadAndDelete(const K& key) {
    glue::Locked lock(rw_);
    auto it = map_.find(key);
    auto found = it == map_.end() ? std::pair<V, bool>() : std::pair<V, bool>(it->second, true);
    if (it != map_.end()) map_.erase(it);
    return found;
  }
  void Delete(const K& key) { LoadAndDelete(key); }
  // Calls f(key, value) for what was in the map when Range began, until f answers false.
  template <typename F>
  void Range(F f) {
    std::vector<std::pair<K, V>> all;
    {
      Locker reader = rw_.RLocker();
      glue::Locked lock(reader);
      all.assign(map_.begin(), map_.end());
    }
    for (auto& [key, value] : all) {
      if (!f(key, value)) return;
    }
  }

 private:
  RWMutex rw_;
  std::unordered_map<K, V> map_;
};

}  // namespace golab::sync
