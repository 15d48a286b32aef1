// print.cpp: Go's formatting rules: verbs, flags, and the text that wrong use gives.
//
// A format is read once, left to right. For each verb, the kind of the argument decides how it is
// printed. Error() and String() come first for the verbs that are valid for strings, as in Go.
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"
#include "runtime/strconv/strconv.h"
#include "runtime/strconv/utf8.h"

namespace golab {
namespace glue {
namespace {

using Kind = Arg::Kind;

constexpr int kTooLarge = 1'000'000;  // a larger width or precision is ignored, as in Go

struct Flags {
  bool plus = false, minus = false, sharp = false, space = false, zero = false;
  int width = -1;
  int prec = -1;
};

class Printer {
 public:
  explicit Printer(Args args) : nargs_(args.size()) { args_ = args.begin(); }

  void format(std::string_view f);
  void value(const Arg& a, char32_t verb, int depth);
  std::string out;
  std::vector<error> wrapped;  // the operands of %w
  bool wrapping = false;       // this is Errorf

 private:
  void verb(char32_t v);
  void bad_verb(const Arg& a, char32_t v);
  bool methods(const Arg& a, char32_t v);
  void boolean(const Arg& a, char32_t v);
  void integer(const Arg& a, char32_t v);
  void digits(uint64_t u, bool negative, unsigned base, bool upper);
  void floating(const Arg& a, char32_t v);
  void text(std::string_view s, char32_t v, const Arg& a);
  void pointer(const Arg& a, char32_t v, int depth);
  void list(const Arg& a, char32_t v, int depth);
  void pad(std::string_view s, bool zeros_allowed = true);
  bool star(int* to, std::string_view what);
  void parse_index(std::string_view f, size_t* i);
  void parse_spec(std::string_view f, size_t* at);
  void extra();

