// godebug.h: the settings in the environment's GODEBUG=name=value,name=value, under Go's names.
#pragma once

#include <cstdint>
#include <string_view>

namespace golab::runtime {

// The value of a setting; the last one counts. "" if there is none.
std::string_view godebug(std::string_view name);
// The same as a number; 0 if there is none, or no number.
int32_t godebug_number(std::string_view name);

}  // namespace golab::runtime
