// crashing.cpp: programs for crashes_test.cpp, a function each, chosen by argument: exceptions,
// faults and signals, in places where little can be said any more.
#include <dlfcn.h>
#include <elfutils/libdw.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"
#include "runtime/sched/proc.h"

// ---- Exceptions that are no panics

void look_at(size_t i) {
  std::vector<int> v(3);
  std::printf("%d\n", v.at(i));
}
void vector_at() { look_at(10); }

volatile size_t too_much = size_t{1} << 60;
void reserve_all() {
  char* volatile p = new char[too_much];
  delete[] p;
}
void bad_alloc() { reserve_all(); }

void throw_number() { throw 42; }
void throw_int() { throw_number(); }

void promises() noexcept { throw_number(); }
void noexcept_throw() { promises(); }

void goroutine_throw() {
  go(throw_number);
  select({});
}

void fails() { throw std::runtime_error("in the Defer"); }
void defer_throws() {
  Defer d{fails};
  panic("first");
}
void defer_throws_unwinding() {
  try {
    Defer d{fails};
    panic("first");
  } catch (...) {
    puts("caught");
  }
}

struct badError {
  std::string Error() const { panic("in Error"); }
};
void error_panics() { panic(badError{}); }
struct badString {
  std::string String() const { panic(errors::New("in String")); }
};
void string_panics() { panic(badString{}); }
struct throwsInError {
  std::string Error() const { throw std::logic_error("in Error"); }
};
void error_throws() { panic(throwsInError{}); }

// ---- main returns while another goroutine dies

Chan<bool> begun = make_chan<bool>();
void tell_main() {
  begun.send(true);
  for (int i = 0; i < 20; i++) runtime::Gosched();
}
void boom() {
  Defer d{tell_main};
  panic("boom");
}
void main_returns_beside_panic() {
  go(boom);
  begun.recv();
}

struct speaks {
  std::string Error() const {
    tell_main();
    return "said";
  }
};
void main_returns_beside_printing() {
  go([] { panic(speaks{}); });
  begun.recv();
}

void recovers() {
  try {
    Defer d{tell_main};
    panic("boom");
  } catch (Panic&) {}
}
void main_returns_beside_recovered() {
  go(recovers);
  begun.recv();
}

// ---- Faults

struct node {
  node* next;
  int value;
};
int value_of(node* n) { return n->value; }
int divide(int a, int b) { return a / b; }

void fault_in_goroutine() {
  Defer d{tell_main};
  printf("%d\n", value_of(nullptr));
}
void main_returns_beside_fault() {
  go(fault_in_goroutine);
  begun.recv();
}

template <typename F>
void recover_from(F f) {
  try {
    Defer d{[] { puts("deferred"); }};
    f();
  } catch (Panic& p) {
    bool is_error = p.value<runtime::Error>() != nullptr;
    printf("recovered: %s %d\n%s", p.String().c_str(), is_error, p.Stack().c_str());
  }
}
void recovered_nil() {
  recover_from([] { printf("%d\n", value_of(nullptr)); });
  recover_from([] { printf("%d\n", divide(1, 0)); });
}
void (*volatile nowhere)() = nullptr;
void recovered_null_call() {
  recover_from([] { nowhere(); });
}

int careless(node* n) noexcept { return value_of(n); }
void noexcept_nil() {
  recover_from([] { printf("%d\n", careless(nullptr)); });
}
const char* volatile no_text = nullptr;
void nil_in_libc() {
  recover_from([] { printf("%zu\n", strlen(no_text)); });
}
void wild_pointer() {
  auto* n = reinterpret_cast<node*>(uintptr_t{0x123456000});
  recover_from([&] { printf("%d\n", value_of(n)); });
}
void nil_then_panic() {
  Defer d{[] {
    puts("deferred");
    fflush(stdout);
  }};
  printf("%d\n", value_of(nullptr));
}

void null_call() { nowhere(); }
// A page of a file that has become shorter.
void bus_error() {
  FILE* file = tmpfile();
  if (file == nullptr || ftruncate(fileno(file), 4096) != 0) return;
  void* page = mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fileno(file), 0);
  if (page == MAP_FAILED || ftruncate(fileno(file), 0) != 0) return;
  recover_from([&] { printf("%d\n", value_of(static_cast<node*>(page))); });
}
void write_to_code() {
  auto* code = reinterpret_cast<volatile char*>(reinterpret_cast<uintptr_t>(&value_of));
  recover_from([&] { *code = 0; });
}
void foreign_fault() {
  std::thread other([] { printf("%d\n", value_of(nullptr)); });
  other.join();
}

// ---- Dying inside malloc and inside the symbolizer

void invalid_free() {
  char* volatile p = static_cast<char*>(calloc(1, 100)) + 8;
  free(p);
}

// malloc finds the damage while it holds its lock, and calls abort.
void damage() {
  size_t* volatile chunk = static_cast<size_t*>(malloc(2000));
  auto* barrier = malloc(2000);
  size_t* volatile freed = chunk;
  free(chunk);
  freed[-1] = ~size_t{15};
  printf("%p %p\n", malloc(30000), barrier);
}
void malloc_lock() {
  runtime::LockOSThread();
  damage();
}
void malloc_lock_beside_others() {
  runtime::GOMAXPROCS(2);
  for (int i = 0; i < 3; i++) {
    go([] {
      for (;;) {
        void* volatile p = malloc(50);
        free(p);
      }
    });
  }
  malloc_lock();
}

