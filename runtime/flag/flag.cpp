// flag.cpp: Go's syntax of flags, each flag an option of a CLI11 app.
//
// CLI11 reads -addr as the short options -a -d -d -r, and takes options after the first argument.
// So the loop here decides, by Go's rules, where the flags end and what a flag's name and value
// are. It hands CLI11 one option at a time, as --name=value. CLI11 knows the flags and calls the
// right one. An exception of CLI11's becomes Go's message.
#include "runtime/flag/flag.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <charconv>
#include <concepts>
#include <cstdlib>
#include <limits>
#include <map>

#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "runtime/os/os.h"

namespace golab::flag {

namespace {

const error errParse = errors::New("parse error");
const error errRange = errors::New("value out of range");

struct Flag {
  std::string name, usage;
  std::string type;           // the name of the value in the usage; "" for a bool
  std::string shown_default;  // "" if it is the zero value
  golab::glue::Func<error(const std::string&)> set;
  bool given = false;
};

// The `type` of a flag with a T. An integer's, if no other is named here.
template <typename T>
constexpr const char* kTypeName = std::is_signed_v<T> ? "int" : "uint";
template <>
constexpr const char* kTypeName<bool> = "";
template <>
constexpr const char* kTypeName<double> = "float";
template <>
constexpr const char* kTypeName<std::string> = "string";
template <>
constexpr const char* kTypeName<time::Duration> = "duration";

// ---- What is read from a value: parse(text, where it goes) ----

error parse(const std::string& s, bool* v) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (s == yes) return *v = true, nullptr;
  }
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (s == no) return *v = false, nullptr;
  }
  return errParse;
}

// Go's integer literals: sign, 0x 0o 0b 0, underscores between digits.
error parse_integer(std::string s, bool* negative, uint64_t* v) {
  *negative = !s.empty() && s[0] == '-';
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.erase(0, 1);
  int base = 10;
  if (s.size() > 1 && s[0] == '0') {
    char mark = static_cast<char>(s[1] | 32);
    base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    s.erase(0, mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
  }
  std::string digits;
  for (size_t i = 0; i < s.size(); i++) {
    bool between = s[i] == '_' && i + 1 < s.size() && s[i + 1] != '_';
    if (!between) digits += s[i];
  }
  const char* end = digits.data() + digits.size();
  auto [stop, ec] = std::from_chars(digits.data(), end, *v, base);
  if (ec == std::errc::result_out_of_range) return errRange;
  return ec == std::errc() && stop == end ? error(nullptr) : errParse;
}

template <std::integral T>
error parse(const std::string& s, T* to) {
  bool negative = false;
  uint64_t v = 0;
  if (error err = parse_integer(s, &negative, &v); err != nullptr) return err;
  if (negative && std::is_unsigned_v<T>) return errParse;
  auto max = static_cast<uint64_t>(std::numeric_limits<T>::max()) + (negative ? 1 : 0);
  if (v > max) return errRange;
  *to = static_cast<T>(negative ? 0 - v : v);
  return nullptr;
}

error parse(const std::string& s, double* to) {
  char* end = nullptr;
  errno = 0;
  double v = std::strtod(s.c_str(), &end);
  if (s.empty() || *end != '\0' || s[0] == ' ') return errParse;
  if (errno == ERANGE) return errRange;
  *to = v;
  return nullptr;
}

error parse(const std::string& s, std::string* to) { return *to = s, nullptr; }

error parse(const std::string& s, time::Duration* to) {
  auto [d, err] = time::ParseDuration(s);
  if (err != nullptr) return errParse;
  *to = d;
  return nullptr;
}

// Thrown through CLI11, which does not catch it.
struct BadValue {
  error err;
};

}  // namespace

struct FlagSet::State {
  std::string name;
  ErrorHandling handling;
  CLI::App app;
  std::map<std::string, Flag, std::less<>> flags;  // sorted: the usage lists them by name
  std::vector<std::string> rest;
  bool parsed = false;
  std::vector<std::shared_ptr<void>> variables;
  golab::glue::Writer out = golab::glue::make_writer(os::Stderr);

