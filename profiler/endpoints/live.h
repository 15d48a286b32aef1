// live.h: a page for the projector: including this serves /debug/lab/ on DefaultServeMux.
//
//   /debug/lab/                        the page; its scripts are in the same place (endpoints/live/)
//   /debug/lab/goroutines              all stacks, counted, and facts of the service, as JSON
//   /debug/lab/goroutines?stack=KEY    the goroutines of one stack
//   /debug/lab/goroutine.pb.gz         the binary profile, to save
//   /debug/lab/source?file=NAME        a source file that an answer has named
//   POST /debug/lab/load?load=I&n=N    sends N requests of line I of "loads" to this service
//
// The exercises are built with it (exercises/CMakeLists.txt): their text stays that of a Go program
// with net/http/pprof, line for line.
//
// What it costs. A look takes a snapshot with counted stacks, as a profile does, and reads each
// goroutine's wait. That is less than a binary profile, because a stack is put into words once
// (live_catalog.h).
//
// The looks of a page share one connection that stays; all else closes its own. A look counts the
// goroutines of the connection that asks, so a service at rest has as many as with curl. Those of
// other pages are left out, and the look says how many they are (live_viewers.h).
//
// What it lets in. A page of another site must not read or do anything here:
//
//   - The Host of a request is an address, "localhost", or a name in GOLAB_LAB_HOST (names with
//     commas between them). A name that an attacker has bound to 127.0.0.1 is none of these.
//   - A load needs the token that "goroutines" has. It names a line that the service made itself:
//     from the routes of its mux, or from GOLAB_LOADS ("20 GET /search?q=tea", a line each), as far
//     as the mux has a route for it.
//   - A source file is opened only if a look has shown a frame in it.
//   - The page takes its texts in as text, never as HTML, and its policy forbids all but its own
//     scripts.
//
// The rule of the Host is for /debug/lab/ only. On the same port, /debug/pprof/ serves any name, as
// in Go.
#pragma once

#include "runtime/net/http/http.h"

namespace golab::glue {

void register_live_handlers();
struct LiveRegistration {
  LiveRegistration() { register_live_handlers(); }
};
inline const LiveRegistration live_registration;

}  // namespace golab::glue
