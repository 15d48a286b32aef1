// lock.cpp: the slow paths of the runtime's lock.
#include "runtime/core/lock.h"

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/core/arch.h"

namespace golab::runtime {

bool onlyOneP = false;

void futexsleep(std::atomic<uint32_t>* addr, uint32_t val, int64_t ns) {
  int saved = errno;
  timespec ts{};
  if (ns >= 0) {
    ts.tv_sec = ns / 1000000000;
    ts.tv_nsec = ns % 1000000000;
  }
  syscall(SYS_futex, addr, FUTEX_WAIT_PRIVATE, val, ns < 0 ? nullptr : &ts, nullptr, 0);
  errno = saved;
}

void futexwakeup(std::atomic<uint32_t>* addr, uint32_t count) {
  int saved = errno;
  syscall(SYS_futex, addr, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
  errno = saved;
}

void lock2(mutex* l) {
  constexpr int kSpins = 100;  // a critical section is a few dozen instructions
  constexpr int kYields = 10;
  for (int i = 0;; i++) {
    if (l->key.load(std::memory_order_relaxed) == 0 && trylock(l)) return;
    if (i < kSpins) {
      cpu_relax();
    } else if (i < kSpins + kYields) {
      sched_yield();
    } else {
      timespec ts{0, 20'000};
      nanosleep(&ts, nullptr);
    }
  }
}

}  // namespace golab::runtime
