// dump_parser.h: a dump, line by line, for those who keep it and for those who only count.
//
// The parser copies nothing but the line of a function, until that of its position has come. So a
// dump of any size is read in the memory that the DumpSink takes. Internal to formats/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "profiler/formats/reader.h"

namespace golab::profiler {

// "goroutine 7 [chan receive, 2 minutes, locked to thread] {tenant: acme}:"
struct DumpHeader {
  uint64_t goid = 0;
  std::string_view state;
  bool leaked = false;
  bool locked_to_thread = false;
  int64_t minutes = 0;
  std::string_view labels;  // without the braces
  size_t line_number = 0;
};

// Takes a header off the front of `text`. A crash dump may have "gp=0x... m=..." before the
// bracket.
bool take_header(std::string_view& text, DumpHeader& header);

// "/lab/main.go:15 +0x27 fp=0x... sp=0x... pc=0x...", or less of it, or only the pc.
struct DumpPosition {
  std::string_view file;
  int line = 0;
  uint64_t offset = 0;
  uint64_t pc = 0;
};

// Returns false if the text is no position.
bool parse_position(std::string_view text, DumpPosition& position);

// Takes what is in a dump. The views are valid during the call only.
class DumpSink {
 public:
  virtual ~DumpSink() = default;
  // The goroutines that follow are of another dump: a program has begun to die, or a handler's panic
  // was written.
  virtual void another_begins() {}
  virtual void goroutine(const DumpHeader& header) = 0;
  // `position` is a line without its indentation, or empty. Returns false if it cannot be read.
  virtual bool frame(std::string_view function, std::string_view arguments,
                     std::string_view position) = 0;
  virtual bool creator(std::string_view function, uint64_t goid, std::string_view position) = 0;
  virtual void elided(int64_t frames) = 0;
  virtual void end() = 0;  // of a goroutine
};

class DumpParser {
 public:
  explicit DumpParser(DumpSink& sink) : sink_(sink) {}

  // `number`: of the line in the file, for messages. Returns false for a line that is none of a
  // dump.
  bool line(std::string_view line, size_t number);
  // `whole_lines`: the last line ended with a newline.
  void finish(bool whole_lines);

  const Unreadable& unreadable() const { return unreadable_; }
  uint64_t goid() const { return goid_; }  // of the last goroutine
  bool cut_off() const { return cut_off_; }
  // A signal's dump begins with "PC=0x…" and ends with the registers of its thread.
  void await_registers() { awaits_registers_ = true; }
  bool awaits_registers() const { return awaits_registers_; }

 private:
  enum class In { Nothing, Stack, Ancestors };
  enum class Waits { Nothing, Function, Creator };  // for its position

  bool in_stack(std::string_view line);
  bool position_line(std::string_view text);
  bool function_line(std::string_view line);
  void flush(std::string_view position);
  void end();
  bool leave_out(std::string_view line, size_t number);

  DumpSink& sink_;
  Unreadable unreadable_;
  In in_ = In::Nothing;
  Waits waits_ = Waits::Nothing;
  std::string pending_;       // the line of the function or of the creator
  bool is_call_ = false;      // pending_ has parentheses: it is a frame also without a position
  bool after_blank_ = false;  // the goroutine has most likely ended
  bool blank_before_pending_ = false;
  bool complete_ = false;  // its creator was read
  int frames_ = 0;
  int bad_in_a_row_ = 0;
  size_t number_ = 0;
  size_t pending_number_ = 0;
  uint64_t goid_ = 0;
  bool header_cut_ = false;  // the last line is the beginning of a header
  bool cut_off_ = false;
  bool awaits_registers_ = false;
  size_t creators_ = 0;         // goroutines with a creator
  size_t creators_before_ = 0;  // the goroutine at hand
};

}  // namespace golab::profiler
