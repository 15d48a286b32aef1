// samples.h: CPU profiles that a test takes of itself.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

#include "profiler/endpoints/cpu_profile.h"
#include "profiler/formats/profile.h"
#include "runtime/time/time.h"
#include "tests/catch.h"

class Samples {
 public:
  explicit Samples(const std::string& text) : read_(golab::profiler::read_profile(text, "cpu")) {
    UNSCOPED_INFO(read_.error);
    CHECK(read_);
  }
  const golab::profiler::SymbolizedProfile& profile() const { return read_.profile; }

  // The samples whose stacks have all of these functions.
  int64_t with(std::initializer_list<std::string_view> functions,
               std::string_view label = {}) const {
    int64_t n = 0;
    for (const auto& sample : profile().samples) {
      auto frames = golab::profiler::frames_of_sample(profile(), sample);
      bool all = std::all_of(functions.begin(), functions.end(), [&](std::string_view name) {
        return std::any_of(frames.begin(), frames.end(), [&](const auto& f) {
          return f.function != nullptr && f.function->name == name;
        });
      });
      bool labelled = label.empty();
      for (const auto& l : sample.labels) labelled |= l.key + "=" + l.str == label;
      if (all && labelled) n += sample.values[0];
    }
    return n;
  }
  int64_t all() const { return with({}); }
  // All stacks, for a test that has failed.
  std::string text() const {
    std::string out;
    for (const auto& sample : profile().samples) {
      out += std::to_string(sample.values[0]) + ":";
      for (const auto& f : golab::profiler::frames_of_sample(profile(), sample)) {
        out += " " + (f.function != nullptr ? f.function->name : "?");
      }
      out += "\n";
    }
    return out;
  }

 private:
  golab::profiler::ReadResult read_;
};

inline int64_t cpu_ns(clockid_t clock) {
  timespec ts;
  clock_gettime(clock, &ts);
  return int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
}
inline int64_t process_cpu_ns() { return cpu_ns(CLOCK_PROCESS_CPUTIME_ID); }
// Of the calling thread.
inline int64_t thread_cpu_ns() {
  return cpu_ns(CLOCK_THREAD_CPUTIME_ID);
}

// The profile of work().
inline Samples profile_of(const std::function<void()>& work) {
  std::string text;
  golab::error err = golab::pprof::StartCPUProfile([&](std::string_view piece) -> golab::error {
    text.append(piece);
    return nullptr;
  });
  REQUIRE(err == nullptr);
  work();
  golab::pprof::StopCPUProfile();
  return Samples(text);
}

// Calls f until the process has used so much processor time meanwhile. A busy machine only takes
// longer for it.
template <typename F>
void for_cpu_time(int64_t ns, F f) {
  for (int64_t until = process_cpu_ns() + ns; process_cpu_ns() < until;) f();
}
