// observers.cpp: profiles are read as a tool would read them, and must be plausible.
#include "tests/stress/graph/observers.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <set>

#include "profiler/endpoints/lookup.h"
#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/profile.h"
#include "runtime/heap/mprof.h"

// The linker's marks around the program's code.
extern const char __executable_start, etext;

namespace {

std::atomic<int64_t> profiles_checked{0};

// ---- Anchors ----

struct Waits {
  Chan<int> receive = make_chan<int>(), send = make_chan<int>();
  sync::Mutex mutex;
  sync::RWMutex read_write;
  sync::Mutex cond_mutex;
  sync::Cond cond{&cond_mutex};
  sync::WaitGroup group;
  net::Listener listener;
};

void anchored_receive(Waits* w) { w->receive.recv(); }
void anchored_send(Waits* w) { w->send.send(1); }
void anchored_select(Waits* w) { select({recv(w->receive), recv(w->receive)}); }
void anchored_mutex(Waits* w) {
  w->mutex.Lock();
  w->mutex.Unlock();
}
void anchored_reader(Waits* w) {
  w->read_write.RLock();
  w->read_write.RUnlock();
}
void anchored_cond(Waits* w) {
  w->cond_mutex.Lock();
  w->cond.Wait();
  w->cond_mutex.Unlock();
}
void anchored_wait_group(Waits* w) { w->group.Wait(); }
void anchored_accept(Waits* w) { w->listener.Accept(); }

struct Anchor {
  const char* function;
  const char* state;
  int count;
  void (*run)(Waits*);
};
constexpr Anchor kAnchors[] = {
    {"main.anchored_receive", "chan receive", 5, anchored_receive},
    {"main.anchored_send", "chan send", 4, anchored_send},
    {"main.anchored_select", "select", 3, anchored_select},
    {"main.anchored_mutex", "sync.Mutex.Lock", 2, anchored_mutex},
    {"main.anchored_reader", "sync.RWMutex.RLock", 3, anchored_reader},
    {"main.anchored_cond", "sync.Cond.Wait", 2, anchored_cond},
    {"main.anchored_wait_group", "sync.WaitGroup.Wait", 2, anchored_wait_group},
    {"main.anchored_accept", "IO wait", 1, anchored_accept},
};

// ---- What a profile must be ----

std::string text_of(const std::string& name, int debug) {
  std::string text;
  error err = runtime::pprof::Lookup(name)->WriteTo(
      [&text](std::string_view piece) {
        text += piece;
        return error();
      },
      debug);
  if (err != nullptr) broken("a profile can be taken: " + err.Error());
  return text;
}

[[noreturn]] void implausible(const std::string& what, const std::string& name, int debug,
                              const std::string& text) {
  const std::string path = "/tmp/golab-graph-profile." + std::to_string(::getpid());
  os::WriteFile(path, text, 0600);
  broken("the profile " + name + ", debug=" + std::to_string(debug) + ": " + what + ", see " + path);
}

// A goroutine that is parked was parked by the program, or by one of Go's packages. A walk that lost
// its way ends within the runtime. (A goroutine that is about to begin may be there, or nowhere.)
bool is_cut_off(const std::vector<std::string>& functions) {
  if (functions.empty() || functions.front() != "runtime.gopark") return false;
  return functions.back().starts_with("runtime.") && functions.back() != "runtime.main";
}

// Only libraries of the system may have code without a name.
bool is_code_of_the_program(uint64_t address) {
  return address >= reinterpret_cast<uintptr_t>(&__executable_start) &&
         address < reinterpret_cast<uintptr_t>(&etext);
}

// The names of a stack. debug=1 shows none for the runtime's frames at its two ends, unless another
// stack does that has no other frames.
std::vector<std::string> functions_of(const profiler::SymbolizedProfile& profile,
                                      const profiler::Sample& sample, int debug) {
  std::vector<std::string> names;
  bool in_runtime = debug == 1;
  for (const profiler::FrameRef& frame : profiler::frames_of_sample(profile, sample)) {
    std::string name = frame.function == nullptr ? "" : frame.function->name;
    if (name.empty() && !is_code_of_the_program(frame.location->address)) name = "non-Go function";
    in_runtime &= name.empty() || name.starts_with("runtime.");
    if (in_runtime && name.empty()) continue;
    names.push_back(name);
  }
  if (debug == 1 && !names.empty() && names.back().empty()) names.pop_back();
  return names;
}

using Counts = std::map<std::string, int64_t>;

std::string count_wrong(const Counts& counts) {
  for (const Anchor& anchor : kAnchors) {
    auto found = counts.find(anchor.function);
    const int64_t count = found == counts.end() ? 0 : found->second;
    if (count == anchor.count) continue;
    return std::string(anchor.function) + " is in it " + std::to_string(count) + " times, not " +
           std::to_string(anchor.count);
  }
  return "";
}

std::string joined(const std::vector<std::string>& functions) {
  std::string text;
  for (const std::string& name : functions) text += " " + (name.empty() ? "(none)" : name);
  return text;
}

// Returns what is wrong with a profile of goroutines; "" if nothing is.
std::string wrong_with(const profiler::SymbolizedProfile& profile, int debug) {
  Counts counts;
  for (const profiler::Sample& sample : profile.samples) {
    if (sample.values.empty() || sample.values[0] <= 0) return "a stack has no goroutine";
    const std::vector<std::string> functions = functions_of(profile, sample, debug);
    for (const std::string& name : functions) {
      if (name.empty() || name.starts_with("0x")) {
        return "a frame has no name in" + joined(functions);
      }
      counts[name] += sample.values[0];
    }
    if (is_cut_off(functions)) return "a stack is cut off:" + joined(functions);
  }
  return count_wrong(counts);
}

std::string wrong_with_dump(const std::string& text) {
  profiler::DumpResult dump = profiler::read_debug2(text, "dump");
  if (!dump.error.empty()) return dump.error;
  if (!dump.warning.empty()) return dump.warning;
  std::set<uint64_t> ids;
  for (const profiler::DumpedGoroutine& g : dump.goroutines) {
    const std::string id = std::to_string(g.goid);
    if (!ids.insert(g.goid).second) return "goroutine " + id + " is in it twice";
    if (g.created_by.empty() && g.goid != 1) return "goroutine " + id + " was created by nobody";
    for (const profiler::DumpedFrame& frame : g.frames) {
      for (const Anchor& anchor : kAnchors) {
        if (frame.function == anchor.function && g.state != anchor.state)
          return "goroutine " + id + " is in state " + g.state;
      }
    }
  }
  return "";
}

void check_goroutines(int debug) {
  const std::string text = text_of("goroutine", debug);
  auto result = profiler::read_profile(text, "profile");
  if (!result) implausible(result.error, "goroutine", debug, text);
  if (!result.warnings.empty()) implausible(result.warnings[0], "goroutine", debug, text);
  std::string wrong = wrong_with(result.profile, debug);
  if (wrong.empty() && debug == 2) wrong = wrong_with_dump(text);
  if (!wrong.empty()) implausible(wrong, "goroutine", debug, text);
}

bool all_anchored() {
  profiler::DumpResult dump = profiler::read_debug2(text_of("goroutine", 2), "dump");
  std::map<std::string, int> parked;
  for (const profiler::DumpedGoroutine& g : dump.goroutines) {
    for (const profiler::DumpedFrame& frame : g.frames) {
      for (const Anchor& anchor : kAnchors) {
        if (frame.function == anchor.function && g.state == anchor.state) parked[frame.function]++;
      }
    }
  }
  for (const Anchor& anchor : kAnchors) {
    if (parked[anchor.function] != anchor.count) return false;
  }
  return true;
}

}  // namespace

