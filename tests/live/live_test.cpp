// live_test.cpp: what /debug/lab/ answers, and to whom.
#include <map>
#include <set>

#include "profiler/formats/profile.h"
#include "runtime/golab.h"
#include "tests/live/live_service.h"

namespace {

using golab::profiler::frames_of_sample;

// Counts of stacks by their functions and lines, leaf first. The goroutine that asks is left out,
// and so is the one that waits for the end of its client.
using Stacks = std::map<std::string, int64_t>;

bool is_asking(const std::string& stack) {
  return stack.empty() ||  // it has not begun to wait
         stack.find("goroutineProfileWithLabels") != std::string::npos ||
         stack.find("backgroundRead") != std::string::npos;
}

Stacks stacks_of_profile(const std::string& bytes) {
  auto read = golab::profiler::read_profile(bytes, "profile");
  REQUIRE(read.error == "");
  Stacks stacks;
  for (const auto& sample : read.profile.samples) {
    std::string name;
    for (const auto& frame : frames_of_sample(read.profile, sample)) {
      name += frame.function->name + " " + frame.function->file + ":" +
              std::to_string(frame.line->line) + "\n";
    }
    if (!is_asking(name)) stacks[name] += sample.values[0];
  }
  return stacks;
}

Stacks stacks_of_look(const json& look) {
  Stacks stacks;
  for (const json& stack : look["stacks"]) {
    std::string name;
    for (const json& number : stack["frames"]) {
      const json& frame = look["frames"][number.get<size_t>()];
      name += frame["function"].get<std::string>() + " " + frame["file"].get<std::string>() + ":" +
              std::to_string(frame["line"].get<int>()) + "\n";
    }
    if (!is_asking(name)) stacks[name] += stack["count"].get<int64_t>();
  }
  return stacks;
}

// Another page: a client with a connection that stays open between its looks.
class Viewer {
 public:
  explicit Viewer(const LiveService& service) : service_(service) {}
  ~Viewer() { client_.CloseIdleConnections(); }
  Viewer(const Viewer&) = delete;

  std::string get(const std::string& path) {
    auto [answer, err] = client_.Get(service_.url(path));
    REQUIRE(err == nullptr);
    auto [body, read] = io::ReadAll(answer->Body);
    answer->Body.Close();
    REQUIRE(read == nullptr);
    return body;
  }
  json look() { return json::parse(get("/debug/lab/goroutines")); }

 private:
  const LiveService& service_;
  http::Client client_{.Transport = http::NewTransport()};
};

}  // namespace

TEST_CASE("a look has the stacks and numbers of the profile", "[live]") {
  Service& s = after_twenty_requests();
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  CHECK(look["total"] == 1523);
  CHECK(look["requests"] == 20);
  // At rest: an accept or a read may be on its way to park.
  CHECK(eventually([&] {
    Stacks drawn = stacks_of_look(LiveService::look_at(s.url("/debug/lab/goroutines")));
    return drawn.size() == 3 && drawn == stacks_of_profile(s.get("/debug/pprof/goroutine"));
  }));

  json worker = stack_in(look, "main.worker");
  CHECK(worker["count"] == 1500);
  CHECK(worker["state"] == "chan receive");
  json creator = look["frames"][worker["creator"].get<size_t>()];
  CHECK(creator["function"] == "main.startWorkers");
  CHECK(creator["file"].get<std::string>().ends_with("/exercises/02-worker-pool/main.cpp"));
  CHECK(creator["line"] == 34);
  CHECK(stack_in(look, "main.producer")["state"] == "chan send");
}

TEST_CASE("the oldest wait of a stack grows, also where a snapshot counts by memo", "[live]") {
  Service& s = after_twenty_requests();
  auto age = [&] {
    json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
    return stack_in(look, "main.worker")["waited_ms"].get<int64_t>();
  };
  int64_t first = age();
  s.get("/debug/pprof/goroutine");  // leaves memos
  CHECK(eventually([&] { return age() > first; }));
}

