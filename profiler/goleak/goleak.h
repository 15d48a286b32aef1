// goleak.h: go.uber.org/goleak: a test fails if it leaves goroutines behind.
//
//   func TestPool(t *testing.T) {         TEST_CASE("the pool stops") {
//     defer goleak.VerifyNone(t)            Defer d{[] { goleak::VerifyNone(); }};     (catch2.h)
//     …                                     …
//   }                                     }
//
//   func TestMain(m *testing.M) {         int main(int argc, char** argv) {
//     goleak.VerifyTestMain(m)              return goleak::VerifyTestMain(
//   }                                           [&] { return Catch::Session().run(argc, argv); });
//                                         }
//
//   err := goleak.Find()                  error err = goleak::Find();
//
// What is a leak? A goroutine that is there when the check begins may be about to end. So a check
// that finds one sleeps for a microsecond and looks again, then for two, four, …, up to 100 ms: 20
// times, less than half a second in all. What is still there then has leaked. Without a leak
// nothing sleeps. The sleeps are time::Sleep, so they go by the program's clock (sched/clock.h).
//
// The report has goleak's form, and each stack is the text of debug=2:
//
//   found unexpected goroutines:
//   [Goroutine 7 in state chan send, with main.producer on top of the stack:
//   main.producer(...)
//           /src/pool.cpp:47 +0x5c
//   created by main.process in goroutine 1
//           /src/pool.cpp:60 +0x1f8
//    Goroutine 8 in state chan receive, with main.worker on top of the stack:
//   …
//   ]
//
// Whose leak is it? A goroutine has the pprof labels of the goroutine that started it. catch2.h
// sets the label "test" to the name of the test that runs. So a leak has the name of its test,
// however many goroutines later it was started, and whatever else ran at the same time:
//
//   - Find in a test passes over the goroutines of other tests. Those without the label count.
//   - Find outside of all tests (VerifyTestMain) has one report for each test, and its name before
//     it: test "the pool stops": found unexpected goroutines: …
//
// In Go a goroutine carries no test's name unless the test sets such a label itself. There
// VerifyNone reports the goroutines of any test that runs in parallel.
//
// pprof::Do and pprof::SetGoroutineLabels replace all labels of a goroutine by those of their
// context. Give them one that has the test's label (Parallel passes one to each body). With
// context::Background() the goroutine, and all that it starts, lose their test's name.
//
// Never reported: the goroutine that checks, the runtime's own, the one of os/signal, and one that
// waits in Parallel.
#pragma once

#include <concepts>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/context/context.h"
#include "runtime/errors/errors.h"
#include "runtime/sync/func.h"
#include "runtime/time/duration.h"

namespace golab::goleak {

// ---- Options ----

struct Settings;

class Option {
 public:
  using Apply = std::function<void(Settings&)>;
  explicit Option(Apply apply) : apply_(std::move(apply)) {}
  void apply(Settings& settings) const { apply_(settings); }

 private:
  Apply apply_;
};

// Ignores the goroutines that exist when this option is made.
[[nodiscard]] Option IgnoreCurrent();
// Ignores goroutines with this function on top of their stack, as debug=2 shows it. The name is
// whole: "main.worker", "net/http.(*conn).serve".
[[nodiscard]] Option IgnoreTopFunction(std::string function);
// Ignores goroutines with this function anywhere in their stack. A creator is not in it.
[[nodiscard]] Option IgnoreAnyFunction(std::string function);
// Ignores goroutines whose creator (behind "created by") is this function.
[[nodiscard]] Option IgnoreCreatedBy(std::string function);

// Calls f at the end of the check: with the exit code in VerifyTestMain, with 0 in VerifyNone. Find
// returns an error if it gets this.
[[nodiscard]] Option Cleanup(golab::glue::Func<void(int)> f);
// Makes VerifyTestMain check also if tests have failed. Find and VerifyNone have an error if they
// get this.
[[nodiscard]] Option RunOnFailure();

[[nodiscard]] Option MaxRetryAttempts(int n);             // 20
[[nodiscard]] Option MaxSleepInterval(time::Duration d);  // of one sleep: 100 ms

// ---- Checks ----

template <typename T>
concept IsOption = std::same_as<T, Option>;

// A test's way to fail and go on: Go's testing.T, as far as a check needs it.
template <typename T>
concept TestingT = requires(T& t, const std::string& message) {
  t.Error(message);
};

error Find(const std::vector<Option>& options);
// Returns nil if no goroutine is left, else an error with the report. Parks if there is one.
template <IsOption... O>
error Find(const O&... options) {
  return Find(std::vector<Option>{options...});
}

void VerifyNone(golab::glue::Func<void(const std::string&)> fail,
                const std::vector<Option>& options);
// Find, and t.Error(report) if it finds something: the test fails, but goes on. For Catch2 see
// catch2.h.
template <TestingT T, IsOption... O>
void VerifyNone(T& t, const O&... options) {
  VerifyNone([&t](const std::string& report) { t.Error(report); }, std::vector<Option>{options...});
}

int VerifyTestMain(golab::glue::Func<int()> run, const std::vector<Option>& options);
// Runs all tests, then Find, if they passed. Returns the exit status: that of run, or 1 if run
// returned 0 and a goroutine is left. Then stderr has
//
//   goleak: Errors on successful test run: found unexpected goroutines: …
//
// It is not a listener of Catch2's, because those have no say in the exit status.
template <IsOption... O>
int VerifyTestMain(golab::glue::Func<int()> run, const O&... options) {
  return VerifyTestMain(std::move(run), std::vector<Option>{options...});
}

// For a test that leaves goroutines behind on purpose: VerifyTestMain passes over those of this
// test that the option ignores. It stands at the end of the test, with a comment that says why:
//
//   goleak::LeftOnPurpose(goleak::IgnoreCurrent());  // nothing wakes what waits on a nil channel
void LeftOnPurpose(const Option& option);

// ---- Tests and their names ----

// From now on this goroutine, and each that it starts, belongs to this test. "": to none. Returns
// the context with that label.
context::Context BeginTest(std::string_view name);

// A part of a test that runs at the same time as others. A parallel body in Go is a subtest that
// calls t.Parallel().
struct Body {
  std::string name;
  golab::glue::Func<error(context::Context)> run;  // the context has the label of this body
};

// Runs the bodies, each in a goroutine of its own, as a part "TEST/NAME" of the test that calls
// this. Parks until all have returned. Returns what they returned, in their order, with the names
// before the texts.
std::vector<error> RunParallel(const std::vector<Body>& bodies);

}  // namespace golab::goleak
