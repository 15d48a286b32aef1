// syscall.h: system calls on descriptors, under Go's names.
//
// They return the kernel's result, an error as a negative errno, and leave errno alone: errno
// belongs to a thread, and a goroutine that reads it later may be on another thread.
//
// They do not enter the runtime: a thread in one of them can be stopped at any time. Net's
// descriptors are non-blocking. A caller whose descriptor may block calls entersyscall first.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>

namespace golab::syscall {

// The kernel's result: >= 0, or -errno.
long Syscall(long trap, long a1, long a2, long a3);
long Syscall6(long trap, long a1, long a2, long a3, long a4, long a5, long a6);

ssize_t Read(int fd, void* p, size_t n);
ssize_t Write(int fd, const void* p, size_t n);
int Accept4(int fd, sockaddr* addr, socklen_t* len, int flags);
int Connect(int fd, const sockaddr* addr, socklen_t len);
int Close(int fd);

}  // namespace golab::syscall
