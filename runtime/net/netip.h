// netip.h: Go's net/netip, as far as it says whether a text is an IP address, and what is wrong
// with it.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/errors/errors.h"

namespace golab::net::netip {

struct Addr {
  std::array<uint8_t, 16> bytes{};  // of an IPv4 address the first four count
  bool is4 = false;
  std::string zone;  // "eth0" of "fe80::1%eth0"
  bool Is4() const { return is4; }
};

// Errors as Go's: `ParseAddr("1.2.3"): IPv4 address too short`.
std::pair<Addr, error> ParseAddr(std::string_view text);

}  // namespace golab::net::netip
