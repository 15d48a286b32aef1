// typename.cpp: Go's name for a C++ type, from its mangled name.
//
// The rules are those of the function names in a profile:
//
//   golab::time::Duration            time.Duration
//   T in the global namespace        main.T
//   (anonymous namespace)::T         main.T
//   T<int>                           main.T[...]
#include <cxxabi.h>

#include <cstdlib>
#include <memory>

#include "runtime/fmt/arg.h"

namespace golab::glue {

namespace {

// Cuts every <...> and replaces it by "[...]".
std::string without_arguments(const std::string& s) {
  std::string out;
  int depth = 0;
  for (char c : s) {
    if (c == '<' && depth++ == 0) out += "[...]";
    if (depth == 0) out += c;
    if (c == '>') depth--;
  }
  return out;
}

void erase_all(std::string& s, std::string_view what) {
  for (size_t at = s.find(what); at != s.npos; at = s.find(what, at)) s.erase(at, what.size());
}

}  // namespace

std::string demangled_type_name(const std::type_info& type) {
  int status = 0;
  std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  std::string s = status == 0 ? text.get() : type.name();
  erase_all(s, "(anonymous namespace)::");
  erase_all(s, "{anonymous}::");
  // A type inside a function belongs to the function's package: f(int)::pair is main.pair.
  size_t paren = s.rfind(")::");
  if (paren != s.npos) s = s.substr(paren + 3);
  s = without_arguments(s);
  bool ours = s.starts_with("golab::");
  if (ours) s.erase(0, 7);
  if (s.find("::") == s.npos) return ours ? s : "main." + s;
  // a::b::T is a/b.T.
  size_t last = s.rfind("::");
  s.replace(last, 2, ".");
  for (size_t at = s.find("::"); at != s.npos; at = s.find("::")) s.replace(at, 2, "/");
  return s;
}

}  // namespace golab::glue
