// pprof.h: Go's `import _ "net/http/pprof"`: including this serves /debug/pprof/ on
// DefaultServeMux.
//
//   /debug/pprof/             what there is
//   /debug/pprof/goroutine    pprof's protobuf; ?debug=1 and ?debug=2: text; ?seconds=N: what
//   changed /debug/pprof/cmdline      the program's arguments /debug/pprof/symbol       names for
//   addresses
//
// Registration stands in an inline object here, not in the library: a linker takes from a static
// library only what is asked for by name, and nobody asks for an initializer.
#pragma once

#include "profiler/endpoints/lookup.h"
#include "runtime/net/http/http.h"

namespace golab::net::http::pprof {

void Index(ResponseWriter& w, Request* r);
void Cmdline(ResponseWriter& w, Request* r);
void Symbol(ResponseWriter& w, Request* r);
// The handler of one profile, for muxes of one's own.
http::Handler Handler(std::string name);

}  // namespace golab::net::http::pprof

namespace golab::glue {

void register_pprof_handlers();
struct PprofRegistration {
  PprofRegistration() { register_pprof_handlers(); }
};
inline const PprofRegistration pprof_registration;

}  // namespace golab::glue
