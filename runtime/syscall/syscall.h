// syscall.h: the system calls that the network makes, in Go's chain of names.
//
// They answer the kernel's own result, an error as a negative number, and never touch errno: errno
// belongs to a thread, and a goroutine that looks at it later may be on another one.
//
// The descriptors are non-blocking, so none of these waits, and they are made as any other code of
// the program, outside the runtime: a thread that is in one can be stopped at any time.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <cstddef>

namespace golab::syscall {

// The kernel's answer: >= 0, or an errno made negative.
long Syscall(long trap, long a1, long a2, long a3);
long Syscall6(long trap, long a1, long a2, long a3, long a4, long a5, long a6);

ssize_t Read(int fd, void* p, size_t n);
ssize_t Write(int fd, const void* p, size_t n);
int Accept4(int fd, sockaddr* addr, socklen_t* len, int flags);
int Connect(int fd, const sockaddr* addr, socklen_t len);
int Close(int fd);

}  // namespace golab::syscall
