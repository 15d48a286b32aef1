// unnamed.cpp: one pass over the roots, one over the stacks.
#include "profiler/analysis/unnamed.h"

#include <algorithm>

#include "runtime/fmt/fmt.h"

namespace golab::profiler {

UnnamedStacks::UnnamedStacks(const SymbolizedProfile& profile)
    : profile_(profile), root_(profile.locations.size()), in_one_(profile.locations.size()) {
  for (const Sample& sample : profile.samples) {
    if (sample.locations.size() > 1) root_[sample.locations.back()] = true;
  }
  for (const Sample& sample : profile.samples) {
    if (!has(sample)) continue;
    for (uint32_t location : sample.locations) in_one_[location] = true;
  }
}

bool UnnamedStacks::has(const Sample& sample) const {
  const std::vector<uint32_t>& stack = sample.locations;
  if (stack.empty() || (stack.size() == 1 && root_[stack[0]])) return false;
  auto has_address = [this](uint32_t location) {
    const uint64_t address = profile_.locations[location].address;
    return address != 0 && address != UINT64_MAX;  // Go fills the stacks of threads with these
  };
  if (std::none_of(stack.begin(), stack.end(), has_address)) return false;
  auto named = [this](uint32_t location) {
    const std::vector<Line>& lines = profile_.locations[location].lines;
    return std::any_of(lines.begin(), lines.end(), [this](const Line& line) {
      return line.function != kNone && !profile_.functions[line.function].name.empty();
    });
  };
  return std::none_of(stack.begin(), stack.end(), named);
}

std::string address_text(const Location& location) { return fmt::Sprintf("%#x", location.address); }

}  // namespace golab::profiler
