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
      std::string_view piece = bytes.substr(0, kZlibBytes);
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
