// shown.h: makes text from outside safe for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace golab::profiler {

// Escapes, as strconv::Quote does, what is invisible or acts on a terminal: control characters,
// bidirectional overrides, bytes that are no UTF-8. lab prints no text from outside without this.
std::string shown(std::string_view text);
// The same for a text of several lines: keeps line ends and tabs.
std::string shown_lines(std::string_view text);

}  // namespace golab::profiler
