// dump_parser.cpp: what each line of a dump is, by its form and by the line before.
#include "profiler/formats/dump_parser.h"

#include <utility>

namespace golab::profiler {
namespace {

constexpr int kBadLinesMax = 3;  // then the goroutine has ended, and a log goes on

void parse_state(std::string_view rest, DumpHeader& header) {
  auto next = [&rest] {
    std::string_view part = rest.substr(0, rest.find(", "));
    rest.remove_prefix(std::min(part.size() + 2, rest.size()));
    return part;
  };
  auto take_end = [](std::string_view& text, std::string_view end) {
    if (!text.ends_with(end)) return false;
    text.remove_suffix(end.size());
    return true;
  };
  std::string_view state = next();
  take_end(state, " (scan)");
  header.leaked = take_end(state, " (leaked)");
  header.state = state;
  while (!rest.empty()) {
    std::string_view part = next();
    if (part == "locked to thread") header.locked_to_thread = true;
    if (part == "leaked") header.leaked = true;
    int64_t minutes = 0;
    if (take_number(part, minutes) && part == " minutes") header.minutes = minutes;
  }
}

// Takes "{tenant: acme}". A quoted text in it may have braces.
bool take_labels(std::string_view& rest, std::string_view& labels) {
  bool quoted = false;
  for (size_t i = 1; i < rest.size(); i++) {
    if (quoted && rest[i] == '\\') {
      i++;
    } else if (rest[i] == '"') {
      quoted = !quoted;
    } else if (rest[i] == '}' && !quoted) {
      labels = rest.substr(1, i - 1);
      rest.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

// Removes the last word of `text` if it is `prefix` and a number.
bool take_address(std::string_view& text, std::string_view prefix, uint64_t& value) {
  size_t blank = text.rfind(' ');
  std::string_view word = text.substr(blank == text.npos ? 0 : blank + 1);
  if (!take(word, prefix) || !take_number(word, value, 16) || !word.empty()) return false;
  text = text.substr(0, blank == text.npos ? 0 : blank);
  return true;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// What stands before the goroutines of a dump, where several may follow each other in a log.
bool begins_a_dump(std::string_view line) {
  if (line.empty() || is_blank(line[0])) return false;
  for (std::string_view word : {"panic: ", "fatal error: ", "unexpected fault address ",
                                "SIGQUIT: quit", "SIGABRT: abort", "SIGSEGV: segmentation "}) {
    if (line.starts_with(word)) return true;
  }
  // log.Print has written a time before it.
  return line.find("http: panic serving ") != line.npos;
}

// "rax    0x0", "r0      0x1": the first of the registers, on each kind of processor.
bool is_register(std::string_view line) {
  for (std::string_view name : {"rax ", "eax ", "trap ", "r0 ", "ra "}) {
    if (!take(line, name)) continue;
    return without_blanks_before(line).starts_with("0x");
  }
  return false;
}

}  // namespace

bool take_header(std::string_view& text, DumpHeader& header) {
  std::string_view rest = text;
  if (!take(rest, "goroutine ") || !take_number(rest, header.goid)) return false;
  // Most headers have the bracket here.
  while (!rest.starts_with(" [")) {
    if (!rest.starts_with(" gp=") && !rest.starts_with(" m=") && !rest.starts_with(" mp=")) {
      return false;
    }
    rest.remove_prefix(std::min(rest.find(' ', 1), rest.size()));
  }
  size_t close = rest.find(']');
  if (close == rest.npos) return false;
  parse_state(rest.substr(2, close - 2), header);
  rest.remove_prefix(close + 1);
  if (rest.starts_with(" {")) rest.remove_prefix(1);
  if (rest.starts_with('{') && !take_labels(rest, header.labels)) return false;
  if (!take(rest, ":")) return false;
  text = rest;
  return true;
}

bool parse_position(std::string_view text, DumpPosition& position) {
  std::string_view rest = text;
  bool has_pc = take_address(rest, "pc=0x", position.pc);
  if (rest.empty() && has_pc) return true;
  uint64_t ignored = 0;
  take_address(rest, "sp=0x", ignored);
  take_address(rest, "fp=0x", ignored);
  take_address(rest, "+0x", position.offset);
  size_t colon = rest.rfind(':');
  std::string_view number = rest.substr(std::min(rest.size(), colon + 1));
  if (colon == rest.npos || !take_number(number, position.line) || !number.empty()) return false;
  position.file = rest.substr(0, colon);
  return true;
}

bool DumpParser::line(std::string_view line, size_t number) {
  number_ = number;
  header_cut_ = false;
  if (!line.empty() && (is_blank(line.back()) || line.back() == '\r')) {
    line = without_blanks_after(line);
  }
  if (line.starts_with("goroutine ")) {
    DumpHeader header;
    std::string_view rest = line;
    if (take_header(rest, header) && rest.empty()) {
      end();
      header.line_number = number;
      in_ = In::Stack;
      goid_ = header.goid;
      creators_before_ = creators_;
      sink_.goroutine(header);
      return true;
    }
    header_cut_ = line.find(']') == line.npos;
  }
  if (begins_a_dump(line)) {
    end();
    sink_.another_begins();
    awaits_registers_ = false;
    return false;
  }
  if (awaits_registers_ && is_register(line)) awaits_registers_ = false;
  if (in_ == In::Stack) return in_stack(line);
  return in_ == In::Ancestors;
}

bool DumpParser::in_stack(std::string_view line) {
  if (line.empty()) {
    after_blank_ = true;
    return true;
  }
  if (is_blank(line[0]) || line.starts_with("\\t")) {
    std::string_view text = without_blanks_before(line);
    take(text, "\\t");
    if (text.starts_with("goroutine running on other thread")) return true;
    if (waits_ != Waits::Nothing) return position_line(text);
    return text.ends_with(')') && !after_blank_ ? function_line(text) : leave_out(line, number_);
  }
  std::string_view rest = line;
  if (take(rest, "[originating from goroutine ")) {
    // GODEBUG=tracebackancestors: the stacks of ancestors follow. They are skipped.
    end();
    in_ = In::Ancestors;
    return true;
  }
  if (take(rest, "...") && rest.find(" frames elided") != rest.npos) {
    int64_t frames = 0;
    take_number(rest, frames);  // Go before 1.21 prints no number
    flush({});
    sink_.elided(frames);
    return true;
  }
  DumpPosition position;
  if (waits_ != Waits::Nothing && !line.ends_with(')') && parse_position(line, position)) {
    return position_line(line);  // a log has taken the tab away
  }
  if (complete_) {
    end();
    return false;
  }
  return function_line(line);
}

bool DumpParser::position_line(std::string_view text) {
  flush(text);
  after_blank_ = false;
  return true;
}

bool DumpParser::function_line(std::string_view line) {
  flush({});
  if (in_ != In::Stack) return false;
  pending_ = line;
  pending_number_ = number_;
  blank_before_pending_ = after_blank_;
  if (line.starts_with("created by ")) {
    waits_ = Waits::Creator;
    return true;
  }
  const size_t open = line.rfind('(');
  is_call_ = line.ends_with(')') && open != line.npos && open != 0;
  waits_ = Waits::Function;
  return true;
}

// Hands over the pending line, now that its position is known or known to be absent.
void DumpParser::flush(std::string_view position) {
  const Waits waited = std::exchange(waits_, Waits::Nothing);
  if (waited == Waits::Nothing) return;
  std::string_view text = pending_;
  if (waited == Waits::Creator) {
    text.remove_prefix(std::string_view("created by ").size());
    constexpr std::string_view kIn = " in goroutine ";
    const size_t in = text.rfind(kIn);
    std::string_view number = in == text.npos ? "" : text.substr(in + kIn.size());
    uint64_t goid = 0;
    take_number(number, goid);
    if (!sink_.creator(text.substr(0, in), goid, position) && !cut_off_)
      unreadable_.add(number_, position);
    complete_ = true;
    creators_++;
    return;
  }
  constexpr std::string_view kUnnamed = "non-Go function at ";
  if (text.starts_with(kUnnamed)) {
    position = text.substr(kUnnamed.size());
    text = "non-Go function";
    is_call_ = false;
  }
  if (position.empty() && blank_before_pending_) return end();  // it had ended with the blank line
  if (position.empty() && !is_call_) {
    leave_out(text, pending_number_);
    return;
  }
  // Arguments have no parentheses, but a name may have some: "net.(*conn).Read(...)".
  const size_t open = is_call_ ? text.rfind('(') : text.size();
  std::string_view arguments = is_call_ ? text.substr(open + 1, text.size() - open - 2) : "";
  frames_++;
  bad_in_a_row_ = 0;
  if (!sink_.frame(text.substr(0, open), arguments, position) && !cut_off_) {
    unreadable_.add(position.empty() ? pending_number_ : number_,
                    position.empty() ? text : position);
  }
}

bool DumpParser::leave_out(std::string_view line, size_t number) {
  if (!cut_off_) unreadable_.add(number, line);
  if (++bad_in_a_row_ >= kBadLinesMax) end();
  return false;
}

void DumpParser::end() {
  if (waits_ != Waits::Nothing) flush({});
  if (in_ == In::Stack) sink_.end();
  in_ = In::Nothing;
  after_blank_ = complete_ = false;
  frames_ = bad_in_a_row_ = 0;
}

void DumpParser::finish(bool whole_lines) {
  const bool no_position = waits_ != Waits::Nothing && !after_blank_;
  const bool no_frames = in_ == In::Stack && frames_ == 0 && !after_blank_;
  const bool is_last = in_ == In::Stack && !after_blank_;
  cut_off_ = !whole_lines && (no_position || no_frames || header_cut_);
  end();
  // Only the first goroutine has no creator, if the writer writes any.
  if (is_last && creators_ > 0 && creators_before_ == creators_ && goid_ > 1) cut_off_ = true;
}

}  // namespace golab::profiler
