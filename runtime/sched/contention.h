// contention.h: where goroutines lose time: the events behind the block and the mutex profile.
//
//   block   A goroutine waited: on a channel, in a select, for a lock, a WaitGroup, a Cond. The
//           stack is the waiter's. Its time ends when its waker makes it runnable.
//   mutex   A goroutine held a lock that others waited for. The stack is that of its Unlock. Its
//           time is what all of them waited since the last Unlock that was charged.
//
// Neither is recorded until the program asks for it, with Go's rates:
//
//   runtime::SetBlockProfileRate(10'000);    // runtime.SetBlockProfileRate(10000)
//   runtime::SetMutexProfileFraction(100);   // runtime.SetMutexProfileFraction(100)
//
// A wait is timed only where the goroutine parks anyway, so an operation that goes ahead at once
// pays nothing. An event in the sample also stands for those like it that were left out.
//
// An event's stack is taken in the program's code, after the runtime call, because recording it may
// allocate. It begins in the runtime; the profile begins where Go's does (profiler/endpoints).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace golab::runtime {

// From now on, the block profile has on average one event per `rate` nanoseconds of waiting. 1: it
// has every event. 0 or less: none is added.
void SetBlockProfileRate(int64_t rate);
// From now on, the mutex profile has one of `rate` events, chosen at random. 0: none is added. Less
// than 0: changes nothing. Returns the rate until now.
int SetMutexProfileFraction(int rate);

enum class Contention { Block, Mutex };

struct ContentionRecord {
  int64_t count = 0;
  int64_t delay_ns = 0;
  std::vector<uintptr_t> pcs;  // return addresses, leaf first; the leaf is in the runtime
};
// All that was recorded since the program began.
std::vector<ContentionRecord> contention_records(Contention which);
size_t contention_count(Contention which);  // of the records

// ---- For what goroutines wait on ----

extern std::atomic<int64_t> blockprofilerate;  // ns
extern std::atomic<int64_t> mutexprofilerate;

// Before a park: the time, or 0 if it is not to be recorded.
int64_t contention_clock(const std::atomic<int64_t>& rate);

// After the runtime call: the calling function waited, or made others wait. `frame` is its frame
// address. A time of 0 is no event.
void blockevent(int64_t ns, uintptr_t pc, const void* frame);
void mutexevent(int64_t ns, uintptr_t pc, const void* frame);

}  // namespace golab::runtime
