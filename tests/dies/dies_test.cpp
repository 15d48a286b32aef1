// dies_test.cpp: what a dying program leaves on stderr is what Go's leaves, and so is its exit
// status.
//
// Compared after masking what differs from run to run: addresses, goroutine ids, positions, the
// words in an argument list. Where C++ forces a difference the expected text stands here, beside
// the reason.
//
// These of Go's programs have no counterpart. A sync::Cond cannot be copied, and an index out of
// range is undefined, or std::out_of_range (crashes_test.cpp); nobody checks a std::map for
// concurrent writes; GODEBUG=panicnil=1 is for programs older than Go 1.21; `go run` and cgo are Go's.
#include <signal.h>

#include <cmath>
#include <limits>
#include <string>

#include "runtime/die/panic.h"
#include "tests/dies/dies.h"

namespace {

std::string golden(const std::string& name) {
  std::string text = read_file(std::string(GOLDEN_DIES) + "/" + name + ".txt");
  if (text.empty() && name != "os-exit") FAIL("no golden " + name);
  return text;
}

ChildResult die(const std::string& program, std::vector<std::string> env = {}) {
  return run_child({DYING, program}, env, 20);
}

std::string escaped(const std::string& text) {
  return std::regex_replace(text, std::regex("[.+()]"), "\\$&");
}

void check_like_go(const std::string& name, const std::string& expected = "") {
  CAPTURE(name);
  std::string program = replace_all(name, "-", "_");
  ChildResult r = die(program);
  CHECK_FALSE(r.timed_out);
  CHECK(r.status == 2);
  CHECK(as_main(mask(r.err), program) == (expected.empty() ? mask(golden(name)) : expected));
}

}  // namespace

TEST_CASE("an uncaught panic prints its value and its goroutine", "[dies][panic]") {
  for (const char* name :
       {"panic-string", "panic-int", "panic-float", "panic-multiline", "panic-nil", "panic-error",
        "panic-custom-error", "panic-stringer", "panic-struct", "panic-namedint", "panic-namedstring",
        "panic-pointer", "panic-goroutine"}) {
    check_like_go(name);
  }
}

// The header is what Go 1.27.3 prints for the same program.
TEST_CASE("the goroutine that dies shows its labels", "[dies][panic]") {
  const std::string with = " [running] {job: \"import #7\", tenant: acme}:\n";
  CHECK(die("panic_with_labels").err.find(with) != std::string::npos);
  ChildResult without = die("panic_with_labels", {"GODEBUG=tracebacklabels=1,tracebacklabels=0"});
  CHECK(without.err.find(" [running]:\n") != std::string::npos);
}

TEST_CASE("panics of the language and of packages read as Go's", "[dies][panic]") {
  for (const char* name :
       {"close-closed", "close-nil", "send-closed", "send-closed-blocked", "send-closed-select",
        "make-chan-negative", "negative-waitgroup", "wg-misuse", "ticker-zero", "nil-context",
        "type-assertion"}) {
    check_like_go(name);
  }
}

TEST_CASE("a panic on top of a panic is chained to it", "[dies][panic]") {
  // In C++ unwinding has removed the frames between a panic() and its handler, Defers included. So
  // the panic() in the middle of Go's stack is missing here, and what was below it. The stack of
  // the oldest panic, which was not caught, is whole.
  check_like_go("panic-in-defer",
                "panic: first\n\tpanic: second\n\tpanic: third\n\ngoroutine # [running]:\n"
                "main.third()\nmain.second()\npanic()\nmain.main()\n");
  check_like_go("repanic-other",
                "panic: first [recovered]\n\tpanic: second after first\n\n"
                "goroutine # [running]:\nmain.main()\n");
  // A rethrow is the same panic, still on its way: it says where it came from.
  check_like_go("repanic-same",
                "panic: first [recovered, repanicked]\n\ngoroutine # [running]:\nmain.main()\n");
  check_like_go("panic-wg-go");
  // Goexit unwinds, so it is not on the stack any more when the Defer panics.
  check_like_go("panic-goexit",
                "panic: while leaving\n\ngoroutine # [running]:\nmain.main.func1()\nmain.main()\n");
}

TEST_CASE("a value whose Error panics is fatal", "[dies][panic]") {
  std::string go = golden("panic-error-panics"), ours = die("panic_error_panics").err;
  CHECK(ours.substr(0, ours.find('\n')) == go.substr(0, go.find('\n')));
  std::string text = mask(ours);
  CHECK(text.find("main.bad.Error()\n") != std::string::npos);
  CHECK(text.find("main.panic_error_panics()\nmain.main()\nruntime.main()\n") != std::string::npos);
}

// The golden file has a line per value: its type in Go, and what panic prints of it.
TEST_CASE("numbers print as in a panic of Go's", "[dies][panic]") {
  std::string go = golden("panic-floats");
  auto check = [&](const char* type, auto v) {
    std::string text = "\"panic: " + golab::glue::panic_text(v) + "\"";
    CAPTURE(type, text);
    CHECK(std::regex_search(go, std::regex(std::string("(^|\n)") + type + " +" + escaped(text))));
  };
  for (double v : {1.0, 100000.0, 1e20, 1e21, 0.0001, 1e-05, 0.1, 0.0, 1e6, 123456789.0, 1e-7})
    check("float64", v);
  check("float64", std::numeric_limits<double>::infinity());
  check("float64", std::nan(""));
  check("float32", 0.1F);
  check("int64", std::numeric_limits<int64_t>::min());
  check("bool", true);
}

