// unpack.cpp: looks at the first bytes, and puts the unpacker there that they need.
#include "profiler/formats/unpack.h"

#include <iconv.h>

#include <cerrno>
#include <cstring>

#include "profiler/formats/gzip.h"
#include "profiler/formats/reader.h"

namespace golab::profiler {
namespace {

constexpr size_t kHeadBytes = 16;
constexpr int kPackingsMax = 4;

// The encoding of a text whose characters have more than one byte each, or null. With a byte order
// mark, or without one if every other byte is 0, as in Latin letters.
const char* wide_encoding(std::string_view head) {
  using namespace std::string_view_literals;
  if (head.starts_with("\xff\xfe\0\0"sv) || head.starts_with("\0\0\xfe\xff"sv)) return "UTF-32";
  if (head.starts_with("\xff\xfe") || head.starts_with("\xfe\xff")) return "UTF-16";
  if (head.size() < 8) return nullptr;
  auto text_at = [&](size_t first) {
    int letters = 0;
    for (size_t i = 0; i < 8; i++) {
      const auto byte = static_cast<unsigned char>(head[i]);
      const bool line_end = byte == '\n' || byte == '\r';
      if (i % 2 == first ? byte < 0x20 && !line_end : byte != 0) return false;
      if (byte >= 0x20) letters++;
    }
    return letters >= 3;
  };
  if (text_at(0)) return "UTF-16LE";
  return text_at(1) ? "UTF-16BE" : nullptr;
}

}  // namespace

class Unpacker::Layer {
 public:
  Layer(Sink plain, int depth) : inner(std::move(plain), depth) {}
  virtual ~Layer() = default;
  virtual void write(std::string_view piece) = 0;
  virtual void finish() = 0;

  Unpacker inner;
  std::string damage;
};

class Unpacker::Gzip : public Layer {
 public:
  Gzip(Sink plain, int depth) : Layer(std::move(plain), depth), packed_again_(depth > 1) {}
  void write(std::string_view piece) override {
    if (!damage.empty()) return;
    damage = gzip_.write(piece, [this](std::string_view plain) {
      bytes_ += plain.size();
      if (packed_again_ && bytes_ > kPackedTwiceBytesMax) {
        throw Malformed{
            "it unpacks to more than 256 MiB, and is packed twice: it is not read any "
            "further",
            true};
      }
      inner.write(plain);
    });
  }
  void finish() override {
    if (damage.empty()) damage = gzip_.finish();
  }

 private:
  // A packing makes a thousand bytes of one, and two of them a million.
  static constexpr uint64_t kPackedTwiceBytesMax = uint64_t{256} << 20;

  GzipReader gzip_;
  const bool packed_again_;
  uint64_t bytes_ = 0;
};

class Unpacker::Utf16 : public Layer {
 public:
  Utf16(const char* encoding, Sink plain, int depth)
      : Layer(std::move(plain), depth), converter_(::iconv_open("UTF-8", encoding)) {
    if (converter_ == reinterpret_cast<iconv_t>(-1)) {
      throw Malformed{std::string("it is ") + encoding + ", which this machine cannot convert"};
    }
  }
  ~Utf16() override { ::iconv_close(converter_); }
  Utf16(const Utf16&) = delete;
  Utf16& operator=(const Utf16&) = delete;

  void write(std::string_view piece) override {
    rest_ += piece;
    char* in = rest_.data();
    size_t in_bytes = rest_.size();
    char buffer[16 << 10];
    while (in_bytes > 0) {
      char* out = buffer;
      size_t out_bytes = sizeof buffer;
      size_t status = ::iconv(converter_, &in, &in_bytes, &out, &out_bytes);
      const int why = errno;  // the reader behind this layer changes it
      inner.write({buffer, sizeof buffer - out_bytes});
      if (status != static_cast<size_t>(-1) || why == E2BIG) continue;
      if (why == EINVAL) break;  // the rest of a character is in the next piece
      inner.write("\xef\xbf\xbd");
      const size_t skipped = std::min<size_t>(in_bytes, 2);
      in += skipped;
      in_bytes -= skipped;
    }
    rest_.erase(0, rest_.size() - in_bytes);
  }
  void finish() override {}

 private:
  iconv_t converter_;
  std::string rest_;
};

Unpacker::Unpacker(Sink plain, int depth) : plain_(std::move(plain)), depth_(depth) {}
Unpacker::~Unpacker() = default;

void Unpacker::write(std::string_view piece) {
  if (!decided_) {
    head_ += piece;
    if (head_.size() >= kHeadBytes) decide();
    return;
  }
  if (layer_ != nullptr) return layer_->write(piece);
  plain_(piece);
}

void Unpacker::decide() {
  decided_ = true;
  std::string head = std::move(head_);
  if (is_gzip(head)) {
    if (depth_ == kPackingsMax) throw Malformed{"it is packed by gzip too many times"};
    layer_ = std::make_unique<Gzip>(std::move(plain_), depth_ + 1);
  } else if (const char* encoding = wide_encoding(head); encoding != nullptr) {
    utf16_ = true;
    layer_ = std::make_unique<Utf16>(encoding, std::move(plain_), kPackingsMax);
  } else if (head.starts_with("\xef\xbb\xbf")) {
    head.erase(0, 3);
  }
  if (!head.empty()) write(head);
}

void Unpacker::finish() {
  if (!decided_) decide();
  if (layer_ == nullptr) return;
  layer_->finish();
  layer_->inner.finish();
}

const std::string& Unpacker::damage() const {
  static const std::string kNone;
  if (layer_ == nullptr) return kNone;
  return layer_->damage.empty() ? layer_->inner.damage() : layer_->damage;
}

bool Unpacker::was_utf16() const {
  return utf16_ || (layer_ != nullptr && layer_->inner.was_utf16());
}

}  // namespace golab::profiler
