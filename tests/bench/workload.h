// workload.h: the flags, the list of workloads and the line of JSON of all benchmark programs.
//
// It includes no header of golab, because fiber_bench.cpp is built without golab.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

using Clock = std::chrono::steady_clock;

// Does n operations. Returns how many nanoseconds they took, without the set-up.
using Run = std::function<double(int n)>;

struct Workload {
  std::string name;
  int n;
  Run run;
};

struct Flags {
  int procs = 0;     // 0: as the environment says
  int scale = 1;     // do 1/scale of the operations
  std::string only;  // comma-separated names; empty: all
  std::string mode;  // first argument that is no flag: "profile" in the programs that have it

  bool wants(std::string_view name) const {
    return only.empty() || ("," + only + ",").find("," + std::string(name) + ",") != only.npos;
  }
};

inline double since(Clock::time_point start) {
  return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
}

inline Flags parse_flags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    while (arg.size() > 1 && arg.substr(0, 2) == "--") arg.remove_prefix(1);
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (arg == "-json") continue;  // there is no other form
    if (arg[0] != '-') {
      flags.mode = arg;
    } else if (value != nullptr && arg == "-procs") {
      flags.procs = std::atoi(argv[++i]);
    } else if (value != nullptr && arg == "-scale") {
      flags.scale = std::max(1, std::atoi(argv[++i]));
    } else if (value != nullptr && arg == "-only") {
      flags.only = argv[++i];
    } else {
      std::fprintf(stderr, "usage: %s [--procs N] [--only NAMES] [--scale N] [--json]\n", argv[0]);
      std::exit(2);
    }
  }
  return flags;
}

inline void print(const std::string& name, int procs, const char* unit, double value, int n) {
  std::printf("{\"name\": \"%s\", \"procs\": %d, \"%s\": %.3f, \"n\": %d}\n", name.c_str(), procs,
              unit, value, n);
  std::fflush(stdout);
}

// Prints the first line of every program: what it was built with.
inline void print_version(const std::string& version) {
  std::printf("{\"version\": \"%s\"}\n", version.c_str());
}

// Runs the workloads that the flags name, each after a warm-up with a twentieth of its operations.
inline int run(const std::vector<Workload>& workloads, const Flags& flags, int procs) {
  bool found = flags.only.empty();
  for (const Workload& workload : workloads) {
    if (!flags.wants(workload.name)) continue;
    found = true;
    int n = workload.n / flags.scale;
    workload.run(n / 20);
    print(workload.name, procs, "ns_per_op", workload.run(n) / n, n);
  }
  if (found) return 0;
  std::fprintf(stderr, "bench: no workload is called \"%s\"\n", flags.only.c_str());
  return 2;
}

}  // namespace bench
