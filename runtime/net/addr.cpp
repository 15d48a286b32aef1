// addr.cpp: splits and joins "host:port", and looks up names.
#include "runtime/net/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>

#include "runtime/net/netip.h"
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
socket_address v6(in6_addr addr, int port, uint32_t zone = 0) {
  return address_of(sockaddr_in6{AF_INET6, htons(static_cast<uint16_t>(port)), 0, addr, zone});
}

// "eth0" or "2" as the kernel's number; 0 for none.
uint32_t zone_number(const std::string& zone) {
  if (zone.empty()) return 0;
  if (const uint32_t index = if_nametoindex(zone.c_str()); index != 0) return index;
  uint32_t number = 0;
  std::from_chars(zone.data(), zone.data() + zone.size(), number);
  return number;
}

// A service of /etc/services; -1 if there is none.
int named_port(const std::string& name) {
  servent entry{};
  servent* found = nullptr;
  char text[1024];
  runtime::systemstack(
      [&] { getservbyname_r(name.c_str(), "tcp", &entry, text, sizeof text, &found); });
  if (found != nullptr) return ntohs(static_cast<uint16_t>(found->s_port));
  if (name == "http") return 80;
  if (name == "https") return 443;
  return name == "domain" ? 53 : -1;
}

// Returns -1 and an error if `port` is neither a number nor a known name.
std::pair<int, error> parse_port(std::string_view network, std::string_view port) {
  if (port.empty()) return {0, nullptr};
  std::string_view digits = port;
  if (digits[0] == '+' || digits[0] == '-') digits.remove_prefix(1);
  if (digits.find_first_not_of("0123456789") == digits.npos) {
    int value = 0;
    auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool bad = ec == std::errc::result_out_of_range || value > 65535;
    if (bad || (port[0] == '-' && value != 0)) return {-1, addr_error("invalid port", port)};
    return {value, nullptr};
  }
  const int value = named_port(std::string(port));
  if (value >= 0) return {value, nullptr};
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
    return {{},
            DNSError{unknown ? "no such host" : gai_strerror(rc), host, unknown, rc == EAI_AGAIN}};
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

std::string TCPAddr::String() const {
  return JoinHostPort(Zone.empty() ? IP : IP + "%" + Zone, std::to_string(Port));
}

std::string Addr::Network() const {
  return std::visit(
      [](const auto& a) -> std::string {
        if constexpr (requires { a.Network(); }) return a.Network();
        return "";
      },
      value_);
}

std::string Addr::String() const {
  return std::visit(
      [](const auto& a) -> std::string {
        if constexpr (requires { a.String(); }) return a.String();
        return "<nil>";
      },
      value_);
}

namespace {

std::string unix_name(const sockaddr_un& sun, socklen_t len) {
  const size_t room = len > offsetof(sockaddr_un, sun_path) ? len - offsetof(sockaddr_un, sun_path)
                                                            : 0;
  std::string name(sun.sun_path, std::min(room, sizeof sun.sun_path));
  if (name.empty()) return "@";  // it has none
  if (name[0] == '\0') {
    name[0] = '@';  // and all the rest belongs to it
  } else {
    name.resize(std::min(name.find('\0'), name.size()));
  }
  return name;
}

std::string zone_of(const sockaddr_in6& sin6) {
  char name[IF_NAMESIZE];
  if (sin6.sin6_scope_id == 0) return "";
  if (if_indextoname(sin6.sin6_scope_id, name) != nullptr) return name;
  return std::to_string(sin6.sin6_scope_id);
}

}  // namespace

Addr to_addr(const sockaddr_storage& storage, socklen_t len, std::string_view network) {
  char text[INET6_ADDRSTRLEN] = "";
  switch (storage.ss_family) {
    case AF_INET: {
      const auto& sin = reinterpret_cast<const sockaddr_in&>(storage);
      inet_ntop(AF_INET, &sin.sin_addr, text, sizeof text);
      return TCPAddr{text, ntohs(sin.sin_port)};
    }
    case AF_INET6: {
      const auto& sin6 = reinterpret_cast<const sockaddr_in6&>(storage);
      const bool mapped = IN6_IS_ADDR_V4MAPPED(&sin6.sin6_addr);
      if (mapped) {
        inet_ntop(AF_INET, &sin6.sin6_addr.s6_addr[12], text, sizeof text);
      } else {
        inet_ntop(AF_INET6, &sin6.sin6_addr, text, sizeof text);
      }
      return TCPAddr{text, ntohs(sin6.sin6_port), zone_of(sin6)};
    }
    case AF_UNIX:
      return UnixAddr{unix_name(reinterpret_cast<const sockaddr_un&>(storage), len),
                      std::string(network)};
  }
  return nullptr;
}

std::pair<socket_address, int> unix_address(std::string_view name) {
  socket_address out;
  auto& sun = reinterpret_cast<sockaddr_un&>(out.storage);
  const bool file = !name.starts_with('@');
  if (name.size() + (file ? 1 : 0) > sizeof sun.sun_path) return {out, EINVAL};
  sun.sun_family = AF_UNIX;
  std::memcpy(sun.sun_path, name.data(), name.size());
  if (!file) sun.sun_path[0] = '\0';
  out.len = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() +
                                   (file && !name.empty() ? 1 : 0));
  return {out, 0};
}

std::pair<std::vector<socket_address>, error> resolve(std::string_view network,
                                                      std::string_view address, bool listening) {
  if (network != "tcp" && network != "tcp4" && network != "tcp6") {
    return {{}, UnknownNetworkError{std::string(network)}};
  }
  HostPort parts;
  if (!address.empty()) parts = SplitHostPort(address);
  if (parts.err != nullptr) return {{}, parts.err};
  auto [port, err] = parse_port(network, parts.port);
  if (err != nullptr) return {{}, err};
  const bool want4 = network != "tcp6";
  const bool want6 = network != "tcp4";
  std::vector<socket_address> out;
  if (parts.host.empty() || parts.host == "localhost") {
    const bool any = parts.host.empty() && listening;
    const bool one = parts.host.empty() && !listening;  // this machine, and no other try
    socket_address four = v4({htonl(any ? INADDR_ANY : INADDR_LOOPBACK)}, port);
    socket_address six = v6(any ? in6addr_any : in6addr_loopback, port);
    if (any && want6) out.push_back(six);  // one socket for both families, as Go listens
    if (want4) out.push_back(four);
    if (!any && want6 && !(one && want4)) out.push_back(six);
    return {out, nullptr};
  }
  auto [ip, no_ip] = netip::ParseAddr(parts.host);
  if (no_ip != nullptr) {
    return lookup(parts.host, port, want4 && want6 ? AF_UNSPEC : want4 ? AF_INET : AF_INET6);
  }
  in_addr four{};
  in6_addr six{};
  std::memcpy(&four, ip.bytes.data(), sizeof four);
  std::memcpy(&six, ip.bytes.data(), sizeof six);
  const bool is4 = ip.Is4() || IN6_IS_ADDR_V4MAPPED(&six);
  if (!ip.Is4() && is4) std::memcpy(&four, ip.bytes.data() + 12, sizeof four);
  if (is4 && want4) out.push_back(v4(four, port));
  if (!is4 && want6) out.push_back(v6(six, port, zone_number(ip.zone)));
  if (out.empty()) return {{}, addr_error("no suitable address found", parts.host)};
  return {out, nullptr};
}

}  // namespace golab::net
