// pprof_wire.h: writes protobuf messages field by field. Internal to formats/.
//
// Go has two writers of profiles. Both pack repeated numbers only if there are more than two, and
// runtime/pprof has its own order of fields. protobuf's serializer always packs, and sorts the
// fields by number, so it cannot write the same bytes.
#pragma once

#include <cstdint>
#include <memory_resource>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "profiler/formats/profile.h"

namespace golab::profiler {

class Message {
 public:
  void uint64(int field, uint64_t value);
  void int64(int field, int64_t value) { uint64(field, static_cast<uint64_t>(value)); }
  void uint64_opt(int field, uint64_t value) {
    if (value != 0) uint64(field, value);
  }
  void int64_opt(int field, int64_t value) {
    if (value != 0) int64(field, value);
  }
  void bool_opt(int field, bool value) {
    if (value) uint64(field, 1);
  }
  void numbers(int field, const std::vector<uint64_t>& values);
  void bytes(int field, std::string_view value);  // also for a message inside this one

  const std::string& data() const { return data_; }
  void clear() { data_.clear(); }

 private:
  void varint(uint64_t value);
  std::string data_;
};

// The string table. Index 0 is "". Every other string has an index in order of first use.
class StringTable {
 public:
  StringTable() { index(""); }
  StringTable(const StringTable&) = delete;
  StringTable& operator=(const StringTable&) = delete;

  int64_t index(std::string_view text);
  const std::pmr::vector<std::string_view>& strings() const { return strings_; }

 private:
  static constexpr size_t kFirstBytes = 16 << 10;  // enough for a small profile

  std::string_view copy(std::string_view text);

  // A block keeps the table in few pages. (The program may have set another default resource.)
  std::pmr::monotonic_buffer_resource memory_{kFirstBytes, std::pmr::new_delete_resource()};
  std::pmr::vector<std::string_view> strings_{&memory_};
  std::pmr::unordered_map<std::string_view, int64_t> index_{&memory_};
};

// The messages that both writers have in common.
Message value_type_message(const ValueType& type, StringTable& strings);
Message line_message(uint64_t function_id, int64_t line, int64_t column);
Message label_message(const Label& label, StringTable& strings);
Message function_message(uint64_t id, std::string_view name, std::string_view system_name,
                         std::string_view file, int64_t start_line, StringTable& strings);
// file and build_id are string indices: the two writers enter them at different times.
Message mapping_message(uint64_t id, const Mapping& mapping, bool has_functions, int64_t file,
                        int64_t build_id);

}  // namespace golab::profiler
