// pprof_reader.cpp: reads pprof's protobuf into a profile in memory.
//
// A file may be damaged or hostile. Every index and id is checked before it is used. Memory is
// charged before it is taken, because protobuf can ask for much with little: a message of two bytes
// becomes a struct of a hundred, and a million samples can name one long string.
//
// The first pass notes where the messages are. The second one parses them in an order in which each
// finds what it refers to: strings, mappings, functions, locations, samples.
#include "profiler/formats/pprof_reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <array>
#include <unordered_map>

#include "profile.pb.h"
#include "profiler/formats/profile.h"
#include "profiler/formats/reader.h"
#include "profiler/formats/seeded_hash.h"

namespace golab::profiler {
namespace {

namespace pb = perftools::profiles;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

// Of one sample, location, and so on: protobuf may need 30 times as much to parse it.
constexpr size_t kMessageBytesMax = 1 << 20;

class PprofReader {
 public:
  PprofReader(std::string_view plain, const ReadLimits& limits)
      : plain_(plain), memory_(limits.memory_bytes_max) {}

  SymbolizedProfile read() {
    scan();
    if (!strings_.empty() && !strings_[0].empty()) {
      fail(strings_[0], "the string table does not begin with an empty string");
    }
    for (auto span : spans_[pb::Profile::kSampleTypeFieldNumber]) {
      pb::ValueType type = parse<pb::ValueType>(span, "sample type");
      profile_.sample_types.push_back(value_type(span, type));
    }
    if (profile_.sample_types.empty())
      throw Malformed{"it has no sample type: not a pprof profile"};
    sums_.resize(profile_.sample_types.size());
    for (auto span : spans_[pb::Profile::kPeriodTypeFieldNumber]) {
      profile_.period_type = value_type(span, parse<pb::ValueType>(span, "period type"));
    }
    for (auto span : spans_[pb::Profile::kMappingFieldNumber]) read_mapping(span);
    for (auto span : spans_[pb::Profile::kFunctionFieldNumber]) read_function(span);
    for (auto span : spans_[pb::Profile::kLocationFieldNumber]) read_location(span);
    for (auto span : spans_[pb::Profile::kSampleFieldNumber]) read_sample(span);
    profile_.period = numbers_[pb::Profile::kPeriodFieldNumber];
    profile_.time_nanos = numbers_[pb::Profile::kTimeNanosFieldNumber];
    profile_.duration_nanos = numbers_[pb::Profile::kDurationNanosFieldNumber];
    auto named = [this](size_t field) { return text(plain_, numbers_[field]); };
    profile_.drop_frames = named(pb::Profile::kDropFramesFieldNumber);
    profile_.keep_frames = named(pb::Profile::kKeepFramesFieldNumber);
    profile_.default_sample_type = named(pb::Profile::kDefaultSampleTypeFieldNumber);
    profile_.doc_url = named(pb::Profile::kDocUrlFieldNumber);
    charge_reports(profile_, memory_);
    for (int64_t index : comments_) profile_.comments.push_back(text(plain_, index));
    return std::move(profile_);
  }

 private:
  [[noreturn]] void fail(std::string_view at, const std::string& what) const {
    size_t offset = static_cast<size_t>(at.data() - plain_.data());
    throw Malformed{"byte " + std::to_string(offset) + " of the unpacked profile: " + what};
  }

  void charge(uint64_t bytes) { memory_.charge(bytes); }

  // ---- The first pass.

  void scan() {
    CodedInputStream in(reinterpret_cast<const uint8_t*>(plain_.data()),
                        static_cast<int>(plain_.size()));
    while (uint32_t tag = in.ReadTag()) scan_field(in, tag);
    if (!in.ConsumedEntireMessage()) {
      fail(rest(in), "no field begins here: the file is damaged or cut off");
    }
  }

  std::string_view rest(const CodedInputStream& in) const {
    return plain_.substr(std::min(static_cast<size_t>(in.CurrentPosition()), plain_.size()));
  }