  template <typename T>
  void add_var(T* p, std::string_view name, const T& value, std::string_view usage) {
    *p = value;
    const char* how = std::is_same_v<T, std::string> ? "%q" : "%v";
    add({std::string(name), std::string(usage), kTypeName<T>,
         value == T() ? "" : fmt::Sprintf(how, value),
         [p](const std::string& s) { return parse(s, p); }});
  }

  template <typename T>
  T* add_new(std::string_view name, const T& value, std::string_view usage) {
    auto v = std::make_shared<T>();
    variables.push_back(v);
    add_var(v.get(), name, value, usage);
    return v.get();
  }

  void add(Flag f) {
    if (flags.count(f.name) != 0) {
      std::string what = (name.empty() ? "" : name + " ") + "flag redefined: " + f.name;
      fmt::Fprintln(os::Stderr, what);
      panic(what);
    }
    Flag& flag = flags[f.name] = std::move(f);
    app.add_option_function<std::string>(
        "--" + flag.name,
        [&flag](const std::string& value) {
          if (error err = flag.set(value); err != nullptr) throw BadValue{err};
          flag.given = true;
        },
        flag.usage);
  }

  error parse_one(const std::string& arg, const std::vector<std::string>& args, size_t* next);
};

FlagSet::FlagSet(std::string_view name, ErrorHandling handling)
    : state_(std::make_unique<State>()) {
  state_->name = name;
  state_->handling = handling;
  state_->app.set_help_flag();
  Usage = [this] {
    fmt::Fprint(state_->out,
                state_->name.empty() ? "Usage:\n" : "Usage of " + state_->name + ":\n");
    PrintDefaults();
  };
}
FlagSet::~FlagSet() = default;

bool* FlagSet::Bool(std::string_view name, bool value, std::string_view usage) {
  return state_->add_new(name, value, usage);
}
void FlagSet::BoolVar(bool* p, std::string_view name, bool value, std::string_view usage) {
  state_->add_var(p, name, value, usage);
}
int* FlagSet::Int(std::string_view name, int value, std::string_view usage) {
  return state_->add_new(name, value, usage);
}
void FlagSet::IntVar(int* p, std::string_view name, int value, std::string_view usage) {
  state_->add_var(p, name, value, usage);
}
int64_t* FlagSet::Int64(std::string_view name, int64_t value, std::string_view usage) {
  return state_->add_new(name, value, usage);
}
void FlagSet::Int64Var(int64_t* p, std::string_view name, int64_t value, std::string_view usage) {
  state_->add_var(p, name, value, usage);
}
unsigned* FlagSet::Uint(std::string_view name, unsigned value, std::string_view usage) {
  return state_->add_new(name, value, usage);
}
void FlagSet::UintVar(unsigned* p, std::string_view name, unsigned value, std::string_view usage) {
  state_->add_var(p, name, value, usage);
}
double* FlagSet::Float64(std::string_view name, double value, std::string_view usage) {
  return state_->add_new(name, value, usage);
}
void FlagSet::Float64Var(double* p, std::string_view name, double value, std::string_view usage) {
  state_->add_var(p, name, value, usage);
}
std::string* FlagSet::String(std::string_view name, std::string_view value,
                             std::string_view usage) {
  return state_->add_new(name, std::string(value), usage);
}
void FlagSet::StringVar(std::string* p, std::string_view name, std::string_view value,
                        std::string_view usage) {
  state_->add_var(p, name, std::string(value), usage);
}
time::Duration* FlagSet::Duration(std::string_view name, time::Duration value,
                                  std::string_view usage) {
  return state_->add_new(name, value, usage);
}
void FlagSet::DurationVar(time::Duration* p, std::string_view name, time::Duration value,
                          std::string_view usage) {
  state_->add_var(p, name, value, usage);
}
void FlagSet::Func(std::string_view name, std::string_view usage,
                   golab::glue::Func<error(std::string_view)> fn) {
  state_->add({std::string(name), std::string(usage), "value", "",
               [fn](const std::string& s) { return fn(s); }});
}

