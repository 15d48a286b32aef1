// bufio.h: the buffers of a connection: one in front of what is read, one behind what is written.
//
// They stand where Go's bufio.Reader and bufio.Writer stand, and a waiting goroutine shows their
// methods under the same names. What they read from and write to returns error codes (net/fd.h),
// which cost nothing while all goes well. runtime/bufio has the ones for programs; the inline
// namespace, of which a stack says nothing, keeps the two apart.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/net/fd.h"

namespace golab::glue {

// What a bufio::Writer writes to. Here, so that a stack shows only the method that it calls.
class byte_sink {
 public:
  virtual internal::poll::io_result write(const void* p, size_t n) = 0;

 protected:
  ~byte_sink() = default;
};

template <typename T>
class sink_of final : public byte_sink {
 public:
  explicit sink_of(T* to) : to_(to) {}
  internal::poll::io_result write(const void* p, size_t n) override { return to_->Write(p, n); }

 private:
  T* to_;
};

}  // namespace golab::glue

namespace golab::bufio {
inline namespace of_connections {

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
  // Takes everything up to and with the next `delim`. Without one in the first `most` bytes,
  // kBufferFull, and nothing is taken; if reading fails, its code, and what there is is taken.
  // *slice is valid until the next call. Parks until then.
  int ReadSlice(char delim, std::string_view* slice, size_t most = std::string_view::npos);
  // Takes the next line, without its end, which is LF or CR LF. If reading fails, what there is
  // counts as a line; the code comes only if there is nothing.
  int ReadLine(std::string_view* line);
  int ReadByte(char* c);
  void UnreadByte() { r_--; }  // directly after a ReadByte, once
  // Frees an empty buffer that a long header has made grow.
  void shrink();

  static constexpr size_t kBytes = 4096;
  static constexpr int kBufferFull = -1000;  // no code of poll's

 private:
  void make_room();

  source* src_;
  std::unique_ptr<char[]> buf_;
  size_t cap_ = 0;
  size_t r_ = 0;
  size_t w_ = 0;
};

// After an error, all calls return it.
class Writer {
 public:
  Writer(golab::glue::byte_sink* dst, size_t bytes) : dst_(dst), bytes_(bytes) {}

  // For pieces that mostly fit.
  [[gnu::always_inline]] void put(std::string_view data) {
    if (data.size() <= bytes_ - buf_.size() && err_ == 0) {
      buf_.append(data);
    } else {
      Write(data);
    }
  }
  // Keeps what fits. A full buffer is written; what does not go through it is written at once.
  // Returns the bytes taken, and 0 or a code. May park.
  io_result Write(std::string_view data);
  int Flush();
  int err() const { return err_; }
  size_t Buffered() const { return buf_.size(); }
  // For new contents: forgets what is there, and the error.
  void reset() {
    buf_.clear();
    err_ = 0;
  }

 private:
  golab::glue::byte_sink* dst_;
  size_t bytes_;
  std::string buf_;
  int err_ = 0;
};

}  // namespace of_connections
}  // namespace golab::bufio
