// mime.h: Go's mime.ParseMediaType: a Content-Type in its parts.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "runtime/errors/errors.h"

namespace golab::mime {

struct MediaType {
  std::string type;  // "text/html", in lower case
  std::map<std::string, std::string, std::less<>> params;
  error err;  // with ErrInvalidMediaParameter, the type is there, and no parameter
};

extern const error ErrInvalidMediaParameter;  // "mime: invalid media parameter"

// `TYPE; NAME=VALUE; ...`. A value may be quoted. Values in pieces or with a character set (RFC
// 2231, names with '*') are not put together.
MediaType ParseMediaType(std::string_view v);

}  // namespace golab::mime
