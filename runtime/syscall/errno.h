// errno.h: Go's syscall.Errno: an error number of the kernel, as an error.
#pragma once

#include <string>

namespace golab::syscall {

struct Errno {
  int value = 0;
  std::string Error() const;
  bool Timeout() const;
  friend bool operator==(const Errno&, const Errno&) = default;
};

}  // namespace golab::syscall
