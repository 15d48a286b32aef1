// http_compare_handlers.h: the handlers of http_compare_test.cpp and http_states_test.cpp, as
// goserver/main.go has them.
#pragma once

#include "runtime/golab.h"

// Calls the handler for this path. Many show one thing each. "/said" answers with what the others,
// and the server's log, have said since.
void serve_compared(golab::http::ResponseWriter& w, golab::http::Request* r);

// For the server's log.
golab::glue::Writer said_writer();
