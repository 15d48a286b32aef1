// gzip.h: gzip streams with the header bytes that Go writes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "profiler/formats/profile.h"

namespace golab::profiler {

enum class GzipLevel { Fastest, Default };

// Packs what is written to it and passes it on as it goes. Header: no name, no time, OS "unknown",
// as Go's compress/gzip writes it (RFC 1952 §2.3).
class GzipWriter {
 public:
  GzipWriter(Sink sink, GzipLevel level);
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(std::string_view bytes);
  // Writes the rest and the checksum. Without it the stream is cut off.
  void finish();

 private:
  struct Stream;
  void deflate_some(std::string_view bytes, int flush);

  std::unique_ptr<Stream> stream_;
  Sink sink_;
};

bool is_gzip(std::string_view bytes);

// Unpacks all gzip members in `bytes` to `plain`. Returns what is wrong, empty if nothing: also if
// there would be more than bytes_max of it, which is noticed before it takes memory.
std::string gunzip(std::string_view bytes, uint64_t bytes_max, std::string& plain);

}  // namespace golab::profiler
