// die.cpp: panics that nobody catches, fatal errors, deadlocks, and the printing of all bad ends.
//
// All print to stderr in Go's form and exit with status 2. GOTRACEBACK says how much:
//
//               panic, fatal          deadlock          runtime fault, stack overflow, SIGQUIT
//   none        message only          message only      as system
//   single      + current goroutine   + all goroutines  as system      (unset: this one)
//   all         + all goroutines      same              as system
//   system      all, with runtime frames and addresses, also the runtime's own goroutines
//   crash       as system, then SIGABRT
//
// Order. The first thread that dies prints; others that die wait for the end. A thread may die
// anywhere, also inside malloc with its lock taken. So the message and the goroutine's header are
// written first, from memory that exists already. Names come afterwards: they need malloc, locks
// and, if possible, the thread's big stack.
//
// A timer watches the thread that prints (Watchman). If that thread makes no progress or faults
// again, the stack is written as bare addresses and the process ends.
#include "runtime/die/die.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "runtime/core/inject.h"
#include "runtime/die/exit.h"
#include "runtime/errors/errors.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/hooks.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/stacks.h"
#include "runtime/traceback/naming.h"
#include "runtime/traceback/stack.h"

namespace golab::runtime {

Traceback gotraceback() {
  const char* text = getenv("GOTRACEBACK");
  if (text == nullptr || *text == '\0' || strcmp(text, "single") == 0)
    return {Level::Single, false};
  if (strcmp(text, "crash") == 0) return {Level::System, true};
  if (strcmp(text, "system") == 0) return {Level::System, false};
  if (strcmp(text, "all") == 0) return {Level::All, false};
  char* end = nullptr;
  unsigned long n = strtoul(text, &end, 10);
  if (*end != '\0' || n == 0) return {Level::None, false};
  return {n == 1 ? Level::All : Level::System, false};
}

namespace {

// ---- Writing -----------------------------------------------------------------------------------

std::atomic<uint64_t> written{0};  // bytes
std::atomic<bool> writing{false};  // the reader may be slow

}  // namespace

void print(std::string_view text) {
  writing = true;
  while (!text.empty()) {
    ssize_t n = ::write(2, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) {
      pollfd ready{2, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    if (n <= 0) break;
    written += static_cast<uint64_t>(n);
    text.remove_prefix(static_cast<size_t>(n));
  }
  writing = false;
}

namespace {

// The program's own output comes before the dump. Another thread may hold stdout's lock for good.
void flush_stdout() {
  if (ftrylockfile(stdout) != 0) return;
  fflush_unlocked(stdout);
  funlockfile(stdout);
}

// ---- The end -----------------------------------------------------------------------------------

std::atomic<int32_t> dying{0};  // tid of the thread that prints
Traceback dies_with;
// The running goroutine, until its stack is written. Not on the stack of die: if that is the
// alternate one, and the rest runs on the system stack, the Watchman's handler overwrites it.
std::optional<GoroutineRecord> unwritten;
// Not 0: a Run of testing/synctest has panicked, and what is left in this bubble is printed.
uint32_t dies_of_bubble = 0;

[[noreturn]] void end_process() {
  if (dies_with.crash) raise_default(SIGABRT);
  _exit(2);
}

void print_hex(const char* format, uintptr_t v) {
  char text[64];
  int n = snprintf(text, sizeof text, format, static_cast<unsigned long>(v));
  print({text, static_cast<size_t>(n)});
}

// Names cannot be found: writes addresses instead, and ends the process. Allocates nothing.
[[noreturn]] void give_up() {
  if (std::optional<GoroutineRecord> r = std::exchange(unwritten, std::nullopt)) {
    for (uint32_t i = 0; i < r->walk.stored; i++)
      print_hex("non-Go function\n\tpc=0x%lx\n", r->pcs[i]);
    char exe[512];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe);
    print(
        "\n[golab: the program died where functions cannot be named, inside malloc for example; "
        "for the names: addr2line -Cfpie ");
    print({exe, static_cast<size_t>(n < 0 ? 0 : n)});
    for (uint32_t i = 0; i < r->walk.stored; i++)
      print_hex(" 0x%lx", r->pcs[i] - (i == 0 && r->leaf_exact ? 0 : 1));
    print("]\n");
  } else {
    print("\n[golab: the program died where no more can be said: the rest is left out]\n");
  }
  end_process();
}

// Watches the thread that prints, by a signal each kLookNs. A thread that waits for a lock uses no
// processor time; one that finds names does. If it was interrupted in a library, it may hold that
// lock itself, so the patience is short. Else the holder may only wait for a processor.
class Watchman {
 public:
  static void start(bool in_library) {
    patience_ = in_library ? 3 : 50;
    struct sigaction sa {};
    sa.sa_handler = [](int) {
      int saved = errno;
      look();
      errno = saved;
    };
    sa.sa_flags = SA_ONSTACK | SA_RESTART;
    sigaction(SIGALRM, &sa, nullptr);
    unblock_signal(SIGALRM);
    // timer_create(3) may allocate; the system call does not.
    sigevent event{};
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGALRM;
    event._sigev_un._tid = gettid();
    int timer = 0;
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0) return;
    itimerspec every{};
    every.it_interval.tv_nsec = every.it_value.tv_nsec = kLookNs;
    syscall(SYS_timer_settime, timer, 0, &every, nullptr);
  }

 private:
  static constexpr long kLookNs = 200'000'000;
  static constexpr int64_t kAsleepNs = 100'000;  // less processor time between two looks: it waits
  static constexpr int kSilentLooks = 150;       // 30 s without output: it loops

  static void look() {
    if (writing) return;
    timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    int64_t cpu = int64_t{ts.tv_sec} * 1'000'000'000 + ts.tv_nsec;
    bool wrote = std::exchange(seen_written_, written.load()) != written.load();
    bool worked = wrote || cpu - std::exchange(seen_cpu_, cpu) > kAsleepNs;
    asleep_ = worked ? 0 : asleep_ + 1;
    silent_ = wrote ? 0 : silent_ + 1;
    if (asleep_ == patience_ || silent_ == kSilentLooks) give_up();
  }

  static inline uint64_t seen_written_ = 0;
  static inline int64_t seen_cpu_ = 0;
  static inline int patience_ = 0;  // looks
  static inline int asleep_ = 0;
  static inline int silent_ = 0;
};

// Only a signal handler runs on the alternate stack: a thread elsewhere was not interrupted.
bool interrupted_in_library(const std::optional<GoroutineRecord>& running) {
  stack_t ss{};
  sigaltstack(nullptr, &ss);
  if ((ss.ss_flags & SS_ONSTACK) == 0) return false;
  return !running || !running->leaf_exact || !own_code(running->pcs[0]);
}

// The header of the goroutine that dies, as append_goroutine writes it, without allocating.
void print_header(const GoroutineRecord& r, Level level) {
  char system[96] = "";
  if (level == Level::System) {
    snprintf(system, sizeof system, " gp=%p m=%ld mp=%p", static_cast<const void*>(r.gp),
             static_cast<long>(r.m_id), static_cast<const void*>(r.mp));
  }
  char line[192];
  char bubble[32] = "";
  if (r.bubble_id != 0) snprintf(bubble, sizeof bubble, ", synctest bubble %u", r.bubble_id);
  int n = snprintf(line, sizeof line, "\ngoroutine %lu%s [running%s%s]",
                   static_cast<unsigned long>(r.goid), system,
                   r.locked_to_thread ? ", locked to thread" : "", bubble);
  print({line, static_cast<size_t>(n)});
  if (default_print_options().labels && r.labels != nullptr)
    put_labels(
        *r.labels, [](void*, std::string_view piece) { print(piece); }, nullptr);
  print(":\n");
}

// All but `running`, or only those of one bubble.
void print_others(const std::optional<GoroutineRecord>& running, const PrintOptions& options,
                  uint32_t only_bubble) {
  constexpr size_t kAtOnce = 32 << 10;
  freeze_the_world();
  GoroutineDump dump =
      dump_goroutines({}, /*world_stopped=*/true, options.level == TraceLevel::System);
  std::string text;
  for (const GoroutineRecord& r : dump.records) {
    if (running && r.goid == running->goid) continue;
    if (only_bubble != 0 && r.bubble_id != only_bubble) continue;
    text += '\n';
    append_goroutine(&text, r, options);
    if (text.size() < kAtOnce) continue;
    print(text);
    text.clear();
  }
  print(text);
}

void print_stacks(const std::optional<GoroutineRecord>& running, Level level) {
  if (level == Level::None) return;
  PrintOptions options =
      default_print_options(level == Level::System ? TraceLevel::System : TraceLevel::User);
  if (running) {
    std::string text;
    append_stack(&text, *running, options);
    unwritten.reset();
    print(text);
  }
  const bool single = level == Level::Single && running;
  if (single && dies_of_bubble == 0) return;
  print_others(running, options, single ? dies_of_bubble : 0);
}

void print_registers(const ucontext_t& uc) {
  char text[1024] = "\n";
  print({text, 1 + registers_text(&uc, text + 1, sizeof text - 1)});
}

}  // namespace

StoppedStack last_stack;

// Only one thread passes. If it comes here a second time, it failed while it printed.
void start_dying() {
  int32_t me = gettid();
  int32_t nobody = 0;
  if (dying.compare_exchange_strong(nobody, me)) return trace_the_end();
  if (nobody == me) give_up();
  for (;;) pause();
}

// Names are found on the thread's big stack, if it can switch. It does not come back from there:
// the world may stay stopped.
[[noreturn]] void die(std::string_view head, std::optional<GoroutineRecord> running,
                      Traceback traceback, const ucontext_t* uc) {
  dies_with = traceback;
  print(head);
  if (running && traceback.level != Level::None) {
    unwritten = running;
    print_header(*running, traceback.level);
  }
  Watchman::start(interrupted_in_library(running));
  flush_stdout();
  auto rest = [&] {
    print_stacks(running, traceback.level);
    if (uc != nullptr) print_registers(*uc);
    end_process();
  };
  M* mp = getm();
  bool can_switch = mp != nullptr && mp->curg != nullptr && !mp->on_systemstack &&
                    mp->locks.load() == 0 && mp->state.load() == kMRunning;
  if (can_switch) systemstack(rest);
  rest();
  __builtin_unreachable();
}

// ---- Fatal errors ------------------------------------------------------------------------------

namespace {
template <uint32_t Max>
std::optional<GoroutineRecord> running_with(const KeptStack<Max>& stack) {
  if (getg() == nullptr) return std::nullopt;
  return running_goroutine(stack);
}
}  // namespace

[[noreturn, gnu::noinline]] void die_fatal(const char* text, bool runtime_fault) {
  G* gp = getg();
  // If the goroutine is dying already: "panic: first\n\tfatal error: ...".
  std::string before;
  if (gp != nullptr && gp->panics != nullptr && gp->panics->dying) {
    before = panic_chain_text(*gp->panics) + "\t";
  }
  start_dying();
  last_stack.keep(callers_both_ends(2, last_stack.buffer()));
  Traceback traceback = gotraceback();
  if (runtime_fault) traceback.level = Level::System;
  char head[512];
  snprintf(head, sizeof head, "fatal error: %s\n", text);
  if (!before.empty()) print(before);
  die(head, running_with(last_stack), traceback);
}

[[noreturn]] void die_deadlock(const char* text) {
  start_dying();
  Traceback traceback = gotraceback();
  if (traceback.level == Level::Single) traceback.level = Level::All;
  char head[256];
  snprintf(head, sizeof head, "fatal error: %s\n", text);
  die(head, std::nullopt, traceback);
}

// ---- Panics ------------------------------------------------------------------------------------

namespace {
std::string chain_lines(const PanicRecord& newest) {
  std::string text;
  if (newest.link != nullptr) {
    text = chain_lines(*newest.link);
    if (newest.link->repanicked) return text;
    text += "\t";
  }
  text += "panic: ";
  for (char c : newest.value->print()) {
    text += c;
    if (c == '\n') text += '\t';
  }
  if (newest.repanicked) {
    text += " [recovered, repanicked]";
  } else if (newest.recovered) {
    text += " [recovered]";
  }
  return text + "\n";
}
}  // namespace

std::string panic_chain_text(const PanicRecord& newest) {
  return chain_lines(newest) + newest.signal;
}

std::string panic_stack(const PanicRecord& record) {
  std::string text;
  systemstack(
      [&] { append_goroutine(&text, running_goroutine(record.stack), default_print_options()); });
  return text;
}

namespace {

std::string type_of(const PanicValue& value) {
  if (value.type() == typeid(Error)) return "runtime.errorString";
  if (value.type() == typeid(error)) {
    const auto* box = static_cast<const error*>(value.address())->box();
    if (box != nullptr) {
      return (box->pointer() ? "*" : "") + go_type(box->type());
    }
  }
  return go_type(value.type());
}

// A value's Error() or String() panicked while the value was being printed.
[[noreturn]] void die_in_print(const PanicRecord& record) {
  std::string head = "fatal error: panic while printing panic value: ";
  head += record.value->type() == typeid(std::string) ? record.value->print()
                                                      : "type " + type_of(*record.value);
  head += '\n' + record.signal;
  start_dying();
  Traceback traceback = gotraceback();
  traceback.level = Level::System;
  die(head, running_with(record.stack), traceback);
}

// Called in a catch (...) block of a goroutine that dies: returns the panic that joins the chain.
std::shared_ptr<PanicRecord> second_panic(bool chained) {
  std::exception_ptr caught = std::current_exception();
  if (caught == nullptr) fatal(kGoexitTooLate);
  return record_of(caught, chained);
}

// Runs the Defers of a goroutine whose panic nobody catches. A Defer may panic on top of it: the
// chain grows. Returns the newest panic; null if a Defer has called Goexit, which ends them all.
std::shared_ptr<PanicRecord> run_dying_defers(G* gp, std::shared_ptr<PanicRecord> record) {
  for (;;) {
    record->dying = true;
    gp->panics = record.get();
    try {
      run_defers(gp);
      return record;
    } catch (glue::Leave& leave) {
      leave.caught();
      return nullptr;
    } catch (...) {
      record = second_panic(/*chained=*/true);
      if (record->forgotten) return nullptr;
    }
  }
}

std::string printed(const PanicRecord& record) {
  try {
    return panic_chain_text(record);
  } catch (...) {
    die_in_print(*second_panic(/*chained=*/false));
  }
}

}  // namespace

void await_deaths() {
  constexpr int64_t kDefersNs = 100'000'000;
  int64_t deadline = nanotime() + kDefersNs;
  while (runningPanicDefers.load() != 0 && dying.load() == 0 && nanotime() < deadline) Gosched();
  if (dying.load() == 0) return;
  entersyscall();
  for (;;) pause();
}

[[noreturn]] void exit(int status) {
  if (hooks.before_exit != nullptr) hooks.before_exit(status);
  fflush(nullptr);
  check_leaks();  // LeakSanitizer hooks exit(), which is not called here
  _exit(status);
}

}  // namespace golab::runtime

