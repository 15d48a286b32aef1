// labels_test.cpp: who has which labels, as all three forms of a profile say it.
//
// The texts are real Go 1.27.3's for the same sets of labels.
#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "profiler/endpoints/lookup.h"
#include "profiler/formats/profile.h"
#include "runtime/golab.h"
#include "tests/catch.h"

using namespace golab;

namespace {

std::string profile_text(int debug) {
  std::string text;
  CHECK(pprof::Lookup("goroutine")
            ->WriteTo(
                [&](std::string_view piece) {
                  text += piece;
                  return error();
                },
                debug) == nullptr);
  return text;
}

std::vector<std::string> lines_with(std::string_view text, std::string_view part) {
  std::vector<std::string> found;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.find(part) != line.npos) found.emplace_back(line);
  }
  return found;
}

// From a header "goroutine 7 [chan receive] {k: v}:" what follows the state.
std::string after_state(const std::string& header) { return header.substr(header.find(']') + 1); }

std::string value_of(const context::Context& ctx, std::string_view key) {
  auto [value, ok] = pprof::Label(ctx, key);
  return ok ? value : "(none)";
}

struct Parked {
  Chan<int> gate = make_chan<int>();
  sync::WaitGroup done;
  int n = 0;

  void start() {
    n++;
    done.Add(1);
    go([gate = gate, &done = done] {
      Defer d{[&done] { done.Done(); }};
      gate.recv();
    });
  }
  ~Parked() {
    for (int i = 0; i < n; i++) gate.send(0);
    done.Wait();
  }
};

// All that were started are parked.
bool all_parked(const Parked& p) {
  return eventually([&] {
    return lines_with(profile_text(2), "[chan receive").size() >= static_cast<size_t>(p.n);
  });
}

}  // namespace

TEST_CASE("labels of a context: sorted, the last of equal keys counts", "[labels]") {
  context::Context ctx =
      pprof::WithLabels(context::Background(), pprof::Labels("z", "1", "a", "2", "z", "3"));
  context::Context below = pprof::WithLabels(ctx, pprof::Labels("m", "4", "a", "5"));
  CHECK(value_of(ctx, "z") == "3");
  CHECK(value_of(ctx, "m") == "(none)");
  CHECK(value_of(below, "a") == "5");
  CHECK(value_of(ctx, "a") == "2");
  CHECK(value_of(context::Background(), "a") == "(none)");

  std::string seen;
  auto note = [&](std::string_view key, std::string_view value) {
    seen.append(key).append("=").append(value).append(" ");
    return key != "m";
  };
  pprof::ForLabels(below, note);
  CHECK(seen == "a=5 m=4 ");
  pprof::ForLabels(context::Background(), note);
  CHECK(seen == "a=5 m=4 ");
}

TEST_CASE("an odd number of arguments panics as in Go", "[labels]") {
  std::string message;
  try {
    (void)pprof::Labels("k");
  } catch (Panic& p) {
    message = p.String();
  }
  CHECK(message == "uneven number of arguments to pprof.Labels");
}

