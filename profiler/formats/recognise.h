// recognise.h: names what was taken for a profile and is none, with the command that helps.
//
// Internal to formats/.
#pragma once

#include <string>
#include <string_view>

namespace golab::profiler {

inline constexpr size_t kRecogniseBytes = 512;  // as many of the first bytes as it looks at

// Returns a sentence about a file that cannot hold a profile (an archive, an executable, a
// picture), by its first bytes. Empty if it may be one. `name`: of the file, for the command.
std::string refusal(std::string_view head, const std::string& name);

// True for protobuf: its lengths and small numbers are control characters that no text has.
bool looks_binary(std::string_view head);

// Returns what a text is that holds no profile and no dump: a web page, an API's answer.
std::string describe_text(std::string_view head, bool was_utf16, const std::string& name);

}  // namespace golab::profiler
