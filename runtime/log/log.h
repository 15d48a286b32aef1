// log.h: Go's log: lines with date and time, on stderr by default.
//
//   log::Printf("processed %d items", n);     // log.Printf("processed %d items", n)
//   log::Fatal(err);                          // log.Fatal(err)    prints, then exits with status 1
//   auto l = log::New(os::Stdout, "w: ", 0);  // l := log.New(os.Stdout, "w: ", 0)
//
// A line looks as in Go: "2026/11/22 01:12:41 processed 1500 items". Each call makes one Write of
// one line. A call parks while another goroutine writes to the same logger. Fatal and its kin never
// return, and run no deferred call; Panic and its kin print the line and then panic with it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "runtime/fmt/fmt.h"

namespace golab::log {

enum : int {
  Ldate = 1,          // 2009/01/23
  Ltime = 2,          // 01:23:23
  Lmicroseconds = 4,  // 01:23:23.123123
  Llongfile = 8,      // accepted, not shown: a C++ function does not know who called it
  Lshortfile = 16,    // accepted, not shown
  LUTC = 32,
  Lmsgprefix = 64,  // the prefix is before the message, not at the beginning of the line
  LstdFlags = Ldate | Ltime,
};

// A handle: copies name one logger.
class Logger {
 public:
  Logger(golab::glue::Writer w, std::string_view prefix, int flags);

  void Output(std::string_view text) const;  // writes a line; adds the newline if it lacks one
  template <typename... A>
  void Printf(std::string_view format, const A&... args) const {
    Output(fmt::Sprintf(format, args...));
  }
  template <typename... A>
  void Print(const A&... args) const {
    Output(fmt::Sprint(args...));
  }
  template <typename... A>
  void Println(const A&... args) const {
    Output(fmt::Sprintln(args...));
  }
  template <typename... A>
  [[noreturn]] void Fatalf(std::string_view format, const A&... args) const {
    fatal(fmt::Sprintf(format, args...));
  }
  template <typename... A>
  [[noreturn]] void Fatal(const A&... args) const {
    fatal(fmt::Sprint(args...));
  }
  template <typename... A>
  [[noreturn]] void Fatalln(const A&... args) const {
    fatal(fmt::Sprintln(args...));
  }
  template <typename... A>
  [[noreturn]] void Panicf(std::string_view format, const A&... args) const {
    std::string text = fmt::Sprintf(format, args...);
    Output(text);
    panic(text);
  }

  void SetFlags(int flags) const;
  int Flags() const;
  void SetPrefix(std::string_view prefix) const;
  std::string Prefix() const;
  template <typename W>
  void SetOutput(W& w) const {
    set_writer(golab::glue::make_writer(w));
  }

 private:
  struct State;
  [[noreturn]] void fatal(const std::string& text) const;
  void set_writer(golab::glue::Writer w) const;
  std::shared_ptr<State> state_;
};

// A logger that writes to w. w must outlive it.
template <typename W>
Logger New(W& w, std::string_view prefix, int flags) {
  return Logger(golab::glue::make_writer(w), prefix, flags);
}

const Logger& Default();  // the functions below use it

void SetFlags(int flags);
int Flags();
void SetPrefix(std::string_view prefix);
std::string Prefix();
template <typename W>
void SetOutput(W& w) {
  Default().SetOutput(w);
}

// The templates below call these. A profile shows these, not the templates.
void Printf(std::string_view format, golab::glue::Args args);
void Print(golab::glue::Args args);
void Println(golab::glue::Args args);
[[noreturn]] void Fatalf(std::string_view format, golab::glue::Args args);
[[noreturn]] void Fatal(golab::glue::Args args);
[[noreturn]] void Fatalln(golab::glue::Args args);
[[noreturn]] void Panicf(std::string_view format, golab::glue::Args args);
[[noreturn]] void Panic(golab::glue::Args args);
[[noreturn]] void Panicln(golab::glue::Args args);

}  // namespace golab::log

// ---- Implementation ----

namespace golab::glue::logging {

template <typename... A>
void Printf(std::string_view format, const A&... args) {
  log::Printf(format, Args{make_arg(args)...});
}
template <typename... A>
void Print(const A&... args) {
  log::Print(Args{make_arg(args)...});
}
template <typename... A>
void Println(const A&... args) {
  log::Println(Args{make_arg(args)...});
}
template <typename... A>
[[noreturn]] void Fatalf(std::string_view format, const A&... args) {
  log::Fatalf(format, Args{make_arg(args)...});
}
template <typename... A>
[[noreturn]] void Fatal(const A&... args) {
  log::Fatal(Args{make_arg(args)...});
}
template <typename... A>
[[noreturn]] void Fatalln(const A&... args) {
  log::Fatalln(Args{make_arg(args)...});
}
template <typename... A>
[[noreturn]] void Panicf(std::string_view format, const A&... args) {
  log::Panicf(format, Args{make_arg(args)...});
}
template <typename... A>
[[noreturn]] void Panic(const A&... args) {
  log::Panic(Args{make_arg(args)...});
}
template <typename... A>
[[noreturn]] void Panicln(const A&... args) {
  log::Panicln(Args{make_arg(args)...});
}

}  // namespace golab::glue::logging

namespace golab::log {
using golab::glue::logging::Fatal;
using golab::glue::logging::Fatalf;
using golab::glue::logging::Fatalln;
using golab::glue::logging::Panic;
using golab::glue::logging::Panicf;
using golab::glue::logging::Panicln;
using golab::glue::logging::Print;
using golab::glue::logging::Printf;
using golab::glue::logging::Println;
}  // namespace golab::log
