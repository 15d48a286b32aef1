// classroom_test.cpp: the class's clock: what an hour does to a program when it passes at once.
#include "tests/classroom/class.h"

namespace {

bool answered(const Chan<std::string>& answer) { return len(answer) > 0; }

}  // namespace

TEST_CASE("the clock of a program in a classroom stands still until the class moves it",
          "[classroom][clock]") {
  Service service(PUPIL);
  CHECK(service.order("hello") == "golab classroom 1");
  CHECK(service.order("now") == "now 0");
  const int64_t date = std::stoll(service.get("/date"));
  CHECK(service.get("/date") == std::to_string(date));
  SECTION("the date moves with it") {
    CHECK(service.order("advance " + std::string(kHour)) == "now " + std::string(kHour));
    CHECK(service.get("/date") == std::to_string(date + 3600));
  }
  SECTION("a service at rest waits for nothing on it") {
    CHECK(service.order("next") == "none");
    CHECK(service.order("step") == "none");
    CHECK(service.order("now") == "now 0");
  }
  SECTION("not further than time goes") {
    CHECK(service.order("advance " + std::to_string(INT64_MAX)).rfind("error advance: ", 0) == 0);
    CHECK(service.order("now") == "now 0");
  }
}

TEST_CASE("timers fire in order of their times, whoever sets them", "[classroom][clock]") {
  const char* procs = GENERATE("GOMAXPROCS=1", "GOMAXPROCS=2");
  Service service(PUPIL, {procs});
  service.get("/alarms");
  CHECK(service.order("idle 20000") == "idle");
  CHECK(service.order("next") == "next " + std::string(kHour));
  CHECK(service.get("/log").empty());
  SECTION("all of a span") {
    CHECK(service.order("advance 36000000000000") == "now 36000000000000");
    CHECK(service.get("/log") ==
          "function 1h0m0s\nfunction of a function 1h30m0s\ntimer 2h0m0s\nsleeper 3h0m0s\n");
    CHECK(service.order("next") == "none");
  }
  SECTION("one by one") {
    CHECK(service.order("step") == "stepped 3600000000000");
    CHECK(service.order("idle 20000") == "idle");
    CHECK(service.get("/log") == "function 1h0m0s\n");
    CHECK(service.order("next") == "next 1800000000000");
    CHECK(service.order("step") == "stepped 5400000000000");
  }
  SECTION("none of those behind the span") {
    service.order("advance 3599999999999");
    CHECK(service.get("/log").empty());
    CHECK(service.order("next") == "next 1");
    service.order("advance 1");
    CHECK(service.get("/log") == "function 1h0m0s\n");
  }
}

TEST_CASE("timers of one instant fire in the order in which they were set", "[classroom][clock]") {
  Service service(PUPIL, {"GOMAXPROCS=1"});
  service.get("/same");
  service.order("advance " + std::string(kHour));
  // The last that is woken runs first: it has the place before the queue (runnext).
  std::string expected = "9 1h0m0s\n";
  for (int i = 0; i < 9; i++) expected += std::to_string(i) + " 1h0m0s\n";
  CHECK(service.get("/log") == expected);
}

TEST_CASE("a ticker ticks at each of its times", "[classroom][clock]") {
  Service service(PUPIL);
  service.get("/tick");
  CHECK(service.order("idle 20000") == "idle");
  service.order("advance " + std::string(kHour));
  CHECK(
      service.get("/log") ==
      "tick 10m0s\ntick 20m0s\ntick 30m0s\ntick 40m0s\ntick 50m0s\ntick 1h0m0s\nstopped 1h0m0s\n");
  CHECK(service.order("next") == "none");
  SECTION("one that nobody receives from wakes nobody") {
    service.get("/tick-unheard");
    CHECK(service.order("next") == "none");
  }
}

TEST_CASE("no tick of thousands is left out", "[classroom][clock]") {
  const char* procs = GENERATE("GOMAXPROCS=1", "GOMAXPROCS=2");
  Service service(PUPIL, {procs});
  service.get("/count");
  CHECK(service.order("idle 20000") == "idle");
  CHECK(service.order("advance 10000000000") == "now 10000000000");
  // The program began some milliseconds of real time before its clock was stopped.
  std::string log = service.get("/log");
  INFO(log);
  CHECK(std::stoi(log) > 4000);
  CHECK(std::stoi(log) <= 5000);
  CHECK(log.find(" 5s\n") != std::string::npos);
}

TEST_CASE("what is due at once needs no step", "[classroom][clock]") {
  Service service(PUPIL);
  CHECK(service.get("/at-once") == "context deadline exceeded 0s");
}

TEST_CASE("a timer can be stopped and moved before its time", "[classroom][clock]") {
  Service service(PUPIL);
  CHECK(service.get("/stop") == "true true");
  service.order("advance 10800000000000");
  CHECK(service.get("/log") == "moved 2h0m0s\n");
}

TEST_CASE("a context's deadline comes when the class says so", "[classroom][clock]") {
  Service service(PUPIL);
  auto answer = service.get_later("/deadline");
  REQUIRE(service.has_begun(1));
  CHECK(service.order("idle 20000") == "idle");
  CHECK(!answered(answer));
  CHECK(service.order("step") == "stepped 30000000000");
  CHECK(answer.recv() == "context deadline exceeded");
}

