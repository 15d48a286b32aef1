// names_child.cpp: a program whose files are taken away, or exchanged, while it is profiled.
//
//   names_child twice                two profiles
//   names_child shut                 one without a free descriptor, one with
//   names_child chroot FOLDER        one where there is no /proc and no file, one outside again
//   names_child plugin FILE OTHER    loads FILE, puts OTHER in its place, asks for the name
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "profiler/endpoints/pprof.h"
#include "profiler/formats/profile.h"
#include "runtime/golab.h"
#include "runtime/sched/proc.h"
#include "runtime/traceback/symbols.h"

void waits_for_ever(Chan<int> ch) { ch.recv(); }

static std::string profile(int debug) {
  std::string text;
  pprof::Lookup("goroutine")
      ->WriteTo(
          [&text](std::string_view piece) -> error {
            text += piece;
            return nullptr;
          },
          debug);
  return text;
}

static void print_profile() {
  std::printf("%s", profile(1).c_str());
  for (const std::string& comment : profiler::read_profile(profile(0), "own").profile.comments) {
    std::printf("comment: %s\n", comment.c_str());
  }
  std::printf("----\n");
}

static void must(bool done, const char* what) {
  if (done) return;
  std::perror(what);
  std::exit(1);
}

static void without_descriptors() {
  rlimit limit{};
  must(getrlimit(RLIMIT_NOFILE, &limit) == 0, "getrlimit");
  rlimit none{0, limit.rlim_max};
  must(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
  print_profile();
  must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
  print_profile();
}

static void without_proc(const char* folder) {
  int outside = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  must(outside >= 0 && ::chroot(folder) == 0, "chroot");
  print_profile();
  must(::fchdir(outside) == 0 && ::chroot(".") == 0, "chroot back");
  print_profile();
}

static void exchanged(const char* file, const char* other) {
  void* plugin = dlopen(file, RTLD_NOW);
  must(plugin != nullptr, file);
  auto pc = reinterpret_cast<uintptr_t>(dlsym(plugin, "first_function")) + 1;
  must(::rename(other, file) == 0, "rename");
  // Only root may open what is mapped and has no name any more.
  must(::geteuid() != 0 || ::seteuid(65534) == 0, "seteuid");
  runtime::systemstack([&] {
    std::printf("%s\n", std::string(runtime::frames_of(&pc, 1, true)[0].frame->function).c_str());
    for (const std::string& problem : runtime::symbol_problems()) {
      std::printf("problem: %s\n", problem.c_str());
    }
  });
}

int main(int argc, char** argv) {
  std::string mode = argc > 1 ? argv[1] : "twice";
  auto ch = make_chan<int>();
  go(waits_for_ever, ch);
  runtime::Gosched();
  if (mode == "twice") {
    print_profile();
    print_profile();
  } else if (mode == "shut") {
    without_descriptors();
  } else if (mode == "chroot") {
    without_proc(argv[2]);
  } else if (mode == "plugin") {
    exchanged(argv[2], argv[3]);
  }
  return 0;
}
