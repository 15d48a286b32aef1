// waitreason.h: why a goroutine is parked, in the words that Go prints in a dump: [chan send].
//
// Source: the wait reasons in Go's runtime2.go, those that can occur here. The spelling is an
// interface: goleak, gostackparse and people match on it.
#pragma once

#include <cstdint>

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
};

constexpr const char* waitReasonStrings(WaitReason reason) {
  switch (reason) {
    case WaitReason::Zero:
      return "waiting";
    case WaitReason::ChanReceiveNilChan:
      return "chan receive (nil chan)";
    case WaitReason::ChanSendNilChan:
      return "chan send (nil chan)";
    case WaitReason::ChanReceive:
      return "chan receive";
    case WaitReason::ChanSend:
      return "chan send";
    case WaitReason::Select:
      return "select";
    case WaitReason::SelectNoCases:
      return "select (no cases)";
    case WaitReason::Sleep:
      return "sleep";
    case WaitReason::Semacquire:
      return "semacquire";
    case WaitReason::SyncCondWait:
      return "sync.Cond.Wait";
    case WaitReason::SyncMutexLock:
      return "sync.Mutex.Lock";
    case WaitReason::SyncRWMutexRLock:
      return "sync.RWMutex.RLock";
    case WaitReason::SyncRWMutexLock:
      return "sync.RWMutex.Lock";
    case WaitReason::SyncWaitGroupWait:
      return "sync.WaitGroup.Wait";
    case WaitReason::IOWait:
      return "IO wait";
    case WaitReason::Preempted:
      return "preempted";
  }
  return "unknown wait reason";
}

}  // namespace golab::runtime
