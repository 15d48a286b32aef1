// reader.h: the readers' error, their account of memory, and pieces of text. Internal to formats/.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

namespace golab::profiler {

// Says what is wrong with a file, without its name.
struct Malformed {
  std::string what;
  bool too_large = false;  // it is beyond a limit, and may be a good file
};

inline std::string mebibytes(uint64_t bytes) { return std::to_string(bytes >> 20) + " MiB"; }

// Counts the memory for a file before it is taken, because a byte of a file can ask for hundreds.
class MemoryAccount {
 public:
  explicit MemoryAccount(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  void charge(uint64_t bytes) {
    bytes_ += bytes;
    if (bytes_ > bytes_max_) {
      throw Malformed{"it would need more than " + mebibytes(bytes_max_) +
                          " of memory: it is not read any further",
                      true};
    }
  }

 private:
  uint64_t bytes_max_;
  uint64_t bytes_ = 0;
};

inline constexpr uint64_t kHeapBytes = 16;   // what the heap adds to each piece of memory
inline constexpr uint64_t kFrameBytes = 12;  // of each sample: 4 for its index, 8 in a comparison

struct SymbolizedProfile;

// Charges for a report of the profile, which has the name and the file of one frame of each stack.
void charge_reports(const SymbolizedProfile& profile, MemoryAccount& memory);

inline constexpr std::string_view kBlanks = " \t\r\v\f";

inline std::string_view without_blanks_before(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
  return text;
}

inline std::string_view without_blanks_after(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kBlanks) + 1);
}

// Removes `prefix` from the front of `text`, if it is there.
inline bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

// Removes a number from the front of `text`.
template <typename T>
bool take_number(std::string_view& text, T& value, int base = 10) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

// Lines that could not be read: how many, and the first.
class Unreadable {
 public:
  void add(size_t number, std::string_view line) {
    if (count_++ > 0) return;
    number_ = number;
    line_ = line.substr(0, kShownBytes);
  }
  size_t count() const { return count_; }
  // "3 lines could not be read and count for nothing; the first is line 7: "…"". Empty if none.
  std::string text() const;

 private:
  static constexpr size_t kShownBytes = 60;
  size_t count_ = 0;
  size_t number_ = 0;
  std::string line_;
};

}  // namespace golab::profiler
