// shown.cpp: escapes rune by rune, except those that strconv calls printable.
#include "profiler/formats/shown.h"

#include "runtime/strconv/strconv.h"
#include "runtime/strconv/utf8.h"

namespace golab::profiler {
namespace {

std::string escaped(std::string_view text, std::string_view kept) {
  std::string out;
  utf8::each_rune(text, [&](char32_t rune, std::string_view bytes) {
    bool bad = rune == utf8::RuneError && bytes.size() == 1;
    if ((!bad && strconv::IsPrint(rune)) || kept.find(bytes) != kept.npos) {
      out += bytes;
    } else {
      std::string quoted = strconv::Quote(bytes);
      out.append(quoted, 1, quoted.size() - 2);
    }
  });
  return out;
}

}  // namespace

std::string shown(std::string_view text) { return escaped(text, ""); }
std::string shown_lines(std::string_view text) { return escaped(text, "\n\t"); }

}  // namespace golab::profiler