  void scan_field(CodedInputStream& in, uint32_t tag) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    const auto type = WireFormatLite::GetTagWireType(tag);
    bool ok = true;
    if (type == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      uint32_t length = 0;
      std::string_view at = rest(in);
      ok = in.ReadVarint32(&length);
      std::string_view body = rest(in);
      if (!ok || length > body.size()) {
        fail(at, "field " + std::to_string(field) + " is longer than the file: it is cut off");
      }
      in.Skip(static_cast<int>(length));
      note(field, body.substr(0, length));
    } else if (type == WireFormatLite::WIRETYPE_VARINT) {
      uint64_t value = 0;
      ok = in.ReadVarint64(&value);
      if (ok) note(field, static_cast<int64_t>(value));
    } else {
      ok = WireFormatLite::SkipField(&in, tag);
    }
    if (!ok) fail(rest(in), "field " + std::to_string(field) + " cannot be read: cut off?");
  }

  void note(int field, std::string_view body) {
    // Writers begin with the sample types and end with the strings, or sort by field number.
    if (field == pb::Profile::kSampleTypeFieldNumber && !strings_.empty()) {
      fail(body,
           "a second profile begins here: two files were put into one. Keep a file for each, and "
           "compare them with ./lab diff ONE OTHER");
    }
    if (field == pb::Profile::kStringTableFieldNumber) {
      charge(2 * sizeof body);  // a growing vector may be half empty
      strings_.push_back(body);
    } else if (field == pb::Profile::kCommentFieldNumber) {  // packed
      CodedInputStream in(reinterpret_cast<const uint8_t*>(body.data()),
                          static_cast<int>(body.size()));
      for (uint64_t value = 0; in.ReadVarint64(&value);) note(field, static_cast<int64_t>(value));
    } else if (static_cast<size_t>(field) < spans_.size()) {  // others are of a later version
      if (body.size() > kMessageBytesMax) {
        fail(body, "field " + std::to_string(field) + " has " + std::to_string(body.size()) +
                       " bytes: too many for one message, of which " + mebibytes(kMessageBytesMax) +
                       " are read");
      }
      charge(2 * sizeof body);
      spans_[static_cast<size_t>(field)].push_back(body);
    }
  }

  void note(int field, int64_t value) {
    if (field == pb::Profile::kCommentFieldNumber) {
      charge(2 * sizeof value + sizeof(std::string));
      comments_.push_back(value);
    } else if (static_cast<size_t>(field) < numbers_.size()) {  // others are of a later version
      numbers_[static_cast<size_t>(field)] = value;
    }
  }

  // ---- The second pass.

  template <typename T>
  T parse(std::string_view span, const char* what) {
    T message;
    if (!message.ParseFromArray(span.data(), static_cast<int>(span.size()))) {
      fail(span, std::string("the ") + what + " here is damaged");
    }
    return message;
  }

  std::string text(std::string_view at, int64_t index) {
    if (index == 0) return {};
    if (index < 0 || static_cast<uint64_t>(index) >= strings_.size()) {
      fail(at, "string " + std::to_string(index) + " is named here, the file has " +
                   std::to_string(strings_.size()));
    }
    std::string_view string = strings_[static_cast<size_t>(index)];
    charge(string.size() + kHeapBytes);
    return std::string(string);
  }

  using Ids = std::unordered_map<uint64_t, uint32_t, SeededHash>;

  void enter(Ids& ids, uint64_t id, size_t index, std::string_view at, const char* what) {
    charge(64);
    if (id == 0) fail(at, std::string("a ") + what + " has the id 0");
    if (!ids.try_emplace(id, static_cast<uint32_t>(index)).second) {
      fail(at, std::string("two ") + what + "s have the id " + std::to_string(id));
    }
  }

  uint32_t find(const Ids& ids, uint64_t id, std::string_view at, const char* what) const {
    auto it = ids.find(id);
    if (it == ids.end()) {
      fail(at,
           std::string(what) + " " + std::to_string(id) + " is named here, and is not in the file");
    }
    return it->second;
  }

  ValueType value_type(std::string_view span, const pb::ValueType& type) {
    charge(sizeof(ValueType));
    return {text(span, type.type()), text(span, type.unit())};
  }

  void read_mapping(std::string_view span) {
    auto m = parse<pb::Mapping>(span, "mapping");
    charge(sizeof(Mapping));
    enter(mapping_ids_, m.id(), profile_.mappings.size(), span, "mapping");
    profile_.mappings.push_back({m.memory_start(), m.memory_limit(), m.file_offset(),
                                 text(span, m.filename()), text(span, m.build_id()),
                                 m.has_functions(), m.has_filenames(), m.has_line_numbers(),
                                 m.has_inline_frames()});
  }

