// bufio.cpp: Reader and Writer (scan.cpp has the Scanner).
#include "runtime/bufio/bufio.h"

#include <algorithm>
#include <cstring>

#include "runtime/die/panic.h"

namespace golab::bufio {

const error ErrBufferFull = errors::New("bufio: buffer full");
const error ErrNegativeCount = errors::New("bufio: negative count");
const error ErrInvalidUnreadByte = errors::New("bufio: invalid use of UnreadByte");

namespace {

constexpr int kEmptyReadsMax = 100;

// The methods' frames have Go's names.
class Reader {
 public:
  Reader(io::Reader r, size_t size) : rd_(std::move(r)), buf_(size, '\0') {}

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) {
    if (n == 0) return {0, buffered() > 0 ? error() : take_err()};
    if (r_ == w_) {
      if (err_ != nullptr) return {0, take_err()};
      if (n >= buf_.size()) {  // no detour
        auto [got, err] = checked(rd_.Read(p, n));
        if (got > 0) last_ = static_cast<unsigned char>(p[got - 1]);
        return {got, err};
      }
      r_ = w_ = 0;
      auto [got, err] = checked(rd_.Read(buf_.data(), buf_.size()));
      err_ = err;
      if (got == 0) return {0, take_err()};
      w_ = static_cast<size_t>(got);
    }
    n = std::min(n, w_ - r_);
    std::memcpy(p, buf_.data() + r_, n);
    step(n);
    return {static_cast<int>(n), nullptr};
  }

  [[gnu::noinline]] std::pair<std::string_view, error> Peek(int wanted) {
    if (wanted < 0) return {{}, ErrNegativeCount};
    const auto n = static_cast<size_t>(wanted);
    last_ = -1;
    while (buffered() < n && buffered() < buf_.size() && err_ == nullptr) fill();
    const std::string_view have(buf_.data() + r_, std::min(n, buffered()));
    if (n > buf_.size()) return {have, ErrBufferFull};
    if (have.size() == n) return {have, nullptr};
    error err = take_err();
    return {have, err == nullptr ? ErrBufferFull : err};
  }

  [[gnu::noinline]] std::pair<int, error> Discard(int n) {
    if (n < 0) return {0, ErrNegativeCount};
    last_ = -1;
    for (int left = n; left > 0;) {
      if (buffered() == 0) fill();
      const size_t some = std::min(static_cast<size_t>(left), buffered());
      r_ += some;
      left -= static_cast<int>(some);
      if (left > 0 && err_ != nullptr) return {n - left, take_err()};
    }
    return {n, nullptr};
  }

  [[gnu::noinline]] std::pair<char, error> ReadByte() {
    while (r_ == w_) {
      if (err_ != nullptr) return {'\0', take_err()};
      fill();
    }
    const char c = buf_[r_];
    step(1);
    return {c, nullptr};
  }

  error UnreadByte() {
    if (last_ < 0 || (r_ == 0 && w_ > 0)) return ErrInvalidUnreadByte;
    if (r_ > 0)
      r_--;
    else
      w_ = 1;  // the buffer is empty
    buf_[r_] = static_cast<char>(std::exchange(last_, -1));
    return nullptr;
  }

  [[gnu::noinline]] std::pair<std::string, error> ReadString(char delim) {
    std::string text;
    for (;;) {
      const std::string_view have(buf_.data() + r_, buffered());
      const size_t at = have.find(delim);
      const size_t n = at == have.npos ? have.size() : at + 1;
      text += have.substr(0, n);
      if (n > 0) step(n);
      if (at != have.npos) return {std::move(text), nullptr};
      if (err_ != nullptr) return {std::move(text), take_err()};
      fill();
    }
  }

  size_t buffered() const { return w_ - r_; }
  size_t size() const { return buf_.size(); }
  void Reset(io::Reader r) {
    rd_ = std::move(r);
    r_ = w_ = 0;
    err_ = nullptr;
    last_ = -1;
  }

