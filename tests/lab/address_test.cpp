// address_test.cpp: many students on one machine: each service gets a port, and is found again.
#include "course/lab/address.h"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "course/lab/claim.h"
#include "course/lab/port.h"
#include "course/lab/service.h"
#include "course/lab/web.h"
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

lab::ChosenAddress choose() {
  auto [chosen, err] = lab::choose_address(pool(), false);
  REQUIRE(err == nullptr);
  return std::move(chosen);
}

std::string chosen() { return choose().address; }

// A setting of the environment, for as long as it lives.
struct Setting {
  Setting(const char* setting, const std::string& value) : name(setting) {
    ::setenv(name, value.c_str(), 1);
  }
  ~Setting() { ::unsetenv(name); }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;
  const char* name;
};

// No file descriptor is free, for as long as it lives.
struct NoDescriptors {
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;
  rlimit before{};
};

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
  const lab::ChosenAddress one = choose(), other = choose();
  CHECK(one.address != other.address);
  CHECK_THAT(one.address, Has("127.0.0.1:"));
  CHECK(lab::port_of(one.address) >= lab::port_of(pool().addr));
  // Nobody listens there yet: the claim is what keeps the other away.
  CHECK(one.claim.is_ours());
  CHECK(lab::port_holder(lab::port_of(one.address)) == "");
  CHECK(lab::claim_port(lab::port_of(one.address)).is_taken());
}

TEST_CASE("an address that fails for another reason than a busy port is said", "[lab][address]") {
  Mine mine;
  Setting host("GOLAB_LISTEN", "192.0.2.1");  // an address for examples: no machine has it
  auto [chosen, err] = lab::choose_address(pool(), false);
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("bind: cannot assign requested address") && Has("--addr HOST:PORT"));
}

TEST_CASE("a judgement waits for its turn where all processors have one", "[lab][address]") {
  using golab::context::Background;
  Setting turns("GOLAB_TURNS", std::to_string(::getpid()));  // not those of the machine
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

TEST_CASE("a judgement goes on without a turn where there are no claims", "[lab][address]") {
  int waits = 0;
  bool is_ours = true, is_taken = true;
  {
    NoDescriptors none;
    lab::Claim turn = lab::wait_for_turn(golab::context::Background(), [&] { waits++; });
    is_ours = turn.is_ours();
    is_taken = turn.is_taken();
  }
  CHECK_FALSE(is_ours);
  CHECK_FALSE(is_taken);
  CHECK(waits == 0);
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

TEST_CASE("the page of compare leaves the port to the service", "[lab][address]") {
  Mine mine;
  const std::string first = chosen();
  REQUIRE(lab::note_address(pool(), false, first) == nullptr);
  auto [page, err] = lab::choose_page_address(pool());
  REQUIRE(err == nullptr);
  CHECK(page.address != first);
  CHECK(page.claim.is_ours());
}

TEST_CASE("GOLAB_LISTEN names the host, and the URL is one that a browser can open",
          "[lab][address]") {
  Mine mine;
  Setting host("GOLAB_LISTEN", "0.0.0.0");
  const std::string address = chosen();
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
  SECTION("and not without a port, which is never found") {
    golab::error err = lab::note_address(pool(), false, "127.0.0.1:0");
    REQUIRE(err != nullptr);
    CHECK(err.Error() == "127.0.0.1:0 names no port");
    CHECK(lab::running_url("", false).first == "http://" + listener.Addr().String());
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
    listener.Close();
    std::ofstream(mine.path(".lab/running/02-worker-pool.x")) << "127.0.0.1:6060 1\n";
    const std::string own = ".lab/running/02-worker-pool." + std::to_string(::getpid());
    std::ofstream(mine.path(own)) << "x y\n";
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

  pid_t first = start_lab({"run", "02", "--solution"}, ".");
  Ran url = found_url({"url", "02"});
  REQUIRE(url.status == 0);
  const std::string address = url.out.substr(0, url.out.find('\n'));
  CHECK(lab::get({}, address + "/process").first == "failed: task 100: bad task\n");

  pid_t second = start_lab({"run", "02", "--solution"}, ".");
  for (int tries = 0; found_url({"url"}).out == url.out && tries < 1000; tries++) {
    golab::time::Sleep(20 * golab::time::Millisecond);
  }
  CHECK(found_url({"url"}).out != url.out);

  // When that one has ended, the first one is still found. Its note goes when the next is written.
  ::kill(second, SIGKILL);
  wait_for(second);
  const std::string notes = mine.path(".lab/running/02-worker-pool.solution.");
  CHECK(run_lab({"url", "02"}).out == url.out);
  CHECK(std::filesystem::exists(notes + std::to_string(second)));
  REQUIRE(lab::note_address(pool(), true, "127.0.0.1:1") == nullptr);
  CHECK_FALSE(std::filesystem::exists(notes + std::to_string(second)));
  CHECK(std::filesystem::exists(notes + std::to_string(first)));
  ::kill(first, SIGKILL);
  wait_for(first);
  Ran over = run_lab({"url", "02"});
  CHECK(over.status == 1);
  CHECK_THAT(over.err, Has("no 02-worker-pool runs here"));
}
