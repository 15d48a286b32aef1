// web.h: bytes from a URL or a file, bounded in size and in time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "course/lab/service_url.h"
#include "runtime/context/context.h"
#include "runtime/errors/errors.h"
#include "runtime/net/http/http.h"
#include "runtime/sync/func.h"
#include "runtime/time/time.h"

namespace lab {

// A service may never begin its response, or never end it. It has `patience`, and one more second
// for each 64 KiB that came.
struct DownloadLimits {
  int64_t bytes_max = int64_t{1} << 30;
  golab::time::Duration patience = 60 * golab::time::Second;
};

// Takes the pieces of a response. An error ends the download.
using Pieces = golab::glue::Func<golab::error(std::string_view)>;

// Sends a GET and hands the body on in pieces. User and password of the URL are sent, and are in no
// message. A status other than 2xx is an error with its first line. The end of ctx is an error, too.
golab::error download(const golab::context::Context& ctx, const golab::http::Client& client,
                      const std::string& url, const DownloadLimits& limits, const Pieces& pieces);

// The same into memory, with the size limit of a profile (ReadLimits).
std::pair<std::string, golab::error> get(const golab::http::Client& client, const std::string& url);

// Reads a file, standard input ("-"), or the profile of a service (service_url.h), piece by piece.
golab::error read_pieces(const std::string& name, const Pieces& pieces);

}  // namespace lab