TEST_CASE("each value has Go's text in both text forms", "[labels]") {
  Parked parked;
  using namespace std::string_literals;
  for (const std::string& value :
       {"acme"s, "import #7"s, "a/b_c.D9"s, ""s, "x-y"s, "\n\r\t\\\""s, "\a\b\v\0\x1f\x7f"s, "é"s,
        "€"s, "😀"s, "\xff"s, "\xef\xbf\xbd"s}) {
    pprof::Do(context::Background(), pprof::Labels("k", value),
              [&](context::Context) { parked.start(); });
  }
  pprof::Do(context::Background(), pprof::Labels(), [&](context::Context) { parked.start(); });
  pprof::Do(context::Background(), pprof::Labels("z", "1", "a b", "2", "z", "3"),
            [&](context::Context ctx) {
              pprof::Do(ctx, pprof::Labels("m", "4", "a b", "5"),
                        [&](context::Context) { parked.start(); });
            });
  REQUIRE(all_parked(parked));

  CHECK(lines_with(profile_text(1), "# labels: ") ==
        std::vector<std::string>{
            R"(# labels: {"a b":"5", "m":"4", "z":"3"})", R"(# labels: {"k":""})",
            R"(# labels: {"k":"\a\b\v\x00\x1f\x7f"})", R"(# labels: {"k":"\n\r\t\\\""})",
            R"(# labels: {"k":"\xff"})", R"(# labels: {"k":"a/b_c.D9"})",
            R"(# labels: {"k":"acme"})", R"(# labels: {"k":"import #7"})",
            R"(# labels: {"k":"x-y"})", R"(# labels: {"k":"é"})", R"(# labels: {"k":"€"})",
            "# labels: {\"k\":\"\ufffd\"}", R"(# labels: {"k":"😀"})", "# labels: {}"});

  std::vector<std::string> shown;
  for (const std::string& header : lines_with(profile_text(2), "[chan receive"))
    shown.push_back(after_state(header));
  std::sort(shown.begin(), shown.end());
  CHECK(shown == std::vector<std::string>{
                     R"( {"a b": 5, m: 4, z: 3}:)", R"( {k: "\U0001f600"}:)",
                     R"( {k: "\n\r\t\\\""}:)", R"( {k: "\u00e9"}:)", R"( {k: "\u20ac"}:)",
                     R"( {k: "\ufffd"}:)", R"( {k: "\x07\x08\x0b\x00\x1f\u007f"}:)",
                     R"( {k: "\xff"}:)", R"( {k: "import #7"}:)", R"( {k: "x-y"}:)",
                     " {k: a/b_c.D9}:", " {k: acme}:", " {k: }:", ":"});
}

TEST_CASE("goroutines inherit labels, and Do gives them back", "[labels]") {
  pprof::SetGoroutineLabels(context::Background());  // without the name of this test
  Parked parked;
  context::Context outer = pprof::WithLabels(context::Background(), pprof::Labels("test", "outer"));
  auto own = [] {
    std::vector<std::string> running = lines_with(profile_text(2), "[running");
    return running.empty() ? "" : after_state(running[0]);
  };
  CHECK(own() == ":");
  pprof::SetGoroutineLabels(outer);
  CHECK(own() == " {test: outer}:");
  try {
    pprof::Do(outer, pprof::Labels("test", "inner"), [&](context::Context ctx) {
      CHECK(own() == " {test: inner}:");
      CHECK(value_of(ctx, "test") == "inner");
      auto started = make_chan<int>();
      go([&] {
        parked.start();  // a goroutine of a goroutine of Do
        started.send(0);
      });
      started.recv();
      panic("leaves Do");
    });
  } catch (Panic&) {}
  CHECK(own() == " {test: outer}:");
  parked.start();
  pprof::SetGoroutineLabels(context::Background());
  CHECK(own() == ":");
  parked.start();
  REQUIRE(all_parked(parked));

  // The protobuf form: one sample for each set.
  std::string binary = profile_text(0);
  profiler::ReadResult read = profiler::read_profile(binary, "own");
  REQUIRE(read);
  std::map<std::string, int64_t> parked_by_label;
  for (const profiler::Sample& s : read.profile.samples) {
    std::string label =
        s.labels.empty() ? "" : std::string(s.labels[0].key) + "=" + std::string(s.labels[0].str);
    parked_by_label[label] += s.values[0];
  }
  CHECK(parked_by_label["test=inner"] == 1);
  CHECK(parked_by_label["test=outer"] == 1);
}

