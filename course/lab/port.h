// port.h: which process holds a port of this machine.
#pragma once

#include <string>

namespace lab {

// The port in "127.0.0.1:6060", 0 if there is none.
int port_of(const std::string& address);

// The process that listens on this port, "process 4711 (02-worker-pool)". "a process of another user"
// if the kernel does not say which. Empty if nobody listens there.
std::string port_holder(int port);

// A port that is free now, from this one on; 0 if there is none near.
int free_port_after(int port);

}  // namespace lab