TEST_CASE("a fatal error in a Defer says what was panicking", "[dies][panic][fatal]") {
  std::string go = mask(golden("fatal-in-defer"));
  // Go defers mu.Unlock itself, here a lambda calls it.
  go = replace_all(go, "Unlock()\npanic()", "Unlock()\nmain.main.func1()\npanic()");
  check_like_go("fatal-in-defer", go);
}

TEST_CASE("fatal errors cannot be caught and name the culprit", "[dies][fatal]") {
  for (const char* name : {"unlock-unlocked", "rw-unlock-unlocked", "rw-runlock-unlocked"}) {
    check_like_go(name);
  }
}

TEST_CASE("a standstill is a deadlock, and all goroutines are shown", "[dies][deadlock]") {
  for (const char* name :
       {"deadlock-chan", "deadlock-goexit", "deadlock-goexit-others", "deadlock-http-import",
        "deadlock-lazytimer", "deadlock-listener-idle", "deadlock-mutex", "deadlock-nilchan",
        "deadlock-select", "deadlock-stopped-timer", "deadlock-waitgroup", "locked-deadlock"}) {
    check_like_go(name);
  }
  CHECK(as_main(mask(die("locked_deadlock", {"GODEBUG=tracebacklabels=0"}).err),
                "locked_deadlock") == mask(golden("locked-deadlock.tracebacklabels0")));
}

TEST_CASE("who waits for time, the network or a signal is not asleep for good", "[dies][deadlock]") {
  for (const char* program : {"nodeadlock_timer", "nodeadlock_network", "nodeadlock_signal"}) {
    CAPTURE(program);
    ChildResult r = run_child({DYING, program}, {}, 1);
    CHECK(r.timed_out);
    CHECK(r.err.empty());
  }
}

TEST_CASE("orderly ends have their statuses", "[dies][exit]") {
  struct End {
    const char* name;
    int status;
  };
  for (End end :
       {End{"goexit-goroutine", 0}, {"main-returns", 0}, {"os-exit", 3}, {"log-fatal", 1}}) {
    CAPTURE(end.name);
    ChildResult r = die(replace_all(end.name, "-", "_"));
    CHECK(r.status == end.status);
    CHECK(r.err == golden(end.name));
  }
}

#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
TEST_CASE("faults are panics", "[dies][fault]") {
  check_like_go("nil-deref");
  // The signal line is ours to print, as Go has none: there a division is checked by the compiler.
  std::string text = mask(die("divide_zero").err);
  CHECK(text.find("panic: runtime error: integer divide by zero\n") == 0);
  CHECK(text.find("goroutine # [running]:\nmain.divide()\nmain.divide_zero()\nmain.main()\n") !=
        std::string::npos);
}

TEST_CASE("a stack overflow is named as such, with the goroutine that did it", "[dies][fault]") {
  ChildResult r = die("stack_overflow");
  CHECK(r.status == 2);
  std::string text = mask(r.err);
  CHECK(std::regex_search(
      r.err, std::regex("^runtime: goroutine stack exceeds [0-9]+-byte limit\n"
                        "runtime: sp=0x[0-9a-f]+ stack=\\[0x[0-9a-f]+, 0x[0-9a-f]+\\]\n"
                        "fatal error: stack overflow\n\n")));
  CHECK(text.find("main.deeper()\nmain.deeper()\n") != std::string::npos);
  CHECK(std::regex_search(text, std::regex("\n\\.\\.\\.[0-9]+ frames elided\\.\\.\\.\n")));
  CHECK(text.find("main.stack_overflow()\nmain.main()\nruntime.main()\nruntime.goexit()\n") !=
        std::string::npos);
  CHECK(die("stack_overflow", {"GOTRACEBACK=none"}).err.find("main.deeper") != std::string::npos);
}
#endif

TEST_CASE("GOTRACEBACK says how much is printed", "[dies][traceback]") {
  for (const char* program : {"panic-goroutine", "deadlock-chan", "unlock-unlocked"}) {
    for (const char* level : {"none", "0", "single", "all", "1"}) {
      CAPTURE(program, level);
      std::string name = replace_all(program, "-", "_");
      // With one P main is asleep before the other goroutine panics.
      ChildResult r = die(name, {std::string("GOTRACEBACK=") + level, "GOMAXPROCS=1"});
      CHECK(r.status == 2);
      CHECK(as_main(mask(r.err), name) ==
            mask(golden(std::string("traceback-") + level + "." + program)));
    }
  }
}

