// unnamed.h: stacks without a single name: they are told apart by their addresses.
#pragma once

#include <string>
#include <vector>

#include "profiler/formats/profile.h"

namespace golab::profiler {

class UnnamedStacks {
 public:
  explicit UnnamedStacks(const SymbolizedProfile& profile);

  // True if the sample has addresses, and none of them has a name. False for a goroutine that has
  // not started: its one address is the root of all stacks, runtime.goexit.
  bool has(const Sample& sample) const;
  // True if such a sample has the location.
  bool in_one(size_t location) const { return in_one_[location]; }

 private:
  const SymbolizedProfile& profile_;
  std::vector<bool> root_;    // by location: a longer stack ends with it
  std::vector<bool> in_one_;  // by location
};

// "0x42e139"
std::string address_text(const Location& location);

}  // namespace golab::profiler
