// hchan.h: the channel as the runtime sees it: untyped elements, two queues of waiting goroutines.
//
// Invariants, under hchan::lock (Go's chan.go states the same):
//   - At least one of sendq and recvq is empty, unless one select waits on both.
//   - In a buffered channel, qcount > 0 means that recvq is empty.
//   - In a buffered channel, qcount < dataqsiz means that sendq is empty.
//
// A value is moved once wherever possible: a sender moves it into the frame of a waiting receiver,
// and a receiver takes it out of the frame of a waiting sender. So the queues hold pointers into
// the stacks of parked goroutines. A stack here never moves.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "runtime/core/lock.h"

namespace golab::runtime {

struct G;
struct Timer;
struct hchan;

// How to move an element from one place to another. A receiver's slot is raw memory (construct) or
// a variable of the program (assign). A sender's value is always moved: a value that must stay is
// copied before the channel is locked. So nothing throws while the lock is held.
struct ElemType {
  uint32_t size;
  uint32_t align;
  bool trivial;  // memcpy is enough for all of these
  void (*construct)(void* to, void* from);
  void (*assign)(void* to, void* from);
  void (*destroy)(void* at);
};

// A goroutine waiting on a channel. It lives in the frame of chansend, chanrecv or selectgo.
struct Sudog {
  G* g = nullptr;
  Sudog* next = nullptr;
  Sudog* prev = nullptr;
  void* elem = nullptr;  // the value to send, or the place for the received one (null: drop it)
  bool isSelect = false;
  bool success = false;     // woken by a communication, not by close
  bool assign = false;      // receive: elem is a variable, else raw memory
  uint16_t index = 0;       // case of the select
  int64_t releasetime = 0;  // not 0: the wait is timed; the waker writes when it ended
};

struct waitq {
  Sudog* first = nullptr;
  Sudog* last = nullptr;
};

struct hchan {
  mutex lock;
  std::atomic<uint32_t> closed{0};
  std::atomic<uint32_t> qcount{0};  // elements in the buffer
  uint32_t dataqsiz = 0;            // size of the buffer
  uint32_t elemsize = 0;
  uint32_t sendx = 0;
  uint32_t recvx = 0;
  uint32_t bubble_id = 0;  // of the bubble that it was made in (sched/bubble.h); 0: in none
  unsigned char* buf = nullptr;
  const ElemType* elemtype = nullptr;
  waitq recvq;
  waitq sendq;
  Timer* timer = nullptr;         // feeds this channel (time.After, NewTimer, NewTicker)
  std::atomic<uint32_t> refs{1};  // handles
};

// Panics "makechan: size out of range" if size < 0 or too large.
hchan* makechan(const ElemType* type, int64_t size);
// A channel that a timer feeds. It has one slot, but the user sees len and cap 0. `f` is called
// with arg = the channel.
hchan* maketimerchan(const ElemType* type, void (*f)(void* arg, uint64_t seq, int64_t delta));
void freechan(hchan* c);  // when the last handle is gone

// Parks as the language says. A null channel parks forever. Panics as SendChan::send does.
void chansend1(hchan* c, void* elem);
// These build the value in the raw memory at elem. They return false, and build nothing, if the
// channel is closed and drained. They differ only in name: Go calls the first for `v := <-ch`, the
// second for `v, ok := <-ch` and range.
// With `assign`, elem is a variable, or null: the value is dropped.
bool chanrecv1(hchan* c, void* elem, bool assign = false);
bool chanrecv2(hchan* c, void* elem, bool assign = false);
bool chantrysend(hchan* c, void* elem);  // never parks; for timers
void closechan(hchan* c);
int chanlen(const hchan* c);
int chancap(const hchan* c);

struct scase {
  hchan* c = nullptr;
  void* elem = nullptr;
  bool* ok = nullptr;  // receive: set to true for a value, false for a closed channel
  enum Kind : uint8_t { Recv, Send, Default } kind = Default;
  bool assign = false;                 // receive: elem is a variable, else raw memory
  void (*zero)(void* elem) = nullptr;  // receive from a closed channel: the zero value
};

// Returns the index of the case that goes ahead. Parks if none can and there is no default.
int selectgo(scase* cases, int n);
[[noreturn]] void block();  // a select without cases: parks forever

}  // namespace golab::runtime

namespace golab::glue {

// A select statement as Go's compiler translates it: a plain send or receive if there is only one
// case, block without any, else selectgo.
int select_any(runtime::scase* cases, int n);

}  // namespace golab::glue
