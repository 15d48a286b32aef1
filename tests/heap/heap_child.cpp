// heap_child.cpp: what a program can do to its heap. usage: heap_child MODE
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "runtime/golab.h"

namespace {

const std::string* before_main = new std::string("made before main, with a text that is long");

// The compiler is not to know what it points to, nor that it was freed.
template <typename T>
T* hidden(T* p) {
  asm volatile("" : "+r"(p) : : "memory");
  return p;
}

void* make(size_t n) { return hidden(operator new(n)); }

int handler_calls = 0;
void handler() {
  if (++handler_calls == 3) std::set_new_handler(nullptr);
}

int exhaust() {
  std::vector<void*> held;
  held.reserve(100000);
  try {
    while (true) held.push_back(make(16 << 20));
  } catch (const std::bad_alloc&) {
    std::puts("bad_alloc");
  }
  std::set_new_handler(handler);
  try {
    make(16 << 20);
  } catch (const std::bad_alloc&) {
    std::printf("handler: %d calls\n", handler_calls);
  }
  if (hidden(operator new(16 << 20, std::nothrow)) == nullptr) std::puts("null");
  for (void* p : held) operator delete(p);
  operator delete(make(16 << 20));
  std::puts("again");
  return 0;
}

int forks() {
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; i++) {
    threads.emplace_back([&done] {
      while (!done) {
        std::vector<std::unique_ptr<std::string>> some(200);
        for (auto& s : some) s = std::make_unique<std::string>(1000, 'x');
      }
    });
  }
  int good = 0;
  for (int i = 0; i < 100; i++) {
    const pid_t pid = fork();
    if (pid == 0) {
      alarm(20);
      for (int k = 0; k < 200; k++) operator delete(make(100 + 300 * static_cast<size_t>(k)));
      _exit(0);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    good += status == 0;
  }
  done = true;
  for (auto& t : threads) t.join();
  std::printf("%d children\n", good);
  return 0;
}

struct LeavesLate {
  std::unique_ptr<std::string> made = std::make_unique<std::string>(500, 'x');
  ~LeavesLate() { made = std::make_unique<std::string>(700, 'y'); }
};

int ends() {
  std::printf("%.16s\n", before_main->c_str());
  int ran = 0;
  for (int i = 0; i < 20; i++) {
    std::thread([&ran] {
      thread_local LeavesLate late;
      ran += late.made->size() == 500;
    }).join();
  }
  std::atexit([] { operator delete(make(100)); });
  std::printf("%d threads\n", ran);
  return 0;
}

int scribble() {
  for (size_t n = 8; n < 100000; n += n / 4 + 8) {
    std::vector<char*> some;
    for (int i = 0; i < 50; i++) some.push_back(static_cast<char*>(make(n)));
    for (char* p : some) {
      char* freed = hidden(p);
      operator delete(p);
      std::memset(freed, 0xff, n);
    }
    for (char*& p : some) p = static_cast<char*>(make(n));
    for (char* p : some) operator delete(p);
  }
  return 0;
}

}  // namespace

void wrong_delete(void* p) { operator delete(p); }

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "double") {
    void* p = make(100);
    void* freed = hidden(p);
    operator delete(p);
    wrong_delete(freed);
  } else if (mode == "double-large") {
    void* p = make(1 << 20);
    void* freed = hidden(p);
    operator delete(p);
    wrong_delete(freed);
  } else if (mode == "inside") {
    wrong_delete(static_cast<char*>(make(100)) + 16);
  } else if (mode == "malloc") {
    wrong_delete(hidden(std::malloc(100)));
  } else if (mode == "scribble") {
    return scribble();
  } else if (mode == "fork") {
    return forks();
  } else if (mode == "exhaust") {
    return exhaust();
  } else if (mode == "rate") {
    std::printf("%d\n", runtime::MemProfileRate.load());
    return 0;
  } else if (mode == "ends") {
    return ends();
  }
  return 3;
}