TEST_CASE("a function may change or drop the context that it was called with", "[labels]") {
  auto own = [] { return lines_with(profile_text(2), "[running")[0]; };
  context::Context ctx = pprof::WithLabels(context::Background(), pprof::Labels("job", "before"));
  pprof::Do(ctx, pprof::Labels("job", "during"), [&](context::Context c) { ctx = c; });
  CHECK(after_state(own()) == " {job: before}:");
  ctx = pprof::WithLabels(context::Background(), pprof::Labels("a", "1", "b", "2"));
  std::string seen;
  pprof::ForLabels(ctx, [&](std::string_view key, std::string_view) {
    ctx = context::Background();
    pprof::SetGoroutineLabels(ctx);  // frees what nobody holds
    seen += key;
    return true;
  });
  CHECK(seen == "ab");
}

TEST_CASE("a set that nobody holds is freed", "[labels]") {
  pprof::SetGoroutineLabels(context::Background());
  auto living = [] {
    profile_text(1);
    return runtime::LabelMap::living.load();
  };
  const int64_t before = living();
  for (int i = 0; i < 100; i++) {
    (void)pprof::WithLabels(context::Background(), pprof::Labels("n", std::to_string(i)));
  }
  CHECK(runtime::LabelMap::living.load() <= before + 2);
  {
    Parked parked;
    for (int i = 0; i < 100; i++) {
      pprof::Do(context::Background(), pprof::Labels("n", std::to_string(i)),
                [&](context::Context) { parked.start(); });
    }
    CHECK(living() == before + 100);
  }
  CHECK(eventually([&] { return living() == before; }));  // they end after the last Do
}

// Goal: no profile shows a goroutine with labels of another, or of a set that was freed.
TEST_CASE("sets come and go during profiles of all forms", "[labels]") {
  pprof::SetGoroutineLabels(context::Background());  // without the name of this test
  // A goroutine that has the label n=k parks in a chain of k % 4 calls, whose depth a profile
  // shows.
  struct Deep {
    [[gnu::noinline]] static int down(int depth, Chan<int> ch) {
      int n = depth == 0 ? ch.recv() : down(depth - 1, ch) + 1;
      asm volatile("" : "+r"(n));
      return n;
    }
  };
  std::atomic<bool> stop{false};
  sync::WaitGroup workers;
  for (int w = 0; w < 4; w++) {
    workers.Add(1);
    go([&, w] {
      Defer d{[&] { workers.Done(); }};
      for (int i = w; !stop.load(); i += 4) {
        auto ch = make_chan<int>();
        std::string n = std::to_string(i);
        pprof::Do(context::Background(), pprof::Labels("n", n, "depth", std::to_string(i % 4)),
                  [&](context::Context) { go([ch, i] { Deep::down(i % 4, ch); }); });
        runtime::Gosched();
        ch.send(1);
      }
    });
  }
  int wrong = 0, seen = 0;
  for (int round = 0; round < 60 || (seen < 100 && round < 5000); round++) {
    std::string text = profile_text(round % 2 == 0 ? 0 : 1);
    profiler::ReadResult read = profiler::read_profile(text, "own");
    REQUIRE(read);
    for (const profiler::Sample& s : read.profile.samples) {
      if (s.labels.empty()) continue;
      std::string depth, n;
      for (const auto& l : s.labels) (l.key == "depth" ? depth : n) = l.str;
      int64_t calls = 0;
      for (const profiler::FrameRef& frame : profiler::frames_of_sample(read.profile, s)) {
        if (frame.function != nullptr)
          calls += frame.function->name.find("down") != std::string::npos;
      }
      if (depth.empty() || n.empty() || std::stoi(n) % 4 != std::stoi(depth)) wrong++;
      // Not of a goroutine that is on its way down or up.
      if (calls == 0) continue;
      auto leaf = profiler::frames_of_sample(read.profile, s).front().function;
      if (leaf != nullptr && leaf->name == "runtime.gopark") {
        seen++;
        if (calls != std::stoi(depth) + 1) wrong++;
      }
    }
    (void)profile_text(2);
  }
  stop = true;
  workers.Wait();
  CHECK(wrong == 0);
  CHECK(seen > 0);
}
