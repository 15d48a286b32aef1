// profile_child.cpp: a service that has too little address space left for a profile's table of
// stacks, until it is asked for /raise. Its first line says where it listens.
#include <sys/resource.h>

#include <cstdio>
#include <fstream>

#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"

namespace {

// StackCounter's is a sixteenth of the limit, and the runtime's own tables are 6 GiB.
constexpr rlim_t kLeftBytes = rlim_t{256} << 20;

void limit_address_space(rlim_t bytes) {
  rlimit limit{};
  getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = bytes;
  if (setrlimit(RLIMIT_AS, &limit) != 0) panic("setrlimit");
}

}  // namespace

int main() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  http::HandleFunc("/raise", [](http::ResponseWriter& w, http::Request*) {
    limit_address_space(RLIM_INFINITY);
    w.Write("raised\n");
  });
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) panic(err);
  limit_address_space(pages * 4096 + kLeftBytes);
  std::printf("%s\n", listener.Addr().String().c_str());
  std::fflush(stdout);
  http::Serve(listener, nullptr);
}
