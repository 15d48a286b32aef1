// golab_bench.cpp: our side of the benchmark: each function does the same as its twin in
// go/main.go.
//
//   golab_bench [--procs N] [--only NAMES]            channels, scheduler, locks, timers
//   golab_bench [--procs N] profile [--only NUMBERS]  the cost of goroutine profiles
//   golab_bench [--procs N] park [--only NUMBERS]     of that, only the cost of parked goroutines
//   golab_bench [--procs N] serve                     an HTTP service for wrk
#include "runtime/golab.h"
#include "tests/bench/fair_bench.h"
#include "tests/bench/profile_bench.h"
#include "tests/bench/workload.h"

using bench::Clock;
using bench::since;

namespace {

double pingpong(int n) {
  auto ping = make_chan<int>(), pong = make_chan<int>();
  go([=] {
    for (int v : ping) pong.send(v);
  });
  Clock::time_point start = Clock::now();
  for (int i = 0; i < n; ++i) {
    ping.send(i);
    pong.recv();
  }
  double took = since(start);
  close(ping);
  return took;
}

double buffered(int n) {
  auto items = make_chan<int>(128);
  Clock::time_point start = Clock::now();
  go([=] {
    for (int i = 0; i < n; ++i) items.send(i);
    close(items);
  });
  for (int v : items) (void)v;
  return since(start);
}

double uncontended(int n) {
  auto c = make_chan<int>(1);
  Clock::time_point start = Clock::now();
  for (int i = 0; i < n; ++i) {
    c.send(i);
    c.recv();
  }
  return since(start);
}

double spawn_exit(int n) {
  sync::WaitGroup wg;
  Clock::time_point start = Clock::now();
  wg.Add(n);
  for (int i = 0; i < n; ++i) {
    go([&wg] { wg.Done(); });
  }
  wg.Wait();
  return since(start);
}

double spawn_join(int n) {
  Clock::time_point start = Clock::now();
  for (int i = 0; i < n; ++i) {
    auto done = make_chan<bool>();
    go([=] { close(done); });
    done.recv();
  }
  return since(start);
}

double gosched(int n) {
  sync::WaitGroup wg;
  Clock::time_point start = Clock::now();
  for (int g = 0; g < 2; ++g) {
    wg.Add(1);
    go([&wg, n] {
      for (int i = 0; i < n / 2; ++i) runtime::Gosched();
      wg.Done();
    });
  }
  wg.Wait();
  return since(start);
}

double select3(int n) {
  auto even = make_chan<int>(), odd = make_chan<int>();
  auto done = make_chan<bool>();
  go([=] {
    for (int i = 0; i < n; i += 2) {
      even.send(i);
      odd.send(i);
    }
    close(done);
  });
  Clock::time_point start = Clock::now();
  for (;;) {
    switch (select({recv(even), recv(odd), recv(done)})) {
      case 0:
      case 1:
        continue;
      case 2:
        return since(start);
    }
  }
}

double worker_pool(int n) {
  auto tasks = make_chan<int>();
  auto [ctx, cancel] = context::WithCancel(context::Background());
  sync::WaitGroup wg;
  std::vector<int> sums(16);
  for (int w = 0; w < 16; ++w) {
    wg.Add(1);
    go([&wg, &sums, w, tasks, ctx = ctx] {
      for (;;) {
        int task;
        bool ok;
        switch (select({recv(tasks, task, ok), recv(ctx.Done())})) {
          case 0:
            if (!ok) break;
            sums[w] += task;
            continue;
        }
        break;
      }
      wg.Done();
    });
  }
  Clock::time_point start = Clock::now();
  for (int i = 0; i < n; ++i) tasks.send(i);
  close(tasks);
  wg.Wait();
  double took = since(start);
  cancel();
  return took;
}

double mutex8(int n) {
  sync::Mutex mu;
  sync::WaitGroup wg;
  int count = 0;
  Clock::time_point start = Clock::now();
  for (int g = 0; g < 8; ++g) {
    wg.Add(1);
    go([&, n] {
      for (int i = 0; i < n / 8; ++i) {
        mu.Lock();
        ++count;
        mu.Unlock();
      }
      wg.Done();
    });
  }
  wg.Wait();
  double took = since(start);
  if (count != n / 8 * 8) panic("mutex8: lost an update");
  return took;
}

double pipeline(int n) {
  constexpr int kStages = 100;
  auto first = make_chan<int>();
  auto in = first;
  for (int s = 0; s < kStages; ++s) {
    auto out = make_chan<int>();
    go([in, out] {
      for (int v : in) out.send(v);
      close(out);
    });
    in = out;
  }
  Clock::time_point start = Clock::now();
  go([=] {
    for (int i = 0; i < n / kStages; ++i) first.send(i);
    close(first);
  });
  for (int v : in) (void)v;
  return since(start);
}

double time_after(int n) {
  std::vector<RecvChan<time::Time>> timers(n);
  Clock::time_point start = Clock::now();
  for (auto& timer : timers) timer = time::After(1 * time::Hour);
  return since(start);
}

double sleepers(int n) {
  sync::WaitGroup wg;
  Clock::time_point start = Clock::now();
  for (int i = 0; i < n; ++i) {
    wg.Add(1);
    go([&wg] {
      time::Sleep(1 * time::Millisecond);
      wg.Done();
    });
  }
  wg.Wait();
  return since(start);
}

}  // namespace

int main(int argc, char** argv) {
  bench::Flags flags = bench::parse_flags(argc, argv);
  if (flags.procs > 0) runtime::GOMAXPROCS(flags.procs);
  const std::vector<bench::Workload> workloads = {
      {"chan-pingpong-roundtrip", 1'000'000, pingpong},
      {"chan-buffered128-item", 10'000'000, buffered},
      {"chan-send+recv-uncontended", 20'000'000, uncontended},
      {"spawn+exit", 1'000'000, spawn_exit},
      {"spawn+join", 500'000, spawn_join},
      {"gosched-switch", 6'000'000, gosched},
      {"select3-recv", 1'000'000, select3},
      {"workerpool16-ctx-task", 1'000'000, worker_pool},
      {"mutex8-lock", 8'000'000, mutex8},
      {"pipeline100-hop", 1'000'000, pipeline},
      {"time.After-create", 1'000'000, time_after},
      {"sleep1ms-goroutine", 100'000, sleepers},
  };
#ifdef __clang__
  bench::print_version("Clang " __clang_version__);
#else
  bench::print_version("GCC " __VERSION__);
#endif
  if (flags.mode == "profile" || flags.mode == "park") return bench::profile(flags);
  if (flags.mode == "fair") return bench::fair();
  if (flags.mode == "serve") return bench::serve();
  return bench::run(workloads, flags, runtime::GOMAXPROCS(0));
}
