// bufio.cpp: the buffer in front of a connection.
#include "runtime/net/http/bufio.h"

#include <algorithm>

namespace golab::bufio {

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

void Reader::shrink() {
  if (cap_ > kBytes && r_ == w_) {
    buf_.reset();
    cap_ = 0;
  }
}

}  // namespace golab::bufio
