// deep.cpp: recursion 10 000 calls deep, at whose bottom a goroutine waits, runs, panics, or asks
// for its own dump; line for line the Go program whose output lies in golden/deep.*.txt. (With
// "-quit" it waits for SIGQUIT.)
#include <string>

#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"

static auto reached = make_chan<int>(1);
static Chan<int> nobody;

#define NOINLINE [[gnu::noinline]]

NOINLINE void parks() {
  reached.send(1);
  nobody.recv();
}

NOINLINE void spins() {
  reached.send(1);
  for (;;) asm volatile("");
}

NOINLINE void panics() { panic("at the bottom"); }

NOINLINE void descend(int depth, void (*bottom)()) {
  if (depth == 0) {
    bottom();
    return;
  }
  descend(depth - 1, bottom);
  asm volatile("");
}

NOINLINE void root(void (*bottom)()) { descend(10000, bottom); }

NOINLINE void dumps() { pprof::Lookup("goroutine")->WriteTo(os::Stdout, 2); }

int main(int argc, char** argv) {
  std::string mode = argc > 1 ? argv[1] : "";
  if (mode.starts_with("parked")) {
    nobody = make_chan<int>();
    go(root, parks);
  } else if (mode.starts_with("running")) {
    go(root, spins);
  } else if (mode == "panic") {
    go(root, panics);
    time::Sleep(time::Hour);
  } else if (mode == "self") {
    root(dumps);
    return 0;
  }
  reached.recv();
  time::Sleep(10 * time::Millisecond);
  if (mode.ends_with("-quit")) {
    os::Stdout.Write("ready\n");
    time::Sleep(time::Hour);
  }
  pprof::Lookup("goroutine")->WriteTo(os::Stdout, 2);
  return 0;
}
