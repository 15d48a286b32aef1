// url.cpp: percent signs, slashes and query strings.
#include "runtime/net/http/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "runtime/strconv/strconv.h"

namespace golab::net::url {

namespace {

enum class part { path, path_segment, host, query, fragment };

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// What needs no escape there, beside letters and digits (RFC 3986 section 2.2, in Go's reading).
std::string_view marks(part where) {
  switch (where) {
    case part::path:
      return "-_.~$&+=:@/;,";
    case part::path_segment:
      return "-_.~$&+=:@";
    case part::host:
      return "-_.~!$&'()*+,;=:[]<>\"";
    case part::fragment:
      return "-_.~$&+=:@/;,?!()*";
    case part::query:
      break;
  }
  return "-_.~";
}

bool should_escape(char c, part where) {
  return !is_alnum(c) && marks(where).find(c) == std::string_view::npos;
}

// What is before and behind the first `mark`. Without one, all is before it.
std::pair<std::string_view, std::string_view> split(std::string_view s, char mark) {
  const size_t at = s.find(mark);
  return {s.substr(0, at), at == s.npos ? std::string_view() : s.substr(at + 1)};
}

std::string escape(std::string_view s, part where) {
  std::string out;
  out.reserve(s.size());
  for (char c : s) {
    if (c == ' ' && where == part::query) {
      out += '+';
    } else if (should_escape(c, where)) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      out += {'%', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
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
      const std::string_view text = s.substr(i, 3);
      const char* end = text.data() + text.size();
      unsigned char byte = 0;
      const bool hex = std::from_chars(text.data() + 1, end, byte, 16).ptr == end;
      // In a host only bytes outside ASCII may be escaped, and the % before an IPv6 zone.
      if (text.size() < 3 || !hex || (where == part::host && byte < 0x80 && text != "%25")) {
        return {"", escape_error(text)};
      }
      out += static_cast<char>(byte);
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
  u->RawPath = escape(u->Path, part::path) == p ? "" : std::string(p);
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
  const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
    return is_alnum(c) || c == '+' || c == '-' || c == '.';
  });
  if (end == text.end() || *end != ':') return nullptr;
  if (end == text.begin()) return errors::New("missing protocol scheme");
  if ((text[0] | 0x20) < 'a') return nullptr;  // it does not begin with a letter
  scheme->assign(text.begin(), end);
  for (char& c : *scheme) c = static_cast<char>(c | 0x20);  // in small letters
  *rest = text.substr(scheme->size() + 1);
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
    const size_t slash = std::min(rest.find('/'), rest.size());
    if (error err = set_host(u, rest.substr(0, slash)); err != nullptr) return err;
    rest.remove_prefix(slash);
  }
  return set_path(u, rest);
}

}  // namespace

std::string quote(std::string_view s) { return strconv::Quote(s); }

std::string Error_::Error() const { return Op + " " + quote(URL) + ": " + Err.Error(); }

std::pair<URL, error> Parse(std::string_view text) {
  URL u;
  auto [before, fragment] = split(text, '#');
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
    std::string_view pair;
    std::tie(pair, query) = split(query, '&');
    if (pair.empty()) continue;
    if (pair.find(';') != std::string_view::npos) {
      if (first == nullptr) first = errors::New("invalid semicolon separator in query");
      continue;
    }
    const auto [raw_key, raw_value] = split(pair, '=');
    auto [key, key_err] = QueryUnescape(raw_key);
    auto [value, value_err] = QueryUnescape(raw_value);
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
  const bool slash = p.ends_with('/');
  std::string out = "/";
  while (!p.empty()) {
    std::string_view segment;
    std::tie(segment, p) = split(p, '/');
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (out.size() > 1) out.erase(out.rfind('/', out.size() - 2) + 1);
      continue;
    }
    out += segment;
    out += '/';
  }
  if (out.size() > 1 && !slash) out.pop_back();
  return out;
}

}  // namespace golab::net::url
