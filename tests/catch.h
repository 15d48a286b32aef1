// catch.h: Catch2, version 2 or 3, and what it lacks for tests of goroutines.
//
// Use CHECK and REQUIRE on goroutine 1 only, which runs the TEST_CASE: Catch2 counts assertions
// without a lock. Another goroutine sends its result to goroutine 1, which checks it.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>  // 3
#else
#include <catch2/catch.hpp>  // 2
namespace Catch::Matchers {
inline auto ContainsSubstring(const std::string& part) { return Contains(part); }  // 3's name
}  // namespace Catch::Matchers
#endif

#include <chrono>
#include <string>

#include "runtime/sched/proc.h"
#include "runtime/time/time.h"

// Ends a test that this machine cannot run: prints why, and ctest shows it as skipped.
//
//   if (!have_go()) return skip_test("go is not installed");
void skip_test(const std::string& why);

// Waits for a state, never for a time. Returns true as soon as condition() is true, and false after
// the limit. Only a broken program reaches the limit.
template <typename Condition>
bool eventually(std::chrono::nanoseconds limit, Condition condition) {
  int64_t deadline = golab::runtime::nanotime() + limit.count();
  while (!condition()) {
    if (golab::runtime::nanotime() > deadline) return false;
    golab::time::Sleep(golab::time::Duration(200'000));
  }
  return true;
}

template <typename Condition>
bool eventually(Condition condition) {
  return eventually(std::chrono::seconds(20), condition);
}
