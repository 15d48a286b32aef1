// debug2_reader.cpp: reads a dump line by line.
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

class Debug2Reader {
 public:
  Debug2Reader(std::string_view text, const ReadLimits& limits)
      : lines_(text), memory_(limits.memory_bytes_max) {}

  DumpResult read(const std::string& name) {
    DumpResult result;
    while (next_line()) {
      DumpedGoroutine goroutine;
      if (!parse_header(goroutine)) continue;
      memory_.charge(2 * sizeof goroutine + 4 * kHeapBytes);
      read_stack(goroutine);
      result.goroutines.push_back(std::move(goroutine));
    }
    if (result.goroutines.empty()) {
      result.error = name +
                     ": no line like \"goroutine 1 [chan receive]:\" in it. Is this a dump? Fetch "
                     "one from http://HOST/debug/pprof/goroutine?debug=2.";
    } else if (unreadable_ > 0) {
      result.warning = name + ": " + std::to_string(unreadable_) +
                       (unreadable_ == 1 ? " line" : " lines") +
                       " of the dump could not be read and count for nothing; the first is line " +
                       std::to_string(first_unreadable_) + ".";
    }
    return result;
  }

 private:
  void leave_out() {
    if (unreadable_++ == 0) first_unreadable_ = lines_.number();
  }

  // Charges for the whole line, since most of it is kept.
  bool next_line() {
    if (!lines_.next()) return false;
    line_ = lines_.line();
    memory_.charge(line_.size());
    return true;
  }

  // "goroutine 7 [state, 2 minutes, locked to thread] {labels}:". A crash dump may have
  // "gp=0x... m=..." before the bracket.
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
    auto next = [&rest] {
      std::string_view part = rest.substr(0, rest.find(", "));
      rest.remove_prefix(std::min(part.size() + 2, rest.size()));
      return part;
    };
    constexpr std::string_view kLeaked = " (leaked)";
    std::string_view state = next();
    goroutine.leaked = state.ends_with(kLeaked);
    if (goroutine.leaked) state.remove_suffix(kLeaked.size());
    goroutine.state = state;
    while (!rest.empty()) {
      std::string_view part = next();
      if (part == "locked to thread") goroutine.locked_to_thread = true;
      int64_t minutes = 0;
      if (take_number(part, minutes) && part == " minutes") goroutine.minutes = minutes;
    }
  }

  void read_stack(DumpedGoroutine& goroutine) {
    while (next_line() && !line_.empty()) {
      std::string_view rest = line_;
      if (rest.starts_with("\tgoroutine running on other thread")) continue;
      if (take(rest, "...")) {
        take_number(rest, goroutine.elided);  // Go before 1.21 prints no number
      } else if (take(rest, "created by ")) {
        read_creator(rest, goroutine);
      } else if (take(rest, "[originating from goroutine ")) {
        // GODEBUG=tracebackancestors: the stack of an ancestor follows. It is skipped.
        while (next_line() && !line_.empty()) {}
        return;
      } else if (DumpedFrame frame; read_frame(frame)) {
        memory_.charge(2 * sizeof frame + 3 * kHeapBytes);
        goroutine.frames.push_back(std::move(frame));
      } else {
        leave_out();
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
    read_position(goroutine.created_at);
  }

  // "main.worker(0x1, {...})". Arguments have no parentheses, but a name may have some:
  // "net.(*conn).Read(...)". Returns false if the line begins no frame.
  bool read_frame(DumpedFrame& frame) {
    std::string_view rest = line_;
    if (take(rest, "non-Go function at pc=0x") && take_number(rest, frame.pc, 16)) {
      frame.function = "non-Go function";
      return true;
    }
    size_t open = line_.rfind('(');
    bool call = line_.back() == ')' && open != line_.npos && open != 0;
    if (!call && (line_[0] == '\t' || !lines_.peek().starts_with('\t'))) return false;
    frame.function = line_.substr(0, call ? open : line_.size());
    if (call) frame.arguments = line_.substr(open + 1, line_.size() - open - 2);
    read_position(frame);
    return true;
  }

  // TAB "/lab/main.go:15 +0x27 fp=0x... sp=0x... pc=0x...", or less of it, or only the pc.
  void read_position(DumpedFrame& frame) {
    if (!lines_.peek().starts_with('\t')) return leave_out();
    next_line();
    std::string_view rest = line_.substr(1);
    bool has_pc = take_address(rest, "pc=0x", frame.pc);
    if (rest.empty() && has_pc) return;
    uint64_t ignored = 0;
    take_address(rest, "sp=0x", ignored);
    take_address(rest, "fp=0x", ignored);
    take_address(rest, "+0x", frame.offset);
    size_t colon = rest.rfind(':');
    std::string_view number = rest.substr(std::min(rest.size(), colon + 1));
    if (colon == rest.npos || !take_number(number, frame.line) || !number.empty()) {
      return leave_out();
    }
    frame.file = rest.substr(0, colon);
  }

  // Removes the last word of `text` if it is `prefix` and a number.
  static bool take_address(std::string_view& text, std::string_view prefix, uint64_t& value) {
    size_t blank = text.rfind(' ');
    std::string_view word = text.substr(blank == text.npos ? 0 : blank + 1);
    if (!take(word, prefix) || !take_number(word, value, 16) || !word.empty()) return false;
    text = text.substr(0, blank == text.npos ? 0 : blank);
    return true;
  }

  LineReader lines_;
  MemoryAccount memory_;
  std::string_view line_;
  size_t unreadable_ = 0;  // lines
  size_t first_unreadable_ = 0;
};

}  // namespace

DumpResult read_debug2(std::string_view text, const std::string& name, ReadLimits limits) {
  if (text.size() > limits.unpacked_bytes_max) {
    return {{},
            name + ": the dump has " + mebibytes(text.size()) + ", at most " +
                mebibytes(limits.unpacked_bytes_max) +
                " are read. Fetch the counted form (without debug=2): it is a fraction of that.",
            {}};
  }
  try {
    return Debug2Reader(text, limits).read(name);
  } catch (const Malformed& malformed) {
    return {{}, name + ": " + malformed.what, {}};
  }
}

}  // namespace golab::profiler
