// libfuzzer.cpp: a fault or a panic is libFuzzer's to report, with the bytes that led to it. The
// runtime has its handlers already, and libFuzzer takes none away.
#include <signal.h>

#include <cstdlib>
#include <exception>
#include <initializer_list>

// LeakSanitizer does not know the stacks of goroutines, on which a service lives to the end.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  for (int sig : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) ::signal(sig, SIG_DFL);
  std::set_terminate(std::abort);
  return 0;
}
