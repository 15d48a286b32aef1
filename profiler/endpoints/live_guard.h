// live_guard.h: which requests a page of the lab lets in, and what it says to browsers.
#pragma once

#include "runtime/net/http/http.h"

namespace golab::profiler::live {

// Calls f only if the Host of the request is an address, "localhost", or a name in GOLAB_LAB_HOST
// (names with commas between them). A page of another site reaches a service on this machine by a
// name of its own only (DNS rebinding). Sets the fields that forbid a browser all but the page's own
// scripts. Unless `keep`, the connection ends after the answer. An exception is a status 500.
net::http::HandlerFunc::function guarded(net::http::HandlerFunc::function f, bool keep = false);

}  // namespace golab::profiler::live
