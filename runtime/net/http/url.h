// url.h: Go's net/url: splits and joins URLs and query strings.
//
//   auto [u, err] = url::Parse(text);         // u, err := url.Parse(text)
//   r->URL.Path, r->URL.Query().Get("n")      // r.URL.Path, r.URL.Query().Get("n")
//   url::QueryEscape("a b&c")                 // url.QueryEscape("a b&c")           "a+b%26c"
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace golab::net::url {

// url.Error: `Get "http://127.0.0.1:1/": dial tcp 127.0.0.1:1: connect: connection refused`.
struct Error_ {
  std::string Op;
  std::string URL;
  error Err;
  std::string Error() const;
  error Unwrap() const { return Err; }
  bool Timeout() const { return Err.Timeout(); }
};

// Query parameters. A key may have several values.
class Values : public std::map<std::string, std::vector<std::string>, std::less<>> {
 public:
  std::string Get(std::string_view key) const;  // the first one, or ""
  void Set(std::string_view key, std::string_view value);
  void Add(std::string_view key, std::string_view value);
  void Del(std::string_view key);
  bool Has(std::string_view key) const { return find(key) != end(); }
  std::string Encode() const;  // sorted by key
};

struct URL {
  std::string Scheme;
  std::string Opaque;
  std::string Host;      // host or host:port
  std::string Path;      // unescaped
  std::string RawPath;   // the path as written, if Path does not escape to it
  std::string RawQuery;  // without '?'
  std::string Fragment;  // without '#', unescaped
  bool ForceQuery = false;

  std::string EscapedPath() const;
  std::string RequestURI() const;  // for a request line
  std::string String() const;
  std::string Hostname() const;
  std::string Port() const;
  Values Query() const;  // malformed pairs are left out
  bool IsAbs() const { return !Scheme.empty(); }
};

// Errors are of type Error_, with Op "parse".
std::pair<URL, error> Parse(std::string_view text);
// From a request line: an absolute path, an absolute URL, or "*". No fragment.
std::pair<URL, error> ParseRequestURI(std::string_view text);
// Parses `text` as a reference relative to `base` (a Location header).
std::pair<URL, error> ResolveReference(const URL& base, std::string_view text);

// Leaves out malformed pairs, and returns the error of the first one.
std::pair<Values, error> ParseQuery(std::string_view query);
std::string QueryEscape(std::string_view s);
std::string PathEscape(std::string_view s);
std::pair<std::string, error> QueryUnescape(std::string_view s);
std::pair<std::string, error> PathUnescape(std::string_view s);

// path.Clean of a rooted path, but a trailing slash stays.
std::string clean_path(std::string_view p);
// The string in quotes, with Go's escapes (%q).
std::string quote(std::string_view s);

}  // namespace golab::net::url

namespace golab {
namespace url = net::url;
}
