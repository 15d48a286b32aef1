// gzip.h: gzip streams with the header bytes that Go writes.
//
// Most of a small profile is the same each time: names and mappings. What takes longest in packing
// it is one step, in which zlib gives a block its Huffman code (30 µs, and whoever waits for the
// processor waits for that). So a stream may end in a tail that is packed by itself, and kept: as
// long as the next one is equal, its packed form is written again. What comes before a tail is
// stored as it is if it is short, some hundred frames (an exercise has 35): it would need a code of
// its own each time.
#pragma once

#include <cstdint>
#include <functional>
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
  // `step` is called after every few microseconds of work, but for the last step of a stream.
  GzipWriter(Sink sink, GzipLevel level, std::function<void()> step = {});
  ~GzipWriter();
  GzipWriter(const GzipWriter&) = delete;
  GzipWriter& operator=(const GzipWriter&) = delete;

  void write(std::string_view bytes);
  // Writes the rest, then `tail`, then the checksum. Without it the stream is cut off.
  void finish(std::string_view tail = {});

 private:
  struct Stream;
  struct Tail;
  void store(std::string_view bytes);
  void pack(std::string_view bytes, uint32_t* crc);
  void deflate_some(std::string_view bytes, int flush);
  std::unique_ptr<Tail> packed(std::string_view tail);

  std::unique_ptr<Stream> stream_;
  Sink sink_;
  std::function<void()> step_;
  std::string start_;  // as long as all that was written is short
  uint32_t crc_ = 0;
  uint64_t size_ = 0;
};

bool is_gzip(std::string_view bytes);

// Unpacks all gzip members in `bytes` to `plain`. Returns what is wrong, empty if nothing: also if
// there would be more than bytes_max of it, which is noticed before it takes memory.
std::string gunzip(std::string_view bytes, uint64_t bytes_max, std::string& plain);

}  // namespace golab::profiler
