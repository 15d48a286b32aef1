// ending_test.cpp: how a program comes into a classroom, and out of it.
#include <arpa/inet.h>

#include "tests/classroom/class.h"

namespace {

// How a pupil ends whose GOLAB_CLASSROOM is this.
ChildResult with_classroom(const std::string& value) {
  return run_child({PUPIL, "--end", "return"}, {"GOLAB_CLASSROOM=" + value});
}

void check_refused(const std::string& value) {
  INFO(value);
  ChildResult result = with_classroom(value);
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK(result.err == "golab: GOLAB_CLASSROOM=" + value +
                          " is not a connected socket of the lab: unset it, or use ./lab run\n");
}

// A descriptor that the child inherits, closed at the end of the scope.
struct Inherited {
  explicit Inherited(int descriptor) : fd(descriptor) { REQUIRE(fd >= 0); }
  ~Inherited() { ::close(fd); }
  int fd;
};

}  // namespace

TEST_CASE("a class that is no connected socket is refused", "[classroom][end]") {
  for (const char* value : {"", "x", "7x", "-1", "99", "0", "99999999999999999999"})
    check_refused(value);
  SECTION("a socket without a peer") {
    Inherited lonely(::socket(AF_UNIX, SOCK_STREAM, 0));
    check_refused(std::to_string(lonely.fd));
  }
  SECTION("a connection of the network") {
    auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
    REQUIRE(err == nullptr);
    Inherited tcp(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const std::string address = listener.Addr().String();
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    REQUIRE(::connect(tcp.fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
    check_refused(std::to_string(tcp.fd));
  }
  SECTION("pairs of another kind") {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) == 0);
    Inherited a(ends[0]), b(ends[1]);
    check_refused(std::to_string(a.fd));
  }
}

TEST_CASE("a program that the class holds shows what is left at its end", "[classroom][end]") {
  const bool exits = GENERATE(true, false);
  const std::string status = exits ? "3" : "0";
  Class c({PUPIL, "--end", exits ? "exit" : "return", "--after", "1h"});
  CHECK(c.order("hold") == "ok");
  CHECK(c.order("idle 20000") == "idle");
  CHECK(c.order("step") == "stepped " + std::string(kHour));
  CHECK(c.order("idle 20000") == "exiting " + status);
  std::string dump = c.bytes("dump");
  INFO(dump);
  CHECK(dump.rfind("goroutine 1 [semacquire]:\n", 0) == 0);
  CHECK(dump.find(" [chan receive, 60 minutes]:\nmain.end_as.func1()\n") != std::string::npos);
  SECTION("until it is released") { c.send("release"); }
  SECTION("until the socket ends") { c.leave(); }
  ChildResult result = c.child().wait(20);
  CHECK(!result.timed_out);
  CHECK(std::to_string(result.status) == status);
}

TEST_CASE("a program that is not held ends by itself", "[classroom][end]") {
  Class c({PUPIL, "--end", "exit", "--after", "1h"});
  SECTION("never was") {}
  SECTION("or is no longer") {
    c.order("hold");
    c.send("release");
  }
  CHECK(c.order("idle 20000") == "idle");
  c.send("step");
  CHECK(c.child().wait(20).status == 3);
}

TEST_CASE("a service goes on without its class, and its clock stands", "[classroom][end]") {
  Service service(PUPIL);
  service.get("/alarms");
  service.golab_class().leave();
  CHECK(service.get("/at-once") == "context deadline exceeded 0s");
  CHECK(service.get("/log").empty());
}

TEST_CASE("a signal has arrived before the answer to its order", "[classroom][end]") {
  Service service(PUPIL);
  auto answer = service.get_later("/deadline");
  REQUIRE(service.has_begun(1));
  CHECK(service.order("idle 20000") == "idle");  // the goroutine that waits for signals is no work
  CHECK(service.order("hold") == "ok");
  CHECK(service.order("signal 15") == "ok");
  CHECK(service.order("idle 20000") == "idle");
  auto [c, err] = net::Dial("tcp", service.address());
  CHECK(err != nullptr);  // it listens no longer, and the request goes on
  CHECK(service.order("advance 60000000000") == "now 60000000000");
  CHECK(answer.recv() == "context deadline exceeded");
  CHECK(service.order("idle 20000") == "exiting 0");
  service.golab_class().send("release");
  CHECK(service.golab_class().child().wait(20).status == 0);
}

TEST_CASE("the children of a program are in no class", "[classroom][end]") {
  Service service(PUPIL);
  CHECK(service.get("/children") == "true 0");
}
