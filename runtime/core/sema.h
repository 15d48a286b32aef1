// sema.h: sleep and wake-up on an address, on which package sync stands (Go's runtime/sema.go).
//
// A semaphore is any uint32_t in the program; only while somebody waits on it does the runtime know
// of it, in a table hashed by address. Think of it as a futex for goroutines: acquire waits until
// the word is > 0 and takes one off, release adds one and wakes one.
//
// Order against lost wake-ups: an acquirer counts itself as a waiter, then looks at the word once
// more, then parks; a releaser adds to the word, then looks at the count of waiters.
//
// Lifetime: a releaser does not touch the word after it has added to it (a hand-off excepted, where
// the waiter is still parked): whoever is let through by that may free it.
//
// Functions that Go's packages call under their own names (sync.runtime_SemacquireWaitGroup …) are
// declared beside their users, and defined in sema.cpp as Go does, so that profiles show the same
// frames.
#pragma once

#include <atomic>
#include <cstdint>

#include "runtime/core/lock.h"
#include "runtime/core/waitreason.h"

namespace golab::runtime {

// Parks until *addr > 0, then takes one. `lifo`: to the head of the queue (a mutex's waiter that
// lost).
void semacquire1(std::atomic<uint32_t>* addr, bool lifo, WaitReason reason);
// Adds one and wakes one waiter. `handoff`: that one gets the semaphore for sure and runs next
// here, at once.
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

namespace golab::sync {
// Cond takes a ticket while it holds the user's lock, then drops that lock and waits with the
// ticket.
uint32_t runtime_notifyListAdd(runtime::notifyList* l);
void runtime_notifyListWait(runtime::notifyList* l, uint32_t ticket);  // parks
void runtime_notifyListNotifyAll(runtime::notifyList* l);
void runtime_notifyListNotifyOne(runtime::notifyList* l);

void runtime_SemacquireWaitGroup(std::atomic<uint32_t>* addr);
void runtime_SemacquireRWMutexR(std::atomic<uint32_t>* addr);
void runtime_SemacquireRWMutex(std::atomic<uint32_t>* addr);
void runtime_Semrelease(std::atomic<uint32_t>* addr, bool handoff);
[[noreturn]] void fatal(const char* s);
}  // namespace golab::sync

namespace golab::internal::sync {
void runtime_SemacquireMutex(std::atomic<uint32_t>* addr, bool lifo);
void runtime_Semrelease(std::atomic<uint32_t>* addr, bool handoff);
// Whether it pays to spin for the i-th time rather than to park: other Ps run and, from the second
// time on, this one has nothing else. (Go looks at that the first time too. But to park and be
// woken costs both sides more than the microsecond in which a short lock comes free.)
bool runtime_canSpin(int i);
void runtime_doSpin(int i);  // 1 µs, then twice as long each time
int64_t runtime_nanotime();
[[noreturn]] void fatal(const char* s);
}  // namespace golab::internal::sync
