// url.cpp: percent signs, slashes and query strings.
#include "runtime/net/http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstdio>

#include "runtime/strconv/strconv.h"

namespace golab::net::url {

namespace {

enum class part { path, path_segment, host, query, fragment };

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

int hex_value(char c) {
  if (c <= '9') return c - '0';
  return (c | 0x20) - 'a' + 10;
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// Must c be escaped there (RFC 3986 section 2.2, in Go's reading)?
bool should_escape(char c, part where) {
  if (is_alnum(c)) return false;
  if (where == part::host &&
      std::string_view("!$&'()*+,;=:[]<>\"").find(c) != std::string_view::npos) {
    return false;
  }
  switch (c) {
    case '-':
    case '_':
    case '.':
    case '~':
      return false;
    case '$':
    case '&':
    case '+':
    case '=':
    case ':':
    case '@':
      return where == part::query;
    case '/':
    case ';':
    case ',':
      return where == part::query || where == part::path_segment;
    case '?':
      return where != part::fragment;
    case '!':
    case '(':
    case ')':
    case '*':
      return where != part::fragment;
    default:
      return true;
  }
}

std::string escape(std::string_view s, part where) {
  static const char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(s.size());
  for (char c : s) {
    if (c == ' ' && where == part::query) {
      out += '+';
    } else if (should_escape(c, where)) {
      out += '%';
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 15];
    } else {
      out += c;
    }
  }
  return out;
}

error escape_error(std::string_view bad) { return errors::New("invalid URL escape " + quote(bad)); }

std::pair<std::string, error> unescape(std::string_view s, part where) {
  std::string out;
  out.reserve(s.size());
  for (size_t i = 0; i < s.size(); i++) {
    const char c = s[i];
    if (c == '%') {
      if (i + 2 >= s.size() || !is_hex(s[i + 1]) || !is_hex(s[i + 2])) {
        return {"", escape_error(s.substr(i, 3))};
      }
      // In a host only bytes outside ASCII may be escaped, and the % before an IPv6 zone.
      if (where == part::host && s[i + 1] < '8' && s.substr(i, 3) != "%25") {
        return {"", escape_error(s.substr(i, 3))};
      }
      out += static_cast<char>(hex_value(s[i + 1]) << 4 | hex_value(s[i + 2]));
      i += 2;
    } else if (c == '+' && where == part::query) {
      out += ' ';
    } else if (where == part::host && static_cast<unsigned char>(c) < 0x80 &&
               should_escape(c, where)) {
      return {"",
              errors::New("invalid character " + quote(std::string_view(&c, 1)) + " in host name")};
    } else {
      out += c;
    }
  }
  return {std::move(out), nullptr};
}

bool valid_encoded(std::string_view s) {
  for (char c : s) {
    if (std::string_view("!$&'()*+,;=:@[]%").find(c) != std::string_view::npos) continue;
    if (should_escape(c, part::path)) return false;
  }
  return true;
}

error set_path(URL* u, std::string_view p) {
  auto [path, err] = unescape(p, part::path);
  if (err != nullptr) return err;
  u->Path = std::move(path);
  if (p == u->Path && p.find('%') == std::string_view::npos && escape(u->Path, part::path) == p) {
    u->RawPath.clear();
  } else {
    u->RawPath = escape(u->Path, part::path) == p ? std::string() : std::string(p);
  }
  return nullptr;
}

error check_port(std::string_view port) {
  if (port.empty()) return nullptr;
  if (port[0] == ':' && port.find_first_not_of("0123456789", 1) == std::string_view::npos) {
    return nullptr;
  }
  return errors::New("invalid port " + quote(port) + " after host");
}

// "[fe80::1%25eth0]:80": only an IPv6 address may stand in brackets.
error check_ip_literal(std::string_view host) {
  const size_t end = host.rfind(']');
  if (end == std::string_view::npos) return errors::New("missing ']' in host");
  if (error err = check_port(host.substr(end + 1)); err != nullptr) return err;
  std::string address(host.substr(1, end - 1));
  address.resize(std::min(address.size(), address.find("%25")));
  in6_addr parsed;
  if (::inet_pton(AF_INET6, address.c_str(), &parsed) == 1) return nullptr;
  return errors::New("invalid host: ParseAddr(" + quote(address) + "): unable to parse IP");
}

error check_host(std::string_view scheme, std::string_view host) {
  const size_t bracket = host.rfind('[');
  if (bracket == 0) return check_ip_literal(host);
  if (bracket != std::string_view::npos) return errors::New("invalid IP-literal");
  const bool strict = scheme == "http" || scheme == "https";  // others may list several hosts
  const size_t colon = strict ? host.find(':') : host.rfind(':');
  return colon == std::string_view::npos ? nullptr : check_port(host.substr(colon));
}

error check_userinfo(std::string_view user) {
  constexpr std::string_view kMarks = "-._:~!$&'()*+,;=%@";
  for (char c : user) {
    if (!is_alnum(c) && kMarks.find(c) == std::string_view::npos) {
      return errors::New("net/url: invalid userinfo");
    }
  }
  return unescape(user, part::path).second;
}

error set_host(URL* u, std::string_view authority) {
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (error err = check_userinfo(authority.substr(0, at)); err != nullptr) return err;
    authority.remove_prefix(at + 1);  // the user info is checked, but not kept
  }
  if (error err = check_host(u->Scheme, authority); err != nullptr) return err;
  auto [host, err] = unescape(authority, part::host);
  if (err == nullptr) u->Host = std::move(host);
  return err;
}

// Scheme and rest; the scheme is empty if there is none.
error split_scheme(std::string_view text, std::string* scheme, std::string_view* rest) {
  *rest = text;
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') continue;
    if ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.') {
      if (i == 0) return nullptr;
    } else if (c == ':') {
      if (i == 0) return errors::New("missing protocol scheme");
      *scheme = std::string(text.substr(0, i));
      for (char& s : *scheme) s = static_cast<char>(s | (s >= 'A' && s <= 'Z' ? 0x20 : 0));
      *rest = text.substr(i + 1);
      return nullptr;
    } else {
      return nullptr;
    }
  }
  return nullptr;
}

