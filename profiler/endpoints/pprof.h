// pprof.h: Go's `import _ "net/http/pprof"`: including this serves profiles on DefaultServeMux.
//
//   /debug/pprof/            the list of profiles
//   /debug/pprof/goroutine   pprof's protobuf; so are heap, allocs, block, mutex, threadcreate, and
//                            each profile that the program makes
//       ?debug=1, ?debug=2  text (lookup.h)
//       ?seconds=N          what changes within N seconds, as protobuf
//       ?names=cpp          C++ spelling of the names
//   /debug/pprof/profile     a CPU profile of the next 30 s; ?seconds=N of N (cpu_profile.h)
//   /debug/pprof/cmdline     the program's arguments
//   /debug/pprof/symbol      names for addresses
//
// The object that registers the handlers is in this header: a linker leaves out what nothing names.
#pragma once

#include "profiler/endpoints/lookup.h"
#include "runtime/net/http/http.h"

namespace golab::net::http::pprof {

void Index(ResponseWriter& w, Request* r);
void Cmdline(ResponseWriter& w, Request* r);
void Profile(ResponseWriter& w, Request* r);
void Symbol(ResponseWriter& w, Request* r);
void Trace(ResponseWriter& w, Request* r);  // 404: there is no execution tracer here
// Returns the handler of one profile, for another mux.
http::Handler Handler(std::string name);

}  // namespace golab::net::http::pprof

namespace golab::glue {

void register_pprof_handlers();
struct PprofRegistration {
  PprofRegistration() { register_pprof_handlers(); }
};
inline const PprofRegistration pprof_registration;

}  // namespace golab::glue
