// pprof_wire.h: protobuf messages written field by field, in the order in which the calls come.
//
// A serializer sorts fields by number. Go's two writers of profiles each have an order of their
// own, and they agree on three things that protobuf leaves open: a zero is left out, two numbers or
// fewer are repeated fields, more are packed.
//
// Internal to formats/.
#pragma once

#include <cstdint>
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
  void bytes(int field, std::string_view value);  // also a message inside this one

  const std::string& data() const { return data_; }
  void clear() { data_.clear(); }

 private:
  void varint(uint64_t value);
  std::string data_;
};

// The string table: index 0 is "", every other string has the index of its first use.
class StringTable {
 public:
  StringTable() { index(""); }
  int64_t index(std::string_view text);
  const std::vector<std::string>& strings() const { return strings_; }

 private:
  std::vector<std::string> strings_;
  std::unordered_map<std::string, int64_t> index_;
};

// The messages that both orders write alike.
Message value_type_message(const ValueType& type, StringTable& strings);
Message line_message(uint64_t function_id, int64_t line, int64_t column);
Message label_message(const Label& label, StringTable& strings);
Message function_message(uint64_t id, const Function& function, StringTable& strings);
// file and build_id are string indices: the two orders enter them at different times.
Message mapping_message(uint64_t id, const Mapping& mapping, int64_t file, int64_t build_id);

}  // namespace golab::profiler
