// chunked.cpp: reads the sizes, the data and the trailer of a body in chunks.
#include "runtime/net/http/chunked.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "runtime/io/io.h"
#include "runtime/net/http/header.h"
#include "runtime/net/http/url.h"
#include "runtime/net/netfd.h"

namespace golab::net::http::internal {

namespace {

constexpr size_t kLineBytesMax = 4096;     // with its line end
constexpr size_t kTrailerBytesMax = 4096;  // with the empty line at its end

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

// Checks lines, each with its line end, as fields. Returns what is wrong, or "".
std::string bad_trailer(std::string_view lines) {
  for (bool first = true; !lines.empty(); first = false) {
    const size_t end = lines.find("\r\n");
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end + 2);
    const bool folded = line.starts_with(' ') || line.starts_with('\t');
    if (folded && first) return "malformed MIME header initial line: " + url::quote(line);
    const size_t colon = line.find(':');
    if (!folded && colon == std::string_view::npos) {
      return "malformed MIME header: missing colon: " + url::quote(line);
    }
    if ((!folded && !valid_field_name(line.substr(0, colon))) ||
        !valid_field_value(line.substr(folded ? 0 : colon + 1))) {
      return "malformed MIME header line: " + url::quote(line);
    }
  }
  return "";
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

// Parks until the buffer has n bytes. Returns false if the connection has failed.
bool chunkedReader::wait_for(size_t n) {
  const int code = r_->Peek(n);
  if (code != 0) fail(code);
  return code == 0;
}

[[gnu::noinline]] std::pair<int, error> chunkedReader::Read(char* p, size_t n) {
  size_t got = 0;
  while (err_ == nullptr) {
    // Once there are bytes to return, do not wait for more.
    if (check_end_) {
      if (got > 0 && r_->buffered().size() < 2) break;
      read_line_end();
      continue;
    }
    if (left_ == 0) {
      if (got > 0 && r_->buffered().find('\n') == std::string_view::npos) break;
      beginChunk();
      continue;
    }
    if (got == n || (got > 0 && r_->buffered().empty())) break;
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

void chunkedReader::read_line_end() {
  if (!wait_for(2)) return;
  if (!r_->buffered().starts_with("\r\n")) return fail("malformed chunked encoding");
  r_->discard(2);
  check_end_ = false;
}

// Finds the next line, which has *bytes bytes with its end. Returns false on an error (err_).
bool chunkedReader::read_line(std::string_view* line, size_t* bytes) {
  size_t end;
  while ((end = r_->buffered().substr(0, kLineBytesMax).find('\n')) == std::string_view::npos) {
    if (r_->buffered().size() >= kLineBytesMax) {
      fail("header line too long");
      return false;
    }
    if (!wait_for(r_->buffered().size() + 1)) return false;
  }
  *bytes = end + 1;
  const size_t cr = r_->buffered().substr(0, end).find('\r');
  if (cr == std::string_view::npos || cr + 1 != end) {
    fail(cr == std::string_view::npos ? "chunked line ends with bare LF"
                                      : "invalid CR in chunked line");
    return false;
  }
  *line = r_->buffered().substr(0, cr);
  return true;
}

[[gnu::noinline]] void chunkedReader::beginChunk() {
  std::string_view line;
  size_t bytes = 0;
  if (!read_line(&line, &bytes)) return;
  while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
  const char* wrong = parse_size(line.substr(0, line.find(';')), &left_);
  r_->discard(bytes);  // `line` is invalid from here on
  if (wrong != nullptr) return fail(wrong);
  constexpr uint64_t kSizeThatPaysForAll = 1 << 20;
  excess_ += static_cast<int64_t>(bytes);
  excess_ -= 16 + 2 * static_cast<int64_t>(std::min(left_, kSizeThatPaysForAll));
  excess_ = std::max<int64_t>(excess_, 0);
  if (excess_ > 16 << 10) return fail("chunked encoding contains too much non-data");
  if (left_ == 0) readTrailer();
}

void chunkedReader::readTrailer() {
  if (!wait_for(2)) {
    if (code_ == golab::internal::poll::kEOF) fail("http: unexpected EOF reading trailer");
    return;
  }
  if (r_->buffered().starts_with("\r\n")) {
    r_->discard(2);
    err_ = io::EOF_;
    return;
  }
  size_t end;
  while ((end = r_->buffered().substr(0, kTrailerBytesMax).find("\r\n\r\n")) ==
         std::string_view::npos) {
    const size_t have = r_->buffered().size();
    if (have < kTrailerBytesMax && wait_for(have + 1)) continue;
    if (code_ == 0 || code_ == golab::internal::poll::kEOF) {
      fail("http: suspiciously long trailer after chunked body");
    }
    return;
  }
  const std::string wrong = bad_trailer(r_->buffered().substr(0, end + 2));
  r_->discard(end + 4);
  err_ = wrong.empty() ? io::EOF_ : errors::New(wrong);
}

}  // namespace golab::net::http::internal
