// scan.cpp: bufio.Scanner: reads on until a split function finds a token in the buffer.
#include <algorithm>
#include <cstring>

#include "runtime/bufio/bufio.h"
#include "runtime/die/panic.h"
#include "runtime/strconv/utf8.h"

namespace golab::bufio {

const error ErrTooLong = errors::New("bufio.Scanner: token too long");
const error ErrNegativeAdvance =
    errors::New("bufio.Scanner: SplitFunc returns negative advance count");
const error ErrAdvanceTooFar =
    errors::New("bufio.Scanner: SplitFunc returns advance count beyond input");
const error ErrBadReadCount = errors::New("bufio.Scanner: Read returned impossible count");
const error ErrFinalToken = errors::New("final token");

namespace {
constexpr int kBegin = 4096;       // bytes of the buffer at first
constexpr int kEmptiesMax = 100;   // empty tokens, or Reads that bring nothing, in a row
constexpr int64_t kLargest = 1 << 30;
}  // namespace

error Scanner::Err() const { return err_ == io::EOF_ ? error() : err_; }

void Scanner::Buffer(int capacity, int max) {
  if (scanned_) panic("Buffer called after Scan");
  buf_.assign(static_cast<size_t>(std::max(capacity, 0)), '\0');
  max_ = max;
}

void Scanner::Split(SplitFunc split) {
  if (scanned_) panic("Split called after Scan");
  split_ = std::move(split);
}

// The first error counts, but an end that turns out to be an error is that error.
void Scanner::set_err(const error& err) {
  if (err_ == nullptr || err_ == io::EOF_) err_ = err;
}

bool Scanner::stop(const error& err) {
  set_err(err);
  token_ = {};
  return false;
}

bool Scanner::advance(int64_t n) {
  if (n < 0) return set_err(ErrNegativeAdvance), false;
  if (n > static_cast<int64_t>(end_ - start_)) return set_err(ErrAdvanceTooFar), false;
  start_ += static_cast<size_t>(n);
  return true;
}

// Asks the split function about the buffer. *found: there is a token. False: the scan ends here.
bool Scanner::next_token(bool* found) {
  const bool at_end = err_ != nullptr;
  bufio::Split got = split_(std::string_view(buf_).substr(start_, end_ - start_), at_end);
  *found = got.token.has_value();
  if (got.err == ErrFinalToken) {
    token_ = got.token.value_or(std::string_view());
    done_ = true;
    return *found;
  }
  if (got.err != nullptr) return stop(got.err);
  if (!advance(got.advance)) return false;
  token_ = got.token.value_or(std::string_view());
  if (!*found) return true;
  empties_ = !at_end || got.advance > 0 ? 0 : empties_ + 1;
  if (empties_ > kEmptiesMax) panic("bufio.Scan: too many empty tokens without progressing");
  return true;
}

// Reads more. False: the token is too long.
bool Scanner::fill() {
  if (start_ > 0 && (end_ == buf_.size() || start_ > buf_.size() / 2)) {
    std::memmove(buf_.data(), buf_.data() + start_, end_ - start_);
    end_ -= start_;
    start_ = 0;
  }
  if (end_ == buf_.size()) {
    const auto size = static_cast<int64_t>(buf_.size());
    if (size >= max_ || size > kLargest) return stop(ErrTooLong);
    buf_.resize(static_cast<size_t>(std::min<int64_t>(size == 0 ? kBegin : 2 * size, max_)));
  }
  for (int i = 0; i <= kEmptiesMax; i++) {
    auto [n, err] = r_.Read(buf_.data() + end_, buf_.size() - end_);
    if (n < 0 || static_cast<size_t>(n) > buf_.size() - end_) return set_err(ErrBadReadCount), true;
    end_ += static_cast<size_t>(n);
    if (err != nullptr) return set_err(err), true;
    if (n > 0) {
      empties_ = 0;
      return true;
    }
  }
  set_err(io::ErrNoProgress);
  return true;
}

bool Scanner::Scan() {
  if (done_) return false;
  scanned_ = true;
  for (;;) {
    if (end_ > start_ || err_ != nullptr) {
      bool found = false;
      if (!next_token(&found)) return false;
      if (found) return true;
    }
    if (err_ != nullptr) {
      start_ = end_ = 0;
      return false;
    }
    if (!fill()) return false;
  }
}

// ---- Split functions ----------------------------------------------------------------------------

namespace {

constexpr std::string_view kErrorRune = "\xef\xbf\xbd";

std::string_view without_cr(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// White space, as Go's unicode.IsSpace has it.
bool is_space(char32_t r) {
  constexpr std::u32string_view kSpaces =
      U" \t\n\v\f\r\u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000";
  return kSpaces.find(r) != kSpaces.npos || (r >= 0x2000 && r <= 0x200a);
}

// Do these bytes only begin a rune? Then it can be completed: with the least bytes, or the
// greatest.
bool is_cut_rune(std::string_view s) {
  for (char filler : {'\x80', '\xbf'}) {
    const std::string completed = std::string(s.substr(0, 3)) + std::string(3, filler);
    if (utf8::DecodeRuneInString(completed).second > s.size()) return true;
  }
  return false;
}

Split step(size_t advance) {
  Split s;
  s.advance = static_cast<int64_t>(advance);
  return s;
}
Split step(size_t advance, std::string_view token) {
  Split s = step(advance);
  s.token = token;
  return s;
}

}  // namespace

Split ScanLines(std::string_view data, bool atEOF) {
  if (data.empty()) return {};
  const size_t at = data.find('\n');
  if (at != data.npos)
    return step(at + 1, without_cr(data.substr(0, at)));
  return atEOF ? step(data.size(), without_cr(data)) : step(0);
}

Split ScanWords(std::string_view data, bool atEOF) {
  size_t start = 0;
  while (start < data.size()) {
    auto [r, width] = utf8::DecodeRuneInString(data.substr(start));
    if (!is_space(r)) break;
    start += width;
  }
  for (size_t i = start; i < data.size();) {
    auto [r, width] = utf8::DecodeRuneInString(data.substr(i));
    if (is_space(r)) return step(i + width, data.substr(start, i - start));
    i += width;
  }
  if (!atEOF || start == data.size()) return step(start);
  return step(data.size(), data.substr(start));
}

Split ScanBytes(std::string_view data, bool) {
  return data.empty() ? step(0) : step(1, data.substr(0, 1));
}

Split ScanRunes(std::string_view data, bool atEOF) {
  if (data.empty()) return {};
  auto [r, width] = utf8::DecodeRuneInString(data);
  if (width > 1 || r < 0x80)
    return step(width, data.substr(0, width));
  return !atEOF && is_cut_rune(data) ? step(0) : step(1, kErrorRune);
}

}  // namespace golab::bufio
