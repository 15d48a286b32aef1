// cost_test.cpp: what a look costs the service, and the browser. Processor time, not the clock's.
#include <time.h>

#include <algorithm>
#include <cstdio>

#include "runtime/golab.h"
#include "tests/live/browser.h"
#include "tests/live/live_service.h"

namespace {

// Processor time of another process, s.
double cpu_seconds_of(pid_t pid) {
  clockid_t clock;
  timespec spent{};
  REQUIRE(clock_getcpuclockid(pid, &clock) == 0);
  REQUIRE(clock_gettime(clock, &spent) == 0);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) * 1e-9;
}

// What one request costs the service, ms: the least of three times.
double cost_ms(const LiveService& s, const std::string& path) {
  constexpr int kRequests = 50;
  const std::string range = s.url(path) + "?n=[1-" + std::to_string(kRequests) + "]";
  curl({"-o", "/dev/null", range});  // names are looked up, memory is there
  double least = 1e9;
  for (int i = 0; i < 3; i++) {
    const double begin = cpu_seconds_of(s.pid());
    curl({"-o", "/dev/null", range});
    least = std::min(least, (cpu_seconds_of(s.pid()) - begin) * 1000 / kRequests);
  }
  return least;
}

}  // namespace

// 10,000 goroutines in 100 groups.
TEST_CASE("a look costs the service no more than a binary profile", "[live][cost]") {
  LiveService s(HOSTILE_CHILD, {}, {"--crowd", "10000"});
  const double profile = cost_ms(s, "/debug/pprof/goroutine");
  const double look = cost_ms(s, "/debug/lab/goroutines");
  std::printf("10,000 goroutines: a binary profile %.2f ms, a look %.2f ms\n", profile, look);
  CHECK(look < profile);
}

TEST_CASE("10,000 goroutines in 100 groups are drawn and little is done for a look",
          "[live][page][cost]") {
  LiveService s(HOSTILE_CHILD, {}, {"--crowd", "10000"});
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->becomes("document.querySelectorAll('tbody tr').length > 100"));
  // Nothing of the test's own runs in the page meanwhile.
  const std::string ten_looks = R"(
    new Promise((done) => {
      let looks = 0;
      performance.clearResourceTimings();
      new PerformanceObserver((list, observer) => {
        looks += list.getEntries().filter(({name}) => name.endsWith('/goroutines')).length;
        if (looks < 10) return;
        observer.disconnect();
        done();
      }).observe({type: 'resource'});
    }))";
  page->eval(
      "window.moved = 0; new MutationObserver((list) => { for (const {addedNodes, "
      "removedNodes} of list) moved += addedNodes.length + removedNodes.length; })"
      ".observe(document.querySelector('tbody'), {childList: true}); null");
  const double begin = page->cpu_seconds("TaskDuration");
  page->eval(ten_looks);
  const double look_ms = (page->cpu_seconds("TaskDuration") - begin) * 1000 / 10;
  const int moved = page->eval("moved");
  std::printf("a look takes the page %.1f ms; ten looks moved %d rows\n", look_ms, moved);
  CHECK(look_ms < 40);
  CHECK(moved < 100);  // rows that stay are left where they are
  page->eval(R"(
    let last = 0;
    window.frames_ms = [];
    const frame = (now) => {
      if (last) frames_ms.push(now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    null)");
  page->eval(ten_looks);
  json frames = page->eval("frames_ms.sort((a, b) => a - b)");
  std::printf("frames: median %.1f ms, 99th percentile %.1f ms\n",
              frames[frames.size() / 2].get<double>(),
              frames[frames.size() * 99 / 100].get<double>());
}
