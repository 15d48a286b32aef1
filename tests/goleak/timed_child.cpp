// timed_child.cpp: looks for leaks while a goroutine sleeps for so many microseconds. Says whether
// it found one, and how long that took on the program's clock.
#include <cstdlib>

#include "profiler/goleak/goleak.h"
#include "runtime/golab.h"

int main(int, char** argv) {
  auto began = time::Now();
  go([=] { time::Sleep(std::atoll(argv[1]) * time::Microsecond); });
  const bool found = goleak::Find() != nullptr;
  fmt::Println(found, time::Since(began));
}