error parse(std::string_view text, bool request, URL* u) {
  for (char c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) {
      return errors::New("net/url: invalid control character in URL");
    }
  }
  if (text.empty() && request) return errors::New("empty url");
  if (text == "*") {
    u->Path = "*";
    return nullptr;
  }
  std::string_view rest = text;
  if (text.empty() || text[0] != '/') {
    if (error err = split_scheme(text, &u->Scheme, &rest); err != nullptr) return err;
  }
  if (const size_t mark = rest.find('?'); mark != std::string_view::npos) {
    u->RawQuery = std::string(rest.substr(mark + 1));
    u->ForceQuery = u->RawQuery.empty();
    rest = rest.substr(0, mark);
  }
  if (rest.empty() || rest[0] != '/') {
    if (!u->Scheme.empty()) {
      u->Opaque = std::string(rest);
      return nullptr;
    }
    if (request) return errors::New("invalid URI for request");
    const size_t colon = rest.find(':');
    if (colon != std::string_view::npos && colon < rest.find('/')) {
      return errors::New("first path segment in URL cannot contain colon");
    }
  }
  const bool authority = !u->Scheme.empty() || (!request && !rest.starts_with("///"));
  if (authority && rest.starts_with("//")) {
    rest.remove_prefix(2);
    const size_t slash = rest.find('/');
    std::string_view host = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash);
    if (error err = set_host(u, host); err != nullptr) return err;
  }
  return set_path(u, rest);
}

}  // namespace

std::string quote(std::string_view s) { return strconv::Quote(s); }

std::string Error_::Error() const { return Op + " " + quote(URL) + ": " + Err.Error(); }

std::pair<URL, error> Parse(std::string_view text) {
  URL u;
  std::string_view before = text;
  std::string_view fragment;
  if (const size_t mark = text.find('#'); mark != std::string_view::npos) {
    before = text.substr(0, mark);
    fragment = text.substr(mark + 1);
  }
  error err = parse(before, false, &u);
  if (err == nullptr && !fragment.empty()) {
    auto [plain, bad] = unescape(fragment, part::fragment);
    u.Fragment = std::move(plain);
    err = bad;
  }
  if (err != nullptr) return {URL{}, Error_{"parse", std::string(text), err}};
  return {std::move(u), nullptr};
}

std::pair<URL, error> ParseRequestURI(std::string_view text) {
  URL u;
  error err = parse(text, true, &u);
  if (err != nullptr) return {URL{}, Error_{"parse", std::string(text), err}};
  return {std::move(u), nullptr};
}

std::pair<URL, error> ResolveReference(const URL& base, std::string_view text) {
  auto [ref, err] = Parse(text);
  if (err != nullptr || ref.IsAbs()) return {ref, err};
  ref.Scheme = base.Scheme;
  if (!ref.Host.empty()) return {ref, nullptr};
  ref.Host = base.Host;
  if (ref.Path.empty()) {
    ref.Path = base.Path;
    ref.RawPath = base.RawPath;
    if (ref.RawQuery.empty()) ref.RawQuery = base.RawQuery;
    return {ref, nullptr};
  }
  std::string path = ref.EscapedPath();
  if (path[0] != '/') {
    std::string dir = base.EscapedPath();
    path = dir.substr(0, dir.rfind('/') + 1) + path;
  }
  set_path(&ref, clean_path(path));
  return {ref, nullptr};
}

