// bufio.cpp: the buffers of a connection.
#include "runtime/net/http/bufio.h"

#include <algorithm>

namespace golab::bufio {
inline namespace of_connections {

// Makes room behind what is there.
void Reader::make_room() {
  if (cap_ == 0) {
    buf_.reset(new char[kBytes]);
    cap_ = kBytes;
  }
  if (r_ > 0 && (w_ == cap_ || r_ == w_)) {
    std::memmove(buf_.get(), buf_.get() + r_, w_ - r_);
    w_ -= r_;
    r_ = 0;
  }
  if (w_ == cap_) {
    std::unique_ptr<char[]> bigger(new char[cap_ * 2]);
    std::memcpy(bigger.get(), buf_.get(), w_);
    buf_ = std::move(bigger);
    cap_ *= 2;
  }
}

[[gnu::noinline]] int Reader::fill() {
  make_room();
  io_result got = src_->Read(buf_.get() + w_, cap_ - w_);
  if (got.err != 0) return got.err;
  w_ += static_cast<size_t>(got.n);
  return 0;
}

[[gnu::noinline]] int Reader::Peek(size_t n) {
  while (w_ - r_ < n) {
    if (int err = fill()) return err;
  }
  return 0;
}

[[gnu::noinline]] io_result Reader::Read(void* p, size_t n) {
  if (r_ == w_) {
    if (n >= kBytes) return src_->Read(p, n);
    make_room();
    const io_result got = src_->Read(buf_.get(), cap_);
    if (got.err != 0) return got;
    w_ = static_cast<size_t>(got.n);
  }
  n = std::min(n, w_ - r_);
  std::memcpy(p, buf_.get() + r_, n);
  discard(n);
  return {static_cast<ssize_t>(n), 0};
}

[[gnu::noinline]] int Reader::ReadSlice(char delim, std::string_view* slice, size_t most) {
  for (size_t seen = 0;;) {
    const std::string_view have = buffered().substr(0, most);
    const size_t at = have.find(delim, seen);
    if (at != std::string_view::npos) {
      *slice = have.substr(0, at + 1);
      r_ += at + 1;  // not discard: the slice is still in use
      return 0;
    }
    if (have.size() == most) return kBufferFull;
    seen = have.size();
    if (int err = fill()) {
      *slice = buffered();
      r_ = w_;
      return err;
    }
  }
}

[[gnu::noinline]] int Reader::ReadLine(std::string_view* line) {
  const int err = ReadSlice('\n', line);
  if (line->empty()) return err;
  if (line->ends_with('\n')) {
    line->remove_suffix(1);
    if (line->ends_with('\r')) line->remove_suffix(1);
  }
  return 0;
}

[[gnu::noinline]] int Reader::ReadByte(char* c) {
  while (r_ == w_) {
    if (int err = fill()) return err;
  }
  *c = buf_[r_++];  // not discard: it may come back
  return 0;
}

void Reader::shrink() {
  if (cap_ > kBytes && r_ == w_) {
    buf_.reset();
    cap_ = 0;
  }
}

// ---- Writer ----

[[gnu::noinline]] io_result Writer::Write(std::string_view data) {
  ssize_t taken = 0;
  while (err_ == 0 && data.size() > bytes_ - buf_.size()) {
    if (buf_.empty()) {  // not worth a copy
      const io_result got = dst_->write(data.data(), data.size());
      err_ = got.err;
      taken += got.n;
      data.remove_prefix(static_cast<size_t>(got.n));
      continue;
    }
    const size_t room = bytes_ - buf_.size();
    buf_.append(data.substr(0, room));
    data.remove_prefix(room);
    taken += static_cast<ssize_t>(room);
    Flush();
  }
  if (err_ != 0) return {taken, err_};
  buf_.append(data);
  return {taken + static_cast<ssize_t>(data.size()), 0};
}

[[gnu::noinline]] int Writer::Flush() {
  if (err_ != 0 || buf_.empty()) return err_;
  const io_result got = dst_->write(buf_.data(), buf_.size());
  if (got.err != 0) err_ = got.err;
  buf_.clear();
  return err_;
}

}  // namespace of_connections
}  // namespace golab::bufio