struct Anchors::Held {
  Waits waits;
  Crew crew;
};

Anchors::Anchors() : held_(std::make_unique<Held>()) {
  Waits& w = held_->waits;
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  must(err == nullptr, "a port can be listened on");
  w.listener = listener;
  w.mutex.Lock();
  w.read_write.Lock();
  w.group.Add(1);
  for (const Anchor& anchor : kAnchors) {
    for (int i = 0; i < anchor.count; i++) {
      held_->crew.run([run = anchor.run, &w] { run(&w); });
    }
  }
  while (!all_anchored()) time::Sleep(time::Millisecond);
}

Anchors::~Anchors() {
  Waits& w = held_->waits;
  close(w.receive);
  for (const Anchor& anchor : kAnchors) {
    for (int i = 0; anchor.run == anchored_send && i < anchor.count; i++) w.send.recv();
  }
  w.mutex.Unlock();
  w.read_write.Unlock();
  w.cond.Broadcast();
  w.group.Done();
  w.listener.Close();
  held_->crew.wait();
}

Profiles::Profiles() {
  for (int debug = 0; debug < 3; debug++) {
    crew_.run([this, debug] { take_until_stopped(debug); });
  }
  crew_.run([this] {
    while (!stop_) {
      for (runtime::pprof::Profile* profile : runtime::pprof::Profiles()) {
        const std::string name = profile->Name();
        if (name == "goroutine") continue;
        // With a sanitizer it is the sanitizer's heap.
        if ((name == "heap" || name == "allocs") && !runtime::mem_profile_known()) continue;
        for (int debug = 0; debug < 2; debug++) {
          const std::string text = text_of(name, debug);
          auto result = profiler::read_profile(text, "profile");
          if (!result) implausible(result.error, name, debug, text);
          taken_++;
        }
      }
      time::Sleep(5 * time::Millisecond);
    }
  });
}

