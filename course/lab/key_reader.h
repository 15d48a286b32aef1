// key_reader.h: a terminal that hands over each key at once, and is as before afterwards.
#pragma once

#include <termios.h>

#include "runtime/chan/chan.h"

namespace lab {

// From construction to destruction the terminal on standard input gives each key without waiting
// for Enter and without showing it. Ctrl-C and Ctrl-Z stay signals. The owner handles these, so
// that the destructor runs: a program that a signal ends at once leaves the terminal as it is.
class KeyReader {
 public:
  KeyReader();
  ~KeyReader() { restore(); }
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;

  // The keys, one byte each; closed when the terminal is gone.
  golab::RecvChan<char> keys() const { return keys_; }

  // For a stop by Ctrl-Z: the terminal as it was, and as we need it again.
  void restore();
  void take();

 private:
  golab::Chan<char> keys_;
  termios before_{};
  bool terminal_ = false;
};

}  // namespace lab
