// goleak.cpp: looks for goroutines that should not be there, several times, and reports them.
//
// A look is the dump that runtime::Stack takes (traceback.h): the world stops for a moment, and
// nothing is put into words before a filter needs a function's name. So a look at a program without
// other goroutines reads no debug information, and costs about as much as a stop.
#include "profiler/goleak/goleak.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include "runtime/core/arch.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"
#include "runtime/pprof/labels.h"
#include "runtime/sched/proc.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/waitgroup.h"
#include "runtime/traceback/traceback.h"

namespace golab::goleak {

using runtime::GoroutineDump;
using runtime::GoroutineRecord;
using runtime::ShownFunctions;

// A goroutine that a look has found. Its functions have no names before somebody asks for them.
class Stack {
 public:
  explicit Stack(const GoroutineRecord& g) : record(g) {}

  const GoroutineRecord& record;
  const ShownFunctions& shown() const {
    if (!shown_) shown_ = runtime::shown_functions(record);
    return *shown_;
  }
  std::string_view top() const {
    return shown().functions.empty() ? std::string_view() : shown().functions.front();
  }
  bool has(std::string_view function) const {
    return std::ranges::find(shown().functions, function) != shown().functions.end();
  }

 private:
  mutable std::optional<ShownFunctions> shown_;
};

using Filter = std::function<bool(const Stack&)>;  // true: it is no leak

struct Settings {
  std::vector<Filter> filters;
  int retries_max = 20;
  time::Duration sleep_max = 100 * time::Millisecond;
  golab::glue::Func<void(int)> cleanup;
  bool run_on_failure = false;

