// chunked.h: reads a body that comes in chunks (RFC 9112 section 7.1), with the limits and errors
// of Go's net/http/internal.
//
// A chunk is a line with its size in hex, that many bytes, and a line end. A chunk of size zero is
// the last one; fields may follow it (the trailer), and an empty line ends the body:
//
//   5;extension CRLF hello CRLF 0 CRLF Checksum: 1234 CRLF CRLF
//
// If two readers see different ends of a body, a request can hide behind it. So a line ends with CR
// LF only, and a size has at most 16 digits. Extensions are dropped. They could hold megabytes, so
// only 16 bytes per chunk are free, and two per byte of data.
//
// A chunkedReader ends behind the line of the last chunk, as Go's does. The trailer is the affair of
// the body around it (trailer.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "runtime/errors/errors.h"
#include "runtime/net/http/bufio.h"

namespace golab::net::http::internal {

class chunkedReader {
 public:
  explicit chunkedReader(bufio::Reader* r) : r_(r) {}

  void start();  // for a new body
  // Reads up to n bytes of the body. Parks until there is at least one, or an error. The error may
  // come together with bytes, and later calls return it again: io::EOF_ after the last chunk.
  std::pair<int, error> Read(char* p, size_t n);
  // The connection's error code, if that is the error that Read returned; else 0.
  int code() const { return code_; }

 private:
  void beginChunk();
  void fail(int code);
  void fail(const char* text);

  bufio::Reader* r_;
  uint64_t left_ = 0;       // unread bytes of this chunk
  int64_t excess_ = 0;      // bytes that are not data, beyond the free ones
  bool check_end_ = false;  // next comes the line end behind a chunk's data
  int code_ = 0;
  error err_;
};

}  // namespace golab::net::http::internal