TEST_CASE("at system level the runtime's own frames are shown", "[dies][traceback]") {
  for (const char* level : {"system", "2", "crash"}) {
    CAPTURE(level);
    ChildResult r = die("panic_goroutine", {std::string("GOTRACEBACK=") + level, "GOMAXPROCS=1"});
    CHECK(r.status == (std::string(level) == "crash" ? 134 : 2));
    CAPTURE(r.err);
    CHECK(std::regex_search(
        r.err, std::regex("^panic: worker failed\n\ngoroutine [0-9]+ gp=0x[0-9a-f]+ m=[0-9]+ "
                          "mp=0x[0-9a-f]+ \\[running\\]:\n")));
    CHECK(std::regex_search(
        r.err,
        std::regex("\n\ngoroutine 1 gp=0x[0-9a-f]+ m=nil \\[sleep\\]:\nruntime\\.gopark\\(")));
    CHECK(r.err.find("\nruntime.goexit(") != std::string::npos);
    CHECK(r.err.find(" pc=0x") != std::string::npos);
  }
}

TEST_CASE("of two panics one is printed", "[dies][panic]") {
  for (int i = 0; i < 10; i++) {
    ChildResult r = die("two_panics");
    CHECK(r.status == 2);
    std::string text = mask(r.err);
    CHECK(
        std::regex_match(text, std::regex("panic: [12]\n\ngoroutine # \\[running\\]:\nmain\\.work_"
                                          "after\\(\\)\ncreated by main\\.two_panics in goroutine "
                                          "#\n")));
  }
}

TEST_CASE("a program dies beside a busy goroutine", "[dies][panic]") {
  check_like_go("panic-busy");
  ChildResult r = die("panic_busy", {"GOTRACEBACK=all"});
  CHECK(r.status == 2);
  CHECK(mask(r.err).find("\n\ngoroutine # [runnable]:\nmain.spin()\n") != std::string::npos);
}

TEST_CASE("a program dies while another goroutine takes profiles", "[dies][panic]") {
  for (int i = 0; i < 30; i++) {
    ChildResult r = die("panic_beside_profiles", {"GOTRACEBACK=all"});
    CHECK(r.status == 2);
    std::string text = mask(r.err);
    CAPTURE(text);
    CHECK(text.starts_with("panic: stop\n\ngoroutine # [running]:\n"));
    // All three are there, and the dump has come to its end.
    CHECK(text.find("main.spin()\n") != std::string::npos);
    CHECK(text.find("\ncreated by main.panic_beside_profiles in goroutine #\n") !=
          std::string::npos);
  }
}

namespace {
ChildResult signalled(const std::string& program, int sig, std::vector<std::string> env = {}) {
  Child child({DYING, program}, env);
  child.read_until([&] { return child.out().find("ready\n") != std::string::npos; }, 20);
  if (program == "sigquit") until_asleep(child.pid());
  child.kill(sig);
  return child.wait(20);
}
}  // namespace

TEST_CASE("SIGQUIT shows every goroutine, with the runtime's frames, and the registers",
          "[dies][signal]") {
  for (const char* env : {"GOTRACEBACK=single", "GOTRACEBACK=none", "GOTRACEBACK=all"}) {
    ChildResult r = signalled("sigquit", SIGQUIT, {env});
    CAPTURE(env, r.err);
    CHECK(r.status == 2);
    CHECK(std::regex_search(r.err,
                            std::regex("^SIGQUIT: quit\nPC=0x[0-9a-f]+ m=[0-9]+ sigcode=0\n\n")));
    std::string text = mask(r.err);
    CHECK(text.find("[sync.WaitGroup.Wait]:\nruntime.gopark()\n") != std::string::npos);
    CHECK(text.find("[chan receive]:\nruntime.gopark()\n") != std::string::npos);
    CHECK(text.find("[sleep]:\nruntime.gopark()\n") != std::string::npos);
    CHECK(text.find("main.worker()\nmain.sigquit.func1()\nsync.(*WaitGroup).Go.func1()\n"
                    "runtime.goexit()\ncreated by sync.(*WaitGroup).Go in goroutine #\n") !=
          std::string::npos);
    CHECK(std::regex_search(r.err, std::regex("\n\nrax    0x[0-9a-f]+\nrbx    0x")));
    CHECK(std::regex_search(r.err, std::regex("rflags 0x[0-9a-f]+\ncs     0x[0-9a-f]+\nfs     "
                                              "0x[0-9a-f]+\ngs     0x[0-9a-f]+\n$")));
  }
}

TEST_CASE("SIGQUIT reaches a program that only spins", "[dies][signal]") {
  ChildResult r = signalled("sigquit_busy", SIGQUIT);
  CAPTURE(r.err);
  CHECK(r.status == 2);
  std::string text = mask(r.err);
  CHECK(text.find("main.spin()\nmain.sigquit_busy()\nmain.main()\n") != std::string::npos);
  CHECK(text.find("main.spin()\nruntime.goexit()\n") != std::string::npos);
}

TEST_CASE("the other signals end a program silently", "[dies][signal]") {
  for (int sig : {SIGINT, SIGTERM, SIGHUP}) {
    ChildResult r = signalled("sigquit", sig);
    CHECK(r.status == 128 + sig);
    CHECK(r.err.empty());
  }
}
