// debug2_reader.cpp: a line at a time.
#include "profiler/formats/debug2_reader.h"

#include <algorithm>
#include <charconv>

#include "profiler/formats/reader.h"

namespace golab::profiler {
namespace {

template <typename T>
bool take_number(std::string_view& text, T& value, int base = 10) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

class Debug2Reader {
 public:
  Debug2Reader(std::string_view text, const ReadLimits& limits)
      : lines_(text), memory_(limits.memory_bytes_max) {}

  std::vector<DumpedGoroutine> read() {
    while (next_line()) {
      DumpedGoroutine goroutine;
      if (!parse_header(goroutine)) continue;
      memory_.charge(2 * sizeof goroutine + 4 * kHeapBytes);
      read_stack(goroutine);
      goroutines_.push_back(std::move(goroutine));
    }
    if (goroutines_.empty()) {
      throw Malformed{
          "no line like \"goroutine 1 [chan receive]:\" in it. Is this a dump? Fetch one from "
          "http://HOST/debug/pprof/goroutine?debug=2."};
    }
    return std::move(goroutines_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { lines_.fail(what); }

  // Most of a line is kept, in strings of its own.
  bool next_line() {
    if (!lines_.next()) return false;
    line_ = lines_.line();
    memory_.charge(line_.size());
    return true;
  }

  // "goroutine 7 [state, 2 minutes, locked to thread] {labels}:"; a crash dump has "gp=0x... m=..."
  // before the bracket at some levels.
  bool parse_header(DumpedGoroutine& goroutine) const {
    std::string_view rest = line_;
    if (!take(rest, "goroutine ") || !take_number(rest, goroutine.goid)) return false;
    size_t open = rest.find('['), close = rest.find(']', std::min(open, rest.size()));
    if (open == rest.npos || close == rest.npos || !rest.ends_with(':')) return false;
    parse_state(rest.substr(open + 1, close - open - 1), goroutine);
    rest = rest.substr(close + 1, rest.size() - close - 2);
    if (take(rest, " {") && rest.ends_with('}')) goroutine.labels = rest.substr(0, rest.size() - 1);
    return true;
  }

  static void parse_state(std::string_view rest, DumpedGoroutine& goroutine) {
    bool first = true;
    while (!rest.empty()) {
      std::string_view part = rest.substr(0, rest.find(", "));
      rest.remove_prefix(std::min(part.size() + 2, rest.size()));
      int64_t minutes = 0;
      std::string_view number = part;
      if (first) {
        constexpr std::string_view kLeaked = " (leaked)";
        goroutine.leaked = part.ends_with(kLeaked);
        if (goroutine.leaked) part.remove_suffix(kLeaked.size());
        goroutine.state = part;
      } else if (part == "locked to thread") {
        goroutine.locked_to_thread = true;
      } else if (take_number(number, minutes) && number == " minutes") {
        goroutine.minutes = minutes;
      }
      first = false;
    }
  }

  // The lines up to the next empty one.
  void read_stack(DumpedGoroutine& goroutine) {
    while (next_line() && !line_.empty()) {
      std::string_view rest = line_;
      if (take(rest, "\tgoroutine running on other thread")) {
        goroutine.stack_unavailable = true;
      } else if (take(rest, "...")) {
        take_number(rest, goroutine.elided);  // Go before 1.21 did not say how many
      } else if (take(rest, "created by ")) {
        read_creator(rest, goroutine);
      } else {
        memory_.charge(2 * sizeof(DumpedFrame) + 3 * kHeapBytes);
        goroutine.frames.push_back(read_frame());
      }
    }
  }

  void read_creator(std::string_view rest, DumpedGoroutine& goroutine) {
    constexpr std::string_view kIn = " in goroutine ";
    size_t in = rest.rfind(kIn);
    goroutine.created_by = rest.substr(0, in);
    if (in != rest.npos) {
      rest.remove_prefix(in + kIn.size());
      take_number(rest, goroutine.created_in);
    }
    goroutine.created_at.function = goroutine.created_by;
    read_position(goroutine.created_at);
  }

  // "main.worker(0x1, {...})". The arguments hold no parentheses, a name may:
  // "net.(*conn).Read(...)".
  DumpedFrame read_frame() {
    DumpedFrame frame;
    size_t open = line_.rfind('(');
    if (line_.empty() || line_.back() != ')' || open == line_.npos || open == 0) {
      fail("expected a call, FUNCTION(ARGUMENTS)");
    }
    frame.function = line_.substr(0, open);
    frame.arguments = line_.substr(open + 1, line_.size() - open - 2);
    read_position(frame);
    return frame;
  }

  // TAB "/lab/main.go:15 +0x27"
  void read_position(DumpedFrame& frame) {
    if (!next_line() || !line_.starts_with('\t')) fail("expected the position: TAB FILE:LINE");
    std::string_view rest = line_.substr(1);
    // Crash dumps go on after the offset: " fp=0x... sp=0x... pc=0x..."
    if (size_t plus = rest.rfind(" +0x"); plus != rest.npos) {
      std::string_view offset = rest.substr(plus + 4);
      if (!take_number(offset, frame.offset, 16)) fail("the offset is no number");
      rest = rest.substr(0, plus);
    }
    size_t colon = rest.rfind(':');
    std::string_view number = rest.substr(std::min(rest.size(), colon + 1));
    if (colon == rest.npos || !take_number(number, frame.line)) fail("expected FILE:LINE");
    frame.file = rest.substr(0, colon);
  }

  LineReader lines_;
  MemoryAccount memory_;
  std::string_view line_;
  std::vector<DumpedGoroutine> goroutines_;
};

}  // namespace

DumpResult read_debug2(std::string_view text, const std::string& name, ReadLimits limits) {
  if (text.size() > limits.unpacked_bytes_max) {
    return {{},
            name + ": the dump has " + mebibytes(text.size()) + ", at most " +
                mebibytes(limits.unpacked_bytes_max) +
                " are read. Fetch the counted form (without debug=2): it is a fraction of that."};
  }
  try {
    return {Debug2Reader(text, limits).read(), {}};
  } catch (const Malformed& malformed) {
    return {{}, name + ": " + malformed.what};
  }
}

}  // namespace golab::profiler
