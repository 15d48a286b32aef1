// debug1_reader.cpp: records, labels and names of the text form.
#include "profiler/formats/debug1_reader.h"

#include <algorithm>
#include <cmath>

#include "runtime/strconv/strconv.h"

namespace golab::profiler {
namespace {

// Removes a number from the front of `text`: decimal or, after 0x, hexadecimal.
bool take_any_number(std::string_view& text, uint64_t& value) {
  std::string_view rest = text;
  const int base = take(rest, "0x") ? 16 : 10;
  if (!take_number(rest, value, base)) return false;
  text = rest;
  return true;
}

// Removes blanks and `separator` from the front.
bool take_after_blanks(std::string_view& text, std::string_view separator) {
  text = without_blanks_before(text);
  return take(text, separator);
}

// Where "+0x4d" and a blank end a function's name in "main.worker+0x4d  /lab/main.go:39".
size_t end_of_name(std::string_view text, std::string_view& offset) {
  constexpr std::string_view kPlus = "+0x";
  for (size_t at = text.find(kPlus); at != text.npos; at = text.find(kPlus, at + 1)) {
    std::string_view digits = text.substr(at + kPlus.size());
    digits = digits.substr(0, digits.find_first_not_of("0123456789abcdef"));
    const size_t end = at + kPlus.size() + digits.size();
    if (digits.empty() || (end < text.size() && kBlanks.find(text[end]) == kBlanks.npos)) continue;
    offset = digits;
    return at;
  }
  return text.npos;
}

// As many as the rate lets expect of all objects of this size, from those that were sampled.
void scale_up(int64_t& count, int64_t& bytes, int64_t rate) {
  if (count <= 0 || bytes <= 0 || rate <= 1) return;
  const double size = static_cast<double>(bytes) / static_cast<double>(count);
  const double scale = 1 / (1 - std::exp(-size / static_cast<double>(rate)));
  const double most = 9e18;
  count = static_cast<int64_t>(std::min(static_cast<double>(count) * scale, most));
  bytes = static_cast<int64_t>(std::min(static_cast<double>(bytes) * scale, most));
}

}  // namespace

void Debug1Parser::begin(std::string_view line, Start kind, size_t number) {
  kind_ = kind;
  number_ = number;
  if (kind == Start::Counted) begin_counted(line);
  if (kind == Start::Heap) begin_heap(line);
  if (kind == Start::Contention) begin_contention();
  sums_.resize(profile_.sample_types.size());
}

// "goroutine profile: total 1523"
void Debug1Parser::begin_counted(std::string_view line) {
  constexpr std::string_view kMiddle = " profile: total ";
  const size_t middle = line.find(kMiddle);
  std::string_view number = line.substr(middle + kMiddle.size());
  if (!take_number(number, total_) || total_ > INT64_MAX) {
    throw Malformed{"line " + std::to_string(number_) + ": the total is no number of goroutines"};
  }
  profile_.sample_types = {{std::string(line.substr(0, middle)), "count"}};
  profile_.period_type = profile_.sample_types[0];
  profile_.period = 1;
}

// "heap profile: 3: 1024 [10: 4096] @ heap/1048576": the number is twice the sampling rate.
void Debug1Parser::begin_heap(std::string_view line) {
  profile_.sample_types = {{"alloc_objects", "count"},
                           {"alloc_space", "bytes"},
                           {"inuse_objects", "count"},
                           {"inuse_space", "bytes"}};
  profile_.period_type = {"space", "bytes"};
  const size_t at = line.find("heap/");
  std::string_view rate = line.substr(std::min(line.size(), at + 5));
  if (at != line.npos && take_number(rate, heap_rate_)) heap_rate_ /= 2;
  profile_.period = heap_rate_;
}

void Debug1Parser::begin_contention() {
  profile_.sample_types = {{"contentions", "count"}, {"delay", "nanoseconds"}};
  profile_.period_type = profile_.sample_types[0];
  profile_.period = 1;
}

bool Debug1Parser::line(std::string_view line, size_t number) {
  number_ = number;
  last_unreadable_ = false;
  line = without_blanks_after(line);
  if (in_map_ || another_ > 0) return true;
  if (line.starts_with("--- Memory map") || line.starts_with("MAPPED_LIBRARIES")) {
    in_map_ = true;
    return true;
  }
  if (line.empty()) return true;
  std::string_view text = without_blanks_before(line);
  bool good = false;
  if (text[0] == '#') {
    good = comment(text.substr(1));
  } else if (text.starts_with("0x")) {  // a page that took "#" for a title
    good = frame(text);
  } else if (profile_.samples.empty() && head_field(text)) {
    good = true;
  } else if (find_start(text).kind == kind_) {
    another_ = number;
    return true;
  } else {
    good = record(text);
  }
  if (!good) unreadable_.add(number, line);
  last_unreadable_ = !good;
  return good;
}

// "cycles/second=2400000000" and "sampling period=5", before the records of a contention.
bool Debug1Parser::head_field(std::string_view line) {
  if (kind_ != Start::Contention) return false;
  if (take(line, "cycles/second=")) return take_number(line, cycles_per_second_);
  if (take(line, "sampling period=")) return take_number(line, sampling_period_);
  return take(line, "ms since reset=") || take(line, "discarded samples=");
}

// "1500 @ 0x48a1ca 0x4180ae"
bool Debug1Parser::record(std::string_view line) {
  Sample sample;
  std::string_view rest = line;
  if (!values(rest, sample) || !take_after_blanks(rest, "@")) return false;
  if (!add_up(sample)) {
    throw Malformed{"line " + std::to_string(number_) +
                    ": the counts up to here are more than there can be"};
  }
  memory_.charge(sizeof(Sample) + 2 * kHeapBytes + sizeof(int64_t) * sample.values.size());
  addresses(rest, sample);
  profile_.samples.push_back(std::move(sample));
  cursor_ = 0;
  return true;
}

bool Debug1Parser::values(std::string_view& rest, Sample& sample) {
  if (kind_ == Start::Heap) return heap_values(rest, sample);
  uint64_t first = 0, second = 0;
  if (!take_number(rest, first) || first > INT64_MAX) return false;
  if (kind_ == Start::Counted) {
    sample.values = {static_cast<int64_t>(first)};
    return true;
  }
  // Cycles and contentions.
  rest = without_blanks_before(rest);
  if (!take_number(rest, second)) return false;
  const double period = static_cast<double>(std::max<uint64_t>(1, sampling_period_));
  const double nanos = cycles_per_second_ == 0 ? 1 : 1e9 / static_cast<double>(cycles_per_second_);
  const double count = static_cast<double>(second) * period;
  const double delay = static_cast<double>(first) * period * nanos;
  if (count > 9e18 || delay > 9e18) return false;
  sample.values = {static_cast<int64_t>(count), static_cast<int64_t>(delay)};
  return true;
}

// "1: 1024 [10: 4096]": objects and bytes in use, then of all that were allocated.
bool Debug1Parser::heap_values(std::string_view& rest, Sample& sample) const {
  int64_t in_use = 0, in_use_bytes = 0, all = 0, all_bytes = 0;
  auto number = [&rest](int64_t& value) {
    rest = without_blanks_before(rest);
    return take_number(rest, value);
  };
  if (!number(in_use) || !take_after_blanks(rest, ":") || !number(in_use_bytes) ||
      !take_after_blanks(rest, "[") || !number(all) || !take_after_blanks(rest, ":") ||
      !number(all_bytes) || !take_after_blanks(rest, "]")) {
    return false;
  }
  scale_up(in_use, in_use_bytes, heap_rate_);
  scale_up(all, all_bytes, heap_rate_);
  sample.values = {all, all_bytes, in_use, in_use_bytes};
  return true;
}

// Every later sum of values is a part of this one, so none overflows.
bool Debug1Parser::add_up(const Sample& sample) {
  for (size_t i = 0; i < sample.values.size(); i++) {
    const auto value = static_cast<uint64_t>(std::abs(std::max(sample.values[i], -INT64_MAX)));
    if (value > static_cast<uint64_t>(INT64_MAX) - sums_[i]) return false;
    sums_[i] += value;
  }
  return true;
}

// Keeps the addresses up to the first that is none.
void Debug1Parser::addresses(std::string_view rest, Sample& sample) {
  while (!(rest = without_blanks_before(rest)).empty()) {
    memory_.charge(kFrameBytes);
    uint64_t address = 0;
    if (!rest.starts_with("0x") || !take_any_number(rest, address)) {
      unreadable_.add(number_, rest);
      last_unreadable_ = true;
      return;
    }
    if (address == 0) continue;  // Go fills the stacks of threads with these
    sample.locations.push_back(location(address - 1));
  }
}

uint32_t Debug1Parser::location(uint64_t address) {
  auto [it, fresh] =
      locations_.try_emplace(address, static_cast<uint32_t>(profile_.locations.size()));
  if (!fresh) return it->second;
  memory_.charge(2 * sizeof(Location) + sizeof(Line) + 4 * kHeapBytes);  // with its map entry
  profile_.locations.push_back({address, kNone, 0, {}, false});
  return it->second;
}

// Everything behind a '#'. What is neither labels nor a frame is a comment, as those at the end of
// a heap's text.
bool Debug1Parser::comment(std::string_view line) {
  std::string_view rest = without_blanks_before(line);
  if (rest.starts_with("0x")) return frame(rest);
  if (take(rest, "labels: ")) return labels(rest);
  return true;
}

// {"job":"import #7", "tenant":"acme"}
bool Debug1Parser::labels(std::string_view rest) {
  if (profile_.samples.empty() || !take(rest, "{")) return false;
  std::vector<Label> found;
  while (!take(rest, "}")) {
    if (!found.empty() && !take(rest, ", ")) return false;
    auto key = strconv::take_quoted(rest);
    if (!key || !take(rest, ":")) return false;
    auto value = strconv::take_quoted(rest);
    if (!value) return false;
    memory_.charge(sizeof(Label) + key->size() + value->size() + 3 * kHeapBytes);
    found.push_back({*key, *value, 0, {}});
  }
  Sample& sample = profile_.samples.back();
  sample.has_labels = true;
  sample.labels.insert(sample.labels.end(), found.begin(), found.end());
  return rest.empty();
}

// "0x67cdad" TAB "main.worker+0x4d" TAB "/lab/main.go:39". A TAB may be several, or blanks.
bool Debug1Parser::frame(std::string_view rest) {
  uint64_t address = 0;
  Location* location = nullptr;
  if (!take_any_number(rest, address)) return false;
  if (address == 0) return true;
  if (!place_of(address, &location)) return false;
  rest = without_blanks_before(rest);
  if (rest.empty() || !location->lines.empty()) return true;  // no name, or already known
  std::string_view offset_digits;
  const size_t end = end_of_name(rest, offset_digits);
  if (end == rest.npos) return false;
  std::string_view position = without_blanks_before(rest.substr(end + 3 + offset_digits.size()));
  uint64_t offset = 0;
  if (!take_number(offset_digits, offset, 16) || offset > address) return false;
  const size_t colon = position.rfind(':');
  std::string_view digits = position.substr(std::min(position.size(), colon + 1));
  int64_t line = 0;
  if (colon == position.npos || !take_number(digits, line) || line > INT32_MAX || line < 0 ||
      !digits.empty()) {
    return false;
  }
  location->entry = address - offset;
  Function named{std::string(rest.substr(0, end)), {}, std::string(position.substr(0, colon)), 0};
  named.system_name = named.name;
  location->lines.push_back({intern(std::move(named)), line, 0});
  names_++;
  return true;
}

// The lines have the order of the addresses in the record. Some addresses have no line. Go before
// 1.7 writes the return address itself, not one less.
bool Debug1Parser::place_of(uint64_t address, Location** location) {
  if (profile_.samples.empty()) return false;
  constexpr size_t kNearFrames = 1024;  // no writer leaves out more; a hostile text has millions
  const std::vector<uint32_t>& stack = profile_.samples.back().locations;
  const size_t end = std::min(stack.size(), cursor_ + kNearFrames);
  for (uint64_t wanted : {address, address - 1}) {
    if (!locations_.contains(wanted)) continue;
    for (size_t i = cursor_; i < end; i++) {
      if (profile_.locations[stack[i]].address != wanted) continue;
      *location = &profile_.locations[stack[i]];
      cursor_ = i + 1;
      return true;
    }
  }
  return false;
}

uint32_t Debug1Parser::intern(Function function) {
  auto [it, fresh] = functions_.try_emplace(function.name + '\n' + function.file,
                                            static_cast<uint32_t>(profile_.functions.size()));
  if (!fresh) return it->second;
  memory_.charge(2 * sizeof(Function) + 3 * function.name.size() + 2 * function.file.size() +
                 8 * kHeapBytes);
  profile_.functions.push_back(std::move(function));
  return it->second;
}

void Debug1Parser::check_total(std::vector<std::string>& warnings) const {
  if (kind_ != Start::Counted || sums_[0] == total_) return;
  const std::string type = profile_.sample_types[0].type + "s";
  const std::string sum = std::to_string(sums_[0]), total = std::to_string(total_);
  warnings.push_back(sums_[0] < total_
                         ? std::to_string(total_ - sums_[0]) + " of its " + total + " " + type +
                               " are missing: it is cut off, or only some records were copied. " +
                               sum + " are counted."
                         : "its records add up to " + sum + " " + type + ", its first line says " +
                               total + ": it was edited.");
}

SymbolizedProfile Debug1Parser::finish(bool whole_lines, std::vector<std::string>& warnings) {
  check_total(warnings);
  if (last_unreadable_ && !whole_lines) {
    warnings.push_back("it ends in the middle of line " + std::to_string(number_) + ".");
  }
  if (unreadable_.count() > (last_unreadable_ && !whole_lines ? 1 : 0)) {
    warnings.push_back(unreadable_.text());
  }
  if (another_ > 0) {
    warnings.push_back("another profile begins in line " + std::to_string(another_) +
                       ", and is not read.");
  }
  if (names_ == 0 && !profile_.locations.empty()) {
    warnings.push_back(
        "no function has a name in it (the '#' lines are missing or cannot be read): stacks are "
        "shown by their addresses.");
  }
  charge_reports(profile_, memory_);
  return std::move(profile_);
}

}  // namespace golab::profiler
