// start.cpp: from the process's entry to main on goroutine 1.
//
// The linker is told --wrap=main: the C library calls __wrap_main here, and the program's main is
// __real_main. So an exercise writes a plain main(), and this works with GCC, Clang, any linker,
// LTO and sanitizers.
//
// When main returns, the process ends at once, as Go's does: output is flushed, but no static
// destructor runs, because other goroutines may still use what it would destroy.
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "runtime/core/reserve.h"
#include "runtime/die/die.h"
#include "runtime/die/exit.h"
#include "runtime/die/panic.h"
#include "runtime/os/os.h"
#include "runtime/sched/hooks.h"
#include "runtime/sched/netpoll.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"
#include "runtime/sched/stacks.h"

extern "C" int __real_main(int argc, char** argv, char** envp);

namespace golab::runtime {

void main(void*);

namespace {

struct Args {
  int argc;
  char** argv;
  char** envp;
};
Args args;

// What the program opens must not become stdin, stdout or stderr.
void checkfds() {
  for (int fd = 0; fd < 3; fd++) {
    if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
    if (open("/dev/null", O_RDWR) != fd) throw_("cannot open standard fds");
  }
}

// As Go does since 1.19: servers need descriptors, and nothing here uses select(2).
void raise_open_files() {
  rlimit lim{};
  if (getrlimit(RLIMIT_NOFILE, &lim) == 0 && lim.rlim_cur < lim.rlim_max) {
    lim.rlim_cur = lim.rlim_max;
    setrlimit(RLIMIT_NOFILE, &lim);
  }
}

// An arena of malloc reserves 64 MiB, and there may be eight for each processor.
void bound_arenas() {
  constexpr size_t kArenas = 64, kArenaBytes = size_t{64} << 20;
  size_t arenas = share_of_address_space(kArenas * kArenaBytes, 16) / kArenaBytes;
  if (arenas < kArenas) mallopt(M_ARENA_MAX, std::max(1, static_cast<int>(arenas)));
}

[[noreturn]] void begin() {
  schedinit();
  M* m0 = new_m();
  minit(m0);
  netpollinit();
  stopinit();
  signalinit();
  m0->state.store(kMRunning);
  acquirep(m0, sched.allp[0]);
  lock(&sched.lock);
  for (int32_t i = sched.gomaxprocs.load() - 1; i > 0; i--) pidleput(sched.allp[i]);
  unlock(&sched.lock);
  sysmonstart();

  G* g1 = nullptr;
  newg(0, 1, &g1);
  stackalloc_main(g1);
  newproc(g1, golab::runtime::main, 0);
  schedule();
}

// The initial thread's stack is as large as ulimit -s says. If that is too little for a g0, another
// thread is M 0, and this one sleeps.
[[noreturn]] void begin_on_large_stack() {
  constexpr rlim_t kSmallStackBytes = 1 << 20;
  rlimit lim{};
  bool small = getrlimit(RLIMIT_STACK, &lim) == 0 && lim.rlim_cur < kSmallStackBytes;
  if (!small) begin();
  sigset_t all = blockable_signals();
  pthread_sigmask(SIG_SETMASK, &all, nullptr);
  start_thread([](void*) -> void* { begin(); }, nullptr);
  for (;;) pause();
}

}  // namespace

// Go's runtime.main: the frame below main.main in every dump of goroutine 1.
[[gnu::noinline]] void main(void*) {
  if (hooks.before_main != nullptr) hooks.before_main();
  int status = __real_main(args.argc, args.argv, args.envp);
  await_deaths();
  exit(status);
}

}  // namespace golab::runtime

extern "C" int __wrap_main(int argc, char** argv, char** envp) {
  using namespace golab::runtime;
  args = {argc, argv, envp};
  golab::os::set_args(argc, argv);
  checkfds();
  raise_open_files();
  bound_arenas();
  begin_on_large_stack();
}
