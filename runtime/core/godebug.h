// godebug.h: the settings in the environment's GODEBUG=name=value,name=value, under Go's names.
#pragma once

#include <cstdint>
#include <string_view>

namespace golab::runtime {

// The value of a setting; the last one counts. "" if there is none.
std::string_view godebug(std::string_view name);
// The same as a number; `otherwise` if there is none, or no number.
int32_t godebug_number(std::string_view name, int32_t otherwise = 0);

}  // namespace golab::runtime
