// delta.cpp: merges profiles, and writes them as pprof's library does.
#include "profiler/formats/delta.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "profile.pb.h"
#include "profiler/formats/gzip.h"
#include "profiler/formats/pprof_wire.h"

namespace golab::profiler {
namespace {

namespace pb = perftools::profiles;

// Copies samples into one profile, with what they need: each once, in order of first use.
class Merger {
 public:
  void add(const SymbolizedProfile& from) {
    from_ = &from;
    locations_of_.assign(from.locations.size(), kNone);
    if (merged.mappings.empty() && !from.mappings.empty()) mapping(0);
    for (const Sample& sample : from.samples) add(sample);
  }

  SymbolizedProfile merged;

 private:
  void add(const Sample& sample) {
    Sample copy = sample;
    for (uint32_t& index : copy.locations) index = location(index);
    // Labels are a set. pprof writes those with strings before those with numbers.
    std::stable_sort(copy.labels.begin(), copy.labels.end(), [](const Label& a, const Label& b) {
      bool a_number = a.str.empty() && a.num != 0, b_number = b.str.empty() && b.num != 0;
      return a_number != b_number ? b_number : a.key < b.key;
    });
    auto [it, fresh] = samples_.try_emplace({copy.locations, copy.labels}, merged.samples.size());
    if (fresh) return merged.samples.push_back(std::move(copy));
    std::vector<int64_t>& values = merged.samples[it->second].values;
    for (size_t i = 0; i < values.size() && i < copy.values.size(); i++) {
      values[i] = wrapping_add(values[i], copy.values[i]);
    }
  }

  uint32_t location(uint32_t index) {
    if (locations_of_[index] != kNone) return locations_of_[index];
    Location copy = from_->locations[index];
    // Two runs of a program may load a mapping at different addresses, so the key has the offset.
    if (copy.mapping != kNone) copy.address -= from_->mappings[copy.mapping].start;
    copy.mapping = mapping(copy.mapping);
    for (Line& line : copy.lines) line.function = function(line.function);
    auto [it, fresh] = locations_.try_emplace(copy, merged.locations.size());
    if (fresh) {
      if (copy.mapping != kNone) copy.address += merged.mappings[copy.mapping].start;
      merged.locations.push_back(std::move(copy));
    }
    return locations_of_[index] = static_cast<uint32_t>(it->second);
  }

  uint32_t function(uint32_t index) {
    if (index == kNone) return kNone;
    const Function& f = from_->functions[index];
    auto [it, fresh] = functions_.try_emplace(f, merged.functions.size());
    if (fresh) merged.functions.push_back(f);
    return static_cast<uint32_t>(it->second);
  }

  uint32_t mapping(uint32_t index) {
    if (index == kNone) return kNone;
    const Mapping& m = from_->mappings[index];
    const std::string& name = m.build_id.empty() ? m.file : m.build_id;
    auto [it, fresh] =
        mappings_.try_emplace({m.limit - m.start, m.offset, name}, merged.mappings.size());
    if (fresh) {
      merged.mappings.push_back(m);
    } else {
      merged.mappings[it->second].has_functions |= m.has_functions;
    }
    return static_cast<uint32_t>(it->second);
  }

  const SymbolizedProfile* from_ = nullptr;
  std::vector<uint32_t> locations_of_;  // from_'s index -> merged's
  // What is in `merged` already, and where.
  std::map<std::pair<std::vector<uint32_t>, std::vector<Label>>, size_t> samples_;
  std::map<Location, size_t> locations_;
  std::map<Function, size_t> functions_;
  std::map<std::tuple<uint64_t, uint64_t, std::string>, size_t> mappings_;
};

// The merged profile without samples.
SymbolizedProfile head_of(const SymbolizedProfile& first, const SymbolizedProfile& second) {
  SymbolizedProfile head;
  head.sample_types = first.sample_types;
  head.period_type = first.period_type;
  head.period = std::max(first.period, second.period);
  bool second_is_older = second.time_nanos != 0 && second.time_nanos < first.time_nanos;
  head.time_nanos = first.time_nanos == 0 || second_is_older ? second.time_nanos : first.time_nanos;
  head.duration_nanos = wrapping_add(first.duration_nanos, second.duration_nanos);
  head.comments = first.comments;
  for (const std::string& comment : second.comments) {
    if (std::find(head.comments.begin(), head.comments.end(), comment) == head.comments.end()) {
      head.comments.push_back(comment);
    }
  }
  head.drop_frames = first.drop_frames;
  head.keep_frames = first.keep_frames;
  head.default_sample_type = first.default_sample_type;
  head.doc_url = first.doc_url;
  return head;
}

// Encodes a whole profile. pprof enters all strings before it writes, in the order used here.
class ProfileEncoder {
 public:
  explicit ProfileEncoder(const SymbolizedProfile& profile) : p_(profile) {}

