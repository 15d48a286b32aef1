// debug1_reader.cpp: reads the text of ?debug=1, with the names in its '#' lines.
//
// go tool pprof ignores these names. With them a saved text can be compared without the binary that
// wrote it. Frames that the writer hides (runtime.gopark) get no name.
#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "profiler/formats/profile.h"
#include "profiler/formats/reader.h"
#include "runtime/strconv/strconv.h"

namespace golab::profiler {
namespace {

// Removes a number from the front of `text`: decimal or, after 0x, hexadecimal.
bool take_number(std::string_view& text, uint64_t& value) {
  int base = text.starts_with("0x") ? 16 : 10;
  std::string_view digits = text.substr(base == 16 ? 2 : 0);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

class Debug1Reader {
 public:
  Debug1Reader(std::string_view text, const ReadLimits& limits)
      : lines_(text), memory_(limits.memory_bytes_max) {}

  SymbolizedProfile read() {
    read_head();
    while (next_line()) {
      if (line_.starts_with("---")) break;  // a memory map follows
      if (line_.empty()) {
        cursor_ = 0;
      } else if (line_[0] == '#') {
        read_comment();
      } else {
        read_record();
      }
    }
    if (sum_ != total_) {
      throw Malformed{"its records add up to " + std::to_string(sum_) +
                      " goroutines, its first line says " + std::to_string(total_) +
                      ": it is cut off or was edited. Fetch it again."};
    }
    charge_reports(profile_, memory_);
    return std::move(profile_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { lines_.fail(what); }

  bool next_line() {
    if (!lines_.next()) return false;
    line_ = lines_.line();
    return true;
  }

  // "goroutine profile: total 1523", after comments and empty lines.
  void read_head() {
    while (next_line() && (line_.empty() || line_[0] == '#')) {}
    constexpr std::string_view kMiddle = " profile: total ";
    size_t middle = line_.find(kMiddle);
    std::string_view number = line_.substr(std::min(line_.size(), middle + kMiddle.size()));
    if (middle == line_.npos || middle == 0 || !take_number(number, total_) || !number.empty()) {
      fail(
          "expected \"goroutine profile: total N\". Is this a profile? Fetch one from "
          "http://HOST/debug/pprof/goroutine?debug=1.");
    }
    if (total_ > INT64_MAX) fail("the total is no number of goroutines");
    profile_.sample_types.push_back({std::string(line_.substr(0, middle)), "count"});
    profile_.period_type = profile_.sample_types[0];
    profile_.period = 1;
  }

  // "1500 @ 0x48a1ca 0x4180ae"
  void read_record() {
    std::string_view rest = line_;
    uint64_t count = 0;
    if (!take_number(rest, count) || !rest.starts_with(" @")) {
      fail("expected \"COUNT @ 0xADDRESS ...\", a '#' line or an empty line");
    }
    if (count > INT64_MAX - sum_) fail("the counts up to here are more than there can be");
    rest.remove_prefix(2);
    memory_.charge(sizeof(Sample) + sizeof count + 2 * kHeapBytes);
    Sample sample;
    sample.values.push_back(static_cast<int64_t>(count));
    while (!rest.empty()) {
      memory_.charge(kFrameBytes);
      uint64_t address = 0;
      if (!rest.starts_with(" 0x")) fail("expected one blank and an address");
      rest.remove_prefix(1);
      if (!take_number(rest, address)) fail("an address is no 64-bit number");
      if (address == 0) fail("an address is 0");
      sample.locations.push_back(location(address - 1));
    }
    if (sample.locations.empty()) fail("a record without an address");
    sum_ += count;
    profile_.samples.push_back(std::move(sample));
    cursor_ = 0;
  }

  uint32_t location(uint64_t address) {
    auto [it, fresh] =
        locations_.try_emplace(address, static_cast<uint32_t>(profile_.locations.size()));
    if (!fresh) return it->second;
    memory_.charge(2 * sizeof(Location) + sizeof(Line) + 4 * kHeapBytes);  // with its map entry
    profile_.locations.push_back({address, kNone, 0, {}, false});
    return it->second;
  }

  void read_comment() {
    if (profile_.samples.empty()) return;
    constexpr std::string_view kLabels = "# labels: ";
    if (line_.starts_with(kLabels)) return read_labels(line_.substr(kLabels.size()));
    if (line_.starts_with("#\t0x")) read_frame();
  }

  // {"job":"import #7", "tenant":"acme"}
  void read_labels(std::string_view rest) {
    Sample& sample = profile_.samples.back();
    sample.has_labels = true;
    auto expect = [this](bool good) {
      if (!good) fail("expected labels: {\"key\":\"value\", ...}");
    };
    expect(take(rest, "{"));
    while (!take(rest, "}")) {
      if (!sample.labels.empty()) expect(take(rest, ", "));
      auto key = strconv::take_quoted(rest);
      expect(key && take(rest, ":"));
      auto value = strconv::take_quoted(rest);
      expect(value.has_value());
      memory_.charge(sizeof(Label) + key->size() + value->size() + 3 * kHeapBytes);
      sample.labels.push_back({*key, *value, 0, {}});
    }
    expect(rest.empty());
  }

  // "#" TAB "0x67cdad" TAB "main.worker+0x4d" TAB "/lab/main.go:39". A TAB may be several.
  void read_frame() {
    std::string_view rest = line_.substr(2);
    uint64_t address = 0;
    if (!take_number(rest, address)) fail("expected an address");
    // The lines have the order of the addresses in the record. Some addresses have no line.
    const Sample& sample = profile_.samples.back();
    auto next = [&] { return sample.locations[cursor_]; };
    while (cursor_ < sample.locations.size() && profile_.locations[next()].address != address) {
      cursor_++;
    }
    if (cursor_ == sample.locations.size()) fail("the record above does not have this address");
    Location& location = profile_.locations[next()];
    cursor_++;
    rest.remove_prefix(std::min(rest.find_first_not_of('\t'), rest.size()));
    if (rest.empty() || !location.lines.empty()) return;  // no name, or already known

    std::string_view function = rest.substr(0, rest.find('\t'));
    rest.remove_prefix(function.size());
    rest.remove_prefix(std::min(rest.find_first_not_of('\t'), rest.size()));
    size_t plus = function.rfind("+0x"), colon = rest.rfind(':');
    uint64_t offset = 0, line = 0;
    std::string_view offset_text = function.substr(std::min(plus, function.size() - 1) + 1);
    std::string_view line_text = rest.substr(std::min(colon + 1, rest.size()));
    if (plus == function.npos || colon == rest.npos || !take_number(offset_text, offset) ||
        !take_number(line_text, line) || line > INT32_MAX) {
      fail("expected FUNCTION+0xOFFSET and FILE:LINE");
    }
    if (offset > address) fail("the function begins before the first address");
    location.entry = address - offset;
    Function named{
        std::string(function.substr(0, plus)), {}, std::string(rest.substr(0, colon)), 0};
    named.system_name = named.name;
    location.lines.push_back({intern(std::move(named)), static_cast<int64_t>(line), 0});
  }

  uint32_t intern(Function function) {
    auto [it, fresh] = functions_.try_emplace(function.name + '\n' + function.file,
                                              static_cast<uint32_t>(profile_.functions.size()));
    if (!fresh) return it->second;
    memory_.charge(2 * sizeof(Function) + 3 * function.name.size() + 2 * function.file.size() +
                   8 * kHeapBytes);
    profile_.functions.push_back(std::move(function));
    return it->second;
  }

  LineReader lines_;
  MemoryAccount memory_;
  std::string_view line_;
  uint64_t total_ = 0, sum_ = 0;
  size_t cursor_ = 0;  // of the last sample's locations, the first that the next '#' line may name
  SymbolizedProfile profile_;
  std::unordered_map<uint64_t, uint32_t> locations_;
  std::unordered_map<std::string, uint32_t> functions_;
};

}  // namespace

ReadResult read_debug1(std::string_view text, const std::string& name, ReadLimits limits) {
  if (text.size() > limits.unpacked_bytes_max) {
    return {{},
            name + ": the text has " + mebibytes(text.size()) + ", at most " +
                mebibytes(limits.unpacked_bytes_max) +
                " are read. Fetch the binary form (without debug=1): it is a fraction of that."};
  }
  try {
    return {Debug1Reader(text, limits).read(), {}};
  } catch (const Malformed& malformed) {
    return {{}, name + ": " + malformed.what};
  }
}

}  // namespace golab::profiler
