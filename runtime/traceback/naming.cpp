// naming.cpp: C++ names turned into the names that Go would print.
#include "runtime/traceback/naming.h"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <utility>

namespace golab::runtime {

namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 45> kOperators{{
    {"()", "call"},
    {"[]", "index"},
    {"->*", "arrow_star"},
    {"->", "arrow"},
    {"<=>", "compare"},
    {"<<=", "shl_eq"},
    {">>=", "shr_eq"},
    {"<<", "shl"},
    {">>", "shr"},
    {"<=", "le"},
    {">=", "ge"},
    {"==", "eq"},
    {"!=", "ne"},
    {"&&", "and"},
    {"||", "or"},
    {"++", "inc"},
    {"--", "dec"},
    {"+=", "add_eq"},
    {"-=", "sub_eq"},
    {"*=", "mul_eq"},
    {"/=", "div_eq"},
    {"%=", "mod_eq"},
    {"^=", "xor_eq"},
    {"&=", "bitand_eq"},
    {"|=", "bitor_eq"},
    {"<", "lt"},
    {">", "gt"},
    {"=", "assign"},
    {"+", "add"},
    {"-", "sub"},
    {"*", "mul"},
    {"/", "div"},
    {"%", "mod"},
    {"^", "xor"},
    {"&", "bitand"},
    {"|", "bitor"},
    {"~", "compl"},
    {"!", "not"},
    {",", "comma"},
    {" new[]", "new_array"},
    {" delete[]", "delete_array"},
    {" new", "new"},
    {" delete", "delete"},
    {" co_await", "co_await"},
    {"\"\"", "literal"},
}};

bool word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

// Template arguments become [...]. A character that no Go name has becomes an underscore.
std::string plain(std::string_view name) {
  std::string out;
  int depth = 0;
  for (char c : name) {
    if (c == '<') {
      if (depth++ == 0) out += "[...]";
    } else if (c == '>') {
      if (depth > 0) depth--;
    } else if (depth == 0) {
      out += word(c) || c == '~' || c == '$' || c == '.' ? c : '_';
    }
  }
  return out;
}

bool is_operator(std::string_view name) {
  return name.starts_with("operator") && (name.size() == 8 || !word(name[8]));
}

// A demangled function without its parameter list, the last one in it, and without the return type
// that a template has in front.
std::string_view without_signature(std::string_view s) {
  int depth = 0;
  for (size_t i = s.rfind(')') + 1; i-- > 0;) {
    if (s[i] == ')') depth++;
    if (s[i] != '(' || --depth > 0) continue;
    s = s.substr(0, i);
    break;
  }
  size_t start = 0;
  depth = 0;
  for (size_t i = 0; i < s.size(); i++) {
    char c = s[i];
    bool name_starts = depth == 0 && (i == 0 || !word(s[i - 1]));
    if (name_starts && is_operator(s.substr(i))) break;
    if (c == '<' || c == '(' || c == '{' || c == '[') depth++;
    if (c == '>' || c == ')' || c == '}' || c == ']') depth--;
    // The blank before `const` of a function that encloses this one ends no return type.
    if (c == ' ' && depth == 0 && !s.substr(i).starts_with(" const::")) start = i + 1;
  }
  return s.substr(start);
}

std::vector<std::string> split_scopes(std::string_view s) {
  std::vector<std::string> parts(1);
  int depth = 0;
  for (size_t i = 0; i < s.size(); i++) {
    if (depth == 0 && is_operator(s.substr(i)) && parts.back().empty()) {
      parts.back() = s.substr(i);
      break;
    }
    if (s[i] == '<' || s[i] == '(' || s[i] == '{') depth++;
    if (s[i] == '>' || s[i] == ')' || s[i] == '}') depth--;
    if (depth == 0 && s[i] == ':' && i + 1 < s.size() && s[i + 1] == ':') {
      parts.emplace_back();
      i++;
    } else {
      parts.back() += s[i];
    }
  }
  std::erase_if(parts, [](const std::string& p) {
    return p.empty() || p == "(anonymous namespace)" || p == "__cxx11" || p == "_V2" ||
           p == "of_connections";  // net/http/bufio.h
  });
  for (std::string& p : parts) {
    if (!is_operator(p))
      p.erase(std::min(p.find('(', p.starts_with('{') ? p.find('}') : 0), p.size()));
  }
  return parts;
}

// GCC and Clang number lambdas by signature ({lambda(int)#2}, {lambda()#1}, $_0), not in the order
// of the source. Without debug information nothing better is known.
std::string closure_number(std::string_view part) {
  if (part.starts_with("$_")) return std::to_string(std::atoi(part.data() + 2) + 1);
  size_t hash = part.rfind('#');
  if (!part.starts_with("{lambda") || hash == part.npos) return "";
  return std::string(part.substr(hash + 1, part.size() - hash - 2));
}

// "main", "net/http", "ns/inner".
std::string go_package(const std::vector<std::string>& ns) {
  std::string path;
  for (size_t i = !ns.empty() && ns[0] == "golab" ? 1 : 0; i < ns.size(); i++) {
    if (!path.empty()) path += '/';
    path += ns[i];
  }
  if (path.empty()) return ns.empty() ? "main" : "golab";
  // These are not of Go's own library, but of a module beside it.
  bool module = path == "errgroup" || path == "semaphore" || path == "singleflight";
  return module && ns[0] == "golab" ? "golang.org/x/sync/" + path : path;
}

}  // namespace

