// quote.h: text made safe: quoted as Go's %q quotes it, and made valid UTF-8.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace golab::profiler {

// As strconv.Quote: é stays é, a newline becomes \n, a byte that is no UTF-8 becomes \xff.
std::string go_quote(std::string_view text);

// The text as a terminal may be given it: what would not be seen, or would act on the terminal or
// on the order of what is seen (control characters, bidirectional overrides, bytes that are no
// UTF-8), is escaped as go_quote does it. Everything of a profile or a service that lab prints goes
// through this.
std::string shown(std::string_view text);
// The same for a text of several lines: line ends and tabs stay.
std::string shown_lines(std::string_view text);

// The string that a Go quoted string stands for, taken off the front of `text`. Nothing if `text`
// does not begin with one.
std::optional<std::string> take_go_quoted(std::string_view& text);

// A copy of the text with U+FFFD for every byte that is not UTF-8. Protobuf wants its strings so,
// and some readers of profiles refuse a whole file for one bad byte.
std::string valid_utf8(std::string_view text);

// Whether that would be the text as it is.
bool is_valid_utf8(std::string_view text);

}  // namespace golab::profiler
