// requests_test.cpp: what the class learns of a request: who worked for it, and what is left of it.
#include "tests/classroom/class.h"

namespace {

// "GET /leak 0 0 1 1 0" of "request 7 GET /leak 0 0 1 1 0".
std::vector<std::string> without_numbers(std::vector<std::string> lines) {
  for (std::string& line : lines) line.erase(0, line.find(' ', sizeof "request ") + 1);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a request knows who works for it, and what is left", "[classroom][requests]") {
  const char* procs = GENERATE("GOMAXPROCS=1", "GOMAXPROCS=2");
  Service service(PUPIL, {procs});
  SECTION("descendants that end, and all that they send") {
    CHECK(service.get("/share") == "2");
    CHECK(service.order("idle 20000") == "idle");
    CHECK(without_numbers(service.requests()) == Lines{"GET /share 0 0 0 3 5"});
  }
  SECTION("one that stays") {
    service.get("/leak");
    CHECK(without_numbers(service.requests()) == Lines{"GET /leak 0 0 1 1 0"});
    service.order("advance " + std::string(kHour));
    service.get("/leak?again=1");
    CHECK(without_numbers(service.requests()) ==
          Lines{"GET /leak 0 0 1 1 0", "GET /leak?again=1 3600000000000 3600000000000 1 1 0"});
  }
  SECTION("the goroutines of a client's connection, and what they are sent, are nobody's work") {
    CHECK(service.get("/fetch") == "<nil>\n<nil>\n");
    CHECK(service.order("idle 20000") == "idle");
    CHECK(service.bytes("dump").find("(*persistConn).readLoop") != std::string::npos);
    CHECK(without_numbers(service.requests()) ==
          Lines{"GET /fetch 0 0 0 0 0", "GET /date 0 0 0 0 0", "GET /date 0 0 0 0 0"});
  }
  SECTION("the connection's own reader is nobody's work") {
    auto answer = make_chan<std::string>(1);
    go([answer, url = "http://" + service.address() + "/body"] {
      auto [resp, err] = http::Post(url, "text/plain", "four");
      answer.send(err != nullptr ? err.Error() : io::ReadAll(resp->Body).first);
    });
    REQUIRE(service.has_begun(1));
    CHECK(service.order("idle 20000") == "idle");
    CHECK(service.bytes("dump").find("backgroundRead") != std::string::npos);
    CHECK(without_numbers(service.requests()) == Lines{"POST /body 0 -1 0 0 0"});
    service.order("step");
    CHECK(answer.recv() == "4");
  }
  SECTION("one that is not ended is not forgotten") {
    auto answer = service.get_later("/deadline");
    REQUIRE(service.has_begun(1));
    service.get("/leak");
    CHECK(service.requests().size() == 2);
    CHECK(service.order("forget") == "ok");
    REQUIRE(service.requests().size() == 1);
    CHECK(service.requests()[0].rfind("request 1 GET /deadline 0 -1 ", 0) == 0);
    CHECK(service.order("step") == "stepped 30000000000");
    answer.recv();
    CHECK(service.order("idle 20000") == "idle");
    CHECK(without_numbers(service.requests()) == Lines{"GET /deadline 0 30000000000 0 0 0"});
    service.order("forget");
    CHECK(service.requests().empty());
    service.get("/share");
    CHECK(service.requests().size() == 1);
  }
}

TEST_CASE("the exercises show their leaks to the class", "[classroom][requests]") {
  const char* procs = GENERATE("GOMAXPROCS=1", "GOMAXPROCS=2");
  SECTION("01: each is gone after an hour") {
    Service service(TIME_AFTER, {procs});
    for (int i = 0; i < 5; i++) service.get("/leak");
    CHECK(service.order("idle 20000") == "idle");
    CHECK(without_numbers(service.requests()) == Lines(5, "GET /leak 0 0 1 1 0"));
    CHECK(service.waits().size() == 5);
    for (const std::string& line : service.waits()) CHECK(line.ends_with(" " + std::string(kHour)));
    service.order("advance " + std::string(kHour));
    CHECK(without_numbers(service.requests()) == Lines(5, "GET /leak 0 0 0 1 0"));
  }
  SECTION("02: all stay, whatever the time") {
    Service service(WORKER_POOL, {procs});
    for (int i = 0; i < 5; i++) service.get("/process");
    CHECK(service.order("idle 20000") == "idle");
    CHECK(without_numbers(service.requests()) == Lines(5, "GET /process 0 0 76 76 299"));
    service.order("advance " + std::string(kHour));
    CHECK(without_numbers(service.requests()) == Lines(5, "GET /process 0 0 76 76 299"));
  }
}

TEST_CASE("a client that hangs up is known to the program before it is idle",
          "[classroom][requests]") {
  Service service(PUPIL);
  {
    auto [c, err] = net::Dial("tcp", service.address());
    REQUIRE(err == nullptr);
    c.Write("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
    REQUIRE(service.has_begun(1));
    CHECK(service.order("idle 20000") == "idle");
    CHECK(service.get("/log").empty());
    c.Close();
  }
  CHECK(service.order("idle 20000") == "idle");
  CHECK(service.get("/log") == "client went away 0s\n");
}

TEST_CASE("the class makes calls fail", "[classroom][fail]") {
  Service service(PUPIL);
  SECTION("os.ReadFile, the second call, once") {
    CHECK(service.order("fail os.ReadFile 2") == "ok");
    CHECK(service.get("/read") == "<nil>\nopen /dev/null: injected by the lab: os.ReadFile\n");
    CHECK(service.get("/read") == "<nil>\n<nil>\n");
  }
  SECTION("net.Dial") {
    CHECK(service.order("fail net.Dial 1") == "ok");
    CHECK(service.get("/dial") ==
          "dial tcp " + service.address() + ": injected by the lab: net.Dial\n");
    CHECK(service.get("/dial") == "<nil>\n");
  }
  SECTION("http.RoundTrip") {
    CHECK(service.order("fail http.RoundTrip 1") == "ok");
    CHECK(service.get("/fetch") == "Get \"http://" + service.address() +
                                       "/date\": injected by the lab: http.RoundTrip\n<nil>\n");
    CHECK(service.get("/fetch") == "<nil>\n<nil>\n");
  }
  SECTION("and no others") {
    CHECK(service.order("fail os.Exit 1") ==
          "error fail: no call os.Exit can be made to fail, only: net.Dial, http.RoundTrip, "
          "os.ReadFile");
  }
}
