// trailer.h: the fields behind a body in chunks, for the bodies of both sides.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "runtime/errors/errors.h"
#include "runtime/net/http/bufio.h"
#include "runtime/net/http/header.h"

namespace golab::glue {

// Reads what follows the last chunk, the empty line included, and sets the fields in *into (nullptr:
// drops them). Parks. Returns nil, or what is wrong: "http: unexpected EOF reading trailer", "http:
// suspiciously long trailer after chunked body" (over 4096 bytes), or a malformed field.
error read_trailer(bufio::Reader* r, int64_t max_fields, net::http::Header* into);

// May a trailer have this field? Not one that says how to read the message (RFC 9110 section 6.5.1).
bool valid_trailer_field(std::string_view name);

// The words of a comma-separated list, without empty ones.
std::vector<std::string_view> list_elements(std::string_view list);

}  // namespace golab::glue
