// url.h: Go's net/url: splits and joins URLs and query strings.
//
//   auto [u, err] = url::Parse(text);         // u, err := url.Parse(text)
//   r->URL.Path, r->URL.Query().Get("n")      // r.URL.Path, r.URL.Query().Get("n")
//   url::QueryEscape("a b&c")                 // url.QueryEscape("a b&c")           "a+b%26c"
//
// Nothing here parks or panics.
#pragma once

#include <map>
#include <memory>
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

// `invalid URL escape "%zz"`.
struct EscapeError {
  std::string text;
  std::string Error() const;
  bool operator==(const EscapeError&) const = default;
};

// `invalid character " " in host name`.
struct InvalidHostError {
  std::string text;
  std::string Error() const;
  bool operator==(const InvalidHostError&) const = default;
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

// The name and perhaps the password before the '@' of a URL, unescaped.
class Userinfo {
 public:
  explicit Userinfo(std::string_view username) : username_(username) {}
  Userinfo(std::string_view username, std::string_view password)
      : username_(username), password_(password), has_password_(true) {}
  const std::string& Username() const { return username_; }
  // The password, and whether there is one.
  std::pair<std::string, bool> Password() const { return {password_, has_password_}; }
  std::string String() const;  // escaped: "user:pass%20word"

 private:
  std::string username_;
  std::string password_;
  bool has_password_ = false;
};
std::shared_ptr<const Userinfo> User(std::string_view username);
std::shared_ptr<const Userinfo> UserPassword(std::string_view username, std::string_view password);

// [scheme:][//[userinfo@]host][/path][?query][#fragment]
struct URL {
  std::string Scheme;
  std::string Opaque;                    // what follows "scheme:", if that is no '/'
  std::shared_ptr<const Userinfo> User;  // nil if there is none
  std::string Host;                      // host or host:port
  std::string Path;                      // unescaped
  std::string RawPath;                   // the path as written, if Path does not escape to it
  std::string RawQuery;                  // without '?'
  std::string Fragment;                  // without '#', unescaped
  std::string RawFragment;               // as written, if Fragment does not escape to it
  bool ForceQuery = false;               // "path?": a '?' with nothing behind it
  bool OmitHost = false;                 // "file:/path": no "//" before the path

  std::string EscapedPath() const;
  std::string EscapedFragment() const;
  std::string RequestURI() const;  // for a request line
  std::string String() const;
  std::string Redacted() const;  // String, with "xxxxx" for a password
  std::string Hostname() const;  // without brackets
  std::string Port() const;      // "" if there is none, or no number
  Values Query() const;          // malformed pairs are left out
  bool IsAbs() const { return !Scheme.empty(); }
  // The URL that `ref` means where it stands in a document from here (RFC 3986 section 5).
  URL ResolveReference(const URL& ref) const;
  std::pair<URL, error> Parse(std::string_view ref) const;  // url::Parse, then ResolveReference
  // The elements behind this path, without "." and "..".
  URL JoinPath(const std::vector<std::string>& elements) const;
};

// Errors are of type Error_, with Op "parse".
std::pair<URL, error> Parse(std::string_view text);
// From a request line: an absolute path, an absolute URL, or "*". No fragment.
std::pair<URL, error> ParseRequestURI(std::string_view text);

// Leaves out malformed pairs, and returns the error of the first one. More than 10,000 are refused.
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
