// orders.cpp: the orders of a class, one function each (see orders.h).
#include "profiler/classroom/orders.h"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>

#include "profiler/endpoints/lookup.h"
#include "runtime/errors/injected.h"
#include "runtime/fmt/fmt.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/request.h"
#include "runtime/sched/sema.h"
#include "runtime/sched/timer.h"
#include "runtime/stop/idle.h"
#include "runtime/stop/stop.h"

namespace golab::profiler::classroom {
namespace {

constexpr int64_t kPatienceNs = 5'000'000'000;  // of advance, in real time
constexpr int64_t kMsNs = 1'000'000;

// ---- The stopped world --------------------------------------------------------------------------

struct DoesNotStop {};

// While it lives, the world is stopped.
class WorldStopped {
 public:
  WorldStopped() {
    if (!runtime::stopTheWorld()) throw DoesNotStop();
  }
  ~WorldStopped() { runtime::startTheWorld(); }
  WorldStopped(const WorldStopped&) = delete;
  WorldStopped& operator=(const WorldStopped&) = delete;
};

// Parks for so long by the machine's clock.
void nap(int64_t ns) {
  runtime::RuntimeCall rc;
  int64_t until = runtime::nanotime() + ns;
  runtime::gopark(
      [](runtime::G* gp, void* arg) {
        runtime::sleep_until_real(gp, *static_cast<int64_t*>(arg));
        return true;
      },
      &until, runtime::WaitReason::Sleep);
}

// Calls act() in the stopped world as soon as the program is idle. Returns how many goroutines are
// still at work when the time is up; 0: it was idle.
template <typename F>
int32_t when_idle(int64_t patience_ns, F act) {
  const int64_t deadline = runtime::nanotime() + patience_ns;
  for (int64_t pause = 20'000;; pause = std::min(2 * pause, kMsNs)) {
    runtime::Gosched();  // those who are about to run may be done after that
    {
      WorldStopped stopped;
      int32_t at_work = runtime::goroutines_at_work();
      if (at_work == 0) act();
      if (at_work == 0 || runtime::nanotime() >= deadline) return at_work;
    }
    nap(pause);
  }
}

// ---- The clock ----------------------------------------------------------------------------------

std::string line(std::string_view word, int64_t number) {
  return std::string(word) + " " + std::to_string(number) + "\n";
}

std::string idle(int64_t ms) {
  int32_t at_work = when_idle(ms * kMsNs, [] {});
  if (at_work > 0) return line("busy", at_work);
  const Exit& exit = program_exit();
  return exit.waits() ? line("exiting", exit.status()) : "idle\n";
}

std::string now() { return line("now", runtime::class_time()); }

std::string next() {
  WorldStopped stopped;
  int64_t at = runtime::class_timer_next();
  return at == 0 ? "none\n" : line("next", at - runtime::program_time());
}

std::string step() {
  {
    WorldStopped stopped;
    int64_t at = runtime::class_timer_next();
    if (at == 0) return "none\n";
    runtime::set_class_clock(at);
  }
  while (runtime::class_timers_fire()) runtime::Gosched();
  return line("stepped", runtime::class_time());
}

std::string advance(int64_t ns) {
  int64_t end = 0;
  if (__builtin_add_overflow(runtime::program_time(), ns, &end)) {
    return "error advance: that is beyond the end of time\n";
  }
  for (bool there = false; !there;) {
    int32_t at_work = when_idle(kPatienceNs, [&] {
      there = runtime::program_time() == end;
      int64_t at = runtime::class_timer_next();
      if (!there) runtime::set_class_clock(at == 0 ? end : std::min(at, end));
    });
    if (at_work > 0) return line("busy", at_work);
  }
  return now();
}

// ---- Requests -----------------------------------------------------------------------------------

// A line for each request, then ".".
template <typename F>
std::string each_request(F line_of) {
  std::string text;
  for (auto* r = runtime::first_request(); r != nullptr; r = r->next.load()) text += line_of(*r);
  return text + ".\n";
}

std::string requests() {
  return each_request([](const runtime::RequestRecord& r) {
    return fmt::Sprintf("request %d %s %s %d %d %d %d %d\n", r.number, r.method, r.path, r.begun,
                        r.ended.load(), r.live.load(), r.peak.load(), r.sends.load());
  });
}

std::string waits() {
  return each_request([](const runtime::RequestRecord& r) {
    return fmt::Sprintf("wait %d %d\n", r.number, r.longest_wait.load());
  });
}

std::string forget() {
  runtime::forget_ended_requests();
  return "ok\n";
}

std::string fail(std::string_view call, int64_t nth) {
  if (errors::inject(call, nth)) return "ok\n";
  return "error fail: no call " + std::string(call) +
         " can be made to fail, only: " + errors::injectable_calls() + "\n";
}

// ---- Profiles and the end -----------------------------------------------------------------------

std::string goroutines(int debug) {
  std::string text;
  error err = pprof::Lookup("goroutine")
                  ->WriteTo(pprof::Writer([&](std::string_view piece) -> error {
                              text.append(piece);
                              return nullptr;
                            }),
                            debug);
  if (err != nullptr) return "error " + err.Error() + "\n";
  return line("bytes", static_cast<int64_t>(text.size())) + text;
}

// On this very thread: the handler has run, or the process is gone, before the answer.
std::string send_signal(int64_t number) {
  if (number >= NSIG || raise(static_cast<int>(number)) != 0) {
    return "error signal: no signal " + std::to_string(number) + "\n";
  }
  return "ok\n";
}

std::string hold() {
  program_exit().hold();
  return "ok\n";
}

// ---- Words --------------------------------------------------------------------------------------

// The first word of *text, which loses it and the blank behind it.
std::string_view take_word(std::string_view* text) {
  std::string_view word = text->substr(0, text->find(' '));
  text->remove_prefix(std::min(word.size() + 1, text->size()));
  return word;
}

// A number from 0 on that stands alone.
std::optional<int64_t> number(std::string_view text) {
  int64_t n = 0;
  auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (err != std::errc() || end != text.data() + text.size() || n < 0) return std::nullopt;
  return n;
}

using Plain = std::string (*)();
using WithNumber = std::string (*)(int64_t);

struct Order {
  std::string_view name;
  Plain plain = nullptr;
  WithNumber with_number = nullptr;
  int64_t most = std::numeric_limits<int64_t>::max();
};
constexpr Order kOrders[] = {
    {"hello", [] { return std::string("golab classroom 1\n"); }},
    {"idle", nullptr, idle, 3'600'000},
    {"now", now},
    {"next", next},
    {"step", step},
    {"advance", nullptr, advance},
    {"requests", requests},
    {"waits", waits},
    {"forget", forget},
    {"profile", [] { return goroutines(0); }},
    {"dump", [] { return goroutines(2); }},
    {"signal", nullptr, send_signal},
    {"hold", hold},
    {"release",
     [] {
       program_exit().release();
       return std::string();
     }},
};

std::string wrong(std::string_view order, std::string_view what) {
  return "error " + std::string(order) + ": " + std::string(what) + "\n";
}

std::string carry_out_fail(std::string_view words) {
  std::string_view call = take_word(&words);
  std::optional<int64_t> nth = number(words);
  if (!nth || *nth == 0) return wrong("fail", "it is `fail CALL NTH`, NTH from 1 on");
  return fail(call, *nth);
}

std::string carry_out_order(std::string_view text) {
  std::string_view words = text;
  std::string_view name = take_word(&words);
  if (name == "fail") return carry_out_fail(words);
  auto* order = std::find_if(std::begin(kOrders), std::end(kOrders),
                             [&](const Order& o) { return o.name == name; });
  if (order == std::end(kOrders)) return wrong(name.substr(0, 32), "there is no such order");
  if (order->plain != nullptr) {
    return words.empty() ? order->plain() : wrong(name, "it has no number");
  }
  std::optional<int64_t> n = number(words);
  if (!n || *n > order->most) return wrong(name, "it needs a number, from 0 on");
  return order->with_number(*n);
}

}  // namespace

std::string carry_out(std::string_view order) {
  try {
    return carry_out_order(order);
  } catch (const DoesNotStop&) {
    return "error the world did not stop in 5 s: a thread does not leave the runtime\n";
  }
}

}  // namespace golab::profiler::classroom

// Go's frames end in runtime.main, so what stands between it and the semaphore is glue.
namespace golab::glue {
[[gnu::noinline]] static void wait_for_release(std::atomic<uint32_t>* released) {
  runtime::semacquire1(released, false, runtime::WaitReason::Semacquire);
}
}  // namespace golab::glue

namespace golab::profiler::classroom {

void Exit::await_release(int status) {
  if (!held_ || runtime::getg() == nullptr) return;
  status_ = status;
  waits_ = true;
  glue::wait_for_release(&released_);
}

void Exit::release() {
  held_ = false;
  runtime::semrelease1(&released_);
}

Exit& program_exit() {
  static Exit exit;
  return exit;
}

}  // namespace golab::profiler::classroom
