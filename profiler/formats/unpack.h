// unpack.h: takes a file out of its packings, piece by piece: gzip, UTF-16, a byte order mark.
//
// A packing may lie in another one: a text of PowerShell is UTF-16, and a proxy may gzip it.
// Internal to formats/.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "profiler/formats/profile.h"

namespace golab::profiler {

class Unpacker {
 public:
  explicit Unpacker(Sink plain, int depth = 0);
  ~Unpacker();
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;

  void write(std::string_view piece);
  void finish();
  // What is wrong with a packing; empty if nothing is. What could be unpacked was passed on.
  const std::string& damage() const;
  bool was_utf16() const;

 private:
  class Layer;
  class Gzip;
  class Utf16;

  void decide();

  Sink plain_;
  int depth_;
  bool decided_ = false;
  bool utf16_ = false;
  std::string head_;              // until it is decided what this is
  std::unique_ptr<Layer> layer_;  // null if it is plain
};

}  // namespace golab::profiler
