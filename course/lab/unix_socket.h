// unix_socket.h: an HTTP request to a service that listens on a unix socket.
//
// package net of the runtime has TCP only, so this is a request of HTTP/1.0 by system calls: the
// answer ends where the connection ends.
#pragma once

#include <string>

#include "course/lab/web.h"

namespace lab {

// Hands the body of the answer on. An answer other than 200 is an error with its first line.
golab::error download_from_socket(const std::string& socket, const std::string& page,
                                  const DownloadLimits& limits, const Pieces& pieces);

}  // namespace lab
