// pattern.h: what stands before a handler in a ServeMux: "[METHOD ][HOST]/PATH" taken apart and
// compared.
//
// Two patterns relate as the sets of requests that they match: equal, one inside the other, apart,
// or overlapping. ServeMux refuses equal and overlapping ones, so among all that match a request
// there is always one inside all others, and the order of registration never matters.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace golab::net::http {

struct segment {
  std::string s;  // literal or the wildcard's name; "/" stands for a trailing slash ("{$}")
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