std::string URL::EscapedPath() const {
  if (!RawPath.empty() && valid_encoded(RawPath)) {
    auto [plain, err] = unescape(RawPath, part::path);
    if (err == nullptr && plain == Path) return RawPath;
  }
  if (Path == "*") return "*";
  return escape(Path, part::path);
}

std::string URL::RequestURI() const {
  std::string out = Opaque;
  if (out.empty()) {
    out = EscapedPath();
    if (out.empty()) out = "/";
  } else if (out.starts_with("//")) {
    out = Scheme + ":" + out;
  }
  if (ForceQuery || !RawQuery.empty()) out += "?" + RawQuery;
  return out;
}

std::string URL::String() const {
  std::string out;
  if (!Scheme.empty()) out += Scheme + ":";
  if (!Opaque.empty()) {
    out += Opaque;
  } else {
    if (!Scheme.empty() || !Host.empty()) {
      if (!Host.empty() || !Path.empty()) out += "//";
      out += escape(Host, part::host);
    }
    std::string path = EscapedPath();
    if (!path.empty() && path[0] != '/' && !Host.empty()) out += '/';
    out += path;
  }
  if (ForceQuery || !RawQuery.empty()) out += "?" + RawQuery;
  if (!Fragment.empty()) out += "#" + escape(Fragment, part::fragment);
  return out;
}

std::string URL::Hostname() const {
  if (!Host.empty() && Host[0] == '[') return Host.substr(1, Host.find(']') - 1);
  return Host.substr(0, Host.rfind(':'));
}

std::string URL::Port() const {
  const size_t colon = Host.rfind(':');
  if (colon == std::string::npos || Host.find(']', colon) != std::string::npos) return "";
  return Host.substr(colon + 1);
}

Values URL::Query() const { return ParseQuery(RawQuery).first; }

std::pair<Values, error> ParseQuery(std::string_view query) {
  Values out;
  error first;
  while (!query.empty()) {
    const size_t amp = query.find('&');
    std::string_view pair = query.substr(0, amp);
    query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
    if (pair.empty()) continue;
    if (pair.find(';') != std::string_view::npos) {
      if (first == nullptr) first = errors::New("invalid semicolon separator in query");
      continue;
    }
    const size_t equals = pair.find('=');
    auto [key, key_err] = QueryUnescape(pair.substr(0, equals));
    auto [value, value_err] = QueryUnescape(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (key_err != nullptr || value_err != nullptr) {
      if (first == nullptr) first = key_err != nullptr ? key_err : value_err;
      continue;
    }
    out[key].push_back(std::move(value));
  }
  return {std::move(out), first};
}

std::string QueryEscape(std::string_view s) { return escape(s, part::query); }
std::string PathEscape(std::string_view s) { return escape(s, part::path_segment); }
std::pair<std::string, error> QueryUnescape(std::string_view s) { return unescape(s, part::query); }
std::pair<std::string, error> PathUnescape(std::string_view s) {
  return unescape(s, part::path_segment);
}

std::string Values::Get(std::string_view key) const {
  auto at = find(key);
  return at == end() || at->second.empty() ? std::string() : at->second.front();
}

void Values::Set(std::string_view key, std::string_view value) {
  (*this)[std::string(key)] = {std::string(value)};
}

void Values::Add(std::string_view key, std::string_view value) {
  (*this)[std::string(key)].emplace_back(value);
}

void Values::Del(std::string_view key) {
  if (auto at = find(key); at != end()) erase(at);
}

std::string Values::Encode() const {
  std::string out;
  for (const auto& [key, values] : *this) {
    for (const std::string& value : values) {
      if (!out.empty()) out += '&';
      out += QueryEscape(key) + "=" + QueryEscape(value);
    }
  }
  return out;
}

std::string clean_path(std::string_view p) {
  std::string out = "/";
  size_t at = 0;
  while (at < p.size()) {
    size_t slash = p.find('/', at);
    if (slash == std::string_view::npos) slash = p.size();
    std::string_view segment = p.substr(at, slash - at);
    at = slash + 1;
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (out.size() > 1) out.erase(out.rfind('/', out.size() - 2) + 1);
      continue;
    }
    out += segment;
    out += '/';
  }
  const bool slash = !p.empty() && p.back() == '/';
  if (out.size() > 1 && !slash) out.pop_back();
  return out;
}

}  // namespace golab::net::url
