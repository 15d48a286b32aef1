// locks.cpp: what must be true under a lock, and who is woken from a Cond and a WaitGroup.
#include <memory>
#include <vector>

#include "tests/stress/graph/round.h"

namespace {

// Plain variables: only the lock keeps them whole.
struct Guarded {
  sync::Mutex mu;
  int64_t under_mutex = 0;
  int inside = 0;  // goroutines that hold the mutex

  sync::RWMutex rw;
  int64_t left = 0, right = 0;  // equal whenever nobody writes
  std::atomic<int> writers{0}, readers{0};

  Chan<Empty> room = make_chan<Empty>(3);  // a semaphore
  std::atomic<int> in_room{0};

  sync::Once once;
  int made = 0;
};

// Returns whether it had the lock.
bool with_mutex(Guarded* g, Random& random) {
  if (random.one_in(5)) {
    if (!g->mu.TryLock()) return false;
  } else {
    g->mu.Lock();
  }
  Defer d{[g] {
    g->inside--;
    g->mu.Unlock();
  }};
  must(++g->inside == 1, "one goroutine holds a Mutex");
  if (random.one_in(10)) disturb(random);
  must(g->inside == 1, "one goroutine holds a Mutex");
  g->under_mutex++;
  if (random.one_in(30)) panic("expected");  // a Defer unlocks
  return true;
}

bool write(Guarded* g, Random& random) {
  if (random.one_in(5)) {
    if (!g->rw.TryLock()) return false;
  } else {
    g->rw.Lock();
  }
  must(g->writers.fetch_add(1) == 0 && g->readers == 0, "a writer of an RWMutex is alone");
  g->left++;
  if (random.one_in(10)) disturb(random);
  g->right++;
  must(g->readers == 0, "a writer of an RWMutex is alone");
  g->writers--;
  g->rw.Unlock();
  return true;
}

void read(Guarded* g, Random& random) {
  if (random.one_in(5)) {
    if (!g->rw.TryRLock()) return runtime::Gosched();
  } else {
    g->rw.RLock();
  }
  g->readers++;
  const int64_t seen = g->left;
  must(g->writers == 0 && seen == g->right, "a reader of an RWMutex sees no write in progress");
  if (random.one_in(10)) disturb(random);
  must(g->writers == 0 && seen == g->left, "a reader of an RWMutex sees no write in progress");
  g->readers--;
  g->rw.RUnlock();
}

void in_a_room(Guarded* g, Random& random) {
  g->room.send({});
  must(g->in_room.fetch_add(1) < 3, "a buffered channel lets in as many as it has room for");
  disturb(random);
  g->in_room--;
  g->room.recv();
}

}  // namespace

void lock_part(Random random) {
  auto g = std::make_unique<Guarded>();
  std::atomic<int64_t> locked{0}, written{0};
  Crew crew;
  for (int n = 2 + random.below(8); n > 0; n--) {
    crew.run([&, random = random.fork(), steps = random.below(200)]() mutable {
      for (int i = 0; i < steps; i++) {
        step();
        switch (random.below(5)) {
          case 0:
          case 1:
            try {
              locked += with_mutex(g.get(), random);
            } catch (const Panic&) {
              locked++;
            }
            break;
          case 2: written += write(g.get(), random); break;
          case 3: read(g.get(), random); break;
          default: in_a_room(g.get(), random);
        }
        g->once.Do([&] { g->made++; });
        must(g->made == 1, "a Once runs once, before any Do returns");
      }
    });
  }
  crew.wait();
  must(g->under_mutex == locked, "no update under a Mutex is lost");
  must(g->left == written && g->right == written, "no update under an RWMutex is lost");
  must(g->inside == 0 && len(g->room) == 0, "locks are free at the end");
}

// Waiters that stand in a Cond's list, and as many Signals: each wakes one, and each waiter once.
// There is no loop around Wait here, which would hide a waiter that is woken without a Signal.
void cond_part(Random random) {
  struct Shared {
    sync::Mutex mu;
    sync::Cond cond{&mu};
    int waiting = 0, woken = 0, told = 0;
  };
  auto shared = std::make_unique<Shared>();
  Shared* s = shared.get();
  for (int rounds = 1 + random.below(6); rounds > 0; rounds--) {
    const int waiters = 1 + random.below(12);
    s->waiting = s->woken = s->told = 0;
    Crew crew;
    for (int i = 0; i < waiters; i++) {
      crew.run([s, random = random.fork()]() mutable {
        disturb(random);
        s->mu.Lock();
        s->waiting++;
        s->cond.Wait();
        must(++s->woken <= s->told, "a Cond wakes nobody without a Signal");
        s->mu.Unlock();
        step();
      });
    }
    for (;;) {  // until all are in the list, which Wait enters before it unlocks
      s->mu.Lock();
      if (s->waiting == waiters) break;
      s->mu.Unlock();
      runtime::Gosched();
    }
    int left = waiters;
    while (left > 0) {
      if (random.one_in(8)) {
        s->told += left;
        left = 0;
        s->cond.Broadcast();
      } else {
        s->told++;
        left--;
        s->cond.Signal();
      }
      if (random.one_in(2)) {
        s->mu.Unlock();
        disturb(random);
        s->mu.Lock();
      }
    }
    s->mu.Unlock();
    crew.wait();  // a waiter that no Signal woke stays: the watchdog sees it
    must(s->woken == waiters, "each Signal wakes one waiter");
  }
}

// Several goroutines wait for several others, again and again on one WaitGroup.
void wait_group_part(Random random) {
  struct Shared {
    sync::WaitGroup work;
    std::atomic<int> done{0}, returned{0};
  };
  auto shared = std::make_unique<Shared>();
  Shared* s = shared.get();
  for (int rounds = 1 + random.below(6); rounds > 0; rounds--) {
    const int workers = 1 + random.below(10), waiters = 1 + random.below(5);
    s->done = s->returned = 0;
    s->work.Add(1);  // so that no Wait returns before all workers are announced
    Crew crew;
    for (int i = 0; i < waiters; i++) {
      crew.run([s, workers] {
        s->work.Wait();
        must(s->done == workers, "Wait returns when the counter is zero");
        s->returned++;
        step();
      });
    }
    for (int i = 0; i < workers; i++) {
      s->work.Go([s, random = random.fork(), exits = random.one_in(3)]() mutable {
        disturb(random);
        s->done++;
        if (exits) runtime::Goexit();
      });
    }
    s->work.Done();
    crew.wait();
    must(s->returned == waiters, "each Wait returns once");
  }
}
