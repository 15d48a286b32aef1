// url.cpp: percent signs, slashes and query strings.
#include "runtime/net/http/url.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "runtime/fmt/fmt.h"
#include "runtime/net/netip.h"
#include "runtime/strconv/strconv.h"

namespace golab::net::url {

namespace {

enum class part { path, path_segment, host, zone, userinfo, query, fragment };

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
    case part::zone:
      return "-_.~!$&'()*+,;=:[]<>\"";
    case part::userinfo:
      return "-_.~$&+,;=";
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

// Whether the three bytes "%hh", which mean `byte`, may stand there. In a host only bytes outside
// ASCII may be escaped, and the % before an IPv6 zone; in a zone also what a host allows, and ' '.
bool may_be_escaped(std::string_view text, unsigned char byte, part where) {
  if (text == "%25") return true;
  if (where == part::host) return byte >= 0x80;
  if (where == part::zone) {
    return byte == ' ' || !should_escape(static_cast<char>(byte), part::host);
  }
  return true;
}

std::pair<std::string, error> unescape(std::string_view s, part where) {
  const bool in_host = where == part::host || where == part::zone;
  std::string out;
  out.reserve(s.size());
  for (size_t i = 0; i < s.size(); i++) {
    const char c = s[i];
    if (c == '%') {
      const std::string_view text = s.substr(i, 3);
      const char* end = text.data() + text.size();
      unsigned char byte = 0;
      const bool hex = std::from_chars(text.data() + 1, end, byte, 16).ptr == end;
      if (text.size() < 3 || !hex || !may_be_escaped(text, byte, where)) {
        return {"", EscapeError{std::string(text)}};
      }
      out += static_cast<char>(byte);
      i += 2;
    } else if (c == '+' && where == part::query) {
      out += ' ';
    } else if (in_host && static_cast<unsigned char>(c) < 0x80 && should_escape(c, where)) {
      return {"", InvalidHostError{std::string(1, c)}};
    } else {
      out += c;
    }
  }
  return {std::move(out), nullptr};
}

bool valid_encoded(std::string_view s, part where) {
  for (char c : s) {
    if (std::string_view("!$&'()*+,;=:@[]%").find(c) != std::string_view::npos) continue;
    if (should_escape(c, where)) return false;
  }
  return true;
}

// Sets the plain form, and the raw one if the plain one does not escape to it.
error set_both(std::string_view written, part where, std::string* plain, std::string* raw) {
  auto [text, err] = unescape(written, where);
  if (err != nullptr) return err;
  *plain = std::move(text);
  *raw = escape(*plain, where) == written ? "" : std::string(written);
  return nullptr;
}

error set_path(URL* u, std::string_view p) {
  return set_both(p, part::path, &u->Path, &u->RawPath);
}

// The raw form if it fits to the plain one, else the plain one escaped.
std::string escaped(const std::string& plain, const std::string& raw, part where) {
  if (!raw.empty() && valid_encoded(raw, where)) {
    auto [text, err] = unescape(raw, where);
    if (err == nullptr && text == plain) return raw;
  }
  return escape(plain, where);
}

// "" or ":" and digits.
bool valid_port(std::string_view port) {
  return port.empty() || (port[0] == ':' && port.find_first_not_of("0123456789", 1) == port.npos);
}

error check_port(std::string_view port) {
  if (valid_port(port)) return nullptr;
  return errors::New("invalid port " + quote(port) + " after host");
}

// "[fe80::1%25eth0]:80": only an IPv6 address may stand in brackets.
std::pair<std::string, error> parse_ip_literal(std::string_view host) {
  const size_t end = host.rfind(']');
  if (end == host.npos) return {"", errors::New("missing ']' in host")};
  if (error err = check_port(host.substr(end + 1)); err != nullptr) return {"", err};
  const std::string_view inside = host.substr(1, end - 1);
  const size_t percent = std::min(inside.find("%25"), inside.size());
  auto [name, bad_name] = unescape(inside.substr(0, percent), part::host);
  if (bad_name != nullptr) return {"", bad_name};
  auto [zone, bad_zone] = unescape(inside.substr(percent), part::zone);
  if (bad_zone != nullptr) return {"", bad_zone};
  const std::string literal = name + zone;
  auto [addr, err] = netip::ParseAddr(literal);
  if (err != nullptr) return {"", fmt::Errorf("invalid host: %w", err)};
  if (addr.Is4()) return {"", errors::New("invalid IP-literal")};
  return {"[" + literal + "]" + std::string(host.substr(end + 1)), nullptr};
}

std::pair<std::string, error> parse_host(std::string_view scheme, std::string_view host) {
  const size_t bracket = host.rfind('[');
  if (bracket == 0) return parse_ip_literal(host);
  if (bracket != host.npos) return {"", errors::New("invalid IP-literal")};
  const bool strict = scheme == "http" || scheme == "https";  // others may list several hosts
  const size_t colon = strict ? host.find(':') : host.rfind(':');
  if (colon != host.npos) {
    if (error err = check_port(host.substr(colon)); err != nullptr) return {"", err};
  }
  return unescape(host, part::host);
}

error set_user(URL* u, std::string_view info) {
  constexpr std::string_view kMarks = "-._:~!$&'()*+,;=%@";
  for (char c : info) {
    if (!is_alnum(c) && kMarks.find(c) == kMarks.npos) {
      return errors::New("net/url: invalid userinfo");
    }
  }
  const bool has_password = info.find(':') != info.npos;
  const auto [raw_name, raw_password] = split(info, ':');
  auto [name, bad_name] = unescape(raw_name, part::userinfo);
  if (bad_name != nullptr) return bad_name;
  auto [password, bad_password] = unescape(raw_password, part::userinfo);
  if (bad_password != nullptr) return bad_password;
  u->User = has_password ? UserPassword(name, password) : User(name);
  return nullptr;
}

error set_authority(URL* u, std::string_view authority) {
  const size_t at = authority.rfind('@');
  auto [host, err] =
      parse_host(u->Scheme, at == authority.npos ? authority : authority.substr(at + 1));
  if (err != nullptr) return err;
  u->Host = std::move(host);
  return at == authority.npos ? nullptr : set_user(u, authority.substr(0, at));
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
  for (char& c : *scheme) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
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
  std::string_view rest;
  if (error err = split_scheme(text, &u->Scheme, &rest); err != nullptr) return err;
  if (const size_t mark = rest.find('?'); mark != rest.npos) {
    u->RawQuery = std::string(rest.substr(mark + 1));
    u->ForceQuery = u->RawQuery.empty();
    rest = rest.substr(0, mark);
  }
  if (!rest.starts_with('/')) {
    if (!u->Scheme.empty()) {
      u->Opaque = std::string(rest);
      return nullptr;
    }
    if (request) return errors::New("invalid URI for request");
    if (split(rest, '/').first.find(':') != rest.npos) {
      return errors::New("first path segment in URL cannot contain colon");
    }
  }
  const bool authority = !u->Scheme.empty() || (!request && !rest.starts_with("///"));
  if (authority && rest.starts_with("//")) {
    rest.remove_prefix(2);
    const size_t slash = std::min(rest.find('/'), rest.size());
    if (error err = set_authority(u, rest.substr(0, slash)); err != nullptr) return err;
    rest.remove_prefix(slash);
  } else {
    u->OmitHost = !u->Scheme.empty() && rest.starts_with('/');
  }
  return set_path(u, rest);
}

// The host and the port of "host:port". An end that is no port belongs to the host.
std::pair<std::string_view, std::string_view> split_port(std::string_view host) {
  std::string_view port;
  if (const size_t colon = host.rfind(':'); colon != host.npos && valid_port(host.substr(colon))) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return {host, port};
}

// RFC 3986 section 5.2.4, in Go's reading: "." and ".." are resolved, empty segments stay, except
// directly below the root that ".." has come back to.
std::string remove_dots(std::string_view path) {
  std::string out = "/";
  if (path.starts_with('/')) path.remove_prefix(1);
  bool back_at_root = false;
  for (bool more = true; more;) {
    const size_t slash = path.find('/');
    more = slash != path.npos;
    const std::string_view segment = path.substr(0, slash);
    if (more) path.remove_prefix(slash + 1);
    if (segment == "..") {
      if (out.size() > 1) out.erase(out.rfind('/', out.size() - 2) + 1);
      back_at_root = out.size() == 1;
      continue;
    }
    if (segment != "." && !(segment.empty() && back_at_root)) {
      out += segment;
      if (more) out += '/';
    }
    back_at_root = false;
  }
  return out;
}

// `ref` beside `base`, both escaped.
std::string resolve_path(const std::string& base, const std::string& ref) {
  std::string full = ref.empty() ? base : ref;
  if (!ref.empty() && ref[0] != '/') full = base.substr(0, base.rfind('/') + 1) + ref;
  return full.empty() ? "" : remove_dots(full);
}

}  // namespace

std::string quote(std::string_view s) { return strconv::Quote(s); }

std::string Error_::Error() const { return Op + " " + quote(URL) + ": " + Err.Error(); }
std::string EscapeError::Error() const { return "invalid URL escape " + quote(text); }
std::string InvalidHostError::Error() const {
  return "invalid character " + quote(text) + " in host name";
}

std::string Userinfo::String() const {
  std::string out = escape(username_, part::userinfo);
  if (has_password_) out += ":" + escape(password_, part::userinfo);
  return out;
}

std::shared_ptr<const Userinfo> User(std::string_view username) {
  return std::make_shared<Userinfo>(username);
}
std::shared_ptr<const Userinfo> UserPassword(std::string_view username,
                                             std::string_view password) {
  return std::make_shared<Userinfo>(username, password);
}

std::pair<URL, error> Parse(std::string_view text) {
  URL u;
  const auto [before, fragment] = split(text, '#');
  if (error err = parse(before, false, &u); err != nullptr) {
    return {URL{}, Error_{"parse", std::string(before), err}};
  }
  if (error err = set_both(fragment, part::fragment, &u.Fragment, &u.RawFragment);
      err != nullptr) {
    return {URL{}, Error_{"parse", std::string(text), err}};
  }
  return {std::move(u), nullptr};
}

std::pair<URL, error> ParseRequestURI(std::string_view text) {
  URL u;
  error err = parse(text, true, &u);
  if (err != nullptr) return {URL{}, Error_{"parse", std::string(text), err}};
  return {std::move(u), nullptr};
}

URL URL::ResolveReference(const URL& ref) const {
  URL out = ref;
  if (ref.Scheme.empty()) out.Scheme = Scheme;
  if (!ref.Scheme.empty() || !ref.Host.empty() || ref.User != nullptr) {
    set_path(&out, resolve_path(ref.EscapedPath(), ""));
    return out;
  }
  if (ref.Opaque.empty()) {
    if (ref.Path.empty() && !ref.ForceQuery && ref.RawQuery.empty()) {
      out.RawQuery = RawQuery;
      if (ref.Fragment.empty()) {
        out.Fragment = Fragment;
        out.RawFragment = RawFragment;
      }
    }
    if (!ref.Path.empty() || Opaque.empty()) {
      out.Host = Host;
      out.User = User;
      set_path(&out, resolve_path(EscapedPath(), ref.EscapedPath()));
      return out;
    }
    out.Opaque = Opaque;
  }
  out.User = nullptr;
  out.Host = out.Path = "";
  return out;
}

std::pair<URL, error> URL::Parse(std::string_view text) const {
  auto [ref, err] = url::Parse(text);
  if (err != nullptr) return {URL{}, err};
  return {ResolveReference(ref), nullptr};
}

URL URL::JoinPath(const std::vector<std::string>& elements) const {
  const std::string path = EscapedPath();
  const bool rooted = path.starts_with('/');
  std::string joined = rooted ? path : "/" + path;
  const bool slash = (elements.empty() ? joined : elements.back()).ends_with('/');
  for (const std::string& element : elements) joined += "/" + element;
  joined = clean_path(joined);
  if (joined.size() > 1 && joined.ends_with('/')) joined.pop_back();
  if (!rooted) joined.erase(0, 1);
  if (slash && !joined.ends_with('/')) joined += '/';
  URL out = *this;
  set_path(&out, joined);
  return out;
}

std::string URL::EscapedPath() const {
  std::string out = escaped(Path, RawPath, part::path);
  return Path == "*" && out != RawPath ? "*" : out;
}

std::string URL::EscapedFragment() const {
  return escaped(Fragment, RawFragment, part::fragment);
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
    const bool named = !Host.empty() || User != nullptr;
    if (named || (!Scheme.empty() && !OmitHost && !Path.empty())) out += "//";
    if (User != nullptr) out += User->String() + "@";
    out += escape(Host, part::host);
    std::string path = EscapedPath();
    // Behind nothing, the path would read as a host, or its first segment as a scheme.
    if (OmitHost && !named && path.starts_with("//")) path.replace(0, 1, "%2F");
    if (!path.empty() && path[0] != '/' && !Host.empty()) out += '/';
    if (out.empty() && split(path, '/').first.find(':') != path.npos) out = "./";
    out += path;
  }
  if (ForceQuery || !RawQuery.empty()) out += "?" + RawQuery;
  if (!Fragment.empty()) out += "#" + EscapedFragment();
  return out;
}

std::string URL::Redacted() const {
  if (User == nullptr || !User->Password().second) return String();
  URL copy = *this;
  copy.User = UserPassword(User->Username(), "xxxxx");
  return copy.String();
}

std::string URL::Hostname() const { return std::string(split_port(Host).first); }
std::string URL::Port() const { return std::string(split_port(Host).second); }

Values URL::Query() const { return ParseQuery(RawQuery).first; }

std::pair<Values, error> ParseQuery(std::string_view query) {
  constexpr long kPairsMax = 10000;
  Values out;
  error first;
  if (std::count(query.begin(), query.end(), '&') >= kPairsMax) {
    return {out, errors::New("number of URL query parameters exceeded limit")};
  }
  while (!query.empty()) {
    std::string_view pair;
    std::tie(pair, query) = split(query, '&');
    if (pair.empty()) continue;
    if (pair.find(';') != std::string_view::npos) {
      first = errors::New("invalid semicolon separator in query");
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