  void encode(const Sink& sink) {
    for (const ValueType& type : p_.sample_types) {
      put(pb::Profile::kSampleTypeFieldNumber, value_type_message(type, strings_));
    }
    for (const Sample& sample : p_.samples) put_sample(sample);
    for (size_t i = 0; i < p_.mappings.size(); i++) {
      const Mapping& mapping = p_.mappings[i];
      int64_t file = strings_.index(mapping.file), build_id = strings_.index(mapping.build_id);
      put(pb::Profile::kMappingFieldNumber,
          mapping_message(i + 1, mapping, mapping.has_functions, file, build_id));
    }
    for (size_t i = 0; i < p_.locations.size(); i++) put_location(i);
    for (size_t i = 0; i < p_.functions.size(); i++) {
      const Function& f = p_.functions[i];
      put(pb::Profile::kFunctionFieldNumber,
          function_message(i + 1, f.name, f.system_name, f.file, f.start_line, strings_));
    }
    Message tail = tail_message();
    sink(out_.data());
    Message strings;
    for (std::string_view text : strings_.strings()) {
      strings.bytes(pb::Profile::kStringTableFieldNumber, text);
    }
    sink(strings.data());
    sink(tail.data());
  }

 private:
  void put(int field, const Message& message) { out_.bytes(field, message.data()); }

  void put_sample(const Sample& sample) {
    std::vector<uint64_t> ids, values;
    for (uint32_t index : sample.locations) ids.push_back(uint64_t{index} + 1);
    for (int64_t value : sample.values) values.push_back(static_cast<uint64_t>(value));
    Message m;
    m.numbers(pb::Sample::kLocationIdFieldNumber, ids);
    m.numbers(pb::Sample::kValueFieldNumber, values);
    for (const Label& label : sample.labels) {
      m.bytes(pb::Sample::kLabelFieldNumber, label_message(label, strings_).data());
    }
    put(pb::Profile::kSampleFieldNumber, m);
  }

  void put_location(size_t index) {
    const Location& location = p_.locations[index];
    Message m;
    m.uint64_opt(pb::Location::kIdFieldNumber, index + 1);
    m.uint64_opt(pb::Location::kMappingIdFieldNumber,
                 location.mapping == kNone ? 0 : uint64_t{location.mapping} + 1);
    m.uint64_opt(pb::Location::kAddressFieldNumber, location.address);
    for (const Line& line : location.lines) {
      uint64_t function = line.function == kNone ? 0 : uint64_t{line.function} + 1;
      m.bytes(pb::Location::kLineFieldNumber,
              line_message(function, line.line, line.column).data());
    }
    m.bool_opt(pb::Location::kIsFoldedFieldNumber, location.is_folded);
    put(pb::Profile::kLocationFieldNumber, m);
  }

  // The fields after the string table.
  Message tail_message() {
    Message m;
    m.int64_opt(pb::Profile::kDropFramesFieldNumber, strings_.index(p_.drop_frames));
    m.int64_opt(pb::Profile::kKeepFramesFieldNumber, strings_.index(p_.keep_frames));
    m.int64_opt(pb::Profile::kTimeNanosFieldNumber, p_.time_nanos);
    m.int64_opt(pb::Profile::kDurationNanosFieldNumber, p_.duration_nanos);
    if (p_.period_type != ValueType{}) {
      m.bytes(pb::Profile::kPeriodTypeFieldNumber,
              value_type_message(p_.period_type, strings_).data());
    }
    m.int64_opt(pb::Profile::kPeriodFieldNumber, p_.period);
    std::vector<uint64_t> comments;
    for (const std::string& comment : p_.comments) {
      comments.push_back(static_cast<uint64_t>(strings_.index(comment)));
    }
    m.numbers(pb::Profile::kCommentFieldNumber, comments);
    m.int64_opt(pb::Profile::kDefaultSampleTypeFieldNumber, strings_.index(p_.default_sample_type));
    m.int64_opt(pb::Profile::kDocUrlFieldNumber, strings_.index(p_.doc_url));
    return m;
  }

  const SymbolizedProfile& p_;
  StringTable strings_;
  Message out_;
};

}  // namespace

ReadResult merge(const SymbolizedProfile& first, const SymbolizedProfile& second) {
  if (first.sample_types != second.sample_types) {
    auto name = [](const SymbolizedProfile& p) {
      return p.sample_types.empty() ? std::string("nothing") : p.sample_types[0].type;
    };
    return {{},
            "the two profiles count different things: the first " + name(first) + ", the second " +
                name(second) + ". Compare two profiles of one kind."};
  }
  Merger all;
  all.add(first);
  all.add(second);
  std::erase_if(all.merged.samples, [](const Sample& sample) {
    return std::all_of(sample.values.begin(), sample.values.end(),
                       [](int64_t v) { return v == 0; });
  });
  Merger needed;  // merges again, to lose what only dropped samples need
  needed.merged = head_of(first, second);
  needed.add(all.merged);
  return {std::move(needed.merged), {}};
}

ReadResult delta(const SymbolizedProfile& before, const SymbolizedProfile& after) {
  SymbolizedProfile negative = before;
  for (Sample& sample : negative.samples) {
    for (int64_t& value : sample.values) value = wrapping_sub(0, value);
  }
  ReadResult result = merge(negative, after);
  result.profile.time_nanos = after.time_nanos;
  if (before.time_nanos != 0 && after.time_nanos != 0) {
    result.profile.duration_nanos = wrapping_sub(after.time_nanos, before.time_nanos);
  }
  return result;
}

void write_profile_plain(const SymbolizedProfile& profile, const Sink& sink) {
  ProfileEncoder(profile).encode(sink);
}

void write_profile(const SymbolizedProfile& profile, const Sink& sink) {
  GzipWriter gzip(sink, GzipLevel::Default);
  write_profile_plain(profile, [&gzip](std::string_view bytes) { gzip.write(bytes); });
  gzip.finish();
}

}  // namespace golab::profiler
