// io.h: the part of Go's io that net/http needs: EOF, and a handle to read from and close.
//
//   auto [text, err] = io::ReadAll(resp->Body);      // text, err := io.ReadAll(resp.Body)
//   resp->Body.Close();                              // resp.Body.Close()
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/errors/errors.h"

namespace golab {

namespace glue {

class reader {
 public:
  virtual ~reader() = default;
  // Reads up to n bytes. 0 bytes come with an error, unless n is 0.
  virtual std::pair<int, error> Read(char* p, size_t n) = 0;
  virtual error Close() = 0;
};

// io.ReadCloser: a handle, as an interface value is. A nil one is empty: Read returns io::EOF_.
class io_read_closer {
 public:
  io_read_closer() = default;
  io_read_closer(std::nullptr_t) {}
  explicit io_read_closer(std::shared_ptr<reader> r) : r_(std::move(r)) {}

  std::pair<int, error> Read(char* p, size_t n) const;
  error Close() const;
  explicit operator bool() const { return r_ != nullptr; }
  const std::shared_ptr<reader>& impl() const { return r_; }
  friend bool operator==(const io_read_closer& a, std::nullptr_t) { return a.r_ == nullptr; }
  friend bool operator==(const io_read_closer& a, const io_read_closer& b) { return a.r_ == b.r_; }

 private:
  std::shared_ptr<reader> r_;
};

}  // namespace glue

namespace io {

using ReadCloser = glue::io_read_closer;

extern const error EOF_;  // Go's io.EOF; EOF itself is a macro of C
extern const error ErrUnexpectedEOF;
extern const error ErrClosedPipe;  // "io: read/write on closed pipe"

// Reads to the end, which is not an error. Parks as Read does.
std::pair<std::string, error> ReadAll(const ReadCloser& r);
// A reader of this text. Its Close does nothing.
ReadCloser NopCloser(std::string text);

}  // namespace io
}  // namespace golab
