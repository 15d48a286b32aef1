// addr.h: from "host:port" to socket addresses, inside package net.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/net/net.h"

namespace golab::net {

struct socket_address {
  sockaddr_storage storage{};
  socklen_t len = 0;
  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// The kernel's address as Go's. len: as the kernel gave it, for the names of unix sockets.
Addr to_addr(const sockaddr_storage& storage, socklen_t len, std::string_view network);

// The path of a unix socket, or "@name". EINVAL if it is too long.
std::pair<socket_address, int> unix_address(std::string_view name);

// The addresses that `address` names, best first. An empty host is the wildcard if `listening`,
// else this machine. The error has no operation and no network: callers put it into an OpError.
std::pair<std::vector<socket_address>, error> resolve(std::string_view network,
                                                      std::string_view address, bool listening);

}  // namespace golab::net
