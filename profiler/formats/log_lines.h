// log_lines.h: finds a profile's or a dump's lines inside a log.
//
//   May 19 13:43:54 host app[7]: goroutine 807 [select]:     a prefix before each line
//   {"log":"goroutine 807 [select]:\n","stream":"stderr"}    a JSON object for each line
//   level=error msg="goroutine 807 [select]:\nmain.f()…"     the whole dump in one line, escaped
//   goroutine 807 [select]:#012main.f()#012#011/main.go:5    the same, as rsyslog escapes it
//   13:43:54 ERROR goroutine 807 [select]:                   one entry of several lines: only the
//   main.f()                                                 first has a prefix
//
// What stands before the first line of a dump is the prefix. A later line belongs to the dump if it
// begins with the same text; only its numbers (a time, a counter) may differ.
//
// A text of a JSON object (or of an object in it, as {"log":{"original":"…"}}) is read as a log of
// its own: it may be a whole dump, or one line of it, with a prefix or an object inside it.
//
// Internal to formats/.
#pragma once

#include <array>
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
  static constexpr size_t kDepthMax = 3;
  // What is known of the lines at one depth of texts within texts.
  struct Level {
    std::string prefix;
    bool just_begun = false;  // the last line was the first of a dump
    std::string json_path;    // of the text in each line's object: "/log/original"
  };
  Level& level() { return levels_[depth_]; }

  std::array<Level, kDepthMax + 1> levels_;
  size_t depth_ = 0;
};

}  // namespace golab::profiler
