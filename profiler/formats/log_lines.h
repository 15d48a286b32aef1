// log_lines.h: finds a profile's or a dump's lines inside a log.
//
//   May 19 13:43:54 host app[7]: goroutine 807 [select]:     a prefix before each line
//   {"log":"goroutine 807 [select]:\n","stream":"stderr"}    a JSON object for each line
//   level=error msg="goroutine 807 [select]:\nmain.f()…"     the whole dump in one line, escaped
//   goroutine 807 [select]:#012main.f()#012#011/main.go:5    the same, as rsyslog escapes it
//
// What stands before the first line of a dump is the prefix. A later line belongs to the dump if it
// begins with the same text; only its numbers (a time, a counter) may differ.
//
// Internal to formats/.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace golab::profiler {

enum class Start { None, Dump, Counted, Heap, Contention };

struct FoundStart {
  Start kind = Start::None;
  size_t at = 0;  // where in the line it begins
};

// Finds what begins a dump or a text profile in a line: "goroutine 7 [select]:", "goroutine
// profile: total 5", "heap profile: …", "--- contention:".
FoundStart find_start(std::string_view line);

class LogLines {
 public:
  // Takes a line without the log's additions. Returns false if it is no line of a profile.
  using Take = std::function<bool(std::string_view line)>;

  explicit LogLines(Take take) : take_(std::move(take)) {}

  void line(std::string_view line);
  // Returns the kind of the first start that was found.
  Start begun() const { return begun_; }

 private:
  void begin(std::string_view line, FoundStart found);
  bool json(std::string_view line);
  void pieces(std::string_view text);

  Take take_;
  Start begun_ = Start::None;
  std::string prefix_;
  std::string json_key_;
  int depth_ = 0;  // of texts within texts
};

}  // namespace golab::profiler
