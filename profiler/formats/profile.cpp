// profile.cpp: sums and frames of a profile, and what all readers say.
#include "profiler/formats/profile.h"

#include "profiler/formats/reader.h"

namespace golab::profiler {

int64_t total(const SymbolizedProfile& profile) {
  int64_t sum = 0;
  for (const Sample& sample : profile.samples) {
    if (!sample.values.empty()) sum = wrapping_add(sum, sample.values[0]);
  }
  return sum;
}

std::vector<FrameRef> frames_of_sample(const SymbolizedProfile& profile, const Sample& sample) {
  std::vector<FrameRef> frames;
  frames.reserve(sample.locations.size());
  for (uint32_t index : sample.locations) {
    const Location& location = profile.locations[index];
    if (location.lines.empty()) frames.push_back({&location, nullptr, nullptr});
    for (const Line& line : location.lines) {
      const Function* function =
          line.function == kNone ? nullptr : &profile.functions[line.function];
      frames.push_back({&location, &line, function});
    }
  }
  return frames;
}

void charge_reports(const SymbolizedProfile& profile, MemoryAccount& memory) {
  std::vector<uint64_t> longest;  // by location
  for (const Location& location : profile.locations) {
    uint64_t& most = longest.emplace_back(0);
    for (const Line& line : location.lines) {
      if (line.function == kNone) continue;
      const Function& function = profile.functions[line.function];
      most = std::max<uint64_t>(most, function.name.size() + function.file.size());
    }
  }
  for (const Sample& sample : profile.samples) {
    uint64_t most = 0;
    for (uint32_t location : sample.locations) most = std::max(most, longest[location]);
    memory.charge(most);
  }
}

std::string Unreadable::text() const {
  if (count_ == 0) return {};
  return std::to_string(count_) +
         (count_ == 1 ? " line could not be read and counts for nothing; it is line "
                      : " lines could not be read and count for nothing; the first is line ") +
         std::to_string(number_) + ": \"" + line_ + "\".";
}

}  // namespace golab::profiler
