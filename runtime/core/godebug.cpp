// godebug.cpp: reads GODEBUG.
#include "runtime/core/godebug.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <system_error>

namespace golab::runtime {

std::string_view godebug(std::string_view name) {
  const char* settings = std::getenv("GODEBUG");
  std::string_view value, rest = settings != nullptr ? settings : "";
  while (!rest.empty()) {
    std::string_view one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (one.starts_with(name) && one.substr(name.size()).starts_with('='))
      value = one.substr(name.size() + 1);
  }
  return value;
}

int32_t godebug_number(std::string_view name, int32_t otherwise) {
  std::string_view text = godebug(name);
  int32_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

}  // namespace golab::runtime
