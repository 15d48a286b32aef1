// profile.h: a profile in memory: what the readers produce, and what analysis/ looks at.
//
// It has the shape of pprof's profile.proto with two comforts: a string is a string, and one thing
// names another by its index in the vector that holds it, kNone if it names nothing. So a profile
// that came from a reader is consistent: no index points outside its vector, every sample has one
// value per sample type, and the first sample type exists.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace golab::profiler {

inline constexpr uint32_t kNone = UINT32_MAX;

// Where a writer's bytes go, in pieces. It keeps its own account of failures.
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
  bool operator==(const Function&) const = default;
};

struct Line {
  uint32_t function = kNone;
  int64_t line = 0;
  int64_t column = 0;
  bool operator==(const Line&) const = default;
};

struct Location {
  uint64_t address = 0;  // return address − 1
  uint32_t mapping = kNone;
  uint64_t entry = 0;       // of the physical function; only the text form knows it, else 0
  std::vector<Line> lines;  // innermost first; empty if nobody knows what is there
  bool is_folded = false;
  bool operator==(const Location&) const = default;
};

struct Label {
  std::string key;
  std::string str;
  int64_t num = 0;
  std::string num_unit;
  bool operator==(const Label&) const = default;
};

struct Sample {
  std::vector<uint32_t> locations;  // leaf first
  std::vector<int64_t> values;
  std::vector<Label> labels;
  bool has_labels = false;  // the text form tells an empty set from none
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

// a + b and a − b without undefined behaviour: the counts of a hostile file may add up to anything.
inline int64_t wrapping_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
inline int64_t wrapping_sub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}

// The sum of the first values: of a goroutine profile, the number of goroutines.
int64_t total(const SymbolizedProfile& profile);

// One frame of a sample with its inlined calls spread out.
struct FrameRef {
  const Location* location = nullptr;
  const Line* line = nullptr;          // null: nobody knows what is there
  const Function* function = nullptr;  // null then, too
  bool inlined = false;                // not the physical function of its location
};

// The frames of a sample, leaf first.
std::vector<FrameRef> frames_of_sample(const SymbolizedProfile& profile, const Sample& sample);

// What reading a file came to. `error` is a sentence for the user, empty if all went well.
struct ReadResult {
  SymbolizedProfile profile;
  std::string error;
  explicit operator bool() const { return error.empty(); }
};

// What a file may cost. A million goroutines, each on a stack of its own with a label of its own,
// are within these.
struct ReadLimits {
  // Of the file, and of what it unpacks to: a few kilobytes of gzip can unpack to a terabyte.
  uint64_t unpacked_bytes_max = uint64_t{256} << 20;
  // Of the profile in memory: two bytes of protobuf can ask for a hundred bytes of it.
  uint64_t memory_bytes_max = uint64_t{768} << 20;
};

// Reads a profile in any form that keeps counted stacks: pprof's protobuf or the text of ?debug=1,
// each packed by gzip or not. `name` is the file's name or URL, for messages. Any bytes are safe to
// give. Counts add up: a file whose sums do not fit into 64 bits is refused.
ReadResult read_profile(std::string_view bytes, const std::string& name, ReadLimits limits = {});

// The two that read_profile chooses from. read_pprof takes gzip or plain protobuf.
ReadResult read_pprof(std::string_view bytes, const std::string& name, ReadLimits limits = {});
ReadResult read_debug1(std::string_view text, const std::string& name, ReadLimits limits = {});

}  // namespace golab::profiler
