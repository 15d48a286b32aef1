// catch2.h: goleak in tests with Catch2, version 2 or 3. Include Catch2 before this.
//
//   TEST_CASE("the pool stops") {
//     Defer d{[] { goleak::VerifyNone(); }};
//     Pool pool(3);
//     …
//   }
//
// Destructors run from the last to the first, so the check comes when the pool is gone. That is the
// order of Go's deferred calls, too.
//
// In the file that has the program's main, once. The listener gives each TEST_CASE's goroutines its
// name; VerifyTestMain checks at the end, whether or not a test has checked itself:
//
//   #define CATCH_CONFIG_RUNNER
//   #include <catch2/catch.hpp>
//   #include "profiler/goleak/catch2.h"
//
//   using golab::goleak::Listener;
//   CATCH_REGISTER_LISTENER(Listener)
//
//   int main(int argc, char** argv) {
//     return goleak::VerifyTestMain([&] { return Catch::Session().run(argc, argv); });
//   }
//
// Parallel. Catch2 runs one TEST_CASE after the other, and its CHECK and REQUIRE are for one
// thread. So what runs in parallel are parts of one TEST_CASE. Such a part uses no CHECK: it
// returns an error, as a function of errgroup does, and Catch2 hears of it when all parts have
// returned. The label of a part is "the name of the test/its own name":
//
//   TEST_CASE("clients do not disturb each other") {
//     goleak::Parallel({
//         {"reader", [&](context::Context ctx) -> error {
//            if (int n = read(ctx); n != 7) return fmt::Errorf("read %d, want 7", n);
//            return goleak::Find();    // did this part leave something behind?
//          }},
//         {"writer", [&](context::Context ctx) -> error { … }},
//     });
//   }
#pragma once

#if !defined(CATCH_VERSION_MAJOR)
#error \
    "include Catch2 (<catch2/catch.hpp>, or <catch2/catch_all.hpp>) before profiler/goleak/catch2.h"
#endif

#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "profiler/goleak/goleak.h"
#include "runtime/die/panic.h"
#include "runtime/sched/proc.h"

namespace golab::glue {

// The running TEST_CASE, as something that fails at one of its lines and goes on.
class RunningTest {
 public:
  RunningTest(const char* file, int line) : file_(file), line_(static_cast<size_t>(line)) {}
  void Error(std::string message) const {
    Catch::AssertionHandler handler(Catch::StringRef("goleak"), {file_, line_}, Catch::StringRef(),
                                    Catch::ResultDisposition::ContinueOnFailure);
    handler.handleMessage(Catch::ResultWas::ExplicitFailure, std::move(message));
    // After --abort, Catch2 throws. During the unwinding of a failed REQUIRE that would end the
    // program.
    try {
      handler.complete();
    } catch (...) {
      if (std::uncaught_exceptions() == 0) throw;
    }
  }

 private:
  const char* file_;
  size_t line_;
};

inline void only_on_goroutine_1(const char* what) {
  if (runtime::goid() == 1) return;
  panic(std::string(what) + " is for goroutine 1, which runs the TEST_CASE: elsewhere use Find");
}

// An option that notes where it is passed on.
struct FirstOption {
  FirstOption(goleak::Option o, const char* f = __builtin_FILE(), int l = __builtin_LINE())
      : option(std::move(o)), file(f), line(l) {}
  goleak::Option option;
  const char* file;
  int line;
};

}  // namespace golab::glue

namespace golab::goleak {

// Fails the running TEST_CASE if goroutines are left, but lets it go on. Parks if there are some.
inline void VerifyNone(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  golab::glue::only_on_goroutine_1("goleak::VerifyNone()");
  golab::glue::RunningTest test(file, line);
  VerifyNone(test);
}
template <IsOption... O>
void VerifyNone(golab::glue::FirstOption first, const O&... more) {
  golab::glue::only_on_goroutine_1("goleak::VerifyNone()");
  golab::glue::RunningTest test(first.file, first.line);
  VerifyNone(test, first.option, more...);
}

// Runs the bodies at the same time, and parks until all have returned. Each error that one returns
// fails the running TEST_CASE, which goes on.
inline void Parallel(const std::vector<Body>& bodies, const char* file = __builtin_FILE(),
                     int line = __builtin_LINE()) {
  golab::glue::only_on_goroutine_1("goleak::Parallel()");
  for (const error& err : RunParallel(bodies)) {
    if (err != nullptr) golab::glue::RunningTest(file, line).Error(err.Error());
  }
}

// Catch2 2 has the base of a listener only in the file with its main.
#if CATCH_VERSION_MAJOR >= 3
using ListenerBase = Catch::EventListenerBase;
#elif defined(CATCH_CONFIG_EXTERNAL_INTERFACES)
using ListenerBase = Catch::TestEventListenerBase;
#endif

#if CATCH_VERSION_MAJOR >= 3 || defined(CATCH_CONFIG_EXTERNAL_INTERFACES)
class Listener : public ListenerBase {
 public:
  using ListenerBase::ListenerBase;
  void testCaseStarting(const Catch::TestCaseInfo& test) override { BeginTest(test.name); }
  void testCaseEnded(const Catch::TestCaseStats&) override { BeginTest(""); }
};
#endif

}  // namespace golab::goleak
