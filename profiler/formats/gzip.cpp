// gzip.cpp: gzip by zlib.
#include "profiler/formats/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <new>
#include <stdexcept>
#include <utility>

#include "profiler/formats/reader.h"

namespace golab::profiler {
namespace {

constexpr int kGzipWindow = MAX_WBITS + 16;  // for zlib this means gzip's header and trailer
constexpr int kUnknownSystem = 255;          // RFC 1952 §2.3
// zlib's memLevel. 5 is a hash table of 8 KiB instead of 64, which is cleared for each stream, and
// blocks of 2048 symbols instead of 16384.
constexpr int kSmallTables = 5, kUsualTables = 8;
constexpr size_t kZlibBytes = size_t{1} << 30;  // zlib counts in 32 bits

Bytef* as_input(std::string_view bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));  // zlib only reads it
}

}  // namespace

struct GzipWriter::Stream {
  explicit Stream(GzipLevel wanted) : level(wanted) {
    bool fastest = level == GzipLevel::Fastest;
    if (deflateInit2(&z, fastest ? Z_BEST_SPEED : Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow,
                     fastest ? kSmallTables : kUsualTables, Z_DEFAULT_STRATEGY) != Z_OK)
      throw std::bad_alloc();
    header.os = kUnknownSystem;
    deflateSetHeader(&z, &header);
  }
  ~Stream() { deflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Keeps one stream of each level for the next writer: getting its tables from the kernel, up to
  // 256 KiB, takes longer than packing a small profile.
  static std::atomic<Stream*>& kept(GzipLevel level) {
    static std::atomic<Stream*> streams[2];
    return streams[level == GzipLevel::Fastest ? 0 : 1];
  }

  const GzipLevel level;
  z_stream z{};
  gz_header header{};
  char buffer[16 << 10];
};

GzipWriter::GzipWriter(Sink sink, GzipLevel level)
    : stream_(Stream::kept(level).exchange(nullptr)), sink_(std::move(sink)) {
  if (stream_ == nullptr) stream_ = std::make_unique<Stream>(level);
  deflateReset(&stream_->z);
}

GzipWriter::~GzipWriter() {
  GzipLevel level = stream_->level;
  delete Stream::kept(level).exchange(stream_.release());
}

void GzipWriter::write(std::string_view bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kZlibBytes))) {
    deflate_some(bytes.substr(0, kZlibBytes), Z_NO_FLUSH);
  }
}

void GzipWriter::finish() { deflate_some({}, Z_FINISH); }

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

struct GzipReader::Stream {
  Stream() {
    if (inflateInit2(&z, kGzipWindow) != Z_OK) throw std::bad_alloc();
  }
  ~Stream() { inflateEnd(&z); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream z{};
  uint64_t bytes = 0;     // of the file, up to here
  bool complete = false;  // a member has just ended
  char buffer[64 << 10];
};

GzipReader::GzipReader() : stream_(std::make_unique<Stream>()) {}
GzipReader::~GzipReader() = default;

std::string GzipReader::write(std::string_view packed, const Sink& sink) {
  Stream& stream = *stream_;
  z_stream& z = stream.z;
  while (!packed.empty()) {
    std::string_view piece = packed.substr(0, kZlibBytes);
    packed.remove_prefix(piece.size());
    stream.bytes += piece.size();
    z.next_in = as_input(piece);
    z.avail_in = static_cast<uInt>(piece.size());
    do {
      if (stream.complete && z.avail_in > 0) inflateReset(&z);  // another member follows
      z.next_out = reinterpret_cast<Bytef*>(stream.buffer);
      z.avail_out = sizeof stream.buffer;
      int status = inflate(&z, Z_NO_FLUSH);
      sink({stream.buffer, sizeof stream.buffer - z.avail_out});
      if (status != Z_OK && status != Z_BUF_ERROR && status != Z_STREAM_END) {
        return "byte " + std::to_string(stream.bytes - z.avail_in) +
               ": the gzip stream is damaged (" + (z.msg != nullptr ? z.msg : "unexpected data") +
               ")";
      }
      stream.complete = status == Z_STREAM_END;
    } while (z.avail_in > 0 || (z.avail_out == 0 && !stream.complete));
  }
  return {};
}

std::string GzipReader::finish() const {
  if (stream_->complete) return {};
  return "the gzip stream ends in the middle, after " + std::to_string(stream_->bytes) + " bytes";
}

std::string gunzip(std::string_view bytes, uint64_t bytes_max, std::string& plain) {
  plain.clear();
  GzipReader reader;
  try {
    std::string wrong = reader.write(bytes, [&](std::string_view piece) {
      if (plain.size() + piece.size() > bytes_max) {
        throw Malformed{"it unpacks to more than " + mebibytes(bytes_max) +
                        ", which no goroutine profile needs: it is not read any further"};
      }
      plain += piece;
    });
    return wrong.empty() ? reader.finish() : wrong;
  } catch (const Malformed& malformed) {
    return malformed.what;
  }
}

}  // namespace golab::profiler
