// bufio.h: a buffer in front of a connection, which keeps unused bytes in one piece.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "runtime/net/fd.h"

namespace golab::bufio {

using internal::poll::io_result;

class source {
 public:
  virtual io_result Read(void* p, size_t n) = 0;

 protected:
  ~source() = default;
};

class Reader {
 public:
  explicit Reader(source* src) : src_(src) {}

  std::string_view buffered() const { return {buf_.get() + r_, w_ - r_}; }
  void discard(size_t n) {
    r_ += n;
    if (r_ == w_) r_ = w_ = 0;
  }
  // Reads once and appends to the buffer, which grows if it is full. 0 or an error code. Parks.
  int fill();
  // Parks until the buffer has n bytes (n <= kBytes). 0 or an error code.
  int Peek(size_t n);
  // Takes bytes from the buffer. If it is empty, a big read does not go through it. Parks then.
  io_result Read(void* p, size_t n);
  // Frees an empty buffer that a long header has made grow.
  void shrink();

  static constexpr size_t kBytes = 4096;

 private:
  void make_room();

  source* src_;
  std::unique_ptr<char[]> buf_;
  size_t cap_ = 0;
  size_t r_ = 0;
  size_t w_ = 0;
};

}  // namespace golab::bufio
