// gates_test.cpp: from what was seen of a program to red and green, without running one; and lab's
// side of the classroom against an agent that says anything.
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "course/lab/check.h"
#include "course/lab/classroom.h"
#include "course/lab/gates.h"
#include "course/lab/screen.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;
using lab::Gate;
using lab::GateState;

namespace {

const lab::RequestLine kLine{2, "GET", "/x"};
constexpr int64_t kSecond = 1'000'000'000;

lab::Exercise exercise() {
  lab::Exercise e;
  e.name = "09-x";
  e.loads = {kLine};
  e.work = {{3, "GET", "/x"}};
  e.results = {{4, "GET", "/x"}};
  e.waits = {{golab::time::Second, "GET", "/x"}};
  e.hangups = {{1, "GET", "/x"}};
  e.errors = {{1, "GET", "/x?down=eu"}};
  e.shutdowns = {{1, "GET", "/x"}};
  return e;
}

lab::Exchange exchange(const lab::RequestLine& line, int64_t took_ns) {
  lab::Exchange e;
  e.line = line;
  for (int i = 0; i < line.count; i++) {
    e.answers.push_back({200, "hello"});
    e.records.push_back({i, line.method, line.path, kSecond, kSecond + took_ns, 0, 3, 4, kSecond});
  }
  return e;
}

lab::Part part(const std::string& gate, const lab::RequestLine& line) {
  lab::Part p;
  p.gate = gate;
  p.exchanges = {exchange(line, 10 * kSecond)};
  return p;
}

// A program that does everything right.
lab::Trial trial(int procs) {
  lab::Trial t;
  t.procs = procs;
  t.parts = {part("left", kLine), part("hangup", {1, "GET", "/x"}),
             part("errors", {1, "GET", "/x?down=eu"}), part("shutdown", {1, "GET", "/x"})};
  return t;
}

std::vector<lab::StuckGroup> stuck(int64_t count) {
  lab::StuckGroup group;
  group.count = count;
  group.function = "main.worker";
  return {group};
}

// The gates under GOMAXPROCS 1 and 2, compared with a solution that does everything right.
std::vector<Gate> gates(const lab::Trial& one, const lab::Trial& two) {
  return lab::gates_of(exercise(), {lab::expectation_of(trial(1)), lab::expectation_of(trial(2))},
                       {one, two});
}

// The red gates of a program that is the same under both.
std::string red(const lab::Trial& program) {
  std::string names;
  for (const Gate& gate : gates(program, program)) {
    if (gate.state == GateState::Red) names += (names.empty() ? "" : " ") + gate.name;
  }
  return names;
}

Gate gate(const std::string& name, const std::vector<Gate>& all) {
  for (const Gate& g : all) {
    if (g.name == name) return g;
  }
  FAIL("no gate " << name);
  return {};
}

}  // namespace

TEST_CASE("a program that does as the solution does has green gates only", "[lab][gates]") {
  std::vector<Gate> all = gates(trial(1), trial(2));
  CHECK(all.size() == 6);
  for (const Gate& g : all) {
    INFO(g.name << ": " << g.sentence);
    CHECK(g.state == GateState::Green);
  }
}

TEST_CASE("a gate is red under one GOMAXPROCS, and says which", "[lab][gates]") {
  lab::Trial two = trial(2);
  two.parts[0].left = stuck(1500);
  Gate left = gate("left", gates(trial(1), two));
  CHECK(left.state == GateState::Red);
  CHECK(left.procs == 2);
  CHECK(left.evidence.size() == 1);
  CHECK_THAT(left.sentence, Has("1500 goroutines are left after 2 × GET /x"));
  CHECK(gate("left", gates(two, two)).procs == 0);
}

TEST_CASE("an answer of its own is red", "[lab][gates]") {
  lab::Trial t = trial(1);
  SECTION("another body") {
    t.parts[0].exchanges[0].answers[1].body = "bye";
    CHECK(red(t) == "answers");
    CHECK_THAT(gate("answers", gates(t, t)).sentence,
               Has("GET /x is answered 200 \"bye\", not 200 \"hello\""));
  }
  SECTION("another status") {
    t.parts[2].exchanges[0].answers[0].status = 500;
    CHECK(red(t) == "answers");
  }
}

TEST_CASE("a request that takes the leak's time is red, an early one too", "[lab][gates]") {
  lab::Trial t = trial(1);
  auto taking = [&](int64_t ns) {
    t.parts[0].exchanges[0] = exchange(kLine, ns);
    return red(t);
  };
  CHECK(taking(11 * kSecond) == "");
  CHECK(taking(11 * kSecond + 1) == "answers");
  CHECK(taking(5 * kSecond) == "");
  CHECK(taking(5 * kSecond - 1) == "answers");
  CHECK_THAT(gate("answers", gates(t, t)).sentence, Has("before its work is done"));
}

TEST_CASE("what does no work is red", "[lab][gates]") {
  lab::Trial t = trial(1);
  SECTION("one goroutine instead of three, in one of the requests") {
    t.parts[0].exchanges[0].records[1].peak = 1;
    CHECK(red(t) == "work");
    CHECK_THAT(gate("work", gates(t, t)).sentence,
               Has("1 goroutine at work at once") && Has("needs 3"));
  }
  SECTION("no wait") {
    t.parts[0].exchanges[0].records[1].wait_ns = 0;
    CHECK(red(t) == "work");
    CHECK_THAT(gate("work", gates(t, t)).sentence, Has("nothing below GET /x waits for 1s"));
  }
  SECTION("too few results") {
    t.parts[0].exchanges[0].records[0].sends = 3;
    CHECK(red(t) == "work");
  }
}