Origin origin_of(const std::vector<std::string>& ns) {
  if (ns.empty()) return Origin::User;
  if (ns[0] == "golab") return ns.size() == 1 || ns[1] == "glue" ? Origin::Glue : Origin::Golab;
  const bool library = ns[0] == "std" || ns[0] == "__gnu_cxx" || ns[0] == "boost" ||
                       ns[0] == "CLI" || ns[0] == "__cxxabiv1";
  return library ? Origin::Plumbing : Origin::User;
}

std::string go_identifier(std::string_view name) {
  if (!is_operator(name)) return plain(name);
  std::string_view rest = name.substr(8);
  for (auto [symbol, text] : kOperators) {
    if (!rest.starts_with(symbol)) continue;
    std::string_view after = rest.substr(symbol.size());
    if (!after.empty() && after[0] == ' ') after.remove_prefix(1);
    return "operator_" + std::string(text) + (after.starts_with('<') ? "[...]" : "");
  }
  while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
  return "operator_" + plain(rest);  // a conversion: operator bool
}

std::string go_function(const Scope& scope, std::string_view name, bool pointer_receiver) {
  std::string out = go_package(scope.namespaces) + '.';
  if (!scope.classes.empty()) {
    std::string type;
    for (const std::string& c : scope.classes) type += (type.empty() ? "" : ".") + plain(c);
    out += pointer_receiver ? "(*" + type + ")." : type + '.';
  }
  const bool keyword = name == "do_" || name == "throw_";  // C++ has taken the word itself
  if (keyword && origin_of(scope.namespaces) == Origin::Golab) name.remove_suffix(1);
  return out + go_identifier(name);
}

std::string cpp_function(const Scope& scope, std::string_view name) {
  std::string out;
  for (const std::string& n : scope.namespaces) out += n + "::";
  for (const std::string& c : scope.classes) out += c + "::";
  return out.append(name);
}

