// chunked.cpp: reads the sizes and the data of a body in chunks.
#include "runtime/net/http/chunked.h"

#include <algorithm>
#include <charconv>

#include "runtime/io/io.h"
#include "runtime/net/netfd.h"

namespace golab::io {
namespace {

// In Go these two stand between a chunkedReader and its buffer when the end of a chunk is awaited.
[[gnu::noinline]] int ReadAtLeast(bufio::Reader* r, char (&two)[2]) {
  for (size_t have = 0; have < sizeof two;) {
    const bufio::io_result got = r->Read(two + have, sizeof two - have);
    if (got.err != 0) return got.err;
    have += static_cast<size_t>(got.n);
  }
  return 0;
}
[[gnu::noinline]] int ReadFull(bufio::Reader* r, char (&two)[2]) { return ReadAtLeast(r, two); }

}  // namespace
}  // namespace golab::io

namespace golab::net::http::internal {

namespace {

constexpr size_t kLineBytesMax = 4096;  // with its line end

// Reads a chunk's size. Returns what is wrong with it, or nullptr.
const char* parse_size(std::string_view digits, uint64_t* size) {
  if (digits.empty()) return "empty hex number for chunk length";
  constexpr size_t kDigitsMax = 16;
  const size_t bad = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (bad != digits.npos && bad <= kDigitsMax) return "invalid byte in chunk length";
  if (digits.size() > kDigitsMax) return "http chunk length too large";
  std::from_chars(digits.data(), digits.data() + digits.size(), *size, 16);
  return nullptr;
}

// The next line without its end, valid until the next call. Returns what is wrong with it, or
// nullptr; then *code is that of the connection.
[[gnu::noinline]] const char* readChunkLine(bufio::Reader* r, std::string_view* line, int* code) {
  *code = r->ReadSlice('\n', line, kLineBytesMax);
  if (*code == bufio::Reader::kBufferFull) {
    *code = 0;
    return "header line too long";
  }
  if (*code != 0) return nullptr;
  const size_t cr = line->find('\r');
  if (cr == std::string_view::npos) return "chunked line ends with bare LF";
  if (cr != line->size() - 2) return "invalid CR in chunked line";
  line->remove_suffix(2);
  return nullptr;
}

}  // namespace

void chunkedReader::start() {
  left_ = 0;
  excess_ = 0;
  check_end_ = false;
  code_ = 0;
  err_ = nullptr;
}

void chunkedReader::fail(int code) {
  code_ = code;
  err_ = code == golab::internal::poll::kEOF ? io::ErrUnexpectedEOF : code_error(code);
}

void chunkedReader::fail(const char* text) {
  code_ = 0;
  err_ = errors::New(text);
}

[[gnu::noinline]] std::pair<int, error> chunkedReader::Read(char* p, size_t n) {
  size_t got = 0;
  while (err_ == nullptr) {
    // Once there are bytes to return, do not wait for the next chunk.
    if (check_end_) {
      if (got > 0 && r_->buffered().size() < 2) break;
      char end[2];
      if (int code = io::ReadFull(r_, end)) {
        fail(code);
      } else if (end[0] != '\r' || end[1] != '\n') {
        fail("malformed chunked encoding");
      } else {
        check_end_ = false;
      }
      continue;
    }
    if (left_ == 0) {
      if (got > 0 && r_->buffered().find('\n') == std::string_view::npos) break;
      beginChunk();
      continue;
    }
    if (got == n) break;
    const io_result piece = r_->Read(p + got, std::min<uint64_t>(n - got, left_));
    if (piece.err != 0) {
      fail(piece.err);
      break;
    }
    got += static_cast<size_t>(piece.n);
    left_ -= static_cast<uint64_t>(piece.n);
    check_end_ = left_ == 0;
  }
  return {static_cast<int>(got), err_};
}

[[gnu::noinline]] void chunkedReader::beginChunk() {
  std::string_view line;
  int code = 0;
  const char* wrong = readChunkLine(r_, &line, &code);
  if (wrong != nullptr) return fail(wrong);
  if (code != 0) return fail(code);
  excess_ += static_cast<int64_t>(line.size()) + 2;  // and the line end behind the data
  while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  wrong = parse_size(line.substr(0, line.find(';')), &left_);
  if (wrong != nullptr) return fail(wrong);
  constexpr uint64_t kSizeThatPaysForAll = 1 << 20;
  excess_ -= 16 + 2 * static_cast<int64_t>(std::min(left_, kSizeThatPaysForAll));
  excess_ = std::max<int64_t>(excess_, 0);
  if (excess_ > 16 << 10) return fail("chunked encoding contains too much non-data");
  if (left_ == 0) err_ = io::EOF_;
}

}  // namespace golab::net::http::internal