bool symbolizer_crashes = false;
auto* const volatile crash_at = reinterpret_cast<volatile int*>(8);
extern "C" Dwarf* dwarf_begin_elf(Elf* elf, Dwarf_Cmd command, Elf_Scn* section) {
  if (symbolizer_crashes) *crash_at = 1;
  using Begin = Dwarf* (*)(Elf*, Dwarf_Cmd, Elf_Scn*);
  auto begin = reinterpret_cast<Begin>(dlsym(RTLD_NEXT, "dwarf_begin_elf"));
  return begin(elf, command, section);
}
void panic_crashes_symbolizer() {
  symbolizer_crashes = true;
  panic("first");
}
void stack_crashes_symbolizer() {
  symbolizer_crashes = true;
  puts(runtime::StackText(true).c_str());
}

// ---- Stacks

// Calls what the C++ library binds when it is first called, with less stack than binding needs.
int descend(uintptr_t lowest) {
  char here;
  if (reinterpret_cast<uintptr_t>(&here) > lowest + 1400) return descend(lowest) + 1;
  return std::chrono::system_clock::now().time_since_epoch().count() != 0;
}
void overflow_in_linker() {
  go([] { printf("%d\n", descend(runtime::getg()->stack_lo)); });
  select({});
}
void dump() { fputs(runtime::StackText(true).c_str(), stdout); }

// ---- Signals and descriptors

void sleeper() {
  puts("ready");
  fflush(stdout);
  time::Sleep(time::Hour);
}
void illegal() { __builtin_trap(); }
void trap() { asm volatile("int3"); }
void aborts() { abort(); }
void raises_segv() { raise(SIGSEGV); }

void write_stdout() {
  for (int i = 0; i < 2'000'000; i++) puts("a line that somebody may want to read");
}
void write_socket() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) return;
  close(ends[1]);
  ssize_t n = write(ends[0], "x", 1);
  printf("%s\n", n < 0 ? strerror(errno) : "written");
}
void child_gets_sigpipe() { printf("%d\n", system("kill -PIPE $$; echo alive")); }

void standard_descriptors() {
  for (int fd = 0; fd < 3; fd++) {
    char path[32], target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (readlink(path, target, sizeof target - 1) < 0) os::Exit(10 + fd);
    if (strcmp(target, "/dev/null") != 0) os::Exit(20 + fd);
  }
}

// ---- A server

void serve() {
  http::HandleFunc(
      "/nil", [](http::ResponseWriter&, http::Request*) { printf("%d\n", value_of(nullptr)); });
  http::HandleFunc("/int", [](http::ResponseWriter&, http::Request*) { throw_number(); });
  http::HandleFunc("/exception", [](http::ResponseWriter&, http::Request*) { look_at(10); });
  http::HandleFunc("/goexit", [](http::ResponseWriter&, http::Request*) { runtime::Goexit(); });
  http::HandleFunc("/fine", [](http::ResponseWriter& w, http::Request*) { w.Write("fine"); });
  log::SetFlags(0);
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) log::Fatal(err);
  go([l = listener] { http::Serve(l, nullptr); });
  std::string base = "http://" + listener.Addr().String();
  for (const char* path : {"/nil", "/int", "/exception", "/goexit", "/fine"}) {
    auto [resp, get_err] = http::Get(base + path);
    printf("%s %s\n", path, get_err == nullptr ? resp->Status.c_str() : "no answer");
    fflush(stdout);
  }
}

#define PROGRAM(name) \
  { #name, name }
int main(int, char** argv) {
  using Program = void (*)();
  static const std::map<std::string, Program> programs = {PROGRAM(vector_at),
                                                          PROGRAM(bad_alloc),
                                                          PROGRAM(throw_int),
                                                          PROGRAM(noexcept_throw),
                                                          PROGRAM(goroutine_throw),
                                                          PROGRAM(defer_throws),
                                                          PROGRAM(defer_throws_unwinding),
                                                          PROGRAM(error_panics),
                                                          PROGRAM(string_panics),
                                                          PROGRAM(error_throws),
                                                          PROGRAM(main_returns_beside_panic),
                                                          PROGRAM(main_returns_beside_printing),
                                                          PROGRAM(main_returns_beside_recovered),
                                                          PROGRAM(main_returns_beside_fault),
                                                          PROGRAM(recovered_nil),
                                                          PROGRAM(recovered_null_call),
                                                          PROGRAM(noexcept_nil),
                                                          PROGRAM(nil_in_libc),
                                                          PROGRAM(wild_pointer),
                                                          PROGRAM(null_call),
                                                          PROGRAM(bus_error),
                                                          PROGRAM(write_to_code),
                                                          PROGRAM(foreign_fault),
                                                          PROGRAM(nil_then_panic),
                                                          PROGRAM(invalid_free),
                                                          PROGRAM(malloc_lock),
                                                          PROGRAM(malloc_lock_beside_others),
                                                          PROGRAM(panic_crashes_symbolizer),
                                                          PROGRAM(stack_crashes_symbolizer),
                                                          PROGRAM(overflow_in_linker),
                                                          PROGRAM(dump),
                                                          PROGRAM(sleeper),
                                                          PROGRAM(illegal),
                                                          PROGRAM(trap),
                                                          PROGRAM(aborts),
                                                          PROGRAM(raises_segv),
                                                          PROGRAM(write_stdout),
                                                          PROGRAM(write_socket),
                                                          PROGRAM(child_gets_sigpipe),
                                                          PROGRAM(standard_descriptors),
                                                          PROGRAM(serve)};
  programs.at(argv[1])();
  return 0;
}
