// heapless.cpp: a service without the library `heap`: its allocations are not known.
#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
