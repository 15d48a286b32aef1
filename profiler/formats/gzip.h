// gzip.h: gzip streams with the header that Go writes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "profiler/formats/profile.h"

namespace golab::profiler {

enum class GzipLevel { Fastest, Default };

// Packs bytes and passes them on to a sink. The header has no name, no time and the OS "unknown",
// as Go's compress/gzip writes it (RFC 1952 §2.3).
class GzipWriter {
 public:
  GzipWriter(Sink sink, GzipLevel level);
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(std::string_view bytes);
  void finish();  // writes the rest and the checksum

 private:
  struct Stream;
  void deflate_some(std::string_view bytes, int flush);

  std::unique_ptr<Stream> stream_;
  Sink sink_;
};

bool is_gzip(std::string_view bytes);

// Unpacks gzip members one after the other, piece by piece.
class GzipReader {
 public:
  GzipReader();
  ~GzipReader();
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Passes what `packed` unpacks to on to `sink`. Returns an error text, empty if all went well.
  // After an error nothing more may be written.
  std::string write(std::string_view packed, const Sink& sink);
  // Returns an error text if the last member is not complete.
  std::string finish() const;

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;
};

// Unpacks all gzip members of `bytes` into `plain`. Returns an error text, empty if all went well.
// More than bytes_max is an error; it stops before it takes the memory.
std::string gunzip(std::string_view bytes, uint64_t bytes_max, std::string& plain);

}  // namespace golab::profiler
