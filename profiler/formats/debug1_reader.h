// debug1_reader.h: reads the text of ?debug=1, line by line: counted stacks, heap, block and mutex.
//
// go tool pprof ignores the names in its '#' lines. With them a saved text can be compared without
// the binary that wrote it. Frames that the writer hides (runtime.gopark) get no name.
//
// A text may be a paste: blanks where tabs were, records left out, an end in the middle of a line.
// A line that cannot be read is left out and counted. Internal to formats/.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "profiler/formats/log_lines.h"
#include "profiler/formats/profile.h"
#include "profiler/formats/reader.h"
#include "profiler/formats/seeded_hash.h"

namespace golab::profiler {

class Debug1Parser {
 public:
  explicit Debug1Parser(const ReadLimits& limits) : memory_(limits.memory_bytes_max) {}

  // Takes the first line; throws Malformed if it cannot be read.
  void begin(std::string_view line, Start kind, size_t number);
  // Returns false for a line that is none of a profile.
  bool line(std::string_view line, size_t number);
  // Adds to the result's warnings.
  SymbolizedProfile finish(bool whole_lines, std::vector<std::string>& warnings);

 private:
  void begin_counted(std::string_view line);
  void begin_heap(std::string_view line);
  void begin_contention();
  bool record(std::string_view line);
  bool values(std::string_view& rest, Sample& sample);
  bool heap_values(std::string_view& rest, Sample& sample) const;
  bool add_up(const Sample& sample);
  void addresses(std::string_view rest, Sample& sample);
  uint32_t location(uint64_t address);
  bool head_field(std::string_view line);
  bool comment(std::string_view line);
  bool labels(std::string_view rest);
  bool frame(std::string_view rest);
  bool place_of(uint64_t address, Location** location);
  uint32_t intern(Function function);
  void check_total(std::vector<std::string>& warnings) const;

  MemoryAccount memory_;
  Unreadable unreadable_;
  Start kind_ = Start::Counted;
  bool in_map_ = false;  // the memory map follows the records
  size_t number_ = 0;
  bool last_unreadable_ = false;
  size_t another_ = 0;  // the line where another profile begins
  uint64_t total_ = 0;
  std::vector<uint64_t> sums_;  // by sample type
  int64_t heap_rate_ = 0;
  uint64_t cycles_per_second_ = 0;
  uint64_t sampling_period_ = 1;
  size_t names_ = 0;
  size_t cursor_ = 0;  // of the last sample's locations, the first that the next '#' line may name
  SymbolizedProfile profile_;
  std::unordered_map<uint64_t, uint32_t, SeededHash> locations_;
  std::unordered_map<std::string, uint32_t, SeededHash> functions_;
};

}  // namespace golab::profiler
