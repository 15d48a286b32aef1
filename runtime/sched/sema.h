// sema.h: sleep and wake-up on an address, the base of package sync (Go's runtime/sema.go).
//
// A semaphore is any uint32_t in the program. It is a futex for goroutines: acquire waits until the
// word is > 0 and subtracts one; release adds one and wakes one waiter. The runtime knows of it
// only while a goroutine waits on it, in a table hashed by address.
//
// Order against lost wake-ups: an acquirer counts itself as a waiter, then looks at the word once
// more, then parks. A releaser adds to the word, then looks at the count of waiters.
//
// Lifetime: after it has added to the word, a releaser does not touch it, because the goroutine
// that acquires it may free it. In a hand-off it does, while the waiter is still parked.
//
// Where Go's packages call these functions under names of their own
// (sync.runtime_SemacquireWaitGroup …), they have those here, so that profiles show Go's frames.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/lock.h"
#include "runtime/core/waitreason.h"

namespace golab::runtime {

// Which profiles hear of a wait (contention.h).
enum class SemaProfile { None, Block, BlockAndMutex };

// Parks until *addr > 0, then subtracts one. With `lifo`, this waiter goes to the head of the queue
// (for a goroutine that has waited for the same mutex before).
void semacquire1(std::atomic<uint32_t>* addr, bool lifo, WaitReason reason,
                 SemaProfile profile = SemaProfile::None);
// Adds one and wakes one waiter. With `handoff`, that waiter gets the semaphore for certain and
// runs on this P at once: the caller parks until its next turn, unless it holds its M (acquirem).
void semrelease1(std::atomic<uint32_t>* addr, bool handoff = false);

// Go's notifyList: tickets, so that Cond wakes in order of arrival.
struct NotifyWaiter;
struct notifyList {
  std::atomic<uint32_t> wait{0};    // next ticket
  std::atomic<uint32_t> notify{0};  // next to be woken; written under lock
  mutex lock;
  NotifyWaiter* head = nullptr;
  NotifyWaiter* tail = nullptr;
};

}  // namespace golab::runtime

namespace golab::glue {

// Holds a semaphore of one until the end of its scope, and hands it to the next in line.
class SemaLock {
 public:
  explicit SemaLock(std::atomic<uint32_t>& sema) : sema_(sema) {
    runtime::semacquire1(&sema_, false, runtime::WaitReason::Semacquire);
  }
  ~SemaLock() { runtime::semrelease1(&sema_, true); }
  SemaLock(const SemaLock&) = delete;
  SemaLock& operator=(const SemaLock&) = delete;

 private:
  std::atomic<uint32_t>& sema_;
};

}  // namespace golab::glue

namespace golab::sync {
// Cond takes a ticket while it holds the user's lock, drops the lock, and waits with the ticket.
uint32_t runtime_notifyListAdd(runtime::notifyList* l);
void runtime_notifyListWait(runtime::notifyList* l, uint32_t ticket);  // parks
void runtime_notifyListNotifyAll(runtime::notifyList* l);
void runtime_notifyListNotifyOne(runtime::notifyList* l);

// `durable`: for a bubble of testing/synctest, only that bubble can end the wait.
void runtime_SemacquireWaitGroup(std::atomic<uint32_t>* addr, bool durable);
void runtime_SemacquireRWMutexR(std::atomic<uint32_t>* addr);
void runtime_SemacquireRWMutex(std::atomic<uint32_t>* addr);
void runtime_Semrelease(std::atomic<uint32_t>* addr, bool handoff);
[[noreturn]] void fatal(const char* s);
}  // namespace golab::sync

namespace golab::internal::sync {
void runtime_SemacquireMutex(std::atomic<uint32_t>* addr, bool lifo);
void runtime_Semrelease(std::atomic<uint32_t>* addr, bool handoff);
// True if it is better to spin for the i-th time than to park: other Ps run and, from the second
// time on, this P's queue is empty (in Go the first time, too, but a short lock is soon free).
bool runtime_canSpin(int i);
void runtime_doSpin(int i);  // twice as long each time
int64_t runtime_nanotime();
[[noreturn]] void fatal(const char* s);
}  // namespace golab::internal::sync
