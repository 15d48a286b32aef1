// busy.cpp: every kind of work at once, and a profile of it in all forms, again and again. It prints
// the names that stood in them, each once, with a stack.
//
// usage: busy PROFILES
//
// Its own code calls nothing of the C++ library that would show: what is not main's is the runtime's.
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "profiler/endpoints/pprof.h"
#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/profile.h"
#include "runtime/golab.h"

namespace {

std::string base;
sync::Mutex mu;
sync::RWMutex rw;

void answer(http::ResponseWriter& w, http::Request* r) {
  io::ReadAll(r->Body);
  w.Header().Set("X-Answer", "yes");
  for (int i = 0; i < 20; i++) w.Write("some text, so that the answer is chunked and not short\n");
  w.Flush();
}

void client() {
  for (bool post = false;; post = !post) {
    auto [resp, err] = post ? http::Post(base + "/answer", "text/plain", "a body")
                            : http::Get(base + "/answer");
    if (err != nullptr) continue;
    io::ReadAll(resp->Body);
    resp->Body.Close();
  }
}

void alone() {  // a connection for each request
  for (;;) {
    auto [conn, err] = net::Dial("tcp", base.substr(7));
    if (err != nullptr) continue;
    conn.Write("GET /nosuch HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    char byte[64];
    while (conn.Read(byte, sizeof byte).second == nullptr) {}
    conn.Close();
  }
}

void hand_over(SendChan<int> out, RecvChan<int> in) {
  for (;;) {
    out.send(1);
    in.recv();
  }
}
void hand_back(SendChan<int> out, RecvChan<int> in) {
  for (auto v : in) out.send(v);
}

void choose(Chan<int> a, Chan<int> b) {
  int v = 0;
  bool ok = false;
  for (;;) {
    switch (select({recv(a, v, ok), send(b, 1), recv(time::After(time::Microsecond))})) {
      default:
        select({recv(a), send(b, 2), otherwise});
    }
  }
}

void lock_and_unlock() {
  for (;;) {
    mu.Lock();
    mu.Unlock();
    rw.RLock();
    rw.RUnlock();
    rw.Lock();
    rw.Unlock();
  }
}

void contexts() {
  for (;;) {
    auto [ctx, cancel] = context::WithTimeout(context::Background(), time::Microsecond);
    auto [child, stop] = context::WithCancel(ctx);
    context::AfterFunc(child, [] {});
    child.Done().recv();
    stop();
    cancel();
  }
}

void spawn() {
  for (;;) {
    sync::WaitGroup wg;
    for (int i = 0; i < 4; i++) wg.Go([] { runtime::Gosched(); });
    wg.Wait();
    errgroup::Group g;
    g.Go([]() -> error { return nullptr; });
    g.Wait();
  }
}

void timers() {
  auto ticker = time::NewTicker(20 * time::Microsecond);
  for (;;) {
    ticker.C.recv();
    time::AfterFunc(time::Microsecond, [] {});
    time::Sleep(time::Microsecond);
    fmt::Sprintf("%d %v %s", 1, time::Now(), "text");
  }
}

void panics() {
  for (;;) {
    try {
      close(Chan<int>());
    } catch (const Panic&) {
      runtime::Gosched();
    }
  }
}

void compute() {
  static volatile unsigned long spin;
  for (;;) spin = spin + 1;
}

std::string profile(int debug) {
  std::string text;
  auto keep = [&](std::string_view piece) -> error {
    text += piece;
    return nullptr;
  };
  pprof::Lookup("goroutine")->WriteTo(keep, debug);
  return text;
}

std::map<std::string, std::string> names;  // with a stack in which each stood

void note_stack(const std::vector<std::string>& functions) {
  std::string stack;
  for (const std::string& f : functions) stack += " < " + f;
  for (const std::string& f : functions) names.try_emplace(f, stack);
}

// In the text form, what the runtime does itself is addresses only.
void note(const std::string& text, bool all_have_names) {
  auto read = profiler::read_profile(text, "a profile");
  if (!read) log::Fatal(read.error);
  for (const auto& sample : read.profile.samples) {
    std::vector<std::string> functions;
    for (const auto& frame : profiler::frames_of_sample(read.profile, sample)) {
      bool named = frame.function != nullptr && !frame.function->name.starts_with('[');
      if (named || all_have_names) functions.push_back(named ? frame.function->name : "(no name)");
    }
    note_stack(functions);
  }
}

void note_dump(const std::string& text) {
  auto dump = profiler::read_debug2(text, "a dump");
  if (!dump) log::Fatal(dump.error);
  for (const auto& g : dump.goroutines) {
    std::vector<std::string> functions;
    for (const auto& frame : g.frames) functions.push_back(frame.function);
    if (g.goid != 1) functions.push_back(g.created_by.empty() ? "(nobody)" : g.created_by);
    note_stack(functions);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const int profiles = argc > 1 ? std::atoi(argv[1]) : 100;
  http::HandleFunc("/answer", answer);
  auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
  base = "http://" + ln.Addr().String();
  go([l = ln] { http::Serve(l, nullptr); });
  go(client);
  go(client);
  go(alone);
  auto a = make_chan<int>(), b = make_chan<int>(), c = make_chan<int>(1), d = make_chan<int>(3);
  go(hand_over, a, b);
  go(hand_back, b, a);
  go(choose, c, d);
  go(choose, d, c);
  for (int i = 0; i < 3; i++) go(lock_and_unlock);
  go(contexts);
  go(spawn);
  go(timers);
  go(panics);
  go(compute);
  for (int i = 0; i < profiles; i++) {
    note(profile(0), true);
    note(profile(1), false);
    note_dump(profile(2));
  }
  for (const auto& [name, stack] : names) fmt::Println(name + stack);
  os::Exit(0);
}
