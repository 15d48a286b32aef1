// traceback_test.cpp: goroutines are printed as Go prints them.
#include "runtime/traceback/traceback.h"

#include <dlfcn.h>

#include <algorithm>
#include <string>
#include <vector>

#include "profiler/formats/debug2_reader.h"
#include "profiler/goleak/goleak.h"
#include "runtime/core/arch.h"
#include "runtime/sched/go.h"
#include "runtime/traceback/stack.h"
#include "runtime/traceback/symbols.h"
#include "tests/catch.h"
#include "tests/traceback/parked.h"

using namespace golab;
using runtime::GoroutineRecord;
using runtime::TraceLevel;

// Functions to stand in for a program and for the runtime. Never called: their addresses are
// printed.
static void worker(int) { asm volatile("nop"); }
static void nothing() { asm volatile("nop"); }
namespace golab::runtime {
[[gnu::noinline]] static void newstack(int) { asm volatile("nop"); }
[[gnu::noinline]] static void Breakpoint() { asm volatile("nop"); }
}  // namespace golab::runtime

namespace {

uintptr_t in(void (*f)(int)) { return reinterpret_cast<uintptr_t>(f) + 1; }
uintptr_t in(void (*f)()) { return reinterpret_cast<uintptr_t>(f) + 1; }

GoroutineRecord record(const std::vector<uintptr_t>& pcs) {
  GoroutineRecord r;
  r.goid = 7;
  r.parent_goid = 5;
  r.status = runtime::_Gwaiting;
  r.waitreason = runtime::WaitReason::ChanReceive;
  r.gopc = in(nothing);
  r.pcs = pcs.data();
  r.walk.total = r.walk.stored = r.walk.head = static_cast<uint32_t>(pcs.size());
  return r;
}

std::string print(const GoroutineRecord& r, TraceLevel level = TraceLevel::User) {
  std::string out;
  runtime::systemstack([&] { runtime::append_goroutine(&out, r, {level, false}); });
  return out;
}

std::string header(const GoroutineRecord& r) {
  std::string text = print(r);
  return text.substr(0, text.find('\n'));
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out(1);
  for (char c : text) {
    if (c == '\n')
      out.emplace_back();
    else
      out.back() += c;
  }
  out.pop_back();
  return out;
}

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) n++;
  return n;
}

}  // namespace

TEST_CASE("the header says what Go's says, in Go's order", "[traceback]") {
  std::vector<uintptr_t> pcs = {in(worker)};
  GoroutineRecord r = record(pcs);
  CHECK(header(r) == "goroutine 7 [chan receive]:");
  SECTION("minutes count from the first whole one, and have no singular") {
    r.waited_ns = 59'999'999'999;
    CHECK(header(r) == "goroutine 7 [chan receive]:");
    r.waited_ns = 60'000'000'000;
    CHECK(header(r) == "goroutine 7 [chan receive, 1 minutes]:");
    r.status = runtime::_Gsyscall;
    CHECK(header(r) == "goroutine 7 [syscall, 1 minutes]:");
    r.status = runtime::_Grunnable;
    CHECK(header(r) == "goroutine 7 [runnable]:");
  }
  SECTION("a locked thread comes last in the brackets") {
    r.waited_ns = 120'000'000'000;
    r.locked_to_thread = true;
    CHECK(header(r) == "goroutine 7 [chan receive, 2 minutes, locked to thread]:");
  }
  SECTION("without a reason the state is named") {
    r.waitreason = runtime::WaitReason::Zero;
    CHECK(header(r) == "goroutine 7 [waiting]:");
    r.status = runtime::_Grunning;
    CHECK(header(r) == "goroutine 7 [running]:");
  }
  SECTION("system level adds where its G and M are") {
    r.gp = reinterpret_cast<runtime::G*>(0x1000);
    CHECK(lines(print(r, TraceLevel::System))[0] == "goroutine 7 gp=0x1000 m=nil [chan receive]:");
    r.mp = reinterpret_cast<runtime::M*>(0x2000);
    r.m_id = 3;
    CHECK(lines(print(r, TraceLevel::System))[0] ==
          "goroutine 7 gp=0x1000 m=3 mp=0x2000 [chan receive]:");
  }
}

