// profile.cpp: sums and frames of a profile, and the choice of the reader that a file needs.
#include "profiler/formats/profile.h"

#include "profiler/formats/gzip.h"
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

namespace {

// False for protobuf: its lengths and small numbers are control characters that no text has.
bool looks_like_text(std::string_view bytes) {
  for (char c : bytes.substr(0, 32)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') return false;
  }
  return true;
}

std::string refuse_text(std::string_view bytes, const std::string& name) {
  if (bytes.starts_with("goroutine ") && bytes.find(" [") < 40) {
    return name +
           ": this is the ?debug=2 dump: it lists goroutines one by one and holds no counted "
           "stacks. Fetch the profile without debug=2.";
  }
  if (bytes.starts_with("<") || bytes.starts_with("{")) {
    return name +
           ": this is a web page or an API's answer, not a profile. A goroutine profile lies at "
           "http://HOST/debug/pprof/goroutine.";
  }
  return {};
}

}  // namespace

ReadResult read_profile(std::string_view bytes, const std::string& name, ReadLimits limits) {
  std::string unpacked;
  if (is_gzip(bytes)) {
    std::string wrong = gunzip(bytes, limits.unpacked_bytes_max, unpacked);
    if (!wrong.empty()) return {{}, name + ": " + wrong + ". Fetch the profile again."};
    bytes = unpacked;
  }
  if (is_gzip(bytes)) {
    return {{}, name + ": it is packed by gzip twice. Unpack it once: gunzip < FILE > ONCE.gz."};
  }
  if (bytes.empty()) {
    return {{}, name + ": the file is empty: nothing was fetched into it. Fetch it again."};
  }
  if (!looks_like_text(bytes)) return read_pprof(bytes, name, limits);
  if (std::string refusal = refuse_text(bytes, name); !refusal.empty()) return {{}, refusal};
  return read_debug1(bytes, name, limits);
}

}  // namespace golab::profiler
