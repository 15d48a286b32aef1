// io.cpp: io.ReadAll, and a reader of a string.
#include "runtime/io/io.h"

#include <algorithm>
#include <cstring>

namespace golab {

namespace io {

const error EOF_ = errors::New("EOF");
const error ErrUnexpectedEOF = errors::New("unexpected EOF");
const error ErrClosedPipe = errors::New("io: read/write on closed pipe");

std::pair<std::string, error> ReadAll(const ReadCloser& r) {
  std::string text;
  size_t have = 0;
  for (;;) {
    if (text.size() - have < 512) text.resize(std::max<size_t>(text.size() * 2, 4096));
    auto [n, err] = r.Read(text.data() + have, text.size() - have);
    have += static_cast<size_t>(n);
    if (err != nullptr) {
      text.resize(have);
      if (err == EOF_) return {std::move(text), nullptr};
      return {std::move(text), err};
    }
  }
}

namespace {
class string_reader final : public glue::reader {
 public:
  explicit string_reader(std::string text) : text_(std::move(text)) {}
  std::pair<int, error> Read(char* p, size_t n) override {
    if (at_ == text_.size()) return {0, EOF_};
    n = std::min(n, text_.size() - at_);
    std::memcpy(p, text_.data() + at_, n);
    at_ += n;
    return {static_cast<int>(n), nullptr};
  }
  error Close() override { return nullptr; }

 private:
  std::string text_;
  size_t at_ = 0;
};
}  // namespace

ReadCloser NopCloser(std::string text) {
  return ReadCloser(std::make_shared<string_reader>(std::move(text)));
}

}  // namespace io

namespace glue {

std::pair<int, error> io_read_closer::Read(char* p, size_t n) const {
  if (r_ == nullptr) return {0, io::EOF_};
  return r_->Read(p, n);
}

error io_read_closer::Close() const { return r_ == nullptr ? error() : r_->Close(); }

}  // namespace glue
}  // namespace golab