TEST_CASE("a frame is two lines, with dots for arguments that it has", "[traceback]") {
  std::vector<uintptr_t> pcs = {in(worker) + 1, in(nothing)};
  GoroutineRecord r = record(pcs);
  std::vector<std::string> l = lines(print(r));
  REQUIRE(l.size() == 7);
  CHECK(l[1] == "main.worker(...)");
  CHECK(l[2].find("\t" GOLAB_SOURCE_DIR "/tests/traceback/traceback_test.cpp:") == 0);
  CHECK(l[2].substr(l[2].rfind(' ')) == " +0x2");
  CHECK(l[3] == "main.nothing()");
  CHECK(l[4].substr(l[4].rfind(' ')) == " +0x1");
  CHECK(l[5] == "created by main.nothing in goroutine 5");
  CHECK(l[6].substr(l[6].rfind(' ')) == " +0x1");
  SECTION("goroutine 1 was created by nobody") {
    r.goid = 1;
    CHECK(lines(print(r)).size() == 5);
  }
  SECTION("one that has not run yet has no offset") {
    r.started = false;
    CHECK(lines(print(r))[2].find(" +") == std::string::npos);
  }
  SECTION("system level prints addresses") {
    std::vector<uintptr_t> cfas = {0x7000, 0x7100};
    r.cfas = cfas.data();
    l = lines(print(r, TraceLevel::System));
    CHECK(l[4].find(" +0x1 fp=0x7100 sp=0x7000 pc=0x") != std::string::npos);
  }
}

TEST_CASE("frames of package runtime are hidden unless exported or alone", "[traceback]") {
  using runtime::newstack;
  using runtime::Breakpoint;
  SECTION("below others") {
    std::vector<uintptr_t> pcs = {in(newstack), in(worker)};
    std::string text = print(record(pcs));
    CHECK(count(text, "newstack") == 0);
    CHECK(count(text, "main.worker") == 1);
    CHECK(count(print(record(pcs), TraceLevel::System), "runtime.newstack(...)") == 1);
  }
  SECTION("an exported one shows") {
    std::vector<uintptr_t> pcs = {in(newstack), in(Breakpoint), in(worker)};
    std::string text = print(record(pcs));
    CHECK(count(text, "runtime.Breakpoint()") == 1);
    CHECK(count(text, "newstack") == 0);
  }
  SECTION("nothing else is there") {
    std::vector<uintptr_t> pcs = {in(newstack)};
    CHECK(count(print(record(pcs)), "runtime.newstack(...)") == 1);
  }
}

TEST_CASE("more than 100 frames lose those in the middle", "[traceback]") {
  std::vector<uintptr_t> pcs(101, in(worker));
  GoroutineRecord r = record(pcs);
  SECTION("101 frames") {
    std::vector<std::string> l = lines(print(r));
    CHECK(l.size() == 1 + 200 + 1 + 2);
    CHECK(l[101] == "...1 frames elided...");
  }
  SECTION("100 frames are all shown") {
    r.walk.total = r.walk.stored = r.walk.head = 100;
    std::string text = print(r);
    CHECK(count(text, "elided") == 0);
    CHECK(count(text, "main.worker(...)") == 100);
  }
  SECTION("hidden frames do not count") {
    std::vector<uintptr_t> more(100, in(worker));
    more.insert(more.begin(), 5, in(runtime::newstack));
    CHECK(count(print(record(more)), "elided") == 0);
  }
  SECTION("frames that were not kept count") {
    r.walk.total = 1000;
    r.walk.head = 51;
    std::string text = print(r);
    CHECK(count(text, "...900 frames elided...") == 1);
    CHECK(count(text, "main.worker(...)") == 100);
  }
}

[[gnu::noinline]] static std::string take_stack(bool all) { return runtime::StackText(all); }

TEST_CASE("runtime::Stack shows the caller first", "[traceback][stack]") {
  goleak::BeginTest("");  // the header has no label then
  std::string text = take_stack(false);
  std::vector<std::string> l = lines(text);
  CHECK(l[0] == "goroutine 1 [running, locked to thread]:");
  CHECK(l[1] == "main.take_stack(...)");
  CHECK(count(text, "\n\n") == 0);
  CHECK(text.back() == '\n');
  CHECK(count(text, "runtime.goexit") == 0);
  CHECK(count(text, "created by") == 0);
  SECTION("into a buffer, cut at its end") {
    char buf[20];
    REQUIRE(runtime::Stack(buf, false) == 20);
    CHECK(std::string(buf, 20) == l[0].substr(0, 20));
    CHECK(runtime::Stack({}, false) == 0);
  }
  SECTION("debug::Stack has itself on top") {
    l = lines(runtime::debug::Stack());
    CHECK(l[1] == "runtime/debug.Stack()");
    CHECK(l[3].starts_with("main."));
  }
}

