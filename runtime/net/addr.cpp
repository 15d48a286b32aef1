// addr.cpp: splits and joins "host:port", and looks up names.
#include "runtime/net/addr.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <charconv>
#include <cstring>

#include "runtime/sched/proc.h"

namespace golab::net {

namespace {

error addr_error(const char* what, std::string_view addr) {
  return AddrError{what, std::string(addr)};
}

HostPort split_error(const char* what, std::string_view addr) {
  return {"", "", addr_error(what, addr)};
}

template <typename Sockaddr>
socket_address address_of(const Sockaddr& sockaddr) {
  socket_address out;
  std::memcpy(&out.storage, &sockaddr, sizeof sockaddr);
  out.len = sizeof sockaddr;
  return out;
}
socket_address v4(in_addr addr, int port) {
  return address_of(sockaddr_in{AF_INET, htons(static_cast<uint16_t>(port)), addr, {}});
}
socket_address v6(in6_addr addr, int port) {
  return address_of(sockaddr_in6{AF_INET6, htons(static_cast<uint16_t>(port)), 0, addr, 0});
}

// Returns -1 and an error if `port` is neither a number nor a known name.
std::pair<int, error> parse_port(std::string_view network, std::string_view port) {
  if (port.empty()) return {0, nullptr};
  if (port.find_first_not_of("0123456789") == std::string_view::npos) {
    int value = 0;
    auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), value);
    if (ec != std::errc() || value > 65535) return {-1, addr_error("invalid port", port)};
    return {value, nullptr};
  }
  if (port == "http") return {80, nullptr};
  if (port == "https") return {443, nullptr};
  if (port == "domain") return {53, nullptr};
  DNSError unknown{"unknown port", std::string(network) + "/" + std::string(port), true};
  return {-1, unknown};
}

// getaddrinfo needs far more stack than a goroutine has, and may block.
std::pair<std::vector<socket_address>, error> lookup(const std::string& host, int port,
                                                     int family) {
  addrinfo hints{};
  hints.ai_family = family;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  int rc = 0;
  runtime::systemstack([&] { rc = getaddrinfo(host.c_str(), nullptr, &hints, &list); });
  if (rc != 0) {
    const bool unknown = rc == EAI_NONAME || rc == EAI_NODATA || rc == EAI_FAIL;
    return {{}, DNSError{unknown ? "no such host" : gai_strerror(rc), host, unknown}};
  }
  std::vector<socket_address> out;
  for (addrinfo* at = list; at != nullptr; at = at->ai_next) {
    if (at->ai_family == AF_INET) {
      out.push_back(v4(reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_addr, port));
    } else if (at->ai_family == AF_INET6) {
      out.push_back(v6(reinterpret_cast<sockaddr_in6*>(at->ai_addr)->sin6_addr, port));
    }
  }
  freeaddrinfo(list);
  if (out.empty()) return {{}, DNSError{"no such host", host, true}};
  return {std::move(out), nullptr};
}

}  // namespace

HostPort SplitHostPort(std::string_view hostport) {
  const size_t colon = hostport.rfind(':');
  if (colon == std::string_view::npos) return split_error("missing port in address", hostport);
  std::string_view host;
  size_t brackets_from = 0;  // from here on there may be no '['
  size_t brackets_to = 0;    // and from here on no ']'
  if (!hostport.empty() && hostport[0] == '[') {
    const size_t end = hostport.find(']');
    if (end == std::string_view::npos) return split_error("missing ']' in address", hostport);
    if (end + 1 == hostport.size()) return split_error("missing port in address", hostport);
    if (end + 1 != colon) {
      const bool more = hostport[end + 1] == ':';
      return split_error(more ? "too many colons in address" : "missing port in address", hostport);
    }
    host = hostport.substr(1, end - 1);
    brackets_from = 1;
    brackets_to = end + 1;
  } else {
    host = hostport.substr(0, colon);
    if (host.find(':') != std::string_view::npos) {
      return split_error("too many colons in address", hostport);
    }
  }
  if (hostport.find('[', brackets_from) != std::string_view::npos) {
    return split_error("unexpected '[' in address", hostport);
  }
  if (hostport.find(']', brackets_to) != std::string_view::npos) {
    return split_error("unexpected ']' in address", hostport);
  }
  return {std::string(host), std::string(hostport.substr(colon + 1)), nullptr};
}

std::string JoinHostPort(std::string_view host, std::string_view port) {
  std::string out;
  const bool brackets = host.find(':') != std::string_view::npos;
  if (brackets) out += '[';
  out += host;
  if (brackets) out += ']';
  out += ':';
  out += port;
  return out;
}

std::string TCPAddr::String() const { return JoinHostPort(IP, std::to_string(Port)); }

TCPAddr tcp_addr(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto* sin = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &sin->sin_addr, text, sizeof text);
    return {text, ntohs(sin->sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto* sin = reinterpret_cast<const sockaddr_in6*>(&storage);
    if (IN6_IS_ADDR_V4MAPPED(&sin->sin6_addr)) {
      inet_ntop(AF_INET, &sin->sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &sin->sin6_addr, text, sizeof text);
    }
    return {text, ntohs(sin->sin6_port)};
  }
  return {};
}

std::pair<std::vector<socket_address>, error> resolve(std::string_view network,
                                                      std::string_view address, bool listening) {
  HostPort parts = SplitHostPort(address);
  if (parts.err != nullptr) return {{}, parts.err};
  auto [port, err] = parse_port(network, parts.port);
  if (err != nullptr) return {{}, err};
  const bool want4 = network != "tcp6";
  const bool want6 = network != "tcp4";
  std::vector<socket_address> out;
  in_addr a4{};
  in6_addr a6{};
  if (parts.host.empty() || parts.host == "localhost") {
    const bool any = parts.host.empty() && listening;
    socket_address four = v4({htonl(any ? INADDR_ANY : INADDR_LOOPBACK)}, port);
    socket_address six = v6(any ? in6addr_any : in6addr_loopback, port);
    if (any && want6) out.push_back(six);  // one socket for both families, as Go listens
    if (want4) out.push_back(four);
    if (!any && want6) out.push_back(six);
    return {out, nullptr};
  }
  if (inet_pton(AF_INET, parts.host.c_str(), &a4) == 1) {
    if (want4) out.push_back(v4(a4, port));
  } else if (inet_pton(AF_INET6, parts.host.c_str(), &a6) == 1) {
    if (want6) out.push_back(v6(a6, port));
  } else {
    return lookup(parts.host, port, want4 && want6 ? AF_UNSPEC : want4 ? AF_INET : AF_INET6);
  }
  if (out.empty()) return {{}, addr_error("no suitable address found", parts.host)};
  return {out, nullptr};
}

}  // namespace golab::net