Profiles::~Profiles() {
  stop_ = true;
  crew_.wait();
}

void Profiles::take_until_stopped(int debug) {
  while (!stop_) {
    check_goroutines(debug);
    taken_++;
    profiles_checked.fetch_add(1, std::memory_order_relaxed);
    runtime::Gosched();
  }
}

// ---- Signals ----

namespace {

void block_all_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

// The directory stays open: ThreadSanitizer does not see it being opened, and would take it for what
// had its descriptor before.
std::vector<pid_t> threads_of_this_process() {
  static DIR* const directory = ::opendir("/proc/self/task");
  std::vector<pid_t> threads;
  if (directory == nullptr) return threads;
  ::rewinddir(directory);
  while (const dirent* entry = ::readdir(directory)) {
    if (const int id = std::atoi(entry->d_name); id > 0) threads.push_back(id);
  }
  return threads;
}

}  // namespace

SignalStorm::SignalStorm() {
  os::signal::Notify(wanted_, os::Signal(SIGUSR1));
  go([wanted = wanted_] {
    for (os::Signal s : wanted) {
      must(s == os::Signal(SIGUSR1), "only the signals that were asked for arrive");
    }
  });
  thread_ = std::thread([this] {
    block_all_signals();
    const pid_t process = ::getpid();
    constexpr int kSignals[] = {SIGURG, SIGPROF, SIGUSR1, SIGURG};
    for (unsigned burst = 0; !stop_; burst++) {
      const int sig = kSignals[burst % std::size(kSignals)];
      for (pid_t thread : threads_of_this_process()) {
        for (int i = 0; i < 5; i++) ::syscall(SYS_tgkill, process, thread, sig);
        ::kill(process, sig);
      }
      ::usleep(burst % 16 == 0 ? 20'000 : 500);
    }
  });
}

SignalStorm::~SignalStorm() {
  stop_ = true;
  runtime::entersyscall();
  thread_.join();
  runtime::exitsyscall();
  auto last = make_chan<os::Signal>(1);
  os::signal::Notify(last, os::Signal(SIGUSR1));
#if defined(GOLAB_TSAN)
  // ThreadSanitizer would keep it for a thread that may sleep for good.
  ::raise(SIGUSR1);
#else
  ::kill(::getpid(), SIGUSR1);
#endif
  last.recv();
  os::signal::Stop(last);
  os::signal::Stop(wanted_);
  close(wanted_);
}

// ---- The watchdog ----

namespace {

constexpr int kPatience = 60;  // s

std::atomic<int64_t> steps_made{0};
std::atomic<uint32_t> round_seed{0};

void say(const std::string& text) {
  if (::write(STDERR_FILENO, text.data(), text.size()) < 0) return;
}

// SIGQUIT makes the runtime print all goroutines and end the program.
[[noreturn]] void end_with_a_dump(const std::string& why) {
  say("graph: " + why + "\ngraph: again with: --seed " + std::to_string(round_seed) +
      " --rounds 1\n");
  ::kill(::getpid(), SIGQUIT);
  for (;;) ::pause();
}

}  // namespace

void step() { steps_made.fetch_add(1, std::memory_order_relaxed); }
int64_t steps() { return steps_made; }
void now_in_round(uint32_t seed) { round_seed = seed; }

void broken(const std::string& rule) { end_with_a_dump("this rule is broken: " + rule); }

namespace {

// A count that must grow.
class Watched {
 public:
  Watched(const std::atomic<int64_t>& count, const char* what) : count_(count), what_(what) {}
  void look() {
    const int64_t now = count_;
    quiet_ = now == before_ ? quiet_ + 1 : 0;
    before_ = now;
    if (quiet_ < kPatience) return;
    end_with_a_dump("in " + std::to_string(kPatience) + " s " + what_);
  }

 private:
  const std::atomic<int64_t>& count_;
  const char* what_;
  int64_t before_ = -1;
  int quiet_ = 0;
};

}  // namespace

void start_watchdog() {
  std::thread([] {
    block_all_signals();
    Watched rounds(steps_made, "no goroutine of the round has made a step");
    Watched profiles(profiles_checked, "no profile was finished");
    for (;;) {
      ::sleep(1);
      rounds.look();
      profiles.look();
    }
  }).detach();
}
