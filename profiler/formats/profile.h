// profile.h: a profile in memory: the readers make it, and analysis/ uses it.
//
// It has the shape of profile.proto, but a string is a string, and a reference is an index into a
// vector, or kNone. A profile from a reader is consistent: each index is valid, each sample has one
// value for each sample type, and there is at least one sample type.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace golab::profiler {

inline constexpr uint32_t kNone = UINT32_MAX;

// Takes a writer's bytes in pieces. It must keep its own errors: a writer does not learn of them.
using Sink = std::function<void(std::string_view)>;

struct ValueType {
  std::string type;  // "goroutine"
  std::string unit;  // "count"
  bool operator==(const ValueType&) const = default;
};

struct Mapping {
  uint64_t start = 0;
  uint64_t limit = 0;
  uint64_t offset = 0;
  std::string file;
  std::string build_id;  // hex, empty if unknown
  bool has_functions = false;
  bool has_filenames = false;
  bool has_line_numbers = false;
  bool has_inline_frames = false;
  bool operator==(const Mapping&) const = default;
};

struct Function {
  std::string name;         // "main.worker"
  std::string system_name;  // "_Z6worker4ChanI4TaskE"
  std::string file;         // absolute
  int64_t start_line = 0;
  auto operator<=>(const Function&) const = default;
};

struct Line {
  uint32_t function = kNone;
  int64_t line = 0;
  int64_t column = 0;
  auto operator<=>(const Line&) const = default;
};

struct Location {
  uint64_t address = 0;  // return address − 1
  uint32_t mapping = kNone;
  uint64_t entry = 0;       // of the physical function; 0 unless it is from the text form
  std::vector<Line> lines;  // innermost first; empty if unknown
  bool is_folded = false;
  auto operator<=>(const Location&) const = default;
};

struct Label {
  std::string key;
  std::string str;
  int64_t num = 0;
  std::string num_unit;
  auto operator<=>(const Label&) const = default;
};

struct Sample {
  std::vector<uint32_t> locations;  // leaf first
  std::vector<int64_t> values;
  std::vector<Label> labels;
  bool has_labels = false;  // in the text form an empty set of labels differs from none
  std::string state = {};   // "chan receive", of a dump; the other forms do not have it
};

struct SymbolizedProfile {
  std::vector<ValueType> sample_types;
  std::vector<Sample> samples;
  std::vector<Location> locations;
  std::vector<Function> functions;
  std::vector<Mapping> mappings;
  ValueType period_type;
  int64_t period = 0;
  int64_t time_nanos = 0;      // 0: unknown
  int64_t duration_nanos = 0;  // 0: a snapshot, not a delta
  std::vector<std::string> comments;
  std::string drop_frames;
  std::string keep_frames;
  std::string default_sample_type;
  std::string doc_url;
};

// a + b and a − b without undefined behaviour, for the counts of hostile files.
inline int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t wrapping_sub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// Returns the sum of the first values: the number of goroutines.
int64_t total(const SymbolizedProfile& profile);

// One frame of a sample. Each inlined call is a frame.
struct FrameRef {
  const Location* location = nullptr;
  const Line* line = nullptr;          // null if unknown
  const Function* function = nullptr;  // null if unknown
};

// Leaf first.
std::vector<FrameRef> frames_of_sample(const SymbolizedProfile& profile, const Sample& sample);

struct ReadResult {
  SymbolizedProfile profile;
  std::string error;                       // a sentence for the user; empty if all went well
  std::vector<std::string> warnings = {};  // the same for what is missing in what was read
  bool too_large = false;                  // the error is that of a limit
  explicit operator bool() const { return error.empty(); }
};

// Limits for hostile files. A million different stacks with different labels are within them.
struct ReadLimits {
  uint64_t unpacked_bytes_max = uint64_t{256} << 20;  // of the file, packed and unpacked
  uint64_t memory_bytes_max = uint64_t{768} << 20;    // of the profile in memory
};

// Reads a profile of any form (profile_reader.h) that is in memory as a whole. Any bytes are safe.
// Counts that add up to more than 64 bits are an error. `name` is the file's name or URL.
ReadResult read_profile(std::string_view bytes, const std::string& name, ReadLimits limits = {});

// The same for what is known to be pprof's protobuf, or a text.
ReadResult read_pprof(std::string_view bytes, const std::string& name, ReadLimits limits = {});
ReadResult read_debug1(std::string_view text, const std::string& name, ReadLimits limits = {});

}  // namespace golab::profiler
