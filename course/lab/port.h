// port.h: which process holds a port of this machine.
#pragma once

#include <sys/types.h>

#include <string>

namespace lab {

// The port in "127.0.0.1:6060", 0 if there is none.
int port_of(const std::string& address);

// The process that listens on this port, "process 4711 (02-worker-pool)". "a process of another
// user" if the kernel does not say which. Empty if nobody listens there.
std::string port_holder(int port);

// Whether this process, one of our own user's, listens on the port.
bool process_listens(pid_t pid, int port);

}  // namespace lab
