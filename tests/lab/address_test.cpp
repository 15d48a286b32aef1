// address_test.cpp: many students on one machine: each service gets a port, and is found again.
#include "course/lab/address.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <vector>

#include "course/lab/claim.h"
#include "course/lab/port.h"
#include "course/lab/service.h"
#include "course/lab/workspace.h"
#include "runtime/context/context.h"
#include "runtime/net/net.h"
#include "runtime/sched/proc.h"
#include "runtime/time/time.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

using namespace lab_test;

namespace {

lab::Exercise pool() {
  auto [found, err] = lab::find_exercise("02");
  REQUIRE(err == nullptr);
  return found;
}

std::string chosen() {
  auto [address, err] = lab::choose_address(pool(), false);
  REQUIRE(err == nullptr);
  return address;
}

golab::net::Listener listen_anywhere() {
  auto [listener, err] = golab::net::Listen("tcp", "127.0.0.1:0");
  REQUIRE(err == nullptr);
  return listener;
}

// What `lab url` prints once a service is there.
Ran found_url(const std::vector<std::string>& args) {
  Ran ran = run_lab(args);
  for (int tries = 0; ran.status != 0 && tries < 1000; tries++) {
    golab::time::Sleep(20 * golab::time::Millisecond);
    ran = run_lab(args);
  }
  return ran;
}

}  // namespace

TEST_CASE("a port is chosen once, whoever chooses at the same time", "[lab][address]") {
  Mine mine;
  const std::string one = chosen(), other = chosen();
  CHECK(one != other);
  CHECK_THAT(one, Has("127.0.0.1:"));
  CHECK(lab::port_of(one) >= lab::port_of(pool().addr));
  // Nobody listens there yet: the claim is what keeps the other away.
  CHECK(lab::port_holder(lab::port_of(one)) == "");
  CHECK_FALSE(lab::claim_port(lab::port_of(one)).is_ours());
}

TEST_CASE("a judgement waits for its turn where all processors have one", "[lab][address]") {
  using golab::context::Background;
  std::vector<lab::Claim> others;
  for (int i = 0; i < golab::runtime::NumCPU(); i++) {
    others.push_back(lab::wait_for_turn(Background(), [] {}));
    REQUIRE(others.back().is_ours());
  }
  int waits = 0;
  SECTION("until another one is over") {
    lab::Claim turn = lab::wait_for_turn(Background(), [&] {
      waits++;
      others.pop_back();
    });
    CHECK(turn.is_ours());
  }
  SECTION("or until nobody wants it any more") {
    auto [ctx, cancel] = golab::context::WithCancel(Background());
    auto give_up = cancel;
    CHECK_FALSE(lab::wait_for_turn(ctx, [&] {
                  waits++;
                  give_up();
                }).is_ours());
  }
  CHECK(waits == 1);
}

TEST_CASE("a service keeps its port from one time to the next, if it is still free",
          "[lab][address]") {
  Mine mine;
  golab::net::Listener listener = listen_anywhere();
  const std::string last = listener.Addr().String();
  REQUIRE(lab::note_address(pool(), false, last) == nullptr);
  CHECK(chosen() != last);
  listener.Close();
  CHECK(chosen() == last);
}

TEST_CASE("GOLAB_LISTEN names the host, and the URL is one that a browser can open",
          "[lab][address]") {
  Mine mine;
  ::setenv("GOLAB_LISTEN", "0.0.0.0", 1);
  const std::string address = chosen();
  ::unsetenv("GOLAB_LISTEN");
  CHECK_THAT(address, Has("0.0.0.0:"));
  CHECK(lab::url_of(address) == "http://127.0.0.1" + address.substr(address.rfind(':')));
  CHECK(lab::url_of(":6060") == "http://127.0.0.1:6060");
  CHECK(lab::url_of("[::]:6060") == "http://127.0.0.1:6060");
  CHECK(lab::url_of("[::1]:6060") == "http://[::1]:6060");
  CHECK(lab::url_of("room-2:7000") == "http://room-2:7000");
}

TEST_CASE("a note counts for as long as its process listens there", "[lab][address]") {
  Mine mine;
  CHECK(lab::running_url("", false).second != nullptr);
  golab::net::Listener listener = listen_anywhere();
  REQUIRE(lab::note_address(pool(), false, listener.Addr().String()) == nullptr);
  CHECK(lab::running_url("02-worker-pool", false).first == "http://" + listener.Addr().String());
  CHECK(lab::running_url("", false).first == "http://" + listener.Addr().String());
  CHECK(lab::running_url("01-time-after", false).second != nullptr);

  SECTION("beside that of the solution") {
    CHECK(lab::running_url("02-worker-pool", true).second != nullptr);
    golab::net::Listener other = listen_anywhere();
    REQUIRE(lab::note_address(pool(), true, other.Addr().String()) == nullptr);
    CHECK(lab::running_url("02-worker-pool", true).first == "http://" + other.Addr().String());
    CHECK(lab::running_url("", false).first == "http://" + other.Addr().String());
    CHECK(lab::running_url("02-worker-pool", false).first == "http://" + listener.Addr().String());
    listener.Close();
    CHECK(lab::running_url("02-worker-pool", false).first == "http://" + other.Addr().String());
  }
  SECTION("not when it has closed the port") {
    listener.Close();
    CHECK(lab::running_url("", false).second != nullptr);
  }
  SECTION("not when another process has the port now") {
    lab::Service service;
    REQUIRE(service.start(pool().program(true)) == nullptr);
    REQUIRE(lab::note_address(pool(), false, service.address()) == nullptr);
    CHECK(lab::running_url("", false).second != nullptr);
  }
  SECTION("a note that cannot be read is none") {
    std::ofstream(mine.path(".lab/running/02-worker-pool")) << "x y z\n";
    CHECK(lab::running_url("", false).second != nullptr);
    CHECK(lab::choose_address(pool(), false).second == nullptr);
  }
}

TEST_CASE("url finds what run started, and says how to start one", "[lab][address]") {
  Mine mine;
  Ran none = run_lab({"url"});
  CHECK(none.status == 1);
  CHECK(none.out == "");
  CHECK_THAT(none.err, Has("no exercise runs here") && Has("./lab run EXERCISE") &&
                           Has(mine.directory.path()));
  CHECK(run_lab({"url", "worker-poll"}).status == 2);

  pid_t pool = start_lab({"run", "02", "--solution"}, ".");
  Ran url = found_url({"url", "02"});
  REQUIRE(url.status == 0);
  const std::string address = url.out.substr(0, url.out.find('\n'));
  CHECK(run_lab({"fetch", address + "/process"}).out == "failed: task 100: bad task\n");

  pid_t second = start_lab({"run", "02", "--solution"}, ".");
  for (int tries = 0; found_url({"url"}).out == url.out && tries < 1000; tries++) {
    golab::time::Sleep(20 * golab::time::Millisecond);
  }
  CHECK(found_url({"url"}).out != url.out);

  for (pid_t each : {pool, second}) {
    ::kill(each, SIGKILL);
    wait_for(each);
  }
  Ran over = run_lab({"url", "02"});
  CHECK(over.status == 1);
  CHECK_THAT(over.err, Has("no 02-worker-pool runs here"));
}