TEST_CASE("the goroutines of one stack come on demand", "[live]") {
  Service& s = after_twenty_requests();
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  std::string key = stack_in(look, "main.worker")["key"];
  json answer = json::parse(curl({s.url("/debug/lab/goroutines?stack=" + key)}));
  CHECK(answer["count"] == 1500);
  CHECK(answer["goroutines"].size() == 500);
  std::set<int64_t> ids;
  for (const json& g : answer["goroutines"]) {
    ids.insert(g["id"].get<int64_t>());
    CHECK(g["creator"].get<int64_t>() > 0);
  }
  CHECK(ids.size() == 500);
  CHECK(json::parse(curl({s.url("/debug/lab/goroutines?stack=0")}))["count"] == 0);
}

TEST_CASE("a name of another site is refused, whatever it asks for", "[live]") {
  LiveService s(POOL, {"GOLAB_LAB_HOST=Class.example , room-2"});
  for (const char* path : {"", "live.js", "goroutines", "source?file=x"}) {
    std::string asked = std::string("/debug/lab/") + path;
    for (const char* host : {"evil.example", "evil.example:80", "127.0.0.1.evil.example",
                             "localhost.evil", "class.example.evil", "bad.cafe"}) {
      CAPTURE(asked, host);
      CHECK(s.status(asked, {"-H", std::string("Host: ") + host}) == "403");
    }
  }
  for (const char* host : {"localhost", "localhost:1", "127.0.0.1", "[::1]:6060", "192.168.1.7:80",
                           "class.example", "room-2:8080"}) {
    CAPTURE(host);
    CHECK(s.status("/debug/lab/", {"-H", std::string("Host: ") + host}) == "200");
  }
}

TEST_CASE("a load needs a POST, the token and a line of the service's own", "[live]") {
  LiveService s(POOL, {"GOLAB_LOADS=3 GET /process?x=1\n9 GET /debug/pprof/\n9 GET /nowhere\n"});
  json look = s.look();
  std::string token = look["token"];
  CHECK(look["loads"] ==
        json::parse(R"([{"requests": 3, "method": "GET", "target": "/process?x=1"}])"));
  CHECK(look["total"] == 3);
  CHECK(s.status("/debug/lab/load?load=0") == "404");  // a GET is for the files of the page
  CHECK(s.status("/debug/lab/load?load=0", {"-X", "POST"}) == "403");
  CHECK(s.status("/debug/lab/load?load=0", {"-X", "POST", "-H", "X-Lab-Token: 0"}) == "403");
  std::string with = "X-Lab-Token: " + token;
  for (const char* index : {"1", "-1", "x", ""}) {
    CHECK(s.status(std::string("/debug/lab/load?load=") + index, {"-X", "POST", "-H", with}) ==
          "404");
  }
  CHECK(s.look()["requests"] == 0);
  std::string answer = curl({"-X", "POST", "-H", with, s.url("/debug/lab/load?load=0")});
  CHECK(json::parse(answer) == json::parse(R"({"answered": 3, "unanswered": 0})"));
  // The load leaves what the exercise leaks, and nothing of its own.
  CHECK(eventually([&] { return s.look()["total"] == 3 + 3 * 76; }));
  CHECK(s.look()["requests"] == 3);
}

TEST_CASE("without GOLAB_LOADS the buttons are the routes without wildcards", "[live]") {
  LiveService s(HOSTILE_CHILD);
  CHECK(s.look()["loads"] ==
        json::parse(R"([{"requests": 20, "method": "GET", "target": "/quiet"}])"));
}

