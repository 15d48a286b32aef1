// syscall.cpp: system calls without libc, so that a profile shows Go's frames and no others.
#include "runtime/syscall/syscall.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/core/arch.h"

namespace golab::syscall {

namespace {

[[gnu::noinline]] ssize_t read(int fd, void* p, size_t n) {
  return Syscall(SYS_read, fd, reinterpret_cast<long>(p), static_cast<long>(n));
}

[[gnu::noinline]] ssize_t write(int fd, const void* p, size_t n) {
  return Syscall(SYS_write, fd, reinterpret_cast<long>(p), static_cast<long>(n));
}

[[gnu::noinline]] int accept4(int fd, sockaddr* addr, socklen_t* len, int flags) {
  return static_cast<int>(Syscall6(SYS_accept4, fd, reinterpret_cast<long>(addr),
                                   reinterpret_cast<long>(len), flags, 0, 0));
}

[[gnu::noinline]] int connect(int fd, const sockaddr* addr, socklen_t len) {
  return static_cast<int>(
      Syscall(SYS_connect, fd, reinterpret_cast<long>(addr), static_cast<long>(len)));
}

}  // namespace

[[gnu::noinline]] long Syscall(long trap, long a1, long a2, long a3) {
  return runtime::raw_syscall(trap, a1, a2, a3, 0, 0, 0);
}

[[gnu::noinline]] long Syscall6(long trap, long a1, long a2, long a3, long a4, long a5, long a6) {
  return runtime::raw_syscall(trap, a1, a2, a3, a4, a5, a6);
}

[[gnu::noinline]] ssize_t Read(int fd, void* p, size_t n) { return read(fd, p, n); }

[[gnu::noinline]] ssize_t Write(int fd, const void* p, size_t n) { return write(fd, p, n); }

[[gnu::noinline]] int Accept4(int fd, sockaddr* addr, socklen_t* len, int flags) {
  return golab::syscall::accept4(fd, addr, len, flags);
}

[[gnu::noinline]] int Connect(int fd, const sockaddr* addr, socklen_t len) {
  return golab::syscall::connect(fd, addr, len);
}

int Close(int fd) { return static_cast<int>(Syscall(SYS_close, fd, 0, 0)); }

}  // namespace golab::syscall
