// map.h: sync.Map: a map that many goroutines may use at once.
//
//   sync::Map<std::string, int> m;    // var m sync.Map
//   m.Store("a", 1);                  // m.Store("a", 1)
//   auto [v, ok] = m.Load("a");       // v, ok := m.Load("a")
//
// All calls take an RWMutex inside the map, so a call may park while another changes the map.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/sync/rwmutex.h"

namespace golab::sync {

template <typename K, typename V>
class Map {
 public:
  // Returns the value and true, or a zero value and false if there is none.
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
  // Returns the value that was there and true, or stores `value` and returns it and false.
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
  // Stores `value`. Returns the value that was there and true, or a zero value and false.
  std::pair<V, bool> Swap(const K& key, V value) {
    glue::Locked lock(rw_);
    auto [it, stored] = map_.try_emplace(key);
    return {std::exchange(it->second, std::move(value)), !stored};
  }
  // If the value of key equals `old`, stores `value` and returns true.
  bool CompareAndSwap(const K& key, const V& old, V value) {
    glue::Locked lock(rw_);
    auto it = map_.find(key);
    if (it == map_.end() || !(it->second == old)) return false;
    it->second = std::move(value);
    return true;
  }
  // If the value of key equals `old`, deletes it and returns true.
  bool CompareAndDelete(const K& key, const V& old) {
    glue::Locked lock(rw_);
    auto it = map_.find(key);
    if (it == map_.end() || !(it->second == old)) return false;
    map_.erase(it);
    return true;
  }
  void Clear() {
    glue::Locked lock(rw_);
    map_.clear();
  }
  // Calls f(key, value) for all that was in the map when Range began, until f returns false. f may
  // use the map.
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