[[gnu::noinline]] static void waits_for_answer(Parked* p) { p->park(); }
[[gnu::noinline]] static void start_waiting(Parked* p) { go(waits_for_answer, p); }

TEST_CASE("a dump of all goroutines has each of them once", "[traceback][stack]") {
  goleak::BeginTest("");            // the headers have no label then
  constexpr int kGoroutines = 300;  // more than are made room for at first
  std::vector<Parked> parked(kGoroutines);
  for (Parked& p : parked) start_waiting(&p);
  for (Parked& p : parked) p.wait_until_parked();
  std::string text = take_stack(true);
  CHECK(count(text, "main.waits_for_answer(...)\n") == kGoroutines);
  CHECK(count(text, " [chan receive]:\n") == kGoroutines);
  CHECK(count(text, "created by main.start_waiting in goroutine 1\n") == kGoroutines);
  CHECK(count(text, "[running") == 1);
  CHECK(text.starts_with("goroutine 1 [running, locked to thread]:\nmain.take_stack(...)\n"));
  CHECK(count(text, "\n\ngoroutine ") >= kGoroutines);
  CHECK(count(text, "runtime.gopark") == 0);
  for (Parked& p : parked) p.wake();
  CHECK(count(take_stack(true), "main.waits_for_answer") == 0);
}

[[gnu::noinline]] static void parks_in_library(void* p) { static_cast<Parked*>(p)->park(); }
using PluginCalls = void (*)(void (*)(void*), void*);
[[gnu::noinline]] static void enters_library(PluginCalls library, Parked* p) {
  library(parks_in_library, p);
}

TEST_CASE("a dump can be read back, also of a goroutine in code without a name",
          "[traceback][stack]") {
  void* library = dlopen(NAMES_FOLDER "/stripped/plugin_first.so", RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  Parked parked;
  go(enters_library, reinterpret_cast<PluginCalls>(dlsym(library, "plugin_calls")), &parked);
  parked.wait_until_parked();
  auto* caller = static_cast<runtime::FrameRecord*>(__builtin_frame_address(0));
  runtime::GoroutineDump taken = runtime::dump_goroutines({caller->pc, caller->fp});
  uint64_t parked_goid = parked.gp->goid;
  parked.wake();
  std::string text;  // as SIGQUIT prints it
  runtime::systemstack([&] { text = runtime::format_dump(taken, {TraceLevel::System, false}); });
  CHECK(count(text, "non-Go function\n\tpc=0x") == 1);
  profiler::DumpResult dump = profiler::read_debug2(text, "ours");
  CHECK(dump.error == "");
  CHECK(dump.warning == "");
  std::vector<std::string> functions;
  for (const profiler::DumpedGoroutine& g : dump.goroutines) {
    if (g.goid != parked_goid) continue;
    CHECK(g.state == "chan receive");
    for (const profiler::DumpedFrame& frame : g.frames) functions.push_back(frame.function);
  }
  auto at = std::find(functions.begin(), functions.end(), "main.parks_in_library");
  REQUIRE(functions.end() - at > 3);
  CHECK(at[1] == "non-Go function");
  CHECK(at[2] == "plugin_calls");
  CHECK(at[3] == "main.enters_library");
}

// A goroutine in a loop that never parks.
static std::atomic<bool> spinning{false};
[[gnu::noinline]] static void spin() {
  spinning = true;
  while (spinning) asm volatile("");
}

TEST_CASE("a busy goroutine has a stack and is runnable", "[traceback][stack]") {
  if (runtime::GOMAXPROCS(0) < 2) return skip_test("one processor");
  go(spin);
  REQUIRE(eventually([] { return spinning.load(); }));
  std::string text = take_stack(true);
  spinning = false;
  CHECK(count(text, "main.spin()\n") == 1);
  // Its leaf may be in spin itself or in the load that spin calls.
  size_t header = text.rfind("\ngoroutine ", text.find("main.spin()\n")) + 1;
  CHECK(text.substr(header, text.find('\n', header) - header).find(" [runnable]") !=
        std::string::npos);
}