// args[*next - 1] is a flag. Moves *next past its value if that is an argument of its own.
error FlagSet::State::parse_one(const std::string& arg, const std::vector<std::string>& args,
                                size_t* next) {
  std::string text = arg.substr(arg[1] == '-' ? 2 : 1);
  if (text.empty() || text[0] == '-' || text[0] == '=') {
    --*next;  // it remains an argument, as in Go
    return fmt::Errorf("bad flag syntax: %s", arg);
  }
  size_t equals = text.find('=');
  bool has_value = equals != text.npos;
  std::string flag_name = text.substr(0, equals);
  std::string value = has_value ? text.substr(equals + 1) : "";
  auto it = flags.find(flag_name);
  bool is_bool = it != flags.end() && it->second.type.empty();
  if (it == flags.end() && (flag_name == "help" || flag_name == "h")) return ErrHelp;
  if (is_bool && !has_value) value = "true";
  if (it != flags.end() && !is_bool && !has_value) {
    if (*next >= args.size()) return fmt::Errorf("flag needs an argument: -%s", flag_name);
    value = args[(*next)++];
  }
  // CLI11 takes its arguments in reverse order. It reads "--name=" as a flag whose value is the
  // next argument.
  std::vector<std::string> option{"--" + flag_name + "=" + value};
  if (value.empty()) option = {"", "--" + flag_name};
  try {
    app.parse(std::move(option));
  } catch (const BadValue& bad) {
    const char* how =
        is_bool ? "invalid boolean value %q for -%s: %v" : "invalid value %q for flag -%s: %v";
    return fmt::Errorf(how, value, flag_name, bad.err);
  } catch (const CLI::ParseError&) {
    return fmt::Errorf("flag provided but not defined: -%s", flag_name);
  }
  return nullptr;
}

error FlagSet::Parse(const std::vector<std::string>& args) {
  state_->parsed = true;
  size_t next = 0;
  error err;
  while (err == nullptr && next < args.size()) {
    const std::string& arg = args[next];
    if (arg.size() < 2 || arg[0] != '-') break;
    next++;
    if (arg == "--") break;
    err = state_->parse_one(arg, args, &next);
  }
  state_->rest.assign(args.begin() + static_cast<std::ptrdiff_t>(next), args.end());
  if (err == nullptr) return nullptr;
  if (err != ErrHelp) fmt::Fprintln(state_->out, err);
  Usage();
  if (state_->handling == ExitOnError) os::Exit(err == ErrHelp ? 0 : 2);
  if (state_->handling == PanicOnError) panic(err);
  return err;
}

bool FlagSet::Parsed() const { return state_->parsed; }

error FlagSet::Set(std::string_view name, std::string_view value) {
  auto it = state_->flags.find(name);
  if (it == state_->flags.end()) return fmt::Errorf("no such flag -%s", name);
  error err = it->second.set(std::string(value));
  if (err == nullptr) it->second.given = true;
  return err;
}

const std::vector<std::string>& FlagSet::Args() const { return state_->rest; }
std::string FlagSet::Arg(int i) const {
  return i >= 0 && i < NArg() ? Args()[static_cast<size_t>(i)] : "";
}
int FlagSet::NFlag() const {
  int n = 0;
  for (auto& [name, flag] : state_->flags) n += flag.given;
  return n;
}
void FlagSet::PrintDefaults() const {
  std::string all;
  for (auto& [name, flag] : state_->flags) {
    // A word between backquotes in the usage names the value.
    std::string type = flag.type, usage = flag.usage;
    size_t open = usage.find('`');
    size_t shut = open == usage.npos ? usage.npos : usage.find('`', open + 1);
    if (shut != usage.npos) {
      type = usage.substr(open + 1, shut - open - 1);
      usage.erase(shut, 1).erase(open, 1);
    }
    std::string line = "  -" + name + (type.empty() ? "" : " " + type);
    line += line.size() <= 4 ? "\t" : "\n    \t";
    for (char c : usage) {
      line += c;
      if (c == '\n') line += "    \t";
    }
    if (!flag.shown_default.empty()) line += " (default " + flag.shown_default + ")";
    all += line + "\n";
  }
  fmt::Fprint(state_->out, all);
}
void FlagSet::set_writer(golab::glue::Writer w) { state_->out = w; }

FlagSet& CommandLine() {
  static FlagSet& set = *new FlagSet(os::Args.empty() ? "" : os::Args[0], ExitOnError);
  return set;
}

void Parse() {
  std::vector<std::string> args;
  if (!os::Args.empty()) args.assign(os::Args.begin() + 1, os::Args.end());
  CommandLine().Parse(args);
}

}  // namespace golab::flag
