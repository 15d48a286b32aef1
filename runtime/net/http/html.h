// html.h: Go's html.EscapeString, for the pages that the server and its handlers write.
#pragma once

#include <string>
#include <string_view>

namespace golab::html {

// < > & ' " become character references.
std::string EscapeString(std::string_view s);

}  // namespace golab::html
