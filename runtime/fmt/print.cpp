// print.cpp: Go's formatting rules: verbs, flags, and the text that wrong use gives.
//
// A format is read once, left to right. For each verb, the kind of the argument decides how it is
// printed. Error() and String() come first for the verbs that are valid for strings, as in Go.
#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

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
  bool plusV = false, sharpV = false;  // %+v and %#v: there + and # mean something else
  int width = -1;
  int prec = -1;
};
constexpr std::string_view kFlagMarks = "+-# 0";
constexpr bool Flags::*kFlagOfMark[] = {&Flags::plus, &Flags::minus, &Flags::sharp, &Flags::space,
                                        &Flags::zero};

// The base in which a verb shows an integer; 0 if it does not.
constexpr unsigned base_of(char32_t verb) {
  return verb == U'd' ? 10 : verb == U'b' ? 2 : verb == U'o' ? 8 : (verb | 32) == U'x' ? 16 : 0;
}

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
  void complain(char32_t v, std::string_view what);
  void with_type(const Arg& a);
  void bad_verb(const Arg& a, char32_t v);
  bool methods(const Arg& a, char32_t v);
  void nil(const Arg& a, char32_t v, int depth);
  void integer(const Arg& a, char32_t v);
  void digits(uint64_t u, bool negative, unsigned base, bool upper);
  void floating(const Arg& a, char32_t v);
  void text(std::string_view s, char32_t v, const Arg& a);
  void address(const void* ptr, const Arg& a, char32_t v);
  void pointer(const Arg& a, char32_t v, int depth);
  void bytes(const Arg& a, char32_t v, int depth);
  void list(const Arg& a, char32_t v, int depth);
  void struct_(const Arg& a, char32_t v, int depth);
  void pad(std::string_view s, bool zeros_allowed = true);
  std::string_view sign(bool negative) const;
  void pad_number(std::string_view sign, std::string_view prefix, std::string num,
                  size_t least_digits, bool zeros_allowed);
  bool star(int* to, std::string_view what);
  void parse_index(std::string_view f, size_t* i);
  void parse_spec(std::string_view f, size_t* at);
  void extra();

  const Arg* args_ = nullptr;
  size_t nargs_;
  size_t next_ = 0;
  bool reordered_ = false, good_index_ = true;
  bool raw_ = false;  // without Error() and String()
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

std::string_view Printer::sign(bool negative) const {
  return negative ? "-" : flags_.plus ? "+" : flags_.space ? " " : "";
}

// A number with its sign. Zeros stand between the sign and the digits.
void Printer::pad_number(std::string_view sign, std::string_view prefix, std::string num,
                         size_t least_digits, bool zeros_allowed) {
  const size_t width = flags_.width > 0 ? static_cast<size_t>(flags_.width) : 0;
  if (zeros_allowed && flags_.zero && !flags_.minus && width > sign.size()) {
    least_digits = width - sign.size();
  }
  if (num.size() < least_digits) num.insert(0, least_digits - num.size(), '0');
  pad(std::string(sign).append(prefix).append(num), false);
}

void Printer::complain(char32_t v, std::string_view what) {
  out += "%!";
  utf8::AppendRune(out, v);
  out += what;
}

// "int=5", as the text about wrong use shows an argument.
void Printer::with_type(const Arg& a) {
  if (a.kind == Kind::Nil) {
    out += "<nil>";
    return;
  }
  out += a.type(a.obj) + "=";
  value(a, U'v', 0);
}

void Printer::bad_verb(const Arg& a, char32_t v) {
  complain(v, "(");
  bool raw = std::exchange(raw_, true);
  with_type(a);
  raw_ = raw;
  out += ')';
}

// An integer in some base; the precision is the least number of digits.
void Printer::digits(uint64_t u, bool negative, unsigned base, bool upper) {
  char buf[70];
  auto end = std::to_chars(buf, buf + sizeof buf, u, static_cast<int>(base)).ptr;
  std::string num(buf, end);
  if (upper) std::transform(num.begin(), num.end(), num.begin(), ::toupper);
  std::string_view prefix;
  if (flags_.sharp) {
    if (base == 16) prefix = upper ? "0X" : "0x";
    if (base == 8 && num[0] != '0') prefix = "0";
    if (base == 2) prefix = "0b";
  }
  if (flags_.prec == 0 && u == 0) num.clear();
  const bool precise = flags_.prec >= 0;
  pad_number(sign(negative), prefix, num, precise ? static_cast<size_t>(flags_.prec) : 0, !precise);
}

