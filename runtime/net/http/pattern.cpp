// pattern.cpp: parses patterns, and compares the sets of requests that two of them match.
#include "runtime/net/http/pattern.h"

#include <algorithm>
#include <set>

#include "runtime/net/http/header.h"
#include "runtime/net/http/url.h"

namespace golab::net::http {

namespace {

enum class relation { equivalent, more_general, more_specific, disjoint, overlaps };

bool valid_wildcard_name(std::string_view name) {
  for (size_t i = 0; i < name.size(); i++) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
    if (!letter && (i == 0 || c < '0' || c > '9')) return false;
  }
  return !name.empty();
}

error at_offset(size_t offset, std::string_view what) {
  return errors::New("at offset " + std::to_string(offset) + ": " + std::string(what));
}

// One segment that has a brace in it.
error parse_wildcard(std::string_view seg, bool at_end, std::set<std::string>* seen, segment* out) {
  const size_t brace = seg.find('{');
  if (brace != 0) return errors::New("bad wildcard segment (must start with '{')");
  if (seg.back() != '}') return errors::New("bad wildcard segment (must end with '}')");
  std::string_view name = seg.substr(1, seg.size() - 2);
  if (name == "$") {
    if (!at_end) return errors::New("{$} not at end");
    *out = {"/", false, false};
    return nullptr;
  }
  bool multi = name.ends_with("...");
  if (multi) name.remove_suffix(3);
  if (multi && !at_end) return errors::New("{...} wildcard not at end");
  if (name.empty()) return errors::New("empty wildcard");
  if (!valid_wildcard_name(name)) return errors::New("bad wildcard name " + url::quote(name));
  if (!seen->insert(std::string(name)).second) {
    return errors::New("duplicate wildcard name " + url::quote(name));
  }
  *out = {std::string(name), true, multi};
  return nullptr;
}

relation compare_methods(const pattern& a, const pattern& b) {
  if (a.method == b.method) return relation::equivalent;
  if (a.method.empty()) return relation::more_general;
  if (b.method.empty()) return relation::more_specific;
  if (a.method == "GET" && b.method == "HEAD")
    return relation::more_general;  // a GET pattern also matches HEAD
  if (b.method == "GET" && a.method == "HEAD") return relation::more_specific;
  return relation::disjoint;
}

relation compare_segments(const segment& a, const segment& b) {
  if (a.wild && b.wild) return relation::equivalent;
  if (a.wild) return b.s == "/" ? relation::disjoint : relation::more_general;
  if (b.wild) return a.s == "/" ? relation::disjoint : relation::more_specific;
  return a.s == b.s ? relation::equivalent : relation::disjoint;
}

// Combines two relations of a pair of patterns, each along one coordinate (method, a segment).
relation combine(relation x, relation y) {
  if (x == relation::disjoint || y == relation::disjoint) return relation::disjoint;
  if (x == relation::equivalent) return y;
  if (y == relation::equivalent || x == y) return x;
  return relation::overlaps;
}

relation compare_paths(const pattern& a, const pattern& b) {
  if (a.segments.size() != b.segments.size() && !a.last().multi && !b.last().multi) {
    return relation::disjoint;
  }
  relation rel = relation::equivalent;
  size_t i = 0;
  for (; i < a.segments.size() && i < b.segments.size(); i++) {
    const segment& x = a.segments[i];
    const segment& y = b.segments[i];
    if (x.multi || y.multi) break;
    rel = combine(rel, compare_segments(x, y));
    if (rel == relation::disjoint) return rel;
  }
  const bool a_done = i == a.segments.size();
  const bool b_done = i == b.segments.size();
  if (a_done && b_done) return rel;
  const bool a_multi = !a_done && a.segments[i].multi;
  const bool b_multi = !b_done && b.segments[i].multi;
  if (a_multi && b_multi) return rel;
  // "..." matches any rest that has at least a slash; a pattern that has ended matches no rest.
  if (a_multi) return b_done ? relation::disjoint : combine(rel, relation::more_general);
  if (b_multi) return a_done ? relation::disjoint : combine(rel, relation::more_specific);
  return relation::disjoint;
}

// The slash and what is behind it. A trailing slash and "..." are only the slash.
std::string segment_text(const segment& s) { return s.multi || s.s == "/" ? "/" : "/" + s.s; }

// A path that both patterns match.
std::string common_path(const pattern& a, const pattern& b) {
  std::string out;
  size_t i = 0;
  for (; i < a.segments.size() && i < b.segments.size(); i++) {
    const segment& x = a.segments[i];
    const segment& y = b.segments[i];
    if (x.multi || y.multi) break;
    out += segment_text(x.wild ? y : x);
  }
  const std::vector<segment>& rest =
      i < a.segments.size() && !a.segments[i].multi ? a.segments : b.segments;
  for (; i < rest.size(); i++) out += segment_text(rest[i]);
  return out;
}

// A path that a matches and b does not.
std::string difference_path(const pattern& a, const pattern& b) {
  std::string out;
  size_t i = 0;
  for (; i < a.segments.size() && i < b.segments.size(); i++) {
    const segment& x = a.segments[i];
    const segment& y = b.segments[i];
    if (x.multi && y.multi) return out + "/";
    if (x.multi && !y.multi) {
      out += "/";
      if (y.s == "/" && !y.wild)
        out += x.s.empty() ? "x" : x.s;  // b ends with the slash, so add something
      return out;
    }
    if (y.multi) break;
    out += segment_text(x);
    if (x.wild && !y.wild && x.s == y.s) out += 'x';  // must differ from b's literal
  }
  for (; i < a.segments.size(); i++) out += segment_text(a.segments[i]);
  return out;
}

}  // namespace

