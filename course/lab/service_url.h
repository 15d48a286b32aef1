// service_url.h: what may be written for a service on the command line.
//
//   127.0.0.1:6060                            host and port: the goroutine profile there
//   http://host:6060/debug/pprof/heap         a URL: that page
//   http://user:password@host/…               with basic authentication
//   unix:/run/app.sock                        a unix socket: the goroutine profile there
//   unix:/run/app.sock:/debug/pprof/heap      a page there
#pragma once

#include <string>
#include <string_view>

namespace lab {

// True if the text means a service: http://…, unix:…, or host:port if no file has this name.
bool is_url(const std::string& text);

// Returns the URL of a goroutine profile for 127.0.0.1:6060, http://host:6060/ or a full URL. Keeps
// a path other than / and a query. Adds `debug` >= 0 and `seconds` > 0.
std::string profile_url(const std::string& text, int debug = -1, int seconds = 0);

// A URL without "user:password@", and these two for the Authorization header, or empty.
struct Credentials {
  std::string url;
  std::string authorization;  // "Basic dTpw"
};
Credentials without_credentials(const std::string& url);

// Returns the text with "xxxxx@" for each "user:password@": no message shows a password.
std::string without_passwords(std::string_view text);

// A URL of a unix socket, in its parts.
struct UnixAddress {
  std::string socket;  // a file; empty if the URL is none of a unix socket
  std::string page;    // "/debug/pprof/goroutine"
};
UnixAddress unix_address(const std::string& url);

}  // namespace lab
