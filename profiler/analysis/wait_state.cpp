// wait_state.cpp: the table of functions that occur in one kind of waiting only.
#include "profiler/analysis/wait_state.h"

#include <unordered_map>

namespace golab::profiler {

bool is_runtime_function(std::string_view name) {
  return name.starts_with("runtime.") || name.starts_with("internal/runtime/");
}

std::string wait_state(const std::vector<std::string_view>& functions) {
  static const std::unordered_map<std::string_view, const char*> kStates = {
      {"runtime.chanrecv", "chan receive"},
      {"runtime.chansend", "chan send"},
      {"runtime.selectgo", "select"},
      {"runtime.block", "select (no cases)"},
      {"runtime.netpollblock", "IO wait"},
      {"runtime.coroswitch", "coroutine"},
      {"runtime.goroutineProfileWithLabels", "running"},
      {"runtime._LostStack", "running"},
      {"time.Sleep", "sleep"},
      {"sync.runtime_SemacquireWaitGroup", "sync.WaitGroup.Wait"},
      {"sync.runtime_SemacquireRWMutexR", "sync.RWMutex.RLock"},
      {"sync.runtime_SemacquireRWMutex", "sync.RWMutex.Lock"},
      {"sync.runtime_SemacquireMutex", "sync.Mutex.Lock"},
      {"internal/sync.runtime_SemacquireMutex", "sync.Mutex.Lock"},
      {"sync.runtime_notifyListWait", "sync.Cond.Wait"},
      {"internal/poll.runtime_Semacquire", "semacquire"},
      {"internal/synctest.Run", "synctest.Run"},
      {"internal/synctest.Wait", "synctest.Wait"},
      {"os/signal.signal_recv", "syscall"},
      {"syscall.Syscall", "syscall"},
      {"syscall.Syscall6", "syscall"},
      {"syscall.RawSyscall6", "syscall"},
  };
  for (std::string_view function : functions) {
    if (auto it = kStates.find(function); it != kStates.end()) return it->second;
  }
  return {};
}

}  // namespace golab::profiler