namespace golab::glue {

using namespace golab::runtime;

// The terminate handler. C++ has unwound nothing: the Defers on the stack run now, on top of it.
[[noreturn]] void on_terminate() {
  runningPanicDefers.fetch_add(1);  // never decremented: this is the end
  M* mp = getm();
  std::shared_ptr<PanicRecord> record =
      record_of(std::current_exception(), /*chained=*/std::uncaught_exceptions() > 0);
  if (record == nullptr) fatal("std::terminate called without an exception");
  if (record->value->type() == typeid(Leave)) fatal(kGoexitTooLate);
  ThrowSite* site = record->site;
  PanicStack& stack = record->stack;
  if (stack.depth == 0) stack.keep(callers_both_ends(1, stack.buffer()));
  G* gp = mp != nullptr ? mp->curg : nullptr;
  if (gp != nullptr && mp->locks.load() == 0) record = run_dying_defers(gp, std::move(record));
  if (record == nullptr) {
    runningPanicDefers.fetch_sub(1);
    leave_from_throw(site);
    fatal(kGoexitTooLate);
  }
  std::string head = printed(*record);
  start_dying();
  if (record->value->type() == typeid(synctestDeadlockError)) {
    dies_of_bubble = static_cast<const synctestDeadlockError*>(record->value->address())->bubble_id;
  }
  die(head, running_with(record->stack), gotraceback());
}

}  // namespace golab::glue
