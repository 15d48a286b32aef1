// pprof_writer.cpp: encodes the fields of profile.proto in the order of Go's runtime/pprof.
#include "profiler/formats/pprof_writer.h"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "profile.pb.h"
#include "profiler/formats/gzip.h"
#include "profiler/formats/mappings.h"
#include "profiler/formats/pprof_wire.h"

namespace golab::profiler {
namespace {

namespace pb = perftools::profiles;

class PprofEncoder {
 public:
  PprofEncoder(const StackTable& table, const PprofOptions& options, const Sink& sink)
      : table_(table),
        options_(options),
        sink_(sink),
        mappings_(options.mappings != nullptr ? *options.mappings : kNoMappings),
        has_functions_(mappings_.size(), false),
        location_ids_(table.frames.size(), 0) {}

  void encode() {
    if (is_cpu()) {
      put_number(pb::Profile::kTimeNanosFieldNumber, options_.time_nanos);
      put_type(pb::Profile::kSampleTypeFieldNumber, {"samples", "count"});
      put_type(pb::Profile::kSampleTypeFieldNumber, {"cpu", "nanoseconds"});
      put_number(pb::Profile::kDurationNanosFieldNumber, options_.duration_nanos);
      put_type(pb::Profile::kPeriodTypeFieldNumber, {"cpu", "nanoseconds"});
      put_number(pb::Profile::kPeriodFieldNumber, options_.cpu_period_ns);
    } else {
      std::vector<ValueType> types = options_.value_types;
      if (types.empty()) {
        types.push_back({options_.type, "count"});
        if (options_.with_delay) types.push_back({"delay", "nanoseconds"});
      }
      put_type(pb::Profile::kPeriodTypeFieldNumber,
               options_.value_types.empty() ? types[0] : options_.period_type);
      put_number(pb::Profile::kPeriodFieldNumber, options_.period);
      for (const ValueType& type : types) put_type(pb::Profile::kSampleTypeFieldNumber, type);
      put_number(pb::Profile::kDefaultSampleTypeFieldNumber,
                 strings_.index(options_.default_type));
    }
    for (const CountedStack& stack : table_.stacks) encode_sample(stack);
    if (!is_cpu()) put_number(pb::Profile::kTimeNanosFieldNumber, options_.time_nanos);
    put_comments();
    for (size_t i = 0; i < mappings_.size(); i++) {
      const Mapping& mapping = mappings_[i];
      int64_t file = strings_.index(mapping.file), build_id = strings_.index(mapping.build_id);
      put(sink_, pb::Profile::kMappingFieldNumber,
          mapping_message(i + 1, mapping, has_functions_[i], file, build_id));
    }
    Message strings;
    for (std::string_view text : strings_.strings()) {
      strings.bytes(pb::Profile::kStringTableFieldNumber, text);
      if (strings.data().size() > kPieceBytes) sink_(strings.data()), strings.clear();
    }
    sink_(strings.data());
  }

 private:
  static inline const std::vector<Mapping> kNoMappings;
  static constexpr size_t kPieceBytes = 4 << 10;

  struct Named {
    std::string_view name, system_name, file;
    int start_line;
  };

  static void put(const Sink& sink, int field, const Message& message) {
    Message outer;
    outer.bytes(field, message.data());
    sink(outer.data());
  }

  bool is_cpu() const { return options_.cpu_period_ns > 0; }

  void put_type(int field, const ValueType& type) {
    put(sink_, field, value_type_message(type, strings_));
  }

  void put_number(int field, int64_t value) {
    Message number;
    number.int64_opt(field, value);
    sink_(number.data());
  }

  void put_comments() {
    if (options_.comments.empty()) return;
    std::vector<uint64_t> indices;
    for (const std::string& comment : options_.comments) {
      indices.push_back(static_cast<uint64_t>(strings_.index(comment)));
    }
    Message comments;
    comments.numbers(pb::Profile::kCommentFieldNumber, indices);
    sink_(comments.data());
  }