  const Arg* args_ = nullptr;
  size_t nargs_;
  size_t next_ = 0;
  bool reordered_ = false, good_index_ = true;
  Flags flags_;
};

// The first n runes of s.
std::string_view truncate_runes(std::string_view s, size_t n) {
  size_t bytes = 0;
  for (; n > 0 && bytes < s.size(); n--) bytes += utf8::DecodeRuneInString(s.substr(bytes)).second;
  return s.substr(0, bytes);
}

void Printer::pad(std::string_view s, bool zeros_allowed) {
  size_t n = utf8::RuneCountInString(s);
  size_t width = flags_.width > 0 ? static_cast<size_t>(flags_.width) : 0;
  size_t fill = width > n ? width - n : 0;
  if (flags_.minus) {
    out.append(s).append(fill, ' ');
  } else {
    out.append(fill, flags_.zero && zeros_allowed ? '0' : ' ').append(s);
  }
}

void Printer::bad_verb(const Arg& a, char32_t v) {
  out += "%!";
  utf8::AppendRune(out, v);
  out += '(';
  if (a.kind == Kind::Nil) {
    out += "<nil>";
  } else {
    out += a.type != nullptr ? a.type(a.obj) : "?";
    out += '=';
    Flags saved = std::exchange(flags_, Flags());
    value(a, U'v', 0);
    flags_ = saved;
  }
  out += ')';
}

void Printer::boolean(const Arg& a, char32_t v) {
  if (v == U't' || v == U'v')
    pad(a.b ? "true" : "false");
  else
    bad_verb(a, v);
}

// A number in some base, with sign, precision (the least number of digits), prefix and width.
void Printer::digits(uint64_t u, bool negative, unsigned base, bool upper) {
  char buf[70];
  auto end = std::to_chars(buf, buf + sizeof buf, u, static_cast<int>(base)).ptr;
  std::string num(buf, end);
  if (upper) {
    for (char& c : num) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  }
  std::string prefix;
  if (flags_.sharp) {
    if (base == 16) prefix = upper ? "0X" : "0x";
    if (base == 8 && num[0] != '0') prefix = "0";
    if (base == 2) prefix = "0b";
  }
  std::string sign = negative ? "-" : flags_.plus ? "+" : flags_.space ? " " : "";
  size_t want = flags_.prec >= 0 ? static_cast<size_t>(flags_.prec) : 0;
  if (flags_.prec == 0 && u == 0) num.clear();
  if (flags_.prec < 0 && flags_.zero && !flags_.minus && flags_.width > 0) {
    // Zeros stand between the sign and the digits.
    size_t width = static_cast<size_t>(flags_.width);
    want = width > sign.size() ? width - sign.size() : 0;
  }
  if (num.size() < want) num.insert(0, want - num.size(), '0');
  pad(sign + prefix + num, false);
}

void Printer::integer(const Arg& a, char32_t v) {
  bool is_signed = a.kind == Kind::Int;
  bool negative = is_signed && a.i < 0;
  uint64_t u = negative ? 0 - a.u : a.u;
  switch (v) {
    case U'v':
    case U'd':
      return digits(u, negative, 10, false);
    case U'b':
      return digits(u, negative, 2, false);
    case U'o':
      return digits(u, negative, 8, false);
    case U'x':
      return digits(u, negative, 16, false);
    case U'X':
      return digits(u, negative, 16, true);
    case U'c': {
      std::string s;
      utf8::AppendRune(s, static_cast<char32_t>(a.u));
      return pad(s);
    }
    case U'q':
      return pad((flags_.plus ? strconv::QuoteRuneToASCII
                              : strconv::QuoteRune)(static_cast<char32_t>(a.u)));
    case U'U': {
      char buf[20];
      snprintf(buf, sizeof buf, "U+%04llX", static_cast<unsigned long long>(a.u));
      return pad(buf, false);
    }
    default:
      return bad_verb(a, v);
  }
}

void Printer::floating(const Arg& a, char32_t v) {
  if (v == U'v') v = U'g';
  if (v == U'F') v = U'f';
  if (v != U'e' && v != U'E' && v != U'f' && v != U'g' && v != U'G') return bad_verb(a, v);
  int prec = flags_.prec;
  if (prec < 0 && v != U'g' && v != U'G') prec = 6;
  std::string num = strconv::FormatFloat(a.f, static_cast<char>(v), prec, a.bits);
  bool negative = num[0] == '-';
  if (negative) num.erase(0, 1);
  std::string sign = negative ? "-" : flags_.plus ? "+" : flags_.space ? " " : "";
  bool number = std::isfinite(a.f);
  if (num == "+Inf") {
    num.erase(0, 1);
    sign = flags_.space && !flags_.plus ? " " : "+";
  }
  if (!number && num == "NaN" && !flags_.plus && !flags_.space) sign = "";
  if (number && flags_.zero && !flags_.minus && flags_.width > 0) {
    size_t width = static_cast<size_t>(flags_.width);
    if (sign.size() + num.size() < width) num.insert(0, width - sign.size() - num.size(), '0');
  }
  pad(sign + num, false);
}

void Printer::text(std::string_view s, char32_t v, const Arg& a) {
  if (flags_.prec >= 0 && (v == U's' || v == U'v' || v == U'q')) {
    s = truncate_runes(s, static_cast<size_t>(flags_.prec));
  }
  switch (v) {
    case U'v':
    case U's':
      return pad(s);
    case U'q':
      return pad(flags_.sharp && s.find('`') == s.npos
                     ? "`" + std::string(s) + "`"
                     : (flags_.plus ? strconv::QuoteToASCII : strconv::Quote)(s));
    case U'x':
    case U'X': {
      if (flags_.prec >= 0) s = s.substr(0, static_cast<size_t>(flags_.prec));
      const char* hex = v == U'x' ? "0123456789abcdef" : "0123456789ABCDEF";
      std::string out;
      for (size_t i = 0; i < s.size(); i++) {
        if (flags_.space && i > 0) out += ' ';
        if (flags_.sharp && (flags_.space || i == 0)) out += v == U'x' ? "0x" : "0X";
        auto c = static_cast<unsigned char>(s[i]);
        out += hex[c >> 4];
        out += hex[c & 15];
      }
      return pad(out);
    }
    default:
      return bad_verb(a, v);
  }
}

void Printer::pointer(const Arg& a, char32_t v, int depth) {
  uint64_t u = reinterpret_cast<uintptr_t>(a.ptr);
  switch (v) {
    case U'v':
      if (depth == 0 && u == 0) return pad("<nil>", false);
      [[fallthrough]];
    case U'p': {
      Flags saved = flags_;
      flags_.sharp = !flags_.sharp;
      digits(u, false, 16, false);
      flags_ = saved;
      return;
    }
    case U'b':
      return digits(u, false, 2, false);
    case U'o':
      return digits(u, false, 8, false);
    case U'd':
      return digits(u, false, 10, false);
    case U'x':
      return digits(u, false, 16, false);
    case U'X':
      return digits(u, false, 16, true);
    default:
      return bad_verb(a, v);
  }
}

// The verb applies to every element.
void Printer::list(const Arg& a, char32_t v, int depth) {
  bool map = a.kind == Kind::Map;
  if (v == U'p') return bad_verb(a, v);
  out += map ? "map[" : "[";
  for (size_t i = 0; i < a.size; i++) {
    if (i > 0) out += ' ';
    if (map) {
      value(a.key(a.obj, i), v, depth + 1);
      out += ':';
    }
    value(a.element(a.obj, i), v, depth + 1);
  }
  out += ']';
}

// Error() and String(), for the verbs that are valid for strings.
bool Printer::methods(const Arg& a, char32_t v) {
  if (a.text == nullptr) return false;
  if (v != U'v' && v != U's' && v != U'x' && v != U'X' && v != U'q') return false;
  if (flags_.sharp && v == U'v') return false;
  std::string s;
  try {
    s = a.text(a.obj);
  } catch (const Panic& p) {
    out += "%!";
    utf8::AppendRune(out, v);
    out +=
        std::string("(PANIC=") + (a.is_error ? "Error" : "String") + " method: " + p.String() + ")";
    return true;
  }
  text(s, v, a);
  return true;
}

void Printer::value(const Arg& a, char32_t v, int depth) {
  if (v == U'T') {
    text(a.kind == Kind::Nil || a.type == nullptr ? "<nil>" : a.type(a.obj), U's', a);
    return;
  }
  if (a.kind == Kind::Nil) {
    if (v == U'v' || depth > 0)
      pad("<nil>", false);
    else
      bad_verb(a, v);
    return;
  }
  if (v == U'p' && a.kind == Kind::Pointer) return pointer(a, v, depth);
  if (methods(a, v)) return;
  switch (a.kind) {
    case Kind::Nil:
      return;
    case Kind::Bool:
      return boolean(a, v);
    case Kind::Int:
    case Kind::Uint:
      return integer(a, v);
    case Kind::Float:
      return floating(a, v);
    case Kind::String:
      return text({a.chars, a.size}, v, a);
    case Kind::Bytes:
      if (v == U's' || v == U'q' || v == U'x' || v == U'X') return text({a.chars, a.size}, v, a);
      return list(a, v, depth);
    case Kind::Pointer:
      return pointer(a, v, depth);
    case Kind::List:
    case Kind::Map:
      return list(a, v, depth);
    case Kind::Opaque: {
      // C++ cannot list the fields of a struct.
      if (v == U'v' || v == U's')
        out += "{" + a.type(a.obj) + "}";
      else
        bad_verb(a, v);
      return;
    }
  }
}

// '*': takes the width or precision from an argument.
bool Printer::star(int* to, std::string_view what) {
  bool ok = next_ < nargs_ && args_[next_].kind == Kind::Int && args_[next_].i <= kTooLarge &&
            args_[next_].i >= -kTooLarge;
  if (ok)
    *to = static_cast<int>(args_[next_].i);
  else
    out += what;
  if (next_ < nargs_) next_++;
  return ok;
}

// [n]: which argument comes next.
void Printer::parse_index(std::string_view f, size_t* i) {
  if (*i >= f.size() || f[*i] != '[') return;
  reordered_ = true;
  size_t close = f.find(']', *i);
  if (close == f.npos) {
    good_index_ = false;
    ++*i;
    return;
  }
  unsigned n = 0;
  auto [end, ec] = std::from_chars(&f[*i + 1], &f[close], n);
  if (ec == std::errc() && end == &f[close] && n >= 1 && n <= nargs_)
    next_ = n - 1;
  else
    good_index_ = false;
  *i = close + 1;
}

void Printer::verb(char32_t v) {
  if (v == U'%') {
    out += '%';
    return;
  }
  auto complain = [&](std::string_view what) {
    out += "%!";
    utf8::AppendRune(out, v);
    out += what;
  };
  if (!good_index_) return complain("(BADINDEX)");
  if (next_ >= nargs_) return complain("(MISSING)");
  const Arg& a = args_[next_++];
  if (v == U'w') {
    if (!wrapping || (a.err == nullptr && a.kind != Kind::Nil)) return bad_verb(a, v);
    if (a.err != nullptr) wrapped.push_back(*a.err);
    if (a.kind == Kind::Nil) return bad_verb(a, v);
    v = U'v';
  }
  value(a, v, 0);
}

// Reads what is between the percent sign and the verb: flags, width and precision.
void Printer::parse_spec(std::string_view f, size_t* at) {
  size_t& i = *at;
  flags_ = Flags();
  good_index_ = true;
  for (; i < f.size(); i++) {
    if (f[i] == '+')
      flags_.plus = true;
    else if (f[i] == '-')
      flags_.minus = true;
    else if (f[i] == '#')
      flags_.sharp = true;
    else if (f[i] == ' ')
      flags_.space = true;
    else if (f[i] == '0')
      flags_.zero = true;
    else
      break;
  }
  auto number = [&](int* to) {
    if (i < f.size() && f[i] >= '0' && f[i] <= '9') {
      auto [end, ec] = std::from_chars(&f[i], f.data() + f.size(), *to);
      i = static_cast<size_t>(end - f.data());
      if (ec != std::errc() || *to > kTooLarge) *to = -1;
    }
  };
  parse_index(f, at);
  if (i < f.size() && f[i] == '*') {
    i++;
    star(&flags_.width, "%!(BADWIDTH)");
    if (flags_.width < 0) {
      flags_.width = -flags_.width;
      flags_.minus = true;
    }
  } else {
    number(&flags_.width);
  }
  if (i < f.size() && f[i] == '.') {
    i++;
    flags_.prec = 0;
    parse_index(f, at);
    if (i < f.size() && f[i] == '*') {
      i++;
      if (!star(&flags_.prec, "%!(BADPREC)") || flags_.prec < 0) flags_.prec = -1;
    } else {
      number(&flags_.prec);
    }
  }
  parse_index(f, at);
}

void Printer::format(std::string_view f) {
  size_t i = 0;
  while (i < f.size()) {
    size_t percent = f.find('%', i);
    if (percent == f.npos) percent = f.size();
    out.append(f.substr(i, percent - i));
    if (percent == f.size()) break;
    i = percent + 1;
    parse_spec(f, &i);
    if (i >= f.size()) {
      out += "%!(NOVERB)";
      break;
    }
    auto [v, size] = utf8::DecodeRuneInString(f.substr(i));
    i += size;
    verb(v);
  }
  extra();
}

// Shows the arguments that no verb used.
void Printer::extra() {
  if (reordered_ || next_ >= nargs_) return;
  flags_ = Flags();
  out += "%!(EXTRA ";
  for (size_t n = next_; n < nargs_; n++) {
    if (n > next_) out += ", ";
    const Arg& a = args_[n];
    if (a.kind == Kind::Nil) {
      out += "<nil>";
    } else {
      out += a.type(a.obj) + "=";
      value(a, U'v', 0);
    }
  }
  out += ')';
}

}  // namespace

Arg make_arg(const error& err) {
  Arg a;
  if (err == nullptr) return a;
  a.kind = Kind::Opaque;
  a.is_error = true;
  a.obj = &err;
  a.err = &err;
  a.text = [](const void* obj) { return static_cast<const error*>(obj)->Error(); };
  a.type = [](const void* obj) {
    const ErrorBox* box = static_cast<const error*>(obj)->box();
    return (box->pointer() ? "*" : "") + runtime::go_type(box->type());
  };
  return a;
}

Arg make_arg(const any& v) { return v.arg(); }

void any_type_panic(const AnyOps* have, std::string want) {
  std::string text = "interface conversion: interface {} is " + (have ? have->type_name() : "nil") +
                     ", not " + want;
  runtime::panic_runtime_error(text.c_str());
}

void any_compare_panic(const AnyOps* ops) {
  runtime::panic_runtime_error(("comparing uncomparable type " + ops->type_name()).c_str(), true);
}

}  // namespace glue

namespace fmt {

namespace {

// The error of Errorf: its text, and what it wraps.
struct wrapError {
  std::string msg;
  error err;
  std::string Error() const { return msg; }
  error Unwrap() const { return err; }
};
struct wrapErrors {
  std::string msg;
  std::vector<error> errs;
  std::string Error() const { return msg; }
  std::vector<error> Unwrap() const { return errs; }
};

}  // namespace

using glue::Args;
using glue::Printer;

std::string Sprintf(std::string_view format, Args args) {
  Printer p(args);
  p.format(format);
  return std::move(p.out);
}

// Puts a blank between two operands if neither is a string.
std::string Sprint(Args args) {
  Printer p(args);
  bool was_string = true;
  for (const glue::Arg& a : args) {
    bool is_string = a.kind == glue::Arg::Kind::String;
    if (!is_string && !was_string) p.out += ' ';
    p.value(a, U'v', 0);
    was_string = is_string;
  }
  return std::move(p.out);
}

std::string Sprintln(Args args) {
  Printer p(args);
  bool first = true;
  for (const glue::Arg& a : args) {
    if (!first) p.out += ' ';
    p.value(a, U'v', 0);
    first = false;
  }
  p.out += '\n';
  return std::move(p.out);
}

error Errorf(std::string_view format, Args args) {
  Printer p(args);
  p.wrapping = true;
  p.format(format);
  if (p.wrapped.empty()) return errors::New(p.out);
  if (p.wrapped.size() == 1) {
    return std::make_shared<wrapError>(wrapError{std::move(p.out), p.wrapped[0]});
  }
  return std::make_shared<wrapErrors>(wrapErrors{std::move(p.out), std::move(p.wrapped)});
}

std::pair<int, error> Fprintf(glue::Writer w, std::string_view format, Args args) {
  return w.write(w.to, Sprintf(format, args));
}
std::pair<int, error> Fprint(glue::Writer w, Args args) { return w.write(w.to, Sprint(args)); }
std::pair<int, error> Fprintln(glue::Writer w, Args args) { return w.write(w.to, Sprintln(args)); }

std::pair<int, error> Printf(std::string_view format, Args args) {
  return os::Stdout.Write(Sprintf(format, args));
}
std::pair<int, error> Print(Args args) { return os::Stdout.Write(Sprint(args)); }
std::pair<int, error> Println(Args args) { return os::Stdout.Write(Sprintln(args)); }

}  // namespace fmt
}  // namespace golab
