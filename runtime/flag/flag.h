// flag.h: Go's flag: -name value, -name=value, --name=value; a bool needs no value.
//
//   auto addr = flag::String("addr", "127.0.0.1:8080", "listen `address`");   // a pointer, as in
//   Go auto verbose = flag::Bool("v", false, "say more"); flag::Parse();
//   http::ListenAndServe(*addr, nullptr);
//
// Flags end at the first argument that is none, and after "--". A mistake prints what is wrong and
// the usage on stderr and exits with 2; -h and -help print the usage and exit with 0.
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
  // Calls fn with each value given; its error says why it is no good.
  void Func(std::string_view name, std::string_view usage,
            golab::glue::Func<error(std::string_view)> fn);

  // args without the program's name.
  error Parse(const std::vector<std::string>& args);
  bool Parsed() const;
  error Set(std::string_view name, std::string_view value);

  const std::vector<std::string>& Args() const;  // what is left after the flags
  int NArg() const { return static_cast<int>(Args().size()); }
  std::string Arg(int i) const;             // "" if there is none
  int NFlag() const;                        // flags that were set
  bool Given(std::string_view name) const;  // whether this one was

  golab::glue::Func<void()> Usage;  // by default "Usage of NAME:" and PrintDefaults
  std::string Defaults() const;     // all flags, as the usage shows them
  // Where mistakes and the usage go; stderr unless told otherwise.
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

// The program's own flags. Lives for ever.
FlagSet& CommandLine();

bool* Bool(std::string_view name, bool value, std::string_view usage);
int* Int(std::string_view name, int value, std::string_view usage);
int64_t* Int64(std::string_view name, int64_t value, std::string_view usage);
unsigned* Uint(std::string_view name, unsigned value, std::string_view usage);
double* Float64(std::string_view name, double value, std::string_view usage);
std::string* String(std::string_view name, std::string_view value, std::string_view usage);
time::Duration* Duration(std::string_view name, time::Duration value, std::string_view usage);
void BoolVar(bool* p, std::string_view name, bool value, std::string_view usage);
void IntVar(int* p, std::string_view name, int value, std::string_view usage);
void StringVar(std::string* p, std::string_view name, std::string_view value,
               std::string_view usage);
void DurationVar(time::Duration* p, std::string_view name, time::Duration value,
                 std::string_view usage);

void Parse();  // os::Args without the first
bool Parsed();
std::vector<std::string> Args();
int NArg();
std::string Arg(int i);
int NFlag();
void PrintDefaults();
void SetUsage(golab::glue::Func<void()> usage);  // flag.Usage = usage

}  // namespace golab::flag
