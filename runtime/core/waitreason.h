// waitreason.h: why a goroutine is parked, in the words that Go prints in a dump: [chan send].
//
// Source: the wait reasons in Go's runtime2.go, those that can occur here. The spelling is an
// interface: goleak, gostackparse and people match on it.
#pragma once

#include <cstdint>
#include <iterator>

namespace golab::runtime {

enum class WaitReason : uint8_t {
  Zero,
  ChanReceiveNilChan,
  ChanSendNilChan,
  ChanReceive,
  ChanSend,
  Select,
  SelectNoCases,
  Sleep,
  Semacquire,
  SyncCondWait,
  SyncMutexLock,
  SyncRWMutexRLock,
  SyncRWMutexLock,
  SyncWaitGroupWait,
  IOWait,
  Preempted,
  // In a bubble of testing/synctest. A wait is durable if only the bubble's own goroutines can end
  // it.
  SynctestRun,
  SynctestWait,
  SynctestChanReceive,
  SynctestChanSend,
  SynctestSelect,
  SynctestWaitGroupWait,
};

inline constexpr const char* waitReasonStrings[] = {
    // in the order above
    "waiting",
    "chan receive (nil chan)",
    "chan send (nil chan)",
    "chan receive",
    "chan send",
    "select",
    "select (no cases)",
    "sleep",
    "semacquire",
    "sync.Cond.Wait",
    "sync.Mutex.Lock",
    "sync.RWMutex.RLock",
    "sync.RWMutex.Lock",
    "sync.WaitGroup.Wait",
    "IO wait",
    "preempted",
    "synctest.Run",
    "synctest.Wait",
    "chan receive (durable)",
    "chan send (durable)",
    "select (durable)",
    "sync.WaitGroup.Wait (durable)",
};
static_assert(std::size(waitReasonStrings) ==
              static_cast<size_t>(WaitReason::SynctestWaitGroupWait) + 1);

// Does a goroutine of a bubble that waits for this count as durably blocked?
constexpr bool isIdleInSynctest(WaitReason reason) {
  switch (reason) {
    case WaitReason::ChanReceiveNilChan:
    case WaitReason::ChanSendNilChan:
    case WaitReason::SelectNoCases:
    case WaitReason::Sleep:
    case WaitReason::SyncCondWait:
      return true;
    default:
      return reason >= WaitReason::SynctestRun;
  }
}

}  // namespace golab::runtime
