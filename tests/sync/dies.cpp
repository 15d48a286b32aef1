// sync_dies: misuses package sync in the way that its argument names; frames_test reads what it
// says.
#include "runtime/golab.h"

int main(int, char** argv) {
  std::string how = argv[1];
  if (how == "unlock-unlocked") {
    sync::Mutex mu;
    mu.Unlock();
  } else if (how == "rw-unlock-unlocked") {
    sync::RWMutex rw;
    rw.Unlock();
  } else if (how == "rw-runlock-unlocked") {
    sync::RWMutex rw;
    rw.RUnlock();
  } else if (how == "recovered") {
    sync::Mutex mu;
    try {
      mu.Unlock();
    } catch (...) {
      return 0;
    }
  } else if (how == "negative-waitgroup") {
    sync::WaitGroup wg;
    wg.Done();
  } else if (how == "panic-wg-go") {
    sync::WaitGroup wg;
    wg.Go([] { panic("in wg.Go"); });
    wg.Wait();
  } else if (how == "deadlock-waitgroup") {
    sync::WaitGroup wg;
    wg.Add(1);
    wg.Wait();
  } else if (how == "deadlock-mutex") {
    sync::Mutex mu;
    mu.Lock();
    mu.Lock();
  }
}
