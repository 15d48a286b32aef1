// dump_counter.h: counts the goroutines of a dump that have the same stack, state and labels.
//
// A million goroutines of a hundred stacks take the memory of a hundred stacks, and 48 bytes each
// for their numbers. A number that comes a second time begins another dump, and so does the line of a
// panic. The largest dump of a log is the one that counts. Internal to formats/.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "profiler/formats/dump_parser.h"
#include "profiler/formats/profile.h"
#include "profiler/formats/seeded_hash.h"

namespace golab::profiler {

// Numbers of goroutines: a table with open places, most of them free.
class GoidSet {
 public:
  bool insert(uint64_t goid);  // false if it is there already
  void clear();

 private:
  void grow();
  std::vector<uint64_t> places_;  // 0: free
  size_t size_ = 0;
};

class DumpCounter : public DumpSink {
 public:
  explicit DumpCounter(const ReadLimits& limits) : memory_(limits.memory_bytes_max) {}

  void another_begins() override { begins_ = true; }
  void goroutine(const DumpHeader& header) override;
  bool frame(std::string_view function, std::string_view arguments,
             std::string_view position) override;
  bool creator(std::string_view, uint64_t, std::string_view) override { return true; }
  void elided(int64_t) override {}
  void end() override;

  SymbolizedProfile take_profile();
  // Which dump was counted, if there are several. Empty if there is one.
  std::string several_text() const;

 private:
  using Counts = std::unordered_map<std::vector<uint32_t>, int64_t, SeededHash>;
  template <typename T>
  using ByText = std::unordered_map<std::string, T, SeededHash>;
  struct Dump {
    size_t line = 0;  // where it begins
    int64_t goroutines = 0;
    Counts counts;
  };

  void another_dump(size_t line);
  uint32_t enter(std::string_view function, const DumpPosition& position);
  void add_sample(const std::vector<uint32_t>& key, int64_t count);

  MemoryAccount memory_;
  SymbolizedProfile profile_;  // its functions and locations; the samples come at the end
  ByText<uint32_t> functions_;  // name and file
  struct Place {
    uint32_t location = kNone;
    bool readable = true;
  };
  ByText<Place> places_;  // function and position, as written
  std::string place_key_;
  std::string header_key_;
  ByText<uint32_t> headers_;  // state and labels
  std::vector<const std::string*> header_texts_;

  bool begins_ = true;  // the next goroutine is the first of a dump
  bool is_g0_ = false;  // the goroutine at hand is number 0: a thread's own stack, which is none
  std::vector<uint32_t> stack_;  // of the goroutine at hand: its header, then its locations
  size_t deepest_ = 0;           // as large was stack_, and is charged
  GoidSet goids_;
  Dump dump_;
  Dump largest_;
  size_t dumps_ = 0;
};

}  // namespace golab::profiler
