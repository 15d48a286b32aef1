// panicking.cpp: the programs of panics.go: values of panics, panics on top of panics, Goexit in
// Defers, functions that are nil. A function each, chosen by argument.
#include <array>
#include <cstdio>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runtime/golab.h"

struct pair {
  int a, b;
};
enum class code : int {};
enum class on : bool {};
struct reason : std::string {
  using std::string::string;
};
template <typename T>
struct box {
  T value;
};

// stdout comes before stderr in the text that Go's programs leave in one file.
void say(const std::string& text) {
  puts(text.c_str());
  fflush(stdout);
}

// ---- Values

void named_int() { panic(code{93}); }
void named_bool() { panic(on{true}); }
void named_string() { panic(reason("bad \"thing\"\nnext")); }
void pointer() { panic(std::make_shared<pair>(pair{1, 2})); }
void nil_pointer() {
  pair* p = nullptr;
  panic(p);
}
void channel() { panic(make_chan<std::string>()); }
void slice() { panic(std::vector<int>{1}); }
void array() { panic(std::array<int, 2>{1, 2}); }
void a_map() { panic(std::map<std::string, pair*>{}); }
void function() {
  panic(std::function<error(int)>([](int) { return error(); }));
}
void empty_struct() { panic(Empty()); }
void generic() { panic(box<pair>{}); }

// ---- Panics on top of panics

void repanic_value() {
  try {
    panic("first");
  } catch (Panic& r) {
    panic(r);
  }
}
void repanic_copy() {
  try {
    panic("first");
  } catch (Panic& r) {
    panic(r.String());
  }
}
void repanic_error() {
  try {
    panic(errors::New("first"));
  } catch (Panic& r) {
    panic(*r.value<error>());
  }
}
void repanic_twice() {
  try {
    try {
      panic("first");
    } catch (Panic& r) {
      panic(r);
    }
  } catch (Panic&) {
    throw;
  }
}
void repanic_wrapped() {
  try {
    try {
      panic(errors::New("first"));
    } catch (Panic& r) {
      panic(r);
    }
  } catch (Panic& r) {
    panic(fmt::Errorf("wrapped: %w", *r.value<error>()));
  }
}
void panic_after_recover() {
  try {
    panic("first");
  } catch (Panic&) {}
  panic("second");
}

// ---- Goexit

void goexit_in_defer() {
  auto done = make_chan<bool>();
  go([=] {
    Defer c{[=] { close(done); }};
    Defer outer{say, std::string("outer")};
    [] {
      Defer one{say, std::string("inner 1")};
      Defer leave{[] {
        say("goexit");
        runtime::Goexit();
      }};
      Defer two{say, std::string("inner 2")};
      panic("gone");
    }();
    say("not reached");
  });
  done.recv();
  say("main goes on");
}
void goexit_then_panic() {
  go([] {
    Defer after{[] { panic("after"); }};
    Defer leave{[] { runtime::Goexit(); }};
    panic("gone");
  });
  time::Sleep(time::Second);
}
void goexit_of_main() {
  Defer leave{[] { runtime::Goexit(); }};
  panic("gone");
}

// ---- Functions that are nil

void go_nil() {
  void (*f)() = nullptr;
  go(f);
  time::Sleep(time::Second);
}
void go_nil_func() {
  std::function<void()> f;
  go(f);
  time::Sleep(time::Second);
}
void defer_nil() {
  void (*f)() = nullptr;
  Defer deferred{say, std::string("deferred")};
  Defer d{f};
  say("before");
}

// ---- Once

void once_func() {
  auto f = sync::OnceFunc([] { panic("once"); });
  f();
}
void once_func_again() {
  auto f = sync::OnceFunc([] { panic("once"); });
  try {
    f();
  } catch (Panic& r) {
    say("recovered " + r.String());
  }
  f();
}
void once_func_goexit() {
  auto f = sync::OnceFunc([] { runtime::Goexit(); });
  go(f);
  time::Sleep(time::Second);
}
void once_value() {
  auto f = sync::OnceValue([]() -> int { panic("once"); });
  f();
}
void once_nested() {
  static sync::Once once;
  once.Do([] { once.Do([] {}); });
}

// ---- What Go does not have

void promises() noexcept {
  Defer leave{[] { runtime::Goexit(); }};
  panic("gone");
}
void goexit_in_noexcept() { promises(); }
void goexit_swallowed() {
  Defer leave{[] {
    try {
      runtime::Goexit();
    } catch (...) {}
  }};
  panic("gone");
}

#define PROGRAM(name) \
  { #name, name }
int main(int, char** argv) {
  using Program = void (*)();
  static const std::map<std::string, Program> programs = {
      PROGRAM(named_int),         PROGRAM(named_bool),         PROGRAM(named_string),
      PROGRAM(pointer),           PROGRAM(nil_pointer),        PROGRAM(channel),
      PROGRAM(slice),             PROGRAM(array),              PROGRAM(a_map),
      PROGRAM(function),          PROGRAM(empty_struct),       PROGRAM(generic),
      PROGRAM(repanic_value),     PROGRAM(repanic_copy),       PROGRAM(repanic_error),
      PROGRAM(repanic_twice),     PROGRAM(repanic_wrapped),    PROGRAM(panic_after_recover),
      PROGRAM(goexit_in_defer),   PROGRAM(goexit_then_panic),  PROGRAM(goexit_of_main),
      PROGRAM(go_nil),            PROGRAM(go_nil_func),        PROGRAM(defer_nil),
      PROGRAM(once_func),         PROGRAM(once_func_again),    PROGRAM(once_func_goexit),
      PROGRAM(once_value),        PROGRAM(once_nested),        PROGRAM(goexit_in_noexcept),
      PROGRAM(goexit_swallowed)};
  programs.at(argv[1])();
  return 0;
}
