// pprof_wire.cpp: encodes with protobuf's functions and the field numbers of profile.proto.
#include "profiler/formats/pprof_wire.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include "profile.pb.h"
#include "runtime/strconv/utf8.h"

namespace golab::profiler {

namespace pb = perftools::profiles;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

void Message::varint(uint64_t value) {
  uint8_t buffer[10];
  uint8_t* end = CodedOutputStream::WriteVarint64ToArray(value, buffer);
  data_.append(reinterpret_cast<char*>(buffer), static_cast<size_t>(end - buffer));
}

void Message::uint64(int field, uint64_t value) {
  varint(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT));
  varint(value);
}

void Message::bytes(int field, std::string_view value) {
  varint(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED));
  varint(value.size());
  data_ += value;
}

void Message::numbers(int field, const std::vector<uint64_t>& values) {
  if (values.size() <= 2) {
    for (uint64_t value : values) uint64(field, value);
    return;
  }
  Message packed;
  for (uint64_t value : values) packed.varint(value);
  bytes(field, packed.data());
}

int64_t StringTable::index(std::string_view text) {
  if (auto known = index_.find(text); known != index_.end()) return known->second;
  auto index = static_cast<int64_t>(strings_.size());
  text = copy(text);
  strings_.push_back(utf8::ValidString(text) ? text : copy(utf8::to_valid(text)));
  index_.emplace(text, index);
  return index;
}

std::string_view StringTable::copy(std::string_view text) {
  auto* to = static_cast<char*>(memory_.allocate(text.size(), 1));
  return {to, text.copy(to, text.size())};
}

Message value_type_message(const ValueType& type, StringTable& strings) {
  Message m;
  m.int64(pb::ValueType::kTypeFieldNumber, strings.index(type.type));
  m.int64(pb::ValueType::kUnitFieldNumber, strings.index(type.unit));
  return m;
}

Message line_message(uint64_t function_id, int64_t line, int64_t column) {
  Message m;
  m.uint64_opt(pb::Line::kFunctionIdFieldNumber, function_id);
  m.int64_opt(pb::Line::kLineFieldNumber, line);
  m.int64_opt(pb::Line::kColumnFieldNumber, column);
  return m;
}

Message label_message(const Label& label, StringTable& strings) {
  Message m;
  m.int64_opt(pb::Label::kKeyFieldNumber, strings.index(label.key));
  m.int64_opt(pb::Label::kStrFieldNumber, strings.index(label.str));
  m.int64_opt(pb::Label::kNumFieldNumber, label.num);
  m.int64_opt(pb::Label::kNumUnitFieldNumber, strings.index(label.num_unit));
  return m;
}

Message function_message(uint64_t id, std::string_view name, std::string_view system_name,
                         std::string_view file, int64_t start_line, StringTable& strings) {
  Message m;
  m.uint64_opt(pb::Function::kIdFieldNumber, id);
  m.int64_opt(pb::Function::kNameFieldNumber, strings.index(name));
  m.int64_opt(pb::Function::kSystemNameFieldNumber, strings.index(system_name));
  m.int64_opt(pb::Function::kFilenameFieldNumber, strings.index(file));
  m.int64_opt(pb::Function::kStartLineFieldNumber, start_line);
  return m;
}

Message mapping_message(uint64_t id, const Mapping& mapping, bool has_functions, int64_t file,
                        int64_t build_id) {
  Message m;
  m.uint64_opt(pb::Mapping::kIdFieldNumber, id);
  m.uint64_opt(pb::Mapping::kMemoryStartFieldNumber, mapping.start);
  m.uint64_opt(pb::Mapping::kMemoryLimitFieldNumber, mapping.limit);
  m.uint64_opt(pb::Mapping::kFileOffsetFieldNumber, mapping.offset);
  m.int64_opt(pb::Mapping::kFilenameFieldNumber, file);
  m.int64_opt(pb::Mapping::kBuildIdFieldNumber, build_id);
  m.bool_opt(pb::Mapping::kHasFunctionsFieldNumber, has_functions);
  m.bool_opt(pb::Mapping::kHasFilenamesFieldNumber, mapping.has_filenames);
  m.bool_opt(pb::Mapping::kHasLineNumbersFieldNumber, mapping.has_line_numbers);
  m.bool_opt(pb::Mapping::kHasInlineFramesFieldNumber, mapping.has_inline_frames);
  return m;
}

}  // namespace golab::profiler
