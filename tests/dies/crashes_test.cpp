// crashes_test.cpp: ends in places where little can be said: what is said all the same, and when.
//
// The texts are those of Go 1.26 where Go has the case. Exceptions that are no panics it does not
// have; they read as panics of their type and what().
#include <signal.h>

#include <string>

#include "tests/dies/dies.h"

namespace {

// GCC can unwind from an instruction that faults (GOLAB_FAULTS_UNWIND); Clang cannot.
#if defined(__clang__)
constexpr bool kFaultsUnwind = false;
#else
constexpr bool kFaultsUnwind = true;
#endif

ChildResult crash(const std::string& program, std::vector<std::string> env = {}) {
  return run_child({CRASHING, program}, env, 20);
}

ChildResult shell(const std::string& script) {
  return run_child({"/bin/sh", "-c", script, "sh", CRASHING}, {}, 20);
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

ChildResult signalled(int sig) {
  Child child({CRASHING, "sleeper"});
  child.read_until([&] { return has(child.out(), "ready\n"); }, 20);
  until_asleep(child.pid());
  child.kill(sig);
  return child.wait(20);
}

}  // namespace

TEST_CASE("an exception that nobody catches shows where it was thrown", "[dies][exception]") {
  struct {
    const char* program;
    const char* text;
  } kinds[] = {
      {"vector_at",
       "panic: std::out_of_range: vector::_M_range_check: __n (which is 10) >= this->size() "
       "(which is 3)\n\ngoroutine # [running]:\nstd.vector[...]._M_range_check()\n"
       "std.(*vector[...]).at()\nmain.look_at()\nmain.vector_at()\nmain.main()\n"},
      {"bad_alloc",
       "panic: std::bad_alloc: std::bad_alloc\n\n"
       "goroutine # [running]:\nmain.reserve_all()\nmain.bad_alloc()\nmain.main()\n"},
      {"throw_int",
       "panic: int\n\ngoroutine # [running]:\nmain.throw_number()\nmain.throw_int()\n"
       "main.main()\n"},
      {"noexcept_throw",
       "panic: int\n\ngoroutine # [running]:\nmain.throw_number()\nmain.promises()\n"
       "main.noexcept_throw()\nmain.main()\n"},
      {"goroutine_throw",
       "panic: int\n\ngoroutine # [running]:\nmain.throw_number()\n"
       "created by main.goroutine_throw in goroutine #\n"}};
  for (auto& kind : kinds) {
    CAPTURE(kind.program);
    ChildResult r = crash(kind.program);
    CHECK(r.status == 2);
    CHECK(mask(r.err) == kind.text);
  }
}

TEST_CASE("an exception thrown by a Defer is chained to the panic", "[dies][exception]") {
  for (const char* program : {"defer_throws", "defer_throws_unwinding"}) {
    CAPTURE(program);
    ChildResult r = crash(program);
    CHECK(r.status == 2);
    CHECK(r.out.empty());
    std::string text = mask(r.err);
    CHECK(
        text.starts_with("panic: first\n\tpanic: std::runtime_error: in the Defer\n\n"
                         "goroutine # [running]:\nmain.fails()\n"));
    CHECK(has(text, std::string("main.") + program + "()\nmain.main()\n"));
  }
}

TEST_CASE("a panic in a panic value's Error or String is fatal", "[dies][panic]") {
  struct {
    const char* program;
    const char* head;
    const char* frame;
  } kinds[] = {{"error_panics", "in Error", "main.badError.Error()\n"},
               {"string_panics", "type *errors.errorString", "main.badString.String()\n"},
               {"error_throws", "type std.logic_error", "main.throwsInError.Error()\n"}};
  for (auto& kind : kinds) {
    CAPTURE(kind.program);
    ChildResult r = crash(kind.program);
    CHECK(r.status == 2);
    std::string text = mask(r.err);
    CHECK(text.starts_with(std::string("fatal error: panic while printing panic value: ") +
                           kind.head + "\n\ngoroutine # gp=0x# m="));
    CHECK(has(text, kind.frame));
    CHECK(has(text, std::string("main.") + kind.program + "()\nmain.main()\nruntime.main()\n"));
  }
}

TEST_CASE("a death does not pass in silence because main returns", "[dies][panic]") {
  for (int i = 0; i < 10; i++) {
    ChildResult r = crash("main_returns_beside_panic");
    CHECK(r.status == 2);
    CHECK(mask(r.err) ==
          "panic: boom\n\ngoroutine # [running]:\nmain.boom()\n"
          "created by main.main_returns_beside_panic in goroutine #\n");
    r = crash("main_returns_beside_printing");
    CHECK(r.status == 2);
    CHECK(mask(r.err).starts_with("panic: said\n\ngoroutine # [running]:\n"));
  }
  ChildResult r = crash("main_returns_beside_recovered");
  CHECK(r.status == 0);
  CHECK(r.err.empty());
}

TEST_CASE("a program ends by each signal as Go's does", "[dies][signal]") {
  struct {
    int sig;
    const char* name;
  } fatal[] = {
    {SIGQUIT, "SIGQUIT: quit"},
    {SIGABRT, "SIGABRT: abort"},
    {SIGSYS, "SIGSYS: bad system call"},
    {SIGSTKFLT, "SIGSTKFLT: stack fault"},
#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
    {SIGTRAP, "SIGTRAP: trace trap"},
    {SIGILL, "SIGILL: illegal instruction"},
    {SIGBUS, "SIGBUS: bus error"},
    {SIGFPE, "SIGFPE: floating-point exception"},
    {SIGSEGV, "SIGSEGV: segmentation violation"}
#endif
  };
  for (auto& f : fatal) {
    ChildResult r = signalled(f.sig);
    CAPTURE(f.name, r.err);
    CHECK(r.status == 2);
    bool addr = f.sig == SIGSEGV || f.sig == SIGBUS, bytes = f.sig == SIGILL || f.sig == SIGFPE;
    CHECK(std::regex_search(
        r.err, std::regex(std::string("^") + f.name + "\nPC=0x[0-9a-f]+ m=[0-9]+ sigcode=0" +
                          (addr ? " addr=0x[0-9a-f]+" : "") + "\n" +
                          (bytes ? "instruction bytes:( 0x[0-9a-f]+)+\n" : "") + "\n")));
    CHECK(has(mask(r.err), "[sleep]:\nruntime.gopark()\n"));
    CHECK(has(r.err, "\nrip    0x"));
  }
  for (int sig : {SIGHUP, SIGINT, SIGTERM, SIGRTMIN}) {
    ChildResult r = signalled(sig);
    CHECK(r.status == 128 + sig);
    CHECK(r.err.empty());
  }
}

TEST_CASE("signals that mean nothing to a program do nothing", "[dies][signal]") {
  Child child({CRASHING, "sleeper"});
  REQUIRE(child.read_until([&] { return has(child.out(), "ready\n"); }, 20));
  for (int sig : {SIGUSR1, SIGUSR2, SIGPIPE, SIGPROF, SIGALRM, SIGVTALRM, SIGXCPU, SIGXFSZ, SIGIO,
                  SIGPWR, SIGURG, SIGWINCH, SIGCHLD, SIGRTMIN + 1, SIGRTMAX}) {
    child.kill(sig);
  }
  child.kill(SIGTERM);
  CHECK(child.wait(20).status == 128 + SIGTERM);
}

TEST_CASE("SIGPIPE is for who writes to stdout, and for children", "[dies][signal]") {
  ChildResult r = shell("{ $1 write_stdout; echo $? >&2; } | true");
  CHECK(r.err == "141\n");
  CHECK(crash("write_socket").out == "Broken pipe\n");
  CHECK(crash("child_gets_sigpipe").out == std::to_string(SIGPIPE) + "\n");
}

TEST_CASE("closed standard descriptors are not given to others", "[dies][start]") {
  CHECK(shell("exec $1 standard_descriptors <&- >&- 2>&-").status == 0);
}

#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
TEST_CASE("a fault in the program's code can be recovered", "[dies][fault]") {
  const std::string nil =
      "panic: runtime error: invalid memory address or nil pointer dereference\n"
      "[signal SIGSEGV: segmentation violation code=0x# addr=0x# pc=0x#]\n\n";
  if (!kFaultsUnwind) {
    for (const char* program : {"recovered_nil", "recovered_null_call"}) {
      ChildResult r = crash(program);
      CHECK(r.status == 2);
      CHECK(mask(r.err).starts_with(nil));
    }
    return;
  }
  ChildResult r = crash("recovered_nil");
  CHECK(r.status == 0);
  CHECK(r.err.empty());
  std::string text = mask(r.out);
  CAPTURE(text);
  CHECK(text.starts_with(
      "deferred\nrecovered: runtime error: invalid memory address or nil pointer dereference 1\n"
      "goroutine # [running]:\nmain.value_of()\nmain.recovered_nil.func1()\n"));
  CHECK(has(text,
            "deferred\nrecovered: runtime error: integer divide by zero 1\n"
            "goroutine # [running]:\nmain.divide()\nmain.recovered_nil.func2()\n"));
  r = crash("recovered_null_call");
  CHECK(r.status == 0);
  CHECK(has(mask(r.out),
            "nil pointer dereference 1\ngoroutine # [running]:\n"
            "main.recovered_null_call.func1()\n"));
}

TEST_CASE("a fault that nobody recovers is the end, with Go's text", "[dies][fault]") {
  const std::string nil =
      "panic: runtime error: invalid memory address or nil pointer dereference\n"
      "[signal SIGSEGV: segmentation violation code=0x# addr=0x# pc=0x#]\n\n"
      "goroutine # [running]:\n";
  ChildResult r = crash("nil_then_panic");
  CHECK(r.status == 2);
  CHECK(r.out == (kFaultsUnwind ? "deferred\n" : ""));
  CHECK(mask(r.err) == nil + "main.value_of()\nmain.nil_then_panic()\nmain.main()\n");

  r = crash("noexcept_nil");
  CHECK(r.status == 2);
  CHECK(mask(r.err).starts_with(nil + "main.value_of()\nmain.careless()\n"));

  r = crash("nil_in_libc");
  CHECK(r.status == 2);
  CHECK(r.out.empty());
  CHECK(mask(r.err).starts_with(nil));
  CHECK(has(mask(r.err), "main.nil_in_libc.func1()\n"));

  r = crash("wild_pointer");
  CHECK(r.status == 2);
  CHECK(
      mask(r.err).starts_with("unexpected fault address 0x#\nfatal error: fault\n"
                              "[signal SIGSEGV: segmentation violation code=0x# addr=0x# "
                              "pc=0x#]\n\ngoroutine # gp=0x# m="));
  CHECK(has(mask(r.err), "[running]:\nmain.value_of()\nmain.wild_pointer.func1()\n"));

  // The pc of the signal is 0. The trace begins with who made that call.
  r = crash("null_call");
  CHECK(r.status == 2);
  CHECK(has(r.err, " code=0x1 addr=0x0 pc=0x0]\n"));
  CHECK(mask(r.err) == nil + "main.null_call()\nmain.main()\n");
}

// Go says the same of a byte slice over a mapped file, and of a write to a string's bytes.
TEST_CASE("a fault at a real address cannot be recovered, nor one of another thread",
          "[dies][fault]") {
  struct {
    const char* program;
    const char* signal;
    const char* frames;
  } kinds[] = {
      {"bus_error", "[signal SIGBUS: bus error code=0x# addr=0x# pc=0x#]",
       "main.value_of()\nmain.bus_error.func1()\n"},
      {"write_to_code", "[signal SIGSEGV: segmentation violation code=0x# addr=0x# pc=0x#]",
       "main.write_to_code.func1()\n"}};
  for (auto& kind : kinds) {
    CAPTURE(kind.program);
    ChildResult r = crash(kind.program);
    CHECK(r.status == 2);
    CHECK(r.out.empty());
    std::string text = mask(r.err);
    CHECK(text.starts_with(std::string("unexpected fault address 0x#\nfatal error: fault\n") +
                           kind.signal + "\n\ngoroutine # gp=0x# m="));
    CHECK(has(text, std::string("[running]:\n") + kind.frames));
  }
  ChildResult r = crash("foreign_fault");
  CHECK(r.status == 2);
  CHECK(r.err == "fatal error: fault on a thread that is not the runtime's (goroutines start by "
                 "go())\n");
}

TEST_CASE("a fault is not lost because main returns", "[dies][fault]") {
  for (int i = 0; i < 10; i++) {
    ChildResult r = crash("main_returns_beside_fault");
    CHECK(r.status == 2);
    CHECK(r.err.starts_with("panic: runtime error: invalid memory address or nil pointer"));
  }
}

TEST_CASE("instructions that raise signals end the program as Go's do", "[dies][signal]") {
  CHECK(crash("illegal").err.starts_with("SIGILL: illegal instruction\nPC=0x"));
  CHECK(crash("trap").err.starts_with("SIGTRAP: trace trap\nPC=0x"));
  for (const char* program : {"aborts", "raises_segv", "illegal", "trap"}) {
    CAPTURE(program);
    ChildResult r = crash(program);
    CHECK(r.status == 2);
    CHECK(has(mask(r.err), std::string("main.") + program + "()\nmain.main()\n"));
  }
}

TEST_CASE("who dies inside malloc says so, and soon", "[dies][fault]") {
  ChildResult r = crash("invalid_free");
  CHECK(r.status == 2);
  CHECK(has(r.err, "\nSIGABRT: abort\nPC=0x"));
  CHECK(has(mask(r.err), "main.invalid_free()\nmain.main()\n"));
  for (const char* program : {"malloc_lock", "malloc_lock_beside_others"}) {
    CAPTURE(program);
    int64_t begin = golab::runtime::nanotime();
    r = crash(program);
    int64_t took = golab::runtime::nanotime() - begin;
    CAPTURE(r.err);
    CHECK(r.status == 2);
    CHECK(took < 15'000'000'000);  // one second, on a machine that has nothing else to do
    CHECK(std::regex_search(r.err, std::regex("SIGABRT: abort\nPC=0x[0-9a-f]+ m=[0-9]+ sigcode=-6\n"
                                              "\ngoroutine 1 gp=0x[0-9a-f]+ m=[0-9]+ "
                                              "mp=0x[0-9a-f]+ \\[running, locked to thread\\]:\n"
                                              "non-Go function\n\tpc=0x")));
    CHECK(
        std::regex_search(r.err, std::regex("addr2line -Cfpie /.*/crashing( 0x[0-9a-f]+)+\\]\n$")));
  }
}

TEST_CASE("who dies while names are found says so, and soon", "[dies][fault]") {
  ChildResult r = crash("panic_crashes_symbolizer");
  CAPTURE(r.err);
  CHECK(r.status == 2);
  CHECK(std::regex_search(
      r.err, std::regex("^panic: first\n\ngoroutine 1 \\[running\\]:\nnon-Go function\n\tpc=0x")));
  CHECK(has(r.err, "addr2line -Cfpie /"));
  r = crash("stack_crashes_symbolizer");
  CAPTURE(r.err);
  CHECK(r.status == 2);
  CHECK(
      r.err.starts_with("fatal error: unexpected signal during runtime execution\n"
                        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x"));
  CHECK(has(r.err, "the rest is left out"));
}

TEST_CASE("an overflow in the dynamic linker shows the goroutine", "[dies][fault]") {
  ChildResult r = crash("overflow_in_linker");
  CAPTURE(r.err);
  CHECK(r.status == 2);
  CHECK(r.err.starts_with("runtime: goroutine stack exceeds "));
  CHECK(has(mask(r.err), "main.descend()\nmain.descend()\n"));
}

TEST_CASE("a small stack for the first thread suffices", "[dies][start]") {
  for (const char* program : {"dump", "vector_at", "malloc_lock"}) {
    CAPTURE(program);
    ChildResult r = shell(std::string("ulimit -s 100; exec $1 ") + program);
    CAPTURE(r.err);
    CHECK(r.status == (std::string(program) == "dump" ? 0 : 2));
    std::string text = mask(r.out + r.err);
    if (std::string(program) != "malloc_lock") CHECK(has(text, std::string("main.") + program));
  }
}

TEST_CASE("a handler's end is not the server's", "[dies][http]") {
  ChildResult r = crash("serve");
  CAPTURE(r.out, r.err);
  if (!kFaultsUnwind) {
    CHECK(r.status == 2);
    CHECK(r.err.starts_with("panic: runtime error: invalid memory address"));
    return;
  }
  CHECK(r.status == 0);
  CHECK(r.out ==
        "/nil no answer\n/int no answer\n/exception no answer\n/goexit no answer\n"
        "/fine 200 OK\n");
  std::string text = mask(r.err);
  CHECK(std::regex_search(
      text, std::regex("http: panic serving 127[^ ]*: runtime error: invalid memory address or nil "
                       "pointer dereference\ngoroutine # \\[running\\]:\nmain.value_of\\(\\)\n"
                       "main.serve.func1\\(\\)\n")));
  CHECK(
      std::regex_search(text, std::regex("http: panic serving 127[^ ]*: int\n"
                                         "goroutine # \\[running\\]:\nmain.throw_number\\(\\)\n")));
  CHECK(std::regex_search(
      text, std::regex("http: panic serving 127[^ ]*: std::out_of_range: .*\n"
                       "goroutine # \\[running\\]:\nstd.*\nstd.*\nmain.look_at\\(\\)\n")));
  CHECK(has(text, "net/http.(*conn).serve()\n"));
}
#endif
