// shown.h: text from outside, made safe for a terminal.
#pragma once

#include <string>
#include <string_view>

namespace golab::profiler {

// The text with everything escaped, as strconv::Quote does it, that a reader would not see or that
// would act on the terminal: control characters, bidirectional overrides, bytes that are no UTF-8.
// Everything of a profile or a service that lab prints goes through this.
std::string shown(std::string_view text);
// The same for a text of several lines: line ends and tabs stay.
std::string shown_lines(std::string_view text);

}  // namespace golab::profiler
