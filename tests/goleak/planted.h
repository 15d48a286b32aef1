// planted.h: leaks that a test plants and takes away again.
#pragma once

#include <string>

#include "profiler/goleak/goleak.h"
#include "runtime/golab.h"
#include "tests/catch.h"

// Goroutines that wait in main.planted, or in main.planted_below with that on top, until this ends.
void planted(Chan<int> end);
void planted_below(Chan<int> end);

class Planted {
 public:
  Planted() = default;
  Planted(const Planted&) = delete;
  ~Planted() { pull_out(); }

  void plant() { go(planted, end_); }
  void plant_below() { go(planted_below, end_); }
  void pull_out() {
    if (end_ != nullptr) close(std::exchange(end_, Chan<int>()));
  }

 private:
  Chan<int> end_ = make_chan<int>();
};

inline int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) n++;
  return n;
}

// The text of an error, "" if it is nil.
inline std::string text_of(const error& err) { return err == nullptr ? "" : err.Error(); }
