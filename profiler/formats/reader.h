// reader.h: the readers' error, their account of memory, and lines of text. Internal to formats/.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace golab::profiler {

// Says what is wrong with a file, without its name.
struct Malformed {
  std::string what;
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
                      " of memory: it is not read any further"};
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

// Removes `prefix` from the front of `text`, if it is there.
inline bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

class LineReader {
 public:
  explicit LineReader(std::string_view text) : text_(text) {}

  bool next() {
    if (text_.empty()) return false;
    size_t end = std::min(text_.find('\n'), text_.size());
    line_ = text_.substr(0, end);
    text_.remove_prefix(std::min(end + 1, text_.size()));
    if (line_.ends_with('\r')) line_.remove_suffix(1);
    number_++;
    return true;
  }
  std::string_view line() const { return line_; }
  size_t number() const { return number_; }  // of this line, from 1
  // Returns the next line, perhaps with a carriage return.
  std::string_view peek() const { return text_.substr(0, text_.find('\n')); }
  [[noreturn]] void fail(const std::string& what) const {
    throw Malformed{"line " + std::to_string(number_) + ": " + what};
  }

 private:
  std::string_view text_;
  std::string_view line_;
  size_t number_ = 0;
};

}  // namespace golab::profiler
