// flag.h: Go's flag: -name value, -name=value, --name=value; a bool needs no value.
//
//   auto addr = flag::String("addr", ":8080", "`address`");  // addr := flag.String("addr", ...)
//   auto verbose = flag::Bool("v", false, "say more");       // verbose := flag.Bool("v", ...)
//   flag::Parse();                                           // flag.Parse()
//   http::ListenAndServe(*addr, nullptr);                    // http.ListenAndServe(*addr, nil)
//
// Flags end before the first argument that is not a flag, and after "--". A mistake prints what is
// wrong and the usage on stderr, and exits with status 2. -h and -help print the usage and exit
// with status 0. Nothing here parks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/errors/errors.h"
#include "runtime/fmt/fmt.h"
#include "runtime/sync/func.h"
#include "runtime/time/duration.h"

namespace golab::flag {

// What Parse does about a mistake.
enum class ErrorHandling { ContinueOnError, ExitOnError, PanicOnError };
inline constexpr auto ContinueOnError = ErrorHandling::ContinueOnError;
inline constexpr auto ExitOnError = ErrorHandling::ExitOnError;
inline constexpr auto PanicOnError = ErrorHandling::PanicOnError;

inline const error ErrHelp = errors::New("flag: help requested");

// One set of flags, for a program with several commands.
class FlagSet {
 public:
  FlagSet(std::string_view name, ErrorHandling handling);
  FlagSet(const FlagSet&) = delete;
  FlagSet& operator=(const FlagSet&) = delete;
  ~FlagSet();

  // The variables live as long as the set. Panics "flag redefined: NAME".
  bool* Bool(std::string_view name, bool value, std::string_view usage);
  int* Int(std::string_view name, int value, std::string_view usage);
  int64_t* Int64(std::string_view name, int64_t value, std::string_view usage);
  unsigned* Uint(std::string_view name, unsigned value, std::string_view usage);
  double* Float64(std::string_view name, double value, std::string_view usage);
  std::string* String(std::string_view name, std::string_view value, std::string_view usage);
  time::Duration* Duration(std::string_view name, time::Duration value, std::string_view usage);
  void BoolVar(bool* p, std::string_view name, bool value, std::string_view usage);
  void IntVar(int* p, std::string_view name, int value, std::string_view usage);
  void Int64Var(int64_t* p, std::string_view name, int64_t value, std::string_view usage);
  void UintVar(unsigned* p, std::string_view name, unsigned value, std::string_view usage);
  void Float64Var(double* p, std::string_view name, double value, std::string_view usage);
  void StringVar(std::string* p, std::string_view name, std::string_view value,
                 std::string_view usage);
  void DurationVar(time::Duration* p, std::string_view name, time::Duration value,
                   std::string_view usage);
  // Parse calls fn with each value of this flag. An error from fn says why the value is wrong.
  void Func(std::string_view name, std::string_view usage,
            golab::glue::Func<error(std::string_view)> fn);

  // `args` has no program name. A mistake returns an error, exits with status 2 or panics, by the
  // set's ErrorHandling.
  error Parse(const std::vector<std::string>& args);
  bool Parsed() const;
  error Set(std::string_view name, std::string_view value);

  const std::vector<std::string>& Args() const;  // the arguments after the flags
  int NArg() const { return static_cast<int>(Args().size()); }
  std::string Arg(int i) const;  // "" if there is none
  int NFlag() const;             // how many flags were set

  golab::glue::Func<void()> Usage;  // by default prints "Usage of NAME:" and PrintDefaults
  // Where mistakes and the usage go. The default is stderr.
  template <typename W>
  void SetOutput(W& w) {
    set_writer(golab::glue::make_writer(w));
  }
  void PrintDefaults() const;

 private:
  struct State;
  void set_writer(golab::glue::Writer w);
  std::unique_ptr<State> state_;
};

// The program's own flags. Never destroyed.
FlagSet& CommandLine();

inline bool* Bool(std::string_view name, bool value, std::string_view usage) {
  return CommandLine().Bool(name, value, usage);
}
inline int* Int(std::string_view name, int value, std::string_view usage) {
  return CommandLine().Int(name, value, usage);
}
inline int64_t* Int64(std::string_view name, int64_t value, std::string_view usage) {
  return CommandLine().Int64(name, value, usage);
}
inline unsigned* Uint(std::string_view name, unsigned value, std::string_view usage) {
  return CommandLine().Uint(name, value, usage);
}
inline double* Float64(std::string_view name, double value, std::string_view usage) {
  return CommandLine().Float64(name, value, usage);
}
inline std::string* String(std::string_view name, std::string_view value, std::string_view usage) {
  return CommandLine().String(name, value, usage);
}
inline time::Duration* Duration(std::string_view name, time::Duration value,
                                std::string_view usage) {
  return CommandLine().Duration(name, value, usage);
}
inline void BoolVar(bool* p, std::string_view name, bool value, std::string_view usage) {
  CommandLine().BoolVar(p, name, value, usage);
}
inline void IntVar(int* p, std::string_view name, int value, std::string_view usage) {
  CommandLine().IntVar(p, name, value, usage);
}
inline void StringVar(std::string* p, std::string_view name, std::string_view value,
                      std::string_view usage) {
  CommandLine().StringVar(p, name, value, usage);
}
inline void DurationVar(time::Duration* p, std::string_view name, time::Duration value,
                        std::string_view usage) {
  CommandLine().DurationVar(p, name, value, usage);
}

void Parse();  // parses os::Args without the first
inline bool Parsed() { return CommandLine().Parsed(); }
inline std::vector<std::string> Args() { return CommandLine().Args(); }
inline int NArg() { return CommandLine().NArg(); }
inline std::string Arg(int i) { return CommandLine().Arg(i); }
inline int NFlag() { return CommandLine().NFlag(); }
inline void PrintDefaults() { CommandLine().PrintDefaults(); }
// flag.Usage = usage
inline void SetUsage(golab::glue::Func<void()> usage) { CommandLine().Usage = std::move(usage); }

}  // namespace golab::flag
