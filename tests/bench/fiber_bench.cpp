// fiber_bench.cpp: Boost.Fiber's side of the benchmark, for the workloads that it can express.
//
// It has its fastest settings: one thread, because its default scheduler does not move fibers
// between threads, and stacks from its pool.
#include <boost/fiber/all.hpp>
#include <boost/version.hpp>

#include "tests/bench/workload.h"

namespace fibers = boost::fibers;
using bench::Clock;
using bench::since;

namespace {

fibers::pooled_fixedsize_stack stacks{64 * 1024};

template <typename F>
fibers::fiber start(F f) {
  return fibers::fiber(fibers::launch::post, std::allocator_arg, stacks, std::move(f));
}

double pingpong(int n) {
  fibers::unbuffered_channel<int> ping, pong;
  fibers::fiber echo = start([&] {
    for (int v : ping) pong.push(v);
  });
  Clock::time_point begun = Clock::now();
  for (int i = 0, v; i < n; ++i) {
    ping.push(i);
    pong.pop(v);
  }
  double took = since(begun);
  ping.close();
  echo.join();
  return took;
}

double buffered(int n) {
  fibers::buffered_channel<int> items(128);
  Clock::time_point begun = Clock::now();
  fibers::fiber producer = start([&] {
    for (int i = 0; i < n; ++i) items.push(i);
    items.close();
  });
  for (int v : items) (void)v;
  double took = since(begun);
  producer.join();
  return took;
}

double uncontended(int n) {
  fibers::buffered_channel<int> c(2);
  Clock::time_point begun = Clock::now();
  for (int i = 0, v; i < n; ++i) {
    c.push(i);
    c.pop(v);
  }
  return since(begun);
}

double spawn_join(int n) {
  Clock::time_point begun = Clock::now();
  for (int i = 0; i < n; ++i) start([] {}).join();
  return since(begun);
}

double yield(int n) {
  auto turns = [n] {
    for (int i = 0; i < n / 2; ++i) boost::this_fiber::yield();
  };
  Clock::time_point begun = Clock::now();
  fibers::fiber a = start(turns), b = start(turns);
  a.join();
  b.join();
  return since(begun);
}

double mutex8(int n) {
  fibers::mutex mu;
  int count = 0;
  std::vector<fibers::fiber> all;
  Clock::time_point begun = Clock::now();
  for (int g = 0; g < 8; ++g) {
    all.push_back(start([&] {
      for (int i = 0; i < n / 8; ++i) {
        mu.lock();
        ++count;
        mu.unlock();
      }
    }));
  }
  for (fibers::fiber& fiber : all) fiber.join();
  double took = since(begun);
  if (count != n / 8 * 8) std::abort();
  return took;
}

double pipeline(int n) {
  constexpr int kStages = 100;
  using Pipe = fibers::unbuffered_channel<int>;
  std::vector<std::unique_ptr<Pipe>> pipes;
  for (int i = 0; i <= kStages; ++i) pipes.push_back(std::make_unique<Pipe>());
  std::vector<fibers::fiber> all;
  for (int i = 0; i < kStages; ++i) {
    all.push_back(start([in = pipes[i].get(), out = pipes[i + 1].get()] {
      for (int v : *in) out->push(v);
      out->close();
    }));
  }
  Clock::time_point begun = Clock::now();
  all.push_back(start([&] {
    for (int i = 0; i < n / kStages; ++i) pipes.front()->push(i);
    pipes.front()->close();
  }));
  for (int v : *pipes.back()) (void)v;
  double took = since(begun);
  for (fibers::fiber& fiber : all) fiber.join();
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<bench::Workload> workloads = {
      {"chan-pingpong-roundtrip", 1'000'000, pingpong},
      {"chan-buffered128-item", 10'000'000, buffered},
      {"chan-send+recv-uncontended", 20'000'000, uncontended},
      {"spawn+join", 500'000, spawn_join},
      {"gosched-switch", 6'000'000, yield},
      {"mutex8-lock", 8'000'000, mutex8},
      {"pipeline100-hop", 1'000'000, pipeline},
  };
  bench::print_version("Boost " BOOST_LIB_VERSION);
  return bench::run(workloads, bench::parse_flags(argc, argv), 1);
}