  void encode_sample(const CountedStack& stack) {
    std::vector<uint64_t> location_ids;
    for (uint32_t index : stack.frames) {
      if (uint64_t id = location_id(index); id != 0) location_ids.push_back(id);
    }
    Message sample;
    std::vector<uint64_t> values(stack.values.begin(), stack.values.end());
    if (options_.value_types.empty()) {
      values = {static_cast<uint64_t>(stack.count)};
      if (is_cpu()) values.push_back(static_cast<uint64_t>(stack.count * options_.cpu_period_ns));
      if (options_.with_delay) values.push_back(static_cast<uint64_t>(stack.delay_ns));
    }
    sample.numbers(pb::Sample::kValueFieldNumber, values);
    sample.numbers(pb::Sample::kLocationIdFieldNumber, location_ids);
    if (stack.labels) {
      for (const auto& [key, value] : *stack.labels) {
        sample.bytes(pb::Sample::kLabelFieldNumber,
                     label_message({key, value, 0, {}}, strings_).data());
      }
    }
    if (!options_.value_types.empty()) {
      sample.bytes(pb::Sample::kLabelFieldNumber,
                   label_message({"bytes", "", stack.object_bytes, {}}, strings_).data());
    }
    put(sink_, pb::Profile::kSampleFieldNumber, sample);
  }

  // Returns the id of a frame's location, and writes the location before its first use. Returns 0
  // for goexit, which the protobuf form leaves out.
  uint64_t location_id(uint32_t index) {
    const PhysicalFrame& physical = table_.frames[index];
    if (physical.frames.size() == 1 && physical.frames[0].function == "runtime.goexit") return 0;
    uint64_t& id = location_ids_[index];
    if (id != 0) return id;
    id = ++last_location_id_;

    const uint64_t address = physical.return_pc - 1;
    const uint32_t mapping = mapping_of(mappings_, address);
    if (mapping != kNone) has_functions_[mapping] = true;
    Message location;
    location.uint64_opt(pb::Location::kIdFieldNumber, id);
    location.uint64_opt(pb::Location::kAddressFieldNumber, address);
    std::vector<std::pair<uint64_t, Named>> fresh;
    for (const runtime::Frame& frame : physical.frames) {
      Named function = named(frame, mapping);
      auto [it, is_new] = function_ids_.try_emplace({function.name, function.system_name},
                                                    function_ids_.size() + 1);
      location.bytes(pb::Location::kLineFieldNumber,
                     line_message(it->second, frame.line, 0).data());
      if (is_new) fresh.emplace_back(it->second, function);
    }
    location.uint64_opt(pb::Location::kMappingIdFieldNumber, mapping == kNone ? 0 : mapping + 1);
    put(sink_, pb::Profile::kLocationFieldNumber, location);
    for (const auto& [function_id, function] : fresh) {
      put(sink_, pb::Profile::kFunctionFieldNumber,
          function_message(function_id, function.name, function.system_name, function.file,
                           function.start_line, strings_));
    }
    return id;
  }

  // Returns a function with a name: its own, its symbol, or its file in brackets.
  Named named(const runtime::Frame& frame, uint32_t mapping) {
    Named f{frame.function, frame.system_name, frame.file, frame.start_line};
    if (options_.cpp_names && !frame.cpp_name.empty()) f.name = frame.cpp_name;
    if (f.name.empty()) f.name = frame.system_name;
    if (f.name.empty()) {
      std::string file = mapping == kNone ? "unknown" : mappings_[mapping].file;
      file.erase(0, file.rfind('/') + 1);
      f.name = *made_up_.insert(file.starts_with('[') ? file : "[" + file + "]").first;
    }
    if (f.system_name.empty()) f.system_name = f.name;
    return f;
  }

  const StackTable& table_;
  const PprofOptions& options_;
  const Sink& sink_;
  const std::vector<Mapping>& mappings_;
  std::vector<bool> has_functions_;  // by mapping: it has a frame
  StringTable strings_;
  std::vector<uint64_t> location_ids_;  // by index in table_.frames; 0: not written yet
  uint64_t last_location_id_ = 0;
  // By name and symbol: overloads and template instances share a name.
  std::map<std::pair<std::string_view, std::string_view>, uint64_t> function_ids_;
  std::set<std::string> made_up_;  // owns the names in brackets
};

}  // namespace

void write_pprof(const StackTable& table, const PprofOptions& options, const Sink& sink) {
  GzipWriter gzip(sink, GzipLevel::Fastest);
  const Sink to_gzip = [&](std::string_view piece) { gzip.write(piece); };
  PprofEncoder(table, options, to_gzip).encode();
  gzip.finish();
}

}  // namespace golab::profiler
