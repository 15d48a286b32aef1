// Goal: calls with one key share one run of the function, its panic and its Goexit, as in Go's
// x/sync v0.25.0.
#include "runtime/singleflight/singleflight.h"

#include <atomic>

#include "runtime/golab.h"
#include "tests/catch.h"

namespace {

using Answer = std::tuple<any, error, bool>;

// So many goroutines wait in Do for a call of another one.
bool waiting(int n) {
  std::string all = runtime::StackText(true);
  int found = 0;
  const std::string frame = "singleflight.(*Group).Do(";
  const std::string wait = "[sync.WaitGroup.Wait]";
  for (size_t at = 0; (at = all.find(wait, at)) != all.npos; at++) {
    size_t end = all.find("\n\n", at);
    found += all.substr(at, end - at).find(frame) != std::string::npos ? 1 : 0;
  }
  return found == n;
}

}  // namespace

TEST_CASE("a lone call returns what the function returns", "[singleflight]") {
  singleflight::Group g;
  auto [v, err, shared] = g.Do("k", [] { return std::pair("bar", nullptr); });
  CHECK(v == any("bar"));
  CHECK(err == nullptr);
  CHECK_FALSE(shared);
  error some = errors::New("some");
  auto [none, failed, alone] = g.Do("k", [=] { return std::pair(nullptr, some); });
  CHECK(none == nullptr);
  CHECK(failed == some);
  CHECK_FALSE(alone);
}

TEST_CASE("calls that come while one runs get its answer", "[singleflight]") {
  singleflight::Group g;
  std::atomic<int> calls{0};
  auto release = make_chan<bool>();
  auto answers = make_chan<Answer>(5);
  for (int i = 0; i < 5; i++) {
    go([=, &g, &calls] {
      answers.send(g.Do("same", [=, &calls] {
        calls++;
        release.recv();
        return std::pair(7, nullptr);
      }));
    });
  }
  REQUIRE(eventually([] { return waiting(4); }));
  close(release);
  for (int i = 0; i < 5; i++) {
    auto [v, err, shared] = answers.recv();
    CHECK(v == any(7));
    CHECK(err == nullptr);
    CHECK(shared);
  }
  CHECK(calls == 1);
}

TEST_CASE("another key is another call", "[singleflight]") {
  singleflight::Group g;
  auto [v, err, shared] = g.Do("outer", [&] {
    auto [inner, inner_err, inner_shared] = g.Do("inner", [] { return std::pair(1, nullptr); });
    return std::pair(inner.as<int>() + 1, inner_err);
  });
  CHECK(v == any(2));
}

TEST_CASE("DoChan answers on a channel, and Forget lets a second call begin", "[singleflight]") {
  singleflight::Group g;
  singleflight::Result lone = g.DoChan("k", [] { return std::pair(1, nullptr); }).recv();
  CHECK(lone.Val == any(1));
  CHECK_FALSE(lone.Shared);
  auto first = make_chan<bool>(), second = make_chan<bool>();
  auto one = g.DoChan("f", [=] { return first.recv(), std::pair(1, nullptr); });
  g.Forget("f");
  auto two = g.DoChan("f", [=] { return second.recv(), std::pair(2, nullptr); });
  close(first);
  CHECK(one.recv().Val == any(1));
  auto three = g.DoChan("f", [] { return std::pair(3, nullptr); });
  close(second);
  for (auto& ch : {two, three}) {
    singleflight::Result r = ch.recv();
    CHECK(r.Val == any(2));
    CHECK(r.Shared);
  }
}

TEST_CASE("a panic of the function reaches every Do", "[singleflight][panic]") {
  singleflight::Group g;
  auto release = make_chan<bool>();
  auto texts = make_chan<std::string>(3);
  error inner = errors::New("inner");
  for (int i = 0; i < 3; i++) {
    go([=, &g] {
      try {
        g.Do("p", [=]() -> std::pair<any, error> {
          release.recv();
          panic(inner);
        });
        texts.send("returned");
      } catch (Panic& p) {
        const error* err = p.value<error>();
        texts.send(err != nullptr && errors::Is(*err, inner) ? p.String() : "another panic");
      }
    });
  }
  REQUIRE(eventually([] { return waiting(2); }));
  close(release);
  for (int i = 0; i < 3; i++) {
    std::string text = texts.recv();
    CAPTURE(text);
    CHECK(text.starts_with("inner\n\n"));
    CHECK(text.find("singleflight.(*Group).doCall.func2(") != std::string::npos);
    CHECK(text.find("goroutine ") != 0);
  }
}

TEST_CASE("a Goexit of the function ends every goroutine that waits in Do", "[singleflight][goexit]") {
  singleflight::Group g;
  auto release = make_chan<bool>();
  auto ends = make_chan<std::string>(3);
  for (int i = 0; i < 3; i++) {
    go([=, &g] {
      std::string how = "left";
      Defer d{[=, &how] { ends.send(how); }};
      g.Do("g", [=]() -> std::pair<any, error> {
        release.recv();
        runtime::Goexit();
      });
      how = "returned";
    });
  }
  REQUIRE(eventually([] { return waiting(2); }));
  close(release);
  for (int i = 0; i < 3; i++) CHECK(ends.recv() == "left");
  SECTION("and the key is free again") {
    CHECK(std::get<0>(g.Do("g", [] { return std::pair(1, nullptr); })) == any(1));
  }
}
