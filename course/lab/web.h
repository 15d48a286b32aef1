// web.h: bytes from a URL or a file, and requests in bulk.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "runtime/errors/errors.h"
#include "runtime/net/http/http.h"
#include "runtime/sync/func.h"

namespace lab {

// Whether this means a service, not a file: http://…, or host:port where no such file exists.
bool is_url(const std::string& text);

// A service's goroutine profile from what a person would type: 127.0.0.1:6060, http://host:6060/, a
// full URL. A path other than / and a query are left as they are; `debug` >= 0 and `seconds` > 0
// are added.
std::string profile_url(const std::string& text, int debug = -1, int seconds = 0);

// GET: the body. An answer other than 2xx is an error that carries the answer's first line.
std::pair<std::string, golab::error> get(const golab::http::Client& client, const std::string& url);

// The bytes of a file, or of the profile at a URL.
std::pair<std::string, golab::error> read_file_or_url(const std::string& name);

struct Load {
  std::string method = "GET";
  std::string url;
  int requests = 0;
  int clients = 1;  // that many at a time, each on a connection of its own
};

// Puts the load on a service and reads every answer to its end; `done` is told after each one how
// many there are. The error is the first one, once all clients are through. Leaves no connection.
golab::error put_load(const Load& load, golab::glue::Func<void(int)> done);

}  // namespace lab