TEST_CASE("only source that a stack has shown is read", "[live]") {
  LiveService s(POOL);
  std::string main_cpp = std::string(GOLAB_SOURCE_DIR) + "/exercises/02-worker-pool/main.cpp";
  std::string asked = "/debug/lab/source?file=";
  CHECK(s.status(asked + main_cpp) == "404");  // not yet
  json look = s.look();
  std::string shown;
  for (const json& frame : look["frames"]) {
    if (frame["function"] == "main.main") shown = frame["file"];
  }
  CHECK(shown == main_cpp);
  CHECK(curl({s.url(asked + main_cpp)}) == read_file(main_cpp));
  std::string beside = std::string(GOLAB_SOURCE_DIR) + "/exercises/02-worker-pool/";
  for (std::string file :
       {std::string("/etc/passwd"), beside + "manifest", beside + "../02-worker-pool/main.cpp",
        std::string(), std::string("main.cpp")}) {
    CAPTURE(file);
    CHECK(s.status(asked + file) == "404");
  }
}

TEST_CASE("a restart has another instance and another token", "[live]") {
  json first = LiveService(POOL).look(), second = LiveService(POOL).look();
  CHECK(first["instance"] != second["instance"]);
  CHECK(first["token"] != second["token"]);
  CHECK(stack_in(first, "main.main")["key"] == stack_in(second, "main.main")["key"]);
}

TEST_CASE("only the connection of the looks stays", "[live]") {
  LiveService s(POOL);
  auto closes = [&](const std::string& path) {
    std::string head = curl({"-D", "-", "-o", "/dev/null", s.url("/debug/lab/" + path)});
    return head.find("Connection: close") != std::string::npos;
  };
  CHECK(!closes("goroutines"));
  for (const char* path : {"", "live.js", "source?file=x", "goroutines?stack=1"}) {
    CAPTURE(path);
    CHECK(closes(path));
  }
  CHECK(eventually([&] { return s.look()["total"] == 3; }));
}

// Goal: a class that looks at one service sees the numbers of a single page, whatever the others
// do.
TEST_CASE("the goroutines that serve other pages are left out, and said", "[live][viewers]") {
  LiveService s(POOL);
  json alone = s.look();
  CHECK(alone["total"] == 3);
  CHECK(alone["apart"] == 0);
  auto becomes = [](auto look, int total, int apart) {
    return eventually([&] {
      json now = look();
      return now["total"] == total && now["apart"] == apart;
    });
  };
  auto from_outside = [&] { return s.look(); };
  {
    Viewer one(s), two(s);
    one.look();
    two.look();
    // Each sees its own connection, as if alone, and not the other's.
    CHECK(becomes([&] { return one.look(); }, 3, 1));
    CHECK(becomes([&] { return two.look(); }, 3, 1));
    CHECK(becomes(from_outside, 3, 2));
    // What a page's connection has done for the program stays the program's.
    two.get("/process");
    CHECK(becomes(from_outside, 79, 2));
    CHECK(stack_in(s.look(), "main.worker")["count"] == 75);
  }
  CHECK(becomes(from_outside, 79, 0));
}

TEST_CASE("a page's connection counts while it runs the program's code", "[live][viewers]") {
  LiveService s(HOSTILE_CHILD);
  constexpr int alone = 6;  // main, three that wait, and the two of the connection that asks
  REQUIRE(eventually([&] { return s.look()["total"] == alone; }));
  auto [conn, err] = net::Dial("tcp", s.address());
  REQUIRE(err == nullptr);
  Defer close([conn = conn] { conn.Close(); });
  auto ask = [conn = conn](const std::string& path) {
    conn.Write("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
  };
  ask("/debug/lab/goroutines");
  CHECK(eventually([&] { return s.look()["apart"] == 1; }));
  CHECK(s.look()["total"] == alone);
  ask("/stay/1");  // a handler that never returns
  // The goroutine that serves, and the one that watches for the end of its client.
  CHECK(eventually([&] { return s.look()["total"] == alone + 2; }));
  json look = s.look();
  CHECK(look["apart"] == 0);
  json stay = stack_in(look, "main.stay");
  CHECK(stay["count"] == 1);
  json listed =
      json::parse(curl({s.url("/debug/lab/goroutines?stack=" + stay["key"].get<std::string>())}));
  CHECK(listed["count"] == 1);
}
