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
  bool is_bool = false;
  bool given = false;
  golab::glue::Func<error(const std::string&)> set;
};

error parse_bool(const std::string& s, bool* v) {
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

template <typename T>
error parse_number(const std::string& s, T* to) {
  bool negative = false;
  uint64_t v = 0;
  if (error err = parse_integer(s, &negative, &v); err != nullptr) return err;
  if (negative && std::is_unsigned_v<T>) return errParse;
  auto max = static_cast<uint64_t>(std::numeric_limits<T>::max()) + (negative ? 1 : 0);
  if (v > max) return errRange;
  *to = static_cast<T>(negative ? 0 - v : v);
  return nullptr;
}

error parse_float(const std::string& s, double* to) {
  char* end = nullptr;
  errno = 0;
  double v = std::strtod(s.c_str(), &end);
  if (s.empty() || *end != '\0' || s[0] == ' ') return errParse;
  if (errno == ERANGE) return errRange;
  *to = v;
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
  T* make() {
    auto v = std::make_shared<T>();
    variables.push_back(v);
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
    std::string head = state_->name.empty() ? "Usage:\n" : "Usage of " + state_->name + ":\n";
    fmt::Fprint(state_->out, head + Defaults());
  };
}
FlagSet::~FlagSet() = default;

void FlagSet::BoolVar(bool* p, std::string_view name, bool value, std::string_view usage) {
  *p = value;
  state_->add({std::string(name), std::string(usage), "", value ? "true" : "", true, false,
               [p](const std::string& s) { return parse_bool(s, p); }});
}
void FlagSet::IntVar(int* p, std::string_view name, int value, std::string_view usage) {
  *p = value;
  state_->add({std::string(name), std::string(usage), "int", value != 0 ? fmt::Sprint(value) : "",
               false, false, [p](const std::string& s) { return parse_number(s, p); }});
}
void FlagSet::Int64Var(int64_t* p, std::string_view name, int64_t value, std::string_view usage) {
  *p = value;
  state_->add({std::string(name), std::string(usage), "int", value != 0 ? fmt::Sprint(value) : "",
               false, false, [p](const std::string& s) { return parse_number(s, p); }});
}
void FlagSet::UintVar(unsigned* p, std::string_view name, unsigned value, std::string_view usage) {
  *p = value;
  state_->add({std::string(name), std::string(usage), "uint", value != 0 ? fmt::Sprint(value) : "",
               false, false, [p](const std::string& s) { return parse_number(s, p); }});
}
void FlagSet::Float64Var(double* p, std::string_view name, double value, std::string_view usage) {
  *p = value;
  state_->add({std::string(name), std::string(usage), "float", value != 0 ? fmt::Sprint(value) : "",
               false, false, [p](const std::string& s) { return parse_float(s, p); }});
}
void FlagSet::StringVar(std::string* p, std::string_view name, std::string_view value,
                        std::string_view usage) {
  *p = value;
  state_->add({std::string(name), std::string(usage), "string",
               value.empty() ? "" : fmt::Sprintf("%q", value), false, false,
               [p](const std::string& s) { return *p = s, error(nullptr); }});
}
void FlagSet::DurationVar(time::Duration* p, std::string_view name, time::Duration value,
                          std::string_view usage) {
  *p = value;
  state_->add({std::string(name), std::string(usage), "duration", value != 0 ? value.String() : "",
               false, false, [p](const std::string& s) {
                 auto [d, err] = time::ParseDuration(s);
                 if (err != nullptr) return errParse;
                 *p = d;
                 return error(nullptr);
               }});
}
void FlagSet::Func(std::string_view name, std::string_view usage,
                   golab::glue::Func<error(std::string_view)> fn) {
  state_->add({std::string(name), std::string(usage), "value", "", false, false,
               [fn](const std::string& s) { return fn(s); }});
}

bool* FlagSet::Bool(std::string_view name, bool value, std::string_view usage) {
  auto* p = state_->make<bool>();
  BoolVar(p, name, value, usage);
  return p;
}
int* FlagSet::Int(std::string_view name, int value, std::string_view usage) {
  auto* p = state_->make<int>();
  IntVar(p, name, value, usage);
  return p;
}
int64_t* FlagSet::Int64(std::string_view name, int64_t value, std::string_view usage) {
  auto* p = state_->make<int64_t>();
  Int64Var(p, name, value, usage);
  return p;
}
unsigned* FlagSet::Uint(std::string_view name, unsigned value, std::string_view usage) {
  auto* p = state_->make<unsigned>();
  UintVar(p, name, value, usage);
  return p;
}
double* FlagSet::Float64(std::string_view name, double value, std::string_view usage) {
  auto* p = state_->make<double>();
  Float64Var(p, name, value, usage);
  return p;
}
std::string* FlagSet::String(std::string_view name, std::string_view value,
                             std::string_view usage) {
  auto* p = state_->make<std::string>();
  StringVar(p, name, value, usage);
  return p;
}
time::Duration* FlagSet::Duration(std::string_view name, time::Duration value,
                                  std::string_view usage) {
  auto* p = state_->make<time::Duration>();
  DurationVar(p, name, value, usage);
  return p;
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
  bool is_bool = it != flags.end() && it->second.is_bool;
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
bool FlagSet::Given(std::string_view name) const {
  auto it = state_->flags.find(name);
  return it != state_->flags.end() && it->second.given;
}

std::string FlagSet::Defaults() const {
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
  return all;
}
void FlagSet::PrintDefaults() const { fmt::Fprint(state_->out, Defaults()); }
void FlagSet::set_writer(golab::glue::Writer w) { state_->out = w; }

FlagSet& CommandLine() {
  static FlagSet& set = *new FlagSet(os::Args.empty() ? "" : os::Args[0], ExitOnError);
  return set;
}

bool* Bool(std::string_view name, bool value, std::string_view usage) {
  return CommandLine().Bool(name, value, usage);
}
int* Int(std::string_view name, int value, std::string_view usage) {
  return CommandLine().Int(name, value, usage);
}
int64_t* Int64(std::string_view name, int64_t value, std::string_view usage) {
  return CommandLine().Int64(name, value, usage);
}
unsigned* Uint(std::string_view name, unsigned value, std::string_view usage) {
  return CommandLine().Uint(name, value, usage);
}
double* Float64(std::string_view name, double value, std::string_view usage) {
  return CommandLine().Float64(name, value, usage);
}
std::string* String(std::string_view name, std::string_view value, std::string_view usage) {
  return CommandLine().String(name, value, usage);
}
time::Duration* Duration(std::string_view name, time::Duration value, std::string_view usage) {
  return CommandLine().Duration(name, value, usage);
}
void BoolVar(bool* p, std::string_view name, bool value, std::string_view usage) {
  CommandLine().BoolVar(p, name, value, usage);
}
void IntVar(int* p, std::string_view name, int value, std::string_view usage) {
  CommandLine().IntVar(p, name, value, usage);
}
void StringVar(std::string* p, std::string_view name, std::string_view value,
               std::string_view usage) {
  CommandLine().StringVar(p, name, value, usage);
}
void DurationVar(time::Duration* p, std::string_view name, time::Duration value,
                 std::string_view usage) {
  CommandLine().DurationVar(p, name, value, usage);
}

void Parse() {
  std::vector<std::string> args;
  if (!os::Args.empty()) args.assign(os::Args.begin() + 1, os::Args.end());
  CommandLine().Parse(args);
}
bool Parsed() { return CommandLine().Parsed(); }
std::vector<std::string> Args() { return CommandLine().Args(); }
int NArg() { return CommandLine().NArg(); }
std::string Arg(int i) { return CommandLine().Arg(i); }
int NFlag() { return CommandLine().NFlag(); }
void PrintDefaults() { CommandLine().PrintDefaults(); }
void SetUsage(golab::glue::Func<void()> usage) { CommandLine().Usage = std::move(usage); }

}  // namespace golab::flag