 private:
  void step(size_t n) {
    r_ += n;
    last_ = static_cast<unsigned char>(buf_[r_ - 1]);
  }
  error take_err() { return std::exchange(err_, nullptr); }
  static std::pair<int, error> checked(std::pair<int, error> read) {
    if (read.first < 0) panic(errors::New("bufio: reader returned negative count from Read"));
    return read;
  }
  // Requires: the buffer has room.
  [[gnu::noinline]] void fill() {
    std::memmove(buf_.data(), buf_.data() + r_, buffered());
    w_ -= r_;
    r_ = 0;
    for (int i = 0; i < kEmptyReadsMax; i++) {
      auto [got, err] = checked(rd_.Read(buf_.data() + w_, buf_.size() - w_));
      w_ += static_cast<size_t>(got);
      err_ = err;
      if (got > 0 || err != nullptr) return;
    }
    err_ = io::ErrNoProgress;
  }

  io::Reader rd_;
  std::string buf_;
  size_t r_ = 0, w_ = 0;
  error err_;
  int last_ = -1;  // the last byte that was read, for UnreadByte; -1: none
};
using reader = Reader;

}  // namespace

// ---- Writer -------------------------------------------------------------------------------------

Writer::Writer(io::Writer w, int size) : w_(std::move(w)), size_(size <= 0 ? 4096 : size) {}

std::pair<int, error> Writer::write(std::string_view text, bool may_go_through) {
  int written = 0;
  while (text.size() > static_cast<size_t>(Available()) && err_ == nullptr) {
    size_t n = 0;
    if (buf_.empty() && may_go_through) {
      auto [put, err] = w_.Write(text);
      n = static_cast<size_t>(put);
      err_ = err;
    } else {
      n = static_cast<size_t>(Available());
      buf_ += text.substr(0, n);
      Flush();
    }
    written += static_cast<int>(n);
    text.remove_prefix(n);
  }
  if (err_ != nullptr) return {written, err_};
  buf_ += text;
  return {written + static_cast<int>(text.size()), nullptr};
}

error Writer::WriteByte(char c) {
  if (err_ != nullptr) return err_;
  if (Available() == 0 && Flush() != nullptr) return err_;
  buf_ += c;
  return nullptr;
}

error Writer::Flush() {
  if (err_ != nullptr || buf_.empty()) return err_;
  auto [n, err] = w_.Write(buf_);
  if (n < Buffered() && err == nullptr) err = io::ErrShortWrite;
  buf_.erase(0, static_cast<size_t>(n));
  return err_ = err;
}

void Writer::Reset(io::Writer w) {
  w_ = std::move(w);
  buf_.clear();
  err_ = nullptr;
}

}  // namespace golab::bufio

namespace golab::glue {

class bufio_buffer : public bufio::reader {
 public:
  using bufio::reader::Reader;
};

bufio_reader::bufio_reader(const io::Reader& r, size_t size)
    : b_(std::make_shared<bufio_buffer>(r, size)) {}
std::pair<int, error> bufio_reader::Read(char* p, size_t n) const { return b_->Read(p, n); }
std::pair<std::string_view, error> bufio_reader::Peek(int n) const { return b_->Peek(n); }
std::pair<int, error> bufio_reader::Discard(int n) const { return b_->Discard(n); }
std::pair<char, error> bufio_reader::ReadByte() const { return b_->ReadByte(); }
error bufio_reader::UnreadByte() const { return b_->UnreadByte(); }
std::pair<std::string, error> bufio_reader::ReadString(char delim) const {
  return b_->ReadString(delim);
}
int bufio_reader::Buffered() const { return static_cast<int>(b_->buffered()); }
int bufio_reader::Size() const { return static_cast<int>(b_->size()); }
void bufio_reader::Reset(const io::Reader& r) const { b_->Reset(r); }

}  // namespace golab::glue