SymbolName name_of_symbol(const char* symbol) {
  SymbolName result;
  std::string_view s = symbol;
  if (!s.starts_with("_Z")) {
    result.go = result.cpp = std::string(s.substr(0, s.find('@')));
    // Exceptions, and what gives memory back: the compiler writes these calls.
    bool compilers = s.starts_with("__cxa_") || s.starts_with("_Unwind_") ||
                     s.starts_with("__gxx_") || result.go.ends_with("free");
    if (compilers) result.origin = Origin::Glue;
    return result;
  }
  std::string bare(s.substr(0, s.find_first_of(".@")));
  std::string text = demangled(bare.c_str());
  if (text == bare) {
    result.go = result.cpp = bare;
    return result;
  }
  result.cpp = std::string(without_signature(text));
  std::vector<std::string> parts = split_scopes(result.cpp);
  if (parts.empty()) parts.push_back(bare);
  std::string name = parts.back();
  parts.pop_back();
  result.origin = parts.empty() ? Origin::System : origin_of(parts);
  if (parts.empty() && name.starts_with("operator delete")) result.origin = Origin::Glue;
  std::string closure;
  while (!parts.empty() && is_operator(name) && !closure_number(parts.back()).empty()) {
    closure = '.' + closure_number(parts.back()) + closure;
    parts.pop_back();
    name = parts.empty() ? "init" : parts.back();
    if (!parts.empty()) parts.pop_back();
  }
  if (!closure.empty()) closure.insert(1, "func");
  // In a symbol a class looks like a namespace. Only in our own names are all parts packages.
  Scope scope;
  if (result.origin == Origin::Golab || result.origin == Origin::Glue) {
    scope.namespaces = std::move(parts);
  } else if (!parts.empty()) {
    scope.namespaces.assign(1, plain(parts[0]));
    scope.classes.assign(parts.begin() + 1, parts.end());
  }
  bool global = scope.namespaces.empty();
  result.go = (global ? go_identifier(name) : go_function(scope, name, false)) + closure;
  return result;
}

namespace {

// Types that are Go's under another name.
constexpr std::array<std::pair<std::string_view, std::string_view>, 28> kTypes{{
    {"bool", "bool"},
    {"char", "uint8"},
    {"signed char", "int8"},
    {"unsigned char", "uint8"},
    {"short", "int16"},
    {"unsigned short", "uint16"},
    {"int", "int"},
    {"unsigned int", "uint"},
    {"long", "int64"},
    {"unsigned long", "uint64"},
    {"long long", "int64"},
    {"unsigned long long", "uint64"},
    {"wchar_t", "int32"},
    {"char8_t", "uint8"},
    {"char16_t", "uint16"},
    {"char32_t", "int32"},
    {"float", "float32"},
    {"double", "float64"},
    {"long double", "float64"},
    {"std::complex<float>", "complex64"},
    {"std::complex<double>", "complex128"},
    {"void*", "unsafe.Pointer"},
    {"char*", "string"},
    {"char const*", "string"},
    {"golab::Empty", "struct {}"},
    {"golab::error", "error"},
    {"golab::any", "interface {}"},
    {"decltype(nullptr)", "<nil>"},
}};

std::string go_type_of(std::string_view s);

// The parts of a list, cut at the commas outside brackets.
std::vector<std::string_view> split_list(std::string_view s) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < s.size(); i++) {
    if (s[i] == '<' || s[i] == '(' || s[i] == '{') depth++;
    if (s[i] == '>' || s[i] == ')' || s[i] == '}') depth--;
    if (s[i] != ',' || depth > 0) continue;
    parts.push_back(s.substr(begin, i - begin));
    begin = i + 1;
  }
  if (begin < s.size()) parts.push_back(s.substr(begin));
  return parts;
}

std::string go_types(const std::vector<std::string_view>& types, std::string_view between) {
  std::string out;
  for (std::string_view type : types) out.append(out.empty() ? "" : between) += go_type_of(type);
  return out;
}

// func(int) (string, error), from a result and a parameter list.
std::string func_type(std::string_view result, std::string_view parameters) {
  std::string out = "func(" + go_types(split_list(parameters), ", ") + ")";
  while (!result.empty() && result.back() == ' ') result.remove_suffix(1);
  if (result.empty() || result == "void") return out;
  constexpr std::string_view kPair = "std::pair<";
  if (!result.starts_with(kPair)) return out + " " + go_type_of(result);
  result.remove_prefix(kPair.size());
  return out + " (" + go_types(split_list(result.substr(0, result.rfind('>'))), ", ") + ")";
}

