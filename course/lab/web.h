// web.h: bytes from a URL or a file, bounded in size and in time, and requests in bulk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/context/context.h"
#include "runtime/errors/errors.h"
#include "runtime/net/http/http.h"
#include "runtime/sync/func.h"
#include "runtime/time/time.h"

namespace lab {

// Whether this means a service, not a file: http://…, or host:port where no such file exists.
bool is_url(const std::string& text);

// A service's goroutine profile from what a person would type: 127.0.0.1:6060, http://host:6060/, a
// full URL. A path other than / and a query are left as they are; `debug` >= 0 and `seconds` > 0
// are added.
std::string profile_url(const std::string& text, int debug = -1, int seconds = 0);

// A service may never begin its answer, or never end it. It has `patience` to begin and to bring
// what there is, and a second more for each 64 KiB that came.
struct DownloadLimits {
  int64_t bytes_max = int64_t{1} << 30;
  golab::time::Duration patience = 60 * golab::time::Second;
};

// Where the pieces of an answer go. An error ends the download.
using Pieces = golab::glue::Func<golab::error(std::string_view)>;

// GET: hands the body on piece by piece and keeps none of it. An answer other than 2xx is an error
// that carries its first line. The end of ctx is an error, too.
golab::error download(const golab::context::Context& ctx, const golab::http::Client& client,
                      const std::string& url, const DownloadLimits& limits, const Pieces& pieces);

// The same into memory: at most as much as a profile may have (ReadLimits).
std::pair<std::string, golab::error> get(const golab::http::Client& client, const std::string& url);

// The bytes of a file, or of the profile at a URL; at most as much as a profile may have.
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