std::pair<pattern, error> parse_pattern(std::string_view text) {
  if (text.empty()) return {pattern{}, errors::New("empty pattern")};
  pattern p;
  p.str = std::string(text);
  std::string_view rest = text;
  if (const size_t blank = text.find_first_of(" \t"); blank != std::string_view::npos) {
    p.method = std::string(text.substr(0, blank));
    rest = text.substr(std::min(text.find_first_not_of(" \t", blank), text.size()));
    if (!valid_field_name(p.method)) {  // a token, too
      return {pattern{}, at_offset(0, "invalid method " + url::quote(p.method))};
    }
  }
  size_t offset = text.size() - rest.size();
  const size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return {pattern{}, at_offset(offset, "host/path missing /")};
  p.host = std::string(rest.substr(0, slash));
  rest = rest.substr(slash);
  if (const size_t brace = p.host.find('{'); brace != std::string::npos) {
    return {pattern{}, at_offset(offset + brace, "host contains '{' (missing initial '/'?)")};
  }
  offset += slash;
  if (!p.method.empty() && p.method != "CONNECT" && url::clean_path(rest) != rest) {
    return {pattern{}, at_offset(offset, "non-CONNECT pattern with unclean path can never match")};
  }
  std::set<std::string> seen;
  while (!rest.empty()) {
    offset = text.size() - rest.size();
    rest.remove_prefix(1);
    if (rest.empty()) {
      p.segments.push_back({"", true, true});  // a trailing slash matches everything below
      break;
    }
    const size_t end = std::min(rest.find('/'), rest.size());
    std::string_view seg = rest.substr(0, end);
    rest = rest.substr(end);
    if (seg.find('{') == std::string_view::npos) {
      auto [plain, err] = url::PathUnescape(seg);
      p.segments.push_back({err == nullptr ? plain : std::string(seg), false, false});
      continue;
    }
    segment wild;
    if (error err = parse_wildcard(seg, rest.empty(), &seen, &wild); err != nullptr) {
      return {pattern{}, at_offset(offset, err.Error())};
    }
    p.segments.push_back(wild);
  }
  return {std::move(p), nullptr};
}

bool conflicts(const pattern& a, const pattern& b) {
  if (a.host != b.host) {
    return false;  // two hosts are apart; a pattern with a host is more specific than one without
  }
  relation rel = combine(compare_methods(a, b), compare_paths(a, b));
  return rel == relation::equivalent || rel == relation::overlaps;
}

std::string describe_conflict(const pattern& a, const pattern& b) {
  const relation methods = compare_methods(a, b);
  const relation paths = compare_paths(a, b);
  if (methods == relation::equivalent && paths == relation::equivalent) {
    return a.str + " matches the same requests as " + b.str;
  }
  if (paths == relation::overlaps) {
    return a.str + " and " + b.str + " both match some paths, like " +
           url::quote(common_path(a, b)) + ".\nBut neither is more specific than the other.\n" +
           a.str + " matches " + url::quote(difference_path(a, b)) + ", but " + b.str +
           " doesn't.\n" + b.str + " matches " + url::quote(difference_path(b, a)) + ", but " +
           a.str + " doesn't.";
  }
  const bool wide = methods == relation::more_general;
  return a.str + (wide ? " matches more methods than " : " matches fewer methods than ") + b.str +
         (wide ? ", but has a more specific path pattern"
               : ", but has a more general path pattern");
}

}  // namespace golab::net::http
