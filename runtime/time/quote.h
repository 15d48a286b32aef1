// quote.h: how package time quotes what it could not read: ASCII as it is, other bytes as \x80.
#pragma once

#include <string>
#include <string_view>

namespace golab::time {

std::string quote(std::string_view s);

}  // namespace golab::time
