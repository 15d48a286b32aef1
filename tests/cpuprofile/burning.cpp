// burning.cpp: a service that keeps processors busy in known shares, for the tests of the CPU
// profile.
//
//   burning ADDRESS   three() works three times as long as one(), each for its label job=three or
//                     job=one; a hundred goroutines wait. A response may take a second
//   burning rates     sets rates in the wrong order
#include <cstdint>
#include <cstdlib>
#include <string>

#include "profiler/endpoints/cpu_profile.h"
#include "profiler/endpoints/pprof.h"
#include "runtime/fmt/fmt.h"
#include "runtime/golab.h"
#include "runtime/log/log.h"
#include "runtime/pprof/labels.h"

using namespace golab;

uint64_t sink = 0;

uint64_t burn(uint64_t n) {
  uint64_t s = 0;
  for (uint64_t i = 0; i < n; i++) s += i ^ (s >> 3);
  return s;
}

void three() { sink += burn(300'000); }
void one() { sink += burn(100'000); }

void work() {
  auto background = context::Background();
  for (;;) {
    pprof::Do(background, pprof::Labels("job", "three"), [](context::Context) { three(); });
    pprof::Do(background, pprof::Labels("job", "one"), [](context::Context) { one(); });
  }
}

void wait_forever(Chan<int> never) { never.recv(); }

// What real Go prints for this is in burning_test.cpp.
int wrong_rates() {
  auto nowhere = [](std::string_view) -> error { return nullptr; };
  runtime::SetCPUProfileRate(500);
  runtime::SetCPUProfileRate(500);  // the first message
  fmt::Println(pprof::StartCPUProfile(nowhere));  // the second
  fmt::Println(pprof::StartCPUProfile(nowhere));
  pprof::StopCPUProfile();
  runtime::SetCPUProfileRate(0);
  runtime::SetCPUProfileRate(-1);
  fmt::Println(pprof::StartCPUProfile(nowhere));
  runtime::SetCPUProfileRate(2'000'000);  // the third
  pprof::StopCPUProfile();
  return 0;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  if (std::string_view(argv[1]) == "rates") return wrong_rates();
  auto never = make_chan<int>();
  for (int i = 0; i < 100; i++) go(wait_forever, never);
  go(work);
  net::http::Server server;
  server.Addr = argv[1];
  server.WriteTimeout = time::Second;
  log::Fatal(server.ListenAndServe());
}