// A template of the library's that stands for a type of the language's; "" if it is none.
std::string composite_type(std::string_view name, const std::vector<std::string_view>& args) {
  auto is = [&](std::initializer_list<std::string_view> names) {
    return !args.empty() && std::find(names.begin(), names.end(), name) != names.end();
  };
  if (is({"std::basic_string", "std::basic_string_view"})) return "string";
  if (is({"std::vector", "std::span"})) return "[]" + go_type_of(args[0]);
  if (is({"std::shared_ptr", "std::unique_ptr"})) return "*" + go_type_of(args[0]);
  if (is({"golab::SendChan"})) return "chan<- " + go_type_of(args[0]);
  if (is({"golab::RecvChan"})) return "<-chan " + go_type_of(args[0]);
  if (is({"golab::Chan"})) {
    std::string element = go_type_of(args[0]);
    return element.starts_with("<-") ? "chan (" + element + ")" : "chan " + element;
  }
  if (is({"std::function", "golab::glue::Func"})) {
    size_t open = args[0].find('(');
    return func_type(args[0].substr(0, open), args[0].substr(open + 1, args[0].size() - open - 2));
  }
  if (args.size() < 2) return "";
  if (is({"std::map", "std::unordered_map"})) {
    return "map[" + go_type_of(args[0]) + "]" + go_type_of(args[1]);
  }
  if (is({"std::array"})) {
    std::string_view size = args[1].substr(args[1].find_first_not_of(' '));
    return "[" + std::string(size.substr(0, size.find_first_not_of("0123456789"))) + "]" +
           go_type_of(args[0]);
  }
  return "";
}

// main.pair, time.Duration, main.Stack[int]. `name` is without the template's arguments.
std::string named_type(std::string_view name, const std::vector<std::string_view>& args) {
  bool local = false;  // inside a function: of package main
  for (size_t at = name.find('('); at != name.npos; at = name.find('(', at + 1)) {
    local |= !name.substr(at).starts_with("(anonymous namespace)");
  }
  std::vector<std::string> parts = split_scopes(name);
  if (parts.empty()) return std::string(name);
  std::string out = plain(parts.back());
  parts.pop_back();
  bool ours = !parts.empty() && parts[0] == "golab";
  if (ours) parts.erase(parts.begin());
  if (local || (parts.empty() && !ours)) {
    out = "main." + out;
  } else if (!parts.empty()) {
    out = plain(parts.back()) + "." + out;
  }
  return args.empty() ? out : out + "[" + go_types(args, ",") + "]";
}

// From a demangled type. It ends in what binds loosest.
std::string go_type_of(std::string_view s) {
  auto drop_end = [&](std::string_view end) {
    bool has = s.ends_with(end);
    if (has) s.remove_suffix(end.size());
    return has;
  };
  s.remove_prefix(std::min(s.find_first_not_of(' '), s.size()));
  while (drop_end(" ") || drop_end("&") || drop_end(" const")) {}
  for (auto [cpp, go] : kTypes) {
    if (s == cpp) return std::string(go);
  }
  if (drop_end("*")) return "*" + go_type_of(s);
  if (size_t star = s.find("(*)("); star != s.npos && s.ends_with(')')) {
    return func_type(s.substr(0, star), s.substr(star + 4, s.size() - star - 5));
  }
  if (size_t lambda = s.rfind("{lambda("); lambda != s.npos && s.ends_with('}')) {
    lambda += 8;
    return func_type("", s.substr(lambda, s.rfind(")#") - lambda));
  }
  if (!s.ends_with('>')) return named_type(s, {});
  int depth = 0;
  size_t open = s.size();
  while (open-- > 0) {
    if (s[open] == '>') depth++;
    if (s[open] == '<' && --depth == 0) break;
  }
  std::vector<std::string_view> args = split_list(s.substr(open + 1, s.size() - open - 2));
  std::string composite = composite_type(s.substr(0, open), args);
  return composite.empty() ? named_type(s.substr(0, open), args) : composite;
}

}  // namespace

std::string go_type(const std::type_info& type) {
  std::string text = demangled(type.name());
  for (std::string_view inline_namespace : {"__cxx11::", "_V2::"}) {
    for (size_t at = 0; (at = text.find(inline_namespace, at)) != text.npos;)
      text.erase(at, inline_namespace.size());
  }
  return go_type_of(text);
}

std::string demangled(const char* mangled) {
  std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(mangled, nullptr, nullptr, nullptr), std::free);
  return text == nullptr ? mangled : text.get();
}

}  // namespace golab::runtime
