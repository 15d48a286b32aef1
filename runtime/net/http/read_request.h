// read_request.h: from the bytes of a request's header to a Request, by Go's rules.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/errors/errors.h"
#include "runtime/net/http/http.h"
#include "runtime/net/http/textproto.h"

namespace golab::net::http {

enum class head_fault {
  none,
  nothing,      // the stream ended, or failed, before the first byte: code
  io,           // reading failed: code
  bad,          // malformed: err
  too_large,    // too many fields
  unsupported,  // a Transfer-Encoding other than chunked
};

// What is not in the Request.
struct request_head {
  head_fault fault = head_fault::none;
  int code = 0;  // of the connection (net/fd.h)
  error err = {};
  int hosts = 0;  // how many Host fields there were
  std::string host = {};
  bool h2_upgrade = false;  // HTTP/2's preface
};

// Reads a header into *into, which is empty. ContentLength is then the length of the body, -1 for
// chunks. Fields that tell about one hop only are taken out of the Header. Parks.
request_head readRequestLimit(textproto::Reader* tp, int64_t maxHeaders, Request* into);

// Does a field of this name have the word? Each value is a comma-separated list.
bool header_values_contain(const Header& h, std::string_view name, std::string_view token);

}  // namespace golab::net::http