  explicit Settings(const std::vector<Option>& options) {
    for (const Option& option : options) option.apply(*this);
  }
  bool pass_over(const Stack& stack) const {
    return std::ranges::any_of(filters, [&](const Filter& passes) { return passes(stack); });
  }
};

namespace {

// ---- One look -----------------------------------------------------------------------------------

// Goroutines that nobody has to end.
bool expected(const Stack& stack) {
  if (stack.top() == "os/signal.signal_recv" || stack.top() == "os/signal.loop") return true;
  if (stack.has("goleak.RunParallel") && stack.record.status == runtime::_Gwaiting) return true;
  return stack.top() == "runtime.goexit" && stack.record.status == runtime::_Gsyscall;
}

// The goroutines of all, with the caller as the first one.
[[gnu::noinline]] GoroutineDump look() {
  const auto* frame = static_cast<const runtime::FrameRecord*>(__builtin_frame_address(0));
  return runtime::dump_goroutines({frame->pc, frame->fp});
}

constexpr std::string_view kTestLabel = "test";

// "" if it belongs to no test.
std::string test_of(const GoroutineRecord& g) {
  if (g.labels == nullptr) return "";
  for (const auto& [key, value] : *g.labels) {
    if (key == kTestLabel) return value;
  }
  return "";
}

// A test's goroutines are its own and those of its parallel bodies, "TEST/NAME".
bool belongs_to(std::string_view test, std::string_view of_goroutine) {
  if (test.empty() || of_goroutine.empty()) return true;
  if (!of_goroutine.starts_with(test)) return false;
  return of_goroutine.size() == test.size() || of_goroutine[test.size()] == '/';
}

// What a look found.
struct Found {
  GoroutineDump dump;
  std::string test;                           // the caller's
  std::vector<const GoroutineRecord*> leaks;  // in dump
};

Found find_once(const Settings& settings) {
  Found found{look(), "", {}};
  const std::vector<GoroutineRecord>& all = found.dump.records;
  found.test = test_of(all[0]);
  runtime::systemstack([&] {
    for (size_t i = 1; i < all.size(); i++) {
      Stack stack(all[i]);
      if (!belongs_to(found.test, test_of(all[i]))) continue;
      if (!settings.pass_over(stack) && !expected(stack)) found.leaks.push_back(&all[i]);
    }
  });
  return found;
}

// ---- The report ---------------------------------------------------------------------------------

std::string describe(const GoroutineRecord& g) {
  std::string text = "Goroutine " + std::to_string(g.goid) + " in state " +
                     runtime::goroutine_state(g) + ", with ";
  text.append(Stack(g).top()) += " on top of the stack:\n";
  runtime::append_stack(&text, g, runtime::default_print_options());
  return text;
}

// The report on the leaks of one test. Its name is left out where the reader knows it.
std::string report_on(std::string_view test, const Found& found) {
  std::string list;
  for (const GoroutineRecord* g : found.leaks) {
    if (test_of(*g) != test) continue;
    list += (list.empty() ? "" : " ") + describe(*g);
  }
  std::string whose =
      test.empty() || test == found.test ? "" : "test \"" + std::string(test) + "\": ";
  return whose + "found unexpected goroutines:\n[" + list + "]";
}

// One report for each test, in the order of their first leaks.
std::string report(const Found& found) {
  std::vector<std::string> tests;
  for (const GoroutineRecord* g : found.leaks) {
    std::string test = test_of(*g);
    if (std::ranges::find(tests, test) == tests.end()) tests.push_back(test);
  }
  std::string text;
  for (const std::string& test : tests) {
    text += (text.empty() ? "" : "\n") + report_on(test, found);
  }
  return text;
}

// ---- Several looks ------------------------------------------------------------------------------

time::Duration sleep_before(int retry, time::Duration longest) {
  constexpr int kDoublings = 40;  // of a microsecond: two weeks
  time::Duration d = time::Duration(1000) * (int64_t{1} << std::min(retry, kDoublings));
  return std::min(d, longest);
}

[[gnu::noinline]] error find(const Settings& settings) {
  if (settings.cleanup != nullptr) {
    return errors::New("Cleanup can only be passed to VerifyNone or VerifyTestMain");
  }
  if (settings.run_on_failure) {
    return errors::New("RunOnFailure can only be passed to VerifyTestMain");
  }
  if (settings.retries_max < 0) return errors::New("maxRetryAttempts should be greater than 0");
  if (settings.sleep_max <= 0) return errors::New("maxSleepInterval should be greater than 0s");
  for (int retry = 0;; retry++) {
    Found found = find_once(settings);
    if (found.leaks.empty()) return nullptr;
    if (retry >= settings.retries_max) {
      std::string text;
      runtime::systemstack([&] { text = report(found); });
      return errors::New(text);
    }
    time::Sleep(sleep_before(retry, settings.sleep_max));
  }
}

Option filter(Filter passes) {
  return Option([passes = std::move(passes)](Settings& s) { s.filters.push_back(passes); });
}

// What LeftOnPurpose has collected.
struct OnPurpose {
  sync::Mutex mu;
  std::vector<Option> options;  // protected by mu
};
OnPurpose& on_purpose() {
  static OnPurpose collected;
  return collected;
}

}  // namespace

// ---- Options ------------------------------------------------------------------------------------

Option IgnoreCurrent() {
  std::set<uint64_t> present;
  for (const GoroutineRecord& g : look().records) present.insert(g.goid);
  return filter([present](const Stack& stack) { return present.contains(stack.record.goid); });
}

Option IgnoreTopFunction(std::string function) {
  return filter([=](const Stack& stack) { return stack.top() == function; });
}

Option IgnoreAnyFunction(std::string function) {
  return filter([=](const Stack& stack) { return stack.has(function); });
}

Option IgnoreCreatedBy(std::string function) {
  return filter([=](const Stack& stack) { return stack.shown().created_by == function; });
}

Option Cleanup(golab::glue::Func<void(int)> f) {
  return Option([f](Settings& s) { s.cleanup = f; });
}

Option RunOnFailure() {
  return Option([](Settings& s) { s.run_on_failure = true; });
}

Option MaxRetryAttempts(int n) {
  return Option([n](Settings& s) { s.retries_max = n; });
}

Option MaxSleepInterval(time::Duration d) {
  return Option([d](Settings& s) { s.sleep_max = d; });
}

void LeftOnPurpose(const Option& option) {
  std::string test = test_of(look().records[0]);
  Option of_this_test = filter([test, settings = Settings({option})](const Stack& stack) {
    std::string of_goroutine = test_of(stack.record);
    bool may_be_anyones = !test.empty() && of_goroutine.empty();
    return !may_be_anyones && belongs_to(test, of_goroutine) && settings.pass_over(stack);
  });
  golab::glue::Locked lock(on_purpose().mu);
  on_purpose().options.push_back(std::move(of_this_test));
}

// ---- Checks -------------------------------------------------------------------------------------

error Find(const std::vector<Option>& options) { return find(Settings(options)); }

void VerifyNone(golab::glue::Func<void(const std::string&)> fail,
                const std::vector<Option>& options) {
  Settings settings(options);
  auto cleanup = std::exchange(settings.cleanup, nullptr);
  if (error err = find(settings); err != nullptr) fail(err.Error());
  if (cleanup != nullptr) cleanup(0);
}

int VerifyTestMain(golab::glue::Func<int()> run, const std::vector<Option>& options) {
  int status = run();
  Settings settings(options);
  {
    golab::glue::Locked lock(on_purpose().mu);
    for (const Option& option : on_purpose().options) option.apply(settings);
  }
  auto cleanup = std::exchange(settings.cleanup, nullptr);
  bool wanted = std::exchange(settings.run_on_failure, false) || status == 0;
  if (error err = wanted ? find(settings) : nullptr; err != nullptr) {
    std::string_view how = status == 0 ? "successful" : "unsuccessful";
    os::Stderr.Write("goleak: Errors on " + std::string(how) + " test run: " + err.Error() + "\n");
    if (status == 0) status = 1;
  }
  if (cleanup != nullptr) cleanup(status);
  return status;
}

// ---- Tests and their names ----------------------------------------------------------------------

context::Context BeginTest(std::string_view name) {
  context::Context ctx = context::Background();
  if (!name.empty()) ctx = pprof::WithLabels(ctx, pprof::Labels(kTestLabel, name));
  pprof::SetGoroutineLabels(ctx);
  return ctx;
}

[[gnu::noinline]] std::vector<error> RunParallel(const std::vector<Body>& bodies) {
  std::vector<error> errs(bodies.size());
  std::string test = test_of(look().records[0]);
  sync::WaitGroup wg;
  for (size_t i = 0; i < bodies.size(); i++) {
    wg.Go([&, i] {
      const Body& body = bodies[i];
      context::Context ctx = BeginTest(test.empty() ? body.name : test + "/" + body.name);
      if (error err = body.run(ctx); err != nullptr) {
        errs[i] = fmt::Errorf("%s: %w", body.name, err);
      }
    });
  }
  wg.Wait();
  return errs;
}

}  // namespace golab::goleak
