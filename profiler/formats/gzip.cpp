// gzip.cpp: gzip by zlib.
#include "profiler/formats/gzip.h"

#include <zlib.h>

#include <atomic>
#include <new>
#include <stdexcept>
#include <utility>

#include "profiler/formats/reader.h"

namespace golab::profiler {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;  // zlib's way of saying: with gzip's header and trailer
constexpr int kRawWindow = -MAX_WBITS;       // and: without any
// zlib's memLevel. Small: a hash table of 8 kB, which is cleared for each stream, instead of 64,
// and blocks of two thousand symbols instead of sixteen.
constexpr int kSmallTables = 5, kUsualTables = 8;
constexpr size_t kStepBytes = 512;
constexpr size_t kStoredBytes = 4 << 10;           // less than a block may hold, 65535
constexpr size_t kInflateBytes = size_t{1} << 30;  // zlib counts in 32 bits
constexpr size_t kKeptTailBytes = 256 << 10;

Bytef* as_input(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib only reads it
}

void append_little_endian(std::string* to, uint32_t n) {
  for (int shift = 0; shift < 32; shift += 8) *to += static_cast<char>(n >> shift);
}

}  // namespace

struct GzipWriter::Stream {
  explicit Stream(GzipLevel wanted) : level(wanted) {
    bool fastest = level == GzipLevel::Fastest;
    if (deflateInit2(&z, fastest ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION, Z_DEFLATED, kRawWindow,
                     fastest ? kSmallTables : kUsualTables, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
  }
  ~Stream() { deflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // One stream of each level is kept for the next writer. Its tables are up to a quarter of a
  // megabyte: to get them from the kernel anew took longer than to pack a profile.
  static std::atomic<Stream*>& kept(GzipLevel level) {
    static std::atomic<Stream*> streams[2];
    return streams[level == GzipLevel::Fastest ? 0 : 1];
  }

  const GzipLevel level;
  z_stream z{};
  char buffer[16 << 10];
};

struct GzipWriter::Tail {
  std::string plain;
  std::string packed;  // deflate's blocks, the last one marked as such
  uint32_t crc = 0;

  static std::atomic<Tail*>& kept() {
    static std::atomic<Tail*> tail;
    return tail;
  }
};

GzipWriter::GzipWriter(Sink sink, GzipLevel level, std::function<void()> step)
    : stream_(Stream::kept(level).exchange(nullptr)),
      sink_(std::move(sink)),
      step_(std::move(step)) {
  if (stream_ == nullptr) stream_ = std::make_unique<Stream>(level);
  deflateReset(&stream_->z);
  // RFC 1952 §2.3: deflate, no flags, no time, how well it is packed, system unknown.
  const char how = level == GzipLevel::Fastest ? 4 : 0;
  const char header[] = {'\x1f', '\x8b', 8, 0, 0, 0, 0, 0, how, '\xff'};
  sink_({header, sizeof header});
}

GzipWriter::~GzipWriter() {
  GzipLevel level = stream_->level;
  delete Stream::kept(level).exchange(stream_.release());
}

void GzipWriter::write(std::string_view bytes) {
  size_ += bytes.size();
  if (size_ <= kStoredBytes) {
    start_ += bytes;
    if (step_) step_();
    return;
  }
  pack(std::exchange(start_, {}), &crc_);
  pack(bytes, &crc_);
}

void GzipWriter::finish(std::string_view tail) {
  if (tail.empty() || tail.size() > kKeptTailBytes) {
    write(tail);
    pack(start_, &crc_);
    deflate_some({}, Z_FINISH);
  } else {
    if (size_ <= kStoredBytes) {
      store(start_);
    } else {
      deflate_some({}, Z_SYNC_FLUSH);  // to a whole byte
    }
    std::unique_ptr<Tail> it = packed(tail);
    sink_(it->packed);
    crc_ = static_cast<uint32_t>(crc32_combine(crc_, it->crc, static_cast<z_off_t>(tail.size())));
    size_ += tail.size();
    delete Tail::kept().exchange(it.release());
  }
  std::string trailer;
  append_little_endian(&trailer, crc_);
  append_little_endian(&trailer, static_cast<uint32_t>(size_));
  sink_(trailer);
}

std::unique_ptr<GzipWriter::Tail> GzipWriter::packed(std::string_view tail) {
  std::unique_ptr<Tail> last(Tail::kept().exchange(nullptr));
  if (last != nullptr && last->plain == tail) return last;
  auto it = std::make_unique<Tail>();
  it->plain = tail;
  deflateReset(&stream_->z);
  Sink out = std::exchange(sink_, [&](std::string_view piece) { it->packed += piece; });
  pack(tail, &it->crc);
  deflate_some({}, Z_FINISH);
  sink_ = std::move(out);
  return it;
}

// As it is, in a block of its own (RFC 1951 §3.2.4).
void GzipWriter::store(std::string_view bytes) {
  if (bytes.empty()) return;
  const auto n = static_cast<uint32_t>(bytes.size());
  std::string block(1, '\0');  // not the last one, stored
  append_little_endian(&block, n | ~n << 16);
  block += bytes;
  crc_ = static_cast<uint32_t>(crc32_z(crc_, as_input(bytes), bytes.size()));
  sink_(block);
}

void GzipWriter::pack(std::string_view bytes, uint32_t* crc) {
  while (!bytes.empty()) {
    std::string_view piece = bytes.substr(0, kStepBytes);
    bytes.remove_prefix(piece.size());
    *crc = static_cast<uint32_t>(crc32_z(*crc, as_input(piece), piece.size()));
    deflate_some(piece, Z_NO_FLUSH);
    if (step_) step_();
  }
}

void GzipWriter::deflate_some(std::string_view bytes, int flush) {
  z_stream& z = stream_->z;
  z.next_in = as_input(bytes);
  z.avail_in = static_cast<uInt>(bytes.size());
  do {
    z.next_out = reinterpret_cast<Bytef*>(stream_->buffer);
    z.avail_out = sizeof stream_->buffer;
    if (deflate(&z, flush) == Z_STREAM_ERROR)
      throw std::logic_error("gzip: stream already finished");
    size_t made = sizeof stream_->buffer - z.avail_out;
    if (made > 0) sink_({stream_->buffer, made});
  } while (z.avail_out == 0);
}

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

std::string gunzip(std::string_view bytes, uint64_t bytes_max, std::string& plain) {
  z_stream z{};
  if (inflateInit2(&z, kGzipWindow) != Z_OK) throw std::bad_alloc();
  std::unique_ptr<z_stream, int (*)(z_stream*)> end(&z, inflateEnd);
  plain.clear();

  const size_t size = bytes.size();
  auto here = [&] { return std::to_string(size - bytes.size() - z.avail_in); };
  char buffer[64 << 10];
  while (!bytes.empty() || z.avail_in > 0) {
    if (z.avail_in == 0) {
      std::string_view piece = bytes.substr(0, kInflateBytes);
      z.next_in = as_input(piece);
      z.avail_in = static_cast<uInt>(piece.size());
      bytes.remove_prefix(piece.size());
    }
    z.next_out = reinterpret_cast<Bytef*>(buffer);
    z.avail_out = sizeof buffer;
    int status = inflate(&z, Z_NO_FLUSH);
    size_t made = sizeof buffer - z.avail_out;
    if (plain.size() + made > bytes_max) {
      return "it unpacks to more than " + mebibytes(bytes_max) +
             ", which no goroutine profile needs: it is not read any further";
    }
    plain.append(buffer, made);
    if (status == Z_STREAM_END) {
      if (bytes.empty() && z.avail_in == 0) return {};
      inflateReset(&z);  // another member follows
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      return "byte " + here() + ": the gzip stream is damaged (" +
             (z.msg != nullptr ? z.msg : "unexpected data") + ")";
    }
  }
  return "the gzip stream ends in the middle, after " + std::to_string(size) + " bytes";
}

}  // namespace golab::profiler
