// gzip_body.cpp: unpacks a body that the Transport has asked for in gzip.
//
// zlib does the work. The functions around it are cut as Go's are where they read, because a
// goroutine that waits for more of a body shows them.
#include <zlib.h>

#include <algorithm>
#include <string_view>

#include "runtime/net/http/transport.h"

namespace golab {

namespace {

const error errHeader = errors::New("gzip: invalid header");
const error errChecksum = errors::New("gzip: invalid checksum");

// flate.CorruptInputError: where the compressed data is wrong.
struct CorruptInputError {
  int64_t offset;
  std::string Error() const {
    return "flate: corrupt input before offset " + std::to_string(offset);
  }
};

}  // namespace

namespace glue {
namespace {

// A body in front of a bufio::Reader, which takes codes. It keeps the body's error.
class body_source final : public bufio::source {
 public:
  explicit body_source(io::ReadCloser body) : body_(std::move(body)) {}
  bufio::io_result Read(void* p, size_t n) override {
    if (err_ != nullptr) return {0, internal::poll::kEOF};
    auto [got, err] = body_.Read(static_cast<char*>(p), n);
    err_ = err;
    if (got == 0 && err != nullptr) return {0, internal::poll::kEOF};
    return {got, 0};
  }
  const error& err() const { return err_; }

 private:
  io::ReadCloser body_;
  error err_;
};

}  // namespace
}  // namespace glue

namespace io {
namespace {

[[gnu::noinline]] int ReadAtLeast(bufio::Reader* r, Bytef* one) { return r->Read(one, 1).err; }
[[gnu::noinline]] int ReadFull(bufio::Reader* r, Bytef* one) { return ReadAtLeast(r, one); }

}  // namespace
}  // namespace io

namespace compress::flate {
namespace {

// Waits for compressed data.
class decompressor {
 public:
  explicit decompressor(bufio::Reader* r) : r_(r) {}
  [[gnu::noinline]] int Read() { return nextBlock(); }

 private:
  [[gnu::noinline]] int nextBlock() { return moreBits(); }
  [[gnu::noinline]] int moreBits() {
    char bits;
    const int code = r_->ReadByte(&bits);
    if (code == 0) r_->UnreadByte();
    return code;
  }
  bufio::Reader* r_;
};

}  // namespace
}  // namespace compress::flate

namespace compress::gzip {
namespace {

// A file of gzip: one or more members, each with a header, compressed data and a checksum.
class Reader {
 public:
  explicit Reader(io::ReadCloser body) : src_(std::move(body)) {}
  ~Reader() {
    if (open_) inflateEnd(&z_);
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  // Reads the first header. nil, or why it is none: io::EOF_ if there is nothing at all.
  [[gnu::noinline]] error Reset() {
    constexpr int kWithHeader = 16;
    open_ = inflateInit2(&z_, MAX_WBITS + kWithHeader) == Z_OK;
    return open_ ? readHeader() : errors::New("gzip: out of memory");
  }

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) {
    z_.next_out = reinterpret_cast<Bytef*>(p);
    z_.avail_out = static_cast<uInt>(std::min<size_t>(n, 1 << 30));
    const uInt room = z_.avail_out;
    while (z_.avail_out == room && err_ == nullptr && n > 0) {
      // zlib may have more output than it had room for.
      const bool wait = in_.buffered().empty() && !full_;
      if (wait && compress::flate::decompressor(&in_).Read() != 0) {
        err_ = cut_short();
        break;
      }
      const int code = step();
      if (code == Z_STREAM_END) {
        inflateReset(&z_);
        err_ = readHeader();  // of another member, or io::EOF_
      } else if (code != Z_OK && code != Z_BUF_ERROR) {
        err_ = broken();
      }
    }
    const int got = static_cast<int>(room - z_.avail_out);
    return {got, got == 0 ? err_ : error()};
  }

 private:
  // Lets zlib work on what is in the buffer.
  int step() {
    const std::string_view have = in_.buffered();
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(have.data()));
    z_.avail_in = static_cast<uInt>(have.size());
    const int code = inflate(&z_, Z_NO_FLUSH);
    in_.discard(have.size() - z_.avail_in);
    full_ = z_.avail_out == 0;
    return code;
  }

