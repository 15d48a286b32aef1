// main.cpp: the main of every test program: Catch2's session on goroutine 1, without its signals.
//
// The runtime runs main as goroutine 1 (the linker's --wrap=main), so a TEST_CASE may do whatever a
// goroutine may. Two things of Catch2's would get in the way:
//
//   - it installs its own handlers for SIGSEGV, SIGINT and others on an alternate stack of its own
//     when a test begins, on the thread that runs it, and takes them back when it ends, on
//     whichever thread runs it then. Two threads would share an alternate stack, and a crash would
//     lose the goroutine's name. So neither generation gets to install any: 2 is built without
//     them, and from 3 we take the class that does it away. The runtime's own handlers report a
//     crash, as Go does;
//   - its state is not made for two threads. Goroutine 1 therefore stays on one: LockOSThread.
//
// Exit status: 0 passed, 1 failed, 77 skipped (what ctest is told in tests/discover.cmake).
#define CATCH_CONFIG_RUNNER
#include "tests/catch.h"

#include <cstdio>
#include <cstdlib>

#include "profiler/goleak/catch2.h"
#include "runtime/die/panic.h"
#include "runtime/testing/synctest/synctest.h"

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/internal/catch_fatal_condition_handler.hpp>

// The linker takes Catch2's object file of this class only if one of these four were missing.
namespace Catch {
FatalConditionHandler::FatalConditionHandler() = default;
FatalConditionHandler::~FatalConditionHandler() = default;
void FatalConditionHandler::engage_platform() {}
void FatalConditionHandler::disengage_platform() noexcept {}
}  // namespace Catch
#endif

CATCH_TRANSLATE_EXCEPTION(const golab::Panic& p) {
  return "panic: " + p.String() + "\n\n" + p.Stack() + golab::synctest::left_in_bubble(p);
}

namespace {
int tests_skipped = 0;
}

void skip_test(const std::string& why) {
  ++tests_skipped;
  std::printf("skipped: %s\n", why.c_str());
  SUCCEED("skipped");  // Catch2 2 warns about a test without assertions
}

// A test that leaves goroutines behind fails, and is named.
using golab::goleak::Listener;
CATCH_REGISTER_LISTENER(Listener)

int main(int argc, char** argv) {
  golab::runtime::LockOSThread();
  // Under ctest, goroutines that were told to end get more time: the machine may be busy.
  const char* retries = std::getenv("GOLAB_LEAK_RETRIES");
  int status = golab::goleak::VerifyTestMain(
      [&] { return Catch::Session().run(argc, argv); },
      golab::goleak::MaxRetryAttempts(retries != nullptr ? std::atoi(retries) : 20));
  if (status != 0) return 1;
  return tests_skipped > 0 ? 77 : 0;
}