void Printer::integer(const Arg& a, char32_t v) {
  bool negative = a.kind == Kind::Int && a.i < 0;
  uint64_t u = negative ? 0 - a.u : a.u;
  if (v == U'v' && flags_.sharpV && a.kind == Kind::Uint) {
    flags_.sharp = true;
    digits(u, false, 16, false);
    flags_.sharp = false;
    return;
  }
  if (const unsigned base = base_of(v == U'v' ? U'd' : v)) {
    return digits(u, negative, base, v == U'X');
  }
  switch (v) {
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

// 0x1.4p+01: the mantissa in hexadecimal, the exponent of 2 with two digits at least.
std::string hex_float(double f, int prec, bool upper) {
  char buf[64];
  if (prec < 0) {
    snprintf(buf, sizeof buf, "%a", f);
  } else {
    snprintf(buf, sizeof buf, "%.*a", std::min(prec, 30), f);
  }
  std::string s = buf;
  size_t digits = s.find('p') + 2;
  if (s.size() - digits == 1) s.insert(digits, 1, '0');
  if (upper) std::transform(s.begin(), s.end(), s.begin(), ::toupper);
  return s;
}

// 5629499534213120p-51: the mantissa as a whole number.
std::string binary_float(double f, int bits) {
  const int digits = bits == 32 ? 24 : 53, least = bits == 32 ? -149 : -1074;
  int exponent = 0;
  double mantissa = std::frexp(f, &exponent);
  exponent = f == 0 ? least : std::max(exponent - digits, least);
  mantissa = std::ldexp(f, -exponent);
  return std::to_string(static_cast<int64_t>(mantissa)) + (exponent < 0 ? "p" : "p+") +
         std::to_string(exponent);
}

void Printer::floating(const Arg& a, char32_t v) {
  if (v == U'v') v = U'g';
  if (v == U'F') v = U'f';
  std::string num;
  if (v == U'b' && std::isfinite(a.f)) {
    num = binary_float(a.f, a.bits);
  } else if ((v == U'x' || v == U'X') && std::isfinite(a.f)) {
    num = hex_float(a.f, flags_.prec, v == U'X');
  } else {
    if (v == U'b' || v == U'x' || v == U'X') v = U'g';
    if (v != U'e' && v != U'E' && v != U'f' && v != U'g' && v != U'G') return bad_verb(a, v);
    int prec = flags_.prec;
    if (prec < 0 && v != U'g' && v != U'G') prec = 6;
    num = strconv::FormatFloat(a.f, static_cast<char>(v), prec, a.bits);
  }
  std::string_view shown_sign = sign(num[0] == '-');
  if (num == "+Inf" && !flags_.space) shown_sign = "+";
  num.erase(0, num.find_first_not_of("+-"));
  pad_number(shown_sign, "", num, 0, std::isfinite(a.f));
}

void Printer::text(std::string_view s, char32_t v, const Arg& a) {
  if (v == U'v' && flags_.sharpV) v = U'q';
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

void Printer::address(const void* ptr, const Arg& a, char32_t v) {
  uint64_t u = reinterpret_cast<uintptr_t>(ptr);
  if (v == U'v' && flags_.sharpV) {
    out += "(" + a.type(a.obj) + ")(";
    if (u == 0) {
      out += "nil)";
      return;
    }
  } else if (v == U'v' && u == 0) {
    return pad("<nil>", false);
  } else if (v != U'v' && v != U'p') {
    if (const unsigned base = base_of(v)) return digits(u, false, base, v == U'X');
    return bad_verb(a, v);
  }
  flags_.sharp = !flags_.sharp;
  digits(u, false, 16, false);
  flags_.sharp = !flags_.sharp;
  if (v == U'v' && flags_.sharpV) out += ')';
}

// At the top, what it names is shown, if that has parts.
void Printer::pointer(const Arg& a, char32_t v, int depth) {
  if (depth > 0 || a.size == 0 || v == U'p') return address(a.ptr, a, v);
  out += '&';
  value(a.element(a.obj, 0), v, depth + 1);
}

void Printer::bytes(const Arg& a, char32_t v, int depth) {
  if (v == U's' || v == U'q' || v == U'x' || v == U'X') return text({a.chars, a.size}, v, a);
  if (v != U'v' || !flags_.sharpV) return list(a, v, depth);
  out += "[]byte{";
  for (size_t i = 0; i < a.size; i++) {
    if (i > 0) out += ", ";
    value(a.element(a.obj, i), v, depth + 1);
  }
  out += '}';
}

// The verb applies to every element.
void Printer::list(const Arg& a, char32_t v, int depth) {
  bool map = a.kind == Kind::Map, go = v == U'v' && flags_.sharpV;
  if (v == U'p') {
    if (a.ptr == nullptr) return bad_verb(a, v);
    return address(a.ptr, a, v);
  }
  out += go ? a.type(a.obj) + "{" : map ? "map[" : "[";
  for (size_t i = 0; i < a.size; i++) {
    if (i > 0) out += go ? ", " : " ";
    if (map) {
      value(a.key(a.obj, i), v, depth + 1);
      out += ':';
    }
    value(a.element(a.obj, i), v, depth + 1);
  }
  out += go ? '}' : ']';
}

// The verb applies to every field. As in Go, a field that begins with a small letter is printed
// without its methods.
void Printer::struct_(const Arg& a, char32_t v, int depth) {
  if (v == U'p') return bad_verb(a, v);
  bool go = v == U'v' && flags_.sharpV;
  if (go) out += a.type(a.obj);
  out += '{';
  for (size_t i = 0; i < a.size; i++) {
    std::string_view name = a.field(i);
    if (i > 0) out += go ? ", " : " ";
    if ((go || (v == U'v' && flags_.plusV)) && !name.empty()) (out += name) += ':';
    bool hidden = !name.empty() && std::isupper(static_cast<unsigned char>(name[0])) == 0;
    bool raw = std::exchange(raw_, raw_ || hidden);
    value(a.element(a.obj, i), v, depth + 1);
    raw_ = raw;
  }
  out += '}';
}

// Error() and String(), for the verbs that are valid for strings.
bool Printer::methods(const Arg& a, char32_t v) {
  if (a.text == nullptr || (raw_ && a.kind != Kind::Opaque)) return false;
  if (v != U'v' && v != U's' && v != U'x' && v != U'X' && v != U'q') return false;
  if (flags_.sharpV && a.kind != Kind::Opaque) return false;
  std::string s;
  try {
    s = a.text(a.obj);
  } catch (const Panic& p) {
    complain(v, std::string("(PANIC=") + (a.is_error ? "Error" : "String") +
                    " method: " + p.String() + ")");
    return true;
  }
  text(s, v, a);
  return true;
}

void Printer::nil(const Arg& a, char32_t v, int depth) {
  if (depth == 0 && v != U'v') return bad_verb(a, v);
  if (depth == 0 || !flags_.sharpV || a.type == nullptr) return pad("<nil>", false);
  out += a.type(a.obj) + "(nil)";
}

void Printer::value(const Arg& a, char32_t v, int depth) {
  if (v == U'T') return text(a.kind == Kind::Nil ? "<nil>" : a.type(a.obj), U's', a);
  if (v == U'p' && a.kind == Kind::Pointer) return pointer(a, v, depth);
  if (methods(a, v)) return;
  switch (a.kind) {
    case Kind::Nil:
      return nil(a, v, depth);
    case Kind::Bool:
      return v == U't' || v == U'v' ? pad(a.b ? "true" : "false") : bad_verb(a, v);
    case Kind::Int:
    case Kind::Uint:
      return integer(a, v);
    case Kind::Float:
      return floating(a, v);
    case Kind::String:
      return text({a.chars, a.size}, v, a);
    case Kind::Bytes:
      return bytes(a, v, depth);
    case Kind::Pointer:
      return pointer(a, v, depth);
    case Kind::List:
    case Kind::Map:
      return list(a, v, depth);
    case Kind::Struct:
      return struct_(a, v, depth);
    case Kind::Opaque:
      if (v != U'v' && v != U's') return bad_verb(a, v);
      out += "{" + a.type(a.obj) + "}";  // its fields cannot be listed (fields.h)
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
  if (!good_index_) return complain(v, "(BADINDEX)");
  if (next_ >= nargs_) return complain(v, "(MISSING)");
  const Arg& a = args_[next_++];
  if (v == U'w') {
    if (!wrapping || a.err == nullptr) return bad_verb(a, v);
    wrapped.push_back(*a.err);
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
    const size_t mark = kFlagMarks.find(f[i]);
    if (mark == kFlagMarks.npos) break;
    flags_.*kFlagOfMark[mark] = true;
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
  if (i < f.size() && f[i] == 'v') {
    flags_.sharpV = std::exchange(flags_.sharp, false);
    flags_.plusV = std::exchange(flags_.plus, false);
  }
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
    with_type(args_[n]);
  }
  out += ')';
}

}  // namespace

Arg make_arg(const error& err) {
  Arg a;
  a.type = [](const void*) { return std::string("error"); };
  if (err == nullptr) return a;
  a.kind = Kind::Pointer;
  a.ptr = err.box()->address();
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

Arg make_arg(const any& v) {
  Arg a = v.arg();
  if (a.kind == Kind::Nil) a.type = [](const void*) { return std::string("interface {}"); };
  return a;
}

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
