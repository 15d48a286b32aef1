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

bool only_one_p = false;
bool membarrier_works = false;

namespace {
// linux/membarrier.h
constexpr int kRegisterPrivateExpedited = 1 << 4;
constexpr int kPrivateExpedited = 1 << 3;
}  // namespace

void fenceinit() {
  membarrier_works = syscall(SYS_membarrier, kRegisterPrivateExpedited, 0, 0) == 0;
}

void heavy_fence() {
  if (membarrier_works)
    syscall(SYS_membarrier, kPrivateExpedited, 0, 0);
  else
    full_fence();
}

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

void lock_with_p2(mutex* l) {
  constexpr int kFirst = 100;  // pauses
  constexpr int kMost = 400;
  constexpr int kPatience = 2000;  // after so many, the holder has probably lost its processor
  int pauses = kFirst;
  for (int waited = 0; waited < kPatience; waited += pauses) {
    for (int i = 0; i < pauses; i++) cpu_relax();
    if (l->key.load(std::memory_order_relaxed) == 0 && trylock(l)) return;
    if (pauses < kMost) pauses *= 2;
  }
  lock2(l);
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
