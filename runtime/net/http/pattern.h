// pattern.h: parses and compares the patterns of a ServeMux, "[METHOD ][HOST]/PATH".
//
// Two patterns relate as the sets of requests that they match: equal, one inside the other, apart,
// or overlapping. ServeMux refuses equal and overlapping ones. So among all patterns that match a
// request one is inside all others, and the order of registration does not matter.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace golab::net::http {

struct segment {
  std::string s;  // a literal, or the wildcard's name; "/" is a trailing slash ("{$}")
  bool wild = false;
  bool multi = false;  // takes the rest of the path
};

struct pattern {
  std::string str;
  std::string method;
  std::string host;
  std::vector<segment> segments;
  std::string loc;  // file:line of its registration

  const segment& last() const { return segments.back(); }
};

std::pair<pattern, error> parse_pattern(std::string_view text);

bool conflicts(const pattern& a, const pattern& b);
// Why a and b conflict, in Go's words.
std::string describe_conflict(const pattern& a, const pattern& b);

}  // namespace golab::net::http