TEST_CASE("a program is idle if it waits for nothing but time and the outside world",
          "[classroom][idle]") {
  const char* procs = GENERATE("GOMAXPROCS=1", "GOMAXPROCS=2");
  Service service(PUPIL, {procs});
  CHECK(service.order("idle 0") == "idle");
  service.get("/compute");
  // The goroutine of the connection is at work for a moment after the answer.
  CHECK(eventually([&] { return service.order("idle 1") == "busy 1"; }));
  SECTION("the clock does not move before it is") {
    CHECK(service.order("advance 1000000000") == "busy 1");
    CHECK(service.order("now") == "now 0");
  }
  service.get("/enough");
  CHECK(service.order("idle 20000") == "idle");
}

TEST_CASE("whoever is about to be woken is at work already", "[classroom][idle]") {
  const char* procs = GENERATE("GOMAXPROCS=1", "GOMAXPROCS=2");
  ChildResult result = run_child({IDLE_CHILD}, {procs});
  CHECK(result.status == 0);
  CHECK(result.out == "rest 0\ndescriptor 1\ntimer 0 1\nsignal 1\n");
}

TEST_CASE("ages in a dump follow the class's clock", "[classroom][profile]") {
  Service service(PUPIL);
  service.get("/leak");
  CHECK(service.order("idle 20000") == "idle");
  CHECK(service.bytes("dump").find(" [chan receive]:\nmain.leak_one.func1()\n") !=
        std::string::npos);
  service.order("advance 59999000000");
  CHECK(service.bytes("dump").find("minutes") == std::string::npos);
  service.order("advance 1000000");
  CHECK(service.bytes("dump").find(" [chan receive, 1 minutes]:\nmain.leak_one.func1()\n") !=
        std::string::npos);
  service.order("advance 3540000000000");
  service.get("/leak");
  CHECK(service.order("idle 20000") == "idle");
  std::string dump = service.bytes("dump");
  INFO(dump);
  CHECK(dump.find(" [chan receive, 60 minutes]:\nmain.leak_one.func1()\n") != std::string::npos);
  CHECK(dump.find(" [chan receive]:\nmain.leak_one.func1()\n") != std::string::npos);
}

TEST_CASE("profiles need no request, and show nothing of the class", "[classroom][profile]") {
  Service service(PUPIL);
  service.get("/lock");
  std::vector<Chan<std::string>> answers;
  for (int i = 0; i < 3; i++) answers.push_back(service.get_later("/lock"));
  REQUIRE(service.has_begun(4));
  CHECK(service.order("idle 20000") == "idle");
  CHECK(service.order("next") == "none");
  std::string dump = service.bytes("dump");
  INFO(dump);
  CHECK(dump.rfind("goroutine 1 [", 0) == 0);
  CHECK(dump.find("profiler/classroom") == std::string::npos);
  size_t waiting = 0;
  for (size_t at = 0; (at = dump.find(" [sync.Mutex.Lock]:\n", at)) != std::string::npos; at++)
    waiting++;
  CHECK(waiting == 3);
  CHECK(service.bytes("profile").substr(0, 2) == "\x1f\x8b");
}

TEST_CASE("a profile by HTTP counts the goroutines that it counts without a class",
          "[classroom][profile]") {
  Service service(TIME_AFTER);
  CHECK(service.get("/debug/pprof/goroutine?debug=1").rfind("goroutine profile: total 3\n", 0) ==
        0);
}

TEST_CASE("the deadlines of connections stay on real time", "[classroom][net]") {
  Service service(PUPIL);
  SECTION("they pass while the program's clock stands") {
    CHECK(service.get("/read-deadline") == "true 0s");
    auto [c, err] = net::Dial("tcp", service.address());
    REQUIRE(err == nullptr);
    char byte;
    CHECK(c.Read(&byte, 1).second == io::EOF_);  // ReadHeaderTimeout
    CHECK(service.order("now") == "now 0");
  }
  SECTION("they do not pass because the class's hour does") {
    auto [c, err] = net::Dial("tcp", service.address());
    REQUIRE(err == nullptr);
    c.Write("GET /date HTTP/1.1\r\nHost: x\r\n");
    service.order("advance " + std::string(kHour));
    c.Write("\r\n");
    char text[16] = "";
    c.Read(text, 12);
    CHECK(std::string(text) == "HTTP/1.1 200");
  }
}

TEST_CASE("without a class a program's clock is the machine's", "[classroom]") {
  ChildResult result = run_child({PUPIL, "--end", "return", "--after", "5ms"});
  CHECK(result.status == 0);
  CHECK(result.out == "slept true\n");
}

TEST_CASE("orders that are none get an answer that says why", "[classroom]") {
  Service service(PUPIL);
  CHECK(service.order("sit down") == "error sit: there is no such order");
  CHECK(service.order("") == "error : there is no such order");
  CHECK(service.order("advance") == "error advance: it needs a number, from 0 on");
  CHECK(service.order("advance -1") == "error advance: it needs a number, from 0 on");
  CHECK(service.order("advance 1h") == "error advance: it needs a number, from 0 on");
  CHECK(service.order("idle 99999999999") == "error idle: it needs a number, from 0 on");
  CHECK(service.order("now 1") == "error now: it has no number");
  CHECK(service.order("fail net.Dial 0").rfind("error fail: ", 0) == 0);
  CHECK(service.order("hello") == "golab classroom 1");
}
