// pclntab.cpp: the parts of the table, and the table.
#include "profiler/pclntab/pclntab.h"

#include <unordered_map>

namespace golab::profiler {

namespace {

constexpr uint32_t kMagic = 0xfffffff0;   // of Go 1.18
constexpr uint32_t kNoTable = 0;          // where a table of pcs would begin
constexpr uint32_t kNoUnit = UINT32_MAX;  // of a function without lines: lookups by line skip it
constexpr uint32_t kEverywhere = 0x7fffffff;  // longer than any function

void append_u32(std::string* out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out->push_back(static_cast<char>(value >> shift));
}

void append_u64(std::string* out, uint64_t value) {
  append_u32(out, static_cast<uint32_t>(value));
  append_u32(out, static_cast<uint32_t>(value >> 32));
}

// Seven bits in each byte, the lowest first; all but the last have the eighth bit set.
void append_varint(std::string* out, uint32_t value) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

// Texts one behind the other, each once.
class Texts {
 public:
  uint32_t place(const std::string& text) {
    auto [known, added] = places_.try_emplace(text, static_cast<uint32_t>(bytes_.size()));
    if (added) bytes_.append(text).push_back('\0');
    return known->second;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
  std::unordered_map<std::string, uint32_t> places_;
};

// A table from pcs to values. It begins with the value -1.
class PcTable {
 public:
  // The value holds for so many bytes of code, behind those of before.
  void add(int32_t value, uint32_t bytes) {
    if (bytes == 0) return;
    if (runs_.empty() || runs_.back().value != value) {
      runs_.push_back({value, bytes});
    } else {
      runs_.back().bytes += bytes;
    }
  }
  // A change of value is a number without a sign: its lowest bit says whether it is negative.
  std::string encoded() const {
    std::string out;
    int32_t before = -1;
    for (const Run& run : runs_) {
      int32_t change = run.value - before;
      append_varint(&out, static_cast<uint32_t>(change) << 1 ^ (change < 0 ? ~0u : 0u));
      append_varint(&out, run.bytes);
      before = run.value;
    }
    out.push_back('\0');
    return out;
  }

 private:
  struct Run {
    int32_t value;
    uint32_t bytes;
  };
  std::vector<Run> runs_;
};

class Encoder {
 public:
  explicit Encoder(const PclnProgram& program) : text_(program.text) {
    for (const std::string& file : program.files) append_u32(&cu_, files_.place(file));
    nowhere_ = table_of_one(-1);
    no_line_ = table_of_one(0);
    for (const PclnFunction& function : program.functions) add(function);
  }

  std::string table() const {
    const std::string functions = function_part();
    const std::string* parts[] = {&names_.bytes(), &cu_, &files_.bytes(), &pc_tables_, &functions};
    constexpr size_t kHeaderBytes = 8 + 8 * 8;
    std::string out;
    append_u32(&out, kMagic);
    out.append({0, 0, 1, 8});  // an instruction may begin at any byte; a pointer has eight
    append_u64(&out, entries_.size());
    append_u64(&out, cu_.size() / 4);
    append_u64(&out, text_);
    size_t place = kHeaderBytes;
    for (const std::string* part : parts) {
      append_u64(&out, place);
      place += aligned(part->size());
    }
    for (const std::string* part : parts) {
      out += *part;
      out.resize(kHeaderBytes + aligned(out.size() - kHeaderBytes), '\0');
    }
    return out;
  }

 private:
  struct Entry {
    uint32_t begin, name, files, lines;
    uint32_t unit = 0;  // there is one
  };

  static size_t aligned(size_t bytes) { return (bytes + 7) / 8 * 8; }

  uint32_t table_of_one(int32_t value) {
    PcTable table;
    table.add(value, kEverywhere);
    return place_of(table);
  }

  // Equal tables are one.
  uint32_t place_of(const PcTable& table) {
    std::string bytes = table.encoded();
    auto [known, added] = pc_places_.try_emplace(bytes, static_cast<uint32_t>(pc_tables_.size()));
    if (added) pc_tables_ += bytes;
    return known->second;
  }

  void add(const PclnFunction& function) {
    Entry entry;
    entry.begin = static_cast<uint32_t>(function.begin - text_);
    entry.name = names_.place(function.name);
    entry.files = nowhere_;
    entry.lines = no_line_;
    if (function.rows.empty())
      entry.unit = kNoUnit;
    else
      add_rows(function, &entry);
    entries_.push_back(entry);
    end_ = static_cast<uint32_t>(function.end - text_);
  }

  void add_rows(const PclnFunction& function, Entry* entry) {
    PcTable files, lines;
    for (size_t i = 0; i < function.rows.size(); i++) {
      const PclnRow& row = function.rows[i];
      bool last = i + 1 == function.rows.size();
      uint64_t until = last ? function.end : function.rows[i + 1].address;
      auto bytes = static_cast<uint32_t>(until - row.address);
      files.add(row.file, bytes);
      lines.add(row.line, bytes);
    }
    entry->files = place_of(files);
    entry->lines = place_of(lines);
  }

  // The list, then the entries. What only Go's own stack walk needs is zero.
  std::string function_part() const {
    constexpr uint32_t kEntryBytes = 40;
    const auto list_bytes = static_cast<uint32_t>((entries_.size() * 2 + 1) * 4);
    std::string list, bodies;
    for (const Entry& entry : entries_) {
      append_u32(&list, entry.begin);
      append_u32(&list, list_bytes + static_cast<uint32_t>(bodies.size()));
      const size_t body_begin = bodies.size();
      for (uint32_t field :
           {entry.begin, entry.name, 0u, 0u, kNoTable, entry.files, entry.lines, 0u, entry.unit}) {
        append_u32(&bodies, field);
      }
      bodies.resize(body_begin + kEntryBytes, '\0');
    }
    append_u32(&list, end_);
    return list + bodies;
  }

  const uint64_t text_;
  uint32_t end_ = 0;
  uint32_t nowhere_ = 0, no_line_ = 0;
  Texts names_, files_;
  std::string cu_;
  std::string pc_tables_ = std::string(1, '\0');  // so that no table is at kNoTable
  std::unordered_map<std::string, uint32_t> pc_places_;
  std::vector<Entry> entries_;
};

}  // namespace

std::string encode_pclntab(const PclnProgram& program) { return Encoder(program).table(); }

}  // namespace golab::profiler
