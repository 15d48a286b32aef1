// unix_socket.h: an HTTP request to a service that listens on a unix socket.
//
// package net of the runtime has TCP only, so this is a request of HTTP/1.0 by system calls: the
// response ends where the connection ends.
#pragma once

#include <string>

#include "course/lab/web.h"

namespace lab {

// Hands the body of the response on. A status other than 200 is an error with its first line. The
// end of ctx is an error, too, and so is a body that is shorter than its Content-Length.
golab::error download_from_socket(const golab::context::Context& ctx, const std::string& socket,
                                  const std::string& page, const DownloadLimits& limits,
                                  const Pieces& pieces);

}  // namespace lab