  // Gives zlib the bytes one by one until the header is over, so that a fault in it is known as one.
  // io::EOF_ if there is nothing any more.
  [[gnu::noinline]] error readHeader() {
    Bytef* const next_out = z_.next_out;
    const uInt avail_out = z_.avail_out;
    Bytef in, out;
    header_ = gz_header{};
    inflateGetHeader(&z_, &header_);
    error err;
    for (bool first = true; err == nullptr && header_.done == 0; first = false) {
      if (io::ReadFull(&in_, &in) != 0) {
        err = first ? src_.err() : cut_short();
        break;
      }
      z_.next_in = &in;
      z_.avail_in = 1;
      z_.next_out = &out;
      z_.avail_out = 0;
      const int code = inflate(&z_, Z_BLOCK);
      if (code != Z_OK && code != Z_BUF_ERROR) err = errHeader;
    }
    z_.next_out = next_out;
    z_.avail_out = avail_out;
    full_ = false;
    return err == nullptr && header_.done < 0 ? errHeader : err;
  }

  error cut_short() const { return src_.err() == io::EOF_ ? io::ErrUnexpectedEOF : src_.err(); }
  error broken() const {
    const std::string_view why = z_.msg != nullptr ? z_.msg : "";
    if (why == "incorrect data check" || why == "incorrect length check") return errChecksum;
    return CorruptInputError{static_cast<int64_t>(z_.total_in)};
  }

  golab::glue::body_source src_;
  bufio::Reader in_{&src_};
  z_stream z_{};
  gz_header header_{};
  bool open_ = false;
  bool full_ = false;  // the last output had no room left
  error err_;
};

}  // namespace
}  // namespace compress::gzip

namespace net::http {
namespace {

const error errConcurrentReadOnResBody =
    errors::New("http: concurrent read on response body");

class gzipReader final : public golab::glue::reader {
 public:
  explicit gzipReader(io::ReadCloser body) : body_(std::move(body)) {}

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) override {
    auto [zr, err] = acquire();
    if (err != nullptr) return {0, err};
    auto got = zr->Read(p, n);
    release(std::move(zr));
    return got;
  }

  [[gnu::noinline]] error Close() override {
    {
      golab::glue::Locked guard(mu_);
      zr_ = nullptr;
      zerr_ = errReadOnClosedResBody;
    }
    return body_.Close();
  }

 private:
  using zreader = std::unique_ptr<compress::gzip::Reader>;

  // The decompressor, for one Read. Parks until the header is there.
  [[gnu::noinline]] std::pair<zreader, error> acquire() {
    {
      golab::glue::Locked guard(mu_);
      if (zerr_ != nullptr) return {nullptr, zerr_};
      zerr_ = errConcurrentReadOnResBody;
      if (zr_ != nullptr) return {std::move(zr_), nullptr};
    }
    auto [zr, err] = gzipPoolGet(body_);
    golab::glue::Locked guard(mu_);
    if (zerr_ != errConcurrentReadOnResBody) return {nullptr, zerr_};  // closed meanwhile
    if (err != nullptr) zerr_ = err;
    return {std::move(zr), err};
  }

  [[gnu::noinline]] static std::pair<zreader, error> gzipPoolGet(const io::ReadCloser& body) {
    auto zr = std::make_unique<compress::gzip::Reader>(body);
    error err = zr->Reset();
    return {std::move(zr), err};
  }

  void release(zreader zr) {
    golab::glue::Locked guard(mu_);
    if (zerr_ != errConcurrentReadOnResBody) return;  // closed meanwhile
    zr_ = std::move(zr);
    zerr_ = nullptr;
  }

  io::ReadCloser body_;
  sync::Mutex mu_;  // guards what follows
  zreader zr_;      // null while somebody reads
  error zerr_;
};

}  // namespace

io::ReadCloser new_gzip_reader(io::ReadCloser body) {
  return io::ReadCloser(std::make_shared<gzipReader>(std::move(body)));
}

}  // namespace net::http
}  // namespace golab