TEST_CASE("no answer is red with what stands, and leaves the count unjudged", "[lab][gates]") {
  lab::Trial t = trial(1);
  t.parts[0].trouble = t.parts[0].exchanges[0].trouble = "2 requests GET /x get no answer";
  t.parts[0].stuck = stuck(2);
  CHECK(red(t) == "answers");
  std::vector<Gate> all = gates(t, t);
  CHECK(gate("answers", all).evidence.size() == 1);
  CHECK(gate("left", all).state == GateState::NotJudged);
  CHECK(gate("work", all).state == GateState::NotJudged);
}

TEST_CASE("each part has its own gate", "[lab][gates]") {
  lab::Trial t = trial(1);
  SECTION("clients that went away") {
    t.parts[1].left = stuck(1);
    CHECK(red(t) == "hangup");
  }
  SECTION("errors") {
    t.parts[2].left = stuck(1);
    CHECK(red(t) == "errors");
  }
  SECTION("a shutdown that leaves something") {
    t.parts[3].left = stuck(1);
    CHECK(red(t) == "shutdown");
  }
  SECTION("a shutdown that gives another answer") {
    t.parts[3].exchanges[0].answers[0].status = 503;
    CHECK(red(t) == "shutdown");
  }
  SECTION("a program that does not start") {
    t.parts.clear();
    t.refused = "it ended at once";
    CHECK(red(t) == "answers");
    CHECK(gate("hangup", gates(t, t)).state == GateState::NotJudged);
  }
}

TEST_CASE("a judgement fits into 60 columns and into JSON", "[lab][gates]") {
  lab::Judgement judgement;
  judgement.exercise = "09-x";
  judgement.file = "/mine/09-x/main.cpp";
  judgement.verdict = lab::Verdict::NotYet;
  lab::Trial t = trial(1);
  t.parts[0].left = stuck(1500);
  t.parts[0].left[0].state = "chan send";
  t.parts[0].left[0].source = std::string(200, 's');
  t.parts[0].left[0].file = "/mine/09-x/main.cpp";
  judgement.gates = gates(t, t);
  std::string text = lab::render_judgement(judgement, {60, 24, false});
  CHECK_THAT(text, Has("09-x: not yet, 0.0 s\n/mine/09-x/main.cpp\n\n") && Has("red  left") &&
                       Has("1500  main.worker [chan send]"));
  CHECK(text.find("main.worker") < text.find("red  left"));
  CHECK_THAT(text, Has("sss…\n") && !Has(std::string(60, 's')));
  judgement.problem = "\xff no UTF-8";
  std::string json = lab::judgements_json({judgement});
  CHECK_THAT(json, Has("\"verdict\": \"not yet\"") && Has("\"name\": \"left\"") &&
                       Has("\"count\": 1500") && Has("\"state\": \"red\""));
}

TEST_CASE("the first line of a fix says what it promises", "[lab][verify]") {
  CHECK(lab::promised_gates("// red left work: because: it is") ==
        std::vector<std::string>{"left", "work"});
  CHECK(lab::promised_gates("// green: another way").empty());
}

namespace {

// An agent that answers each order with the next of these.
class FakeAgent {
 public:
  FakeAgent(lab::Classroom& classroom, std::vector<std::string> answers) {
    REQUIRE(classroom.open() == nullptr);
    int end = ::dup(classroom.service_end());
    classroom.started();
    thread_ = std::thread([end, answers = std::move(answers)] {
      char order[256];
      for (const std::string& answer : answers) {
        if (::recv(end, order, sizeof order, 0) <= 0) break;
        ::send(end, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
      ::close(end);
    });
  }
  ~FakeAgent() { thread_.join(); }

 private:
  std::thread thread_;
};

}  // namespace

TEST_CASE("the agent's answers are read", "[lab][classroom]") {
  lab::Classroom classroom;
  FakeAgent agent(classroom, {"golab classroom 1\n", "idle\n", "busy 3\n", "exiting 4\n",
                              "stepped 7\n", "none\n", "now 9\n", "busy 1\n",
                              "request 1 GET /x 5 -1 2 3 4\nrequest 2 GET /y 5 6 0 0 0\n.\n",
                              "wait 1 60\nwait 7 5\n.\n", "bytes 3\na\nb", "ok\n"});
  CHECK(classroom.hello() == nullptr);
  CHECK(classroom.idle(1).first.idle);
  CHECK(classroom.idle(1).first.busy == 3);
  CHECK(classroom.idle(1).first.exiting == 4);
  CHECK(classroom.step().first);
  CHECK_FALSE(classroom.step().first);
  CHECK(classroom.advance(1).first);
  CHECK_FALSE(classroom.advance(1).first);
  auto [records, err] = classroom.requests();
  REQUIRE(err == nullptr);
  REQUIRE(records.size() == 2);
  CHECK(records[0].running());
  CHECK(records[0].peak == 3);
  CHECK(records[1].path == "/y");
  CHECK(classroom.add_waits(records) == nullptr);
  CHECK(records[0].wait_ns == 60);
  CHECK(classroom.profile().first == "a\nb");
  CHECK(classroom.hold() == nullptr);
}

TEST_CASE("an agent that says something else, or nothing, is an error", "[lab][classroom]") {
  lab::Classroom classroom;
  FakeAgent agent(classroom, {"golab classroom 2\n", "idel\n", "error no such call\n", "bytes -1\n",
                              "request 1 GET\n"});
  CHECK_THAT(classroom.hello().Error(), Has("of another build"));
  CHECK(classroom.idle(1).second != nullptr);
  CHECK_THAT(classroom.fail("frob", 1).Error(), Has("refuses") && Has("no such call"));
  CHECK(classroom.dump().second != nullptr);
  CHECK(classroom.requests().second != nullptr);
  CHECK_THAT(classroom.forget().Error(), Has("the service has ended"));
}