  void read_function(std::string_view span) {
    auto f = parse<pb::Function>(span, "function");
    charge(sizeof(Function));
    enter(function_ids_, f.id(), profile_.functions.size(), span, "function");
    profile_.functions.push_back({text(span, f.name()), text(span, f.system_name()),
                                  text(span, f.filename()), f.start_line()});
  }

  void read_location(std::string_view span) {
    auto l = parse<pb::Location>(span, "location");
    charge(sizeof(Location) + sizeof(Line) * static_cast<size_t>(l.line_size()) + kHeapBytes);
    enter(location_ids_, l.id(), profile_.locations.size(), span, "location");
    Location location;
    location.address = l.address();
    location.is_folded = l.is_folded();
    if (l.mapping_id() != 0) location.mapping = find(mapping_ids_, l.mapping_id(), span, "mapping");
    location.lines.reserve(static_cast<size_t>(l.line_size()));
    for (const pb::Line& line : l.line()) {
      uint32_t function = kNone;
      if (line.function_id() != 0) {
        function = find(function_ids_, line.function_id(), span, "function");
      }
      location.lines.push_back({function, line.line(), line.column()});
    }
    profile_.locations.push_back(std::move(location));
  }

  // Every later sum of values is a part of this one, so none overflows.
  void add_up(int64_t value, uint64_t* sum, std::string_view at) const {
    const auto size = value < 0 ? -static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    if (size > static_cast<uint64_t>(INT64_MAX) - *sum) {
      fail(at, "the values up to here are more than 64 bits can count");
    }
    *sum += size;
  }

  void read_sample(std::string_view span) {
    auto s = parse<pb::Sample>(span, "sample");
    if (static_cast<size_t>(s.value_size()) != profile_.sample_types.size()) {
      fail(span, "a sample has " + std::to_string(s.value_size()) + " values, the profile has " +
                     std::to_string(profile_.sample_types.size()) + " sample types");
    }
    charge(sizeof(Sample) + 8 * static_cast<size_t>(s.value_size()) +
           sizeof(Label) * static_cast<size_t>(s.label_size()) + 3 * kHeapBytes);
    Sample sample;
    for (int i = 0; i < s.value_size(); i++)
      add_up(s.value(i), &sums_[static_cast<size_t>(i)], span);
    sample.values.assign(s.value().begin(), s.value().end());
    sample.locations.reserve(static_cast<size_t>(s.location_id_size()));
    for (uint64_t id : s.location_id()) {
      uint32_t location = find(location_ids_, id, span, "location");
      // Many samples may name a location with many inlined calls.
      charge(kFrameBytes * std::max<size_t>(1, profile_.locations[location].lines.size()));
      sample.locations.push_back(location);
    }
    for (const pb::Label& label : s.label()) {
      sample.labels.push_back({text(span, label.key()), text(span, label.str()), label.num(),
                               text(span, label.num_unit())});
    }
    sample.has_labels = !sample.labels.empty();
    profile_.samples.push_back(std::move(sample));
  }

  std::string_view plain_;
  MemoryAccount memory_;
  SymbolizedProfile profile_;
  std::vector<std::string_view> strings_;
  // The messages and the numbers, by field number.
  std::array<std::vector<std::string_view>, pb::Profile::kPeriodTypeFieldNumber + 1> spans_;
  std::array<int64_t, pb::Profile::kDocUrlFieldNumber + 1> numbers_{};
  std::vector<uint64_t> sums_;  // by sample type
  std::vector<int64_t> comments_;
  Ids mapping_ids_, function_ids_, location_ids_;
};

}  // namespace

SymbolizedProfile read_pprof_or_throw(std::string_view bytes, ReadLimits limits) {
  // protobuf counts bytes in an int.
  limits.unpacked_bytes_max = std::min<uint64_t>(limits.unpacked_bytes_max, INT32_MAX);
  if (bytes.size() > limits.unpacked_bytes_max) {
    throw Malformed{"the file has " + mebibytes(bytes.size()) + ", at most " +
                        mebibytes(limits.unpacked_bytes_max) + " are read",
                    true};
  }
  try {
    return PprofReader(bytes, limits).read();
  } catch (Malformed& malformed) {
    malformed.what += ". Fetch the profile again.";
    throw;
  }
}

ReadResult read_pprof(std::string_view bytes, const std::string& name, ReadLimits limits) {
  try {
    return {read_pprof_or_throw(bytes, limits), {}};
  } catch (const Malformed& malformed) {
    return {{}, name + ": " + malformed.what, {}, malformed.too_large};
  }
}

}  // namespace golab::profiler
