// synctest.h: Go's testing/synctest: a test of concurrent code that waits for nothing but the code.
//
//   TEST_CASE("a request gives up") {               // func TestGivesUp(t *testing.T) {
//     synctest::Test([] {                           //   synctest.Test(t, func(t *testing.T) {
//       auto [ctx, cancel] = context::WithTimeout(  //     ctx, cancel := context.WithTimeout(
//           context::Background(), time::Hour);     //         t.Context(), time.Hour)
//       time::Sleep(time::Hour - 1);                //     time.Sleep(time.Hour - 1)
//       synctest::Wait();                           //     synctest.Wait()
//       CHECK(ctx.Err() == nullptr);                //     if ctx.Err() != nil { t.Fatal("early") }
//       synctest::Sleep(1);                         //     synctest.Sleep(1)
//       CHECK(ctx.Err() == context::DeadlineExceeded);
//       cancel();
//     });
//   }
//
// Test runs f, and what f starts, in a *bubble*. In a bubble package time has a clock of its own.
// It begins at midnight UTC of 2000-01-01, and stands still as long as a goroutine of the bubble
// can run. When all are durably blocked, it jumps to the next timer. So an hour takes no time, and
// the test does not depend on how fast the machine is.
//
// Durably blocked is a goroutine that waits in
//
//   a send, a receive, or a select on channels that were made in the bubble, or on nil channels
//   sync::Cond::Wait
//   sync::WaitGroup::Wait, if Add was called in the bubble
//   time::Sleep, Wait
//
// Not durably blocked: in Lock of a mutex, on the network, in a system call, on a channel from
// outside. Something outside may end such a wait, so the bubble waits, too. Use net::Pipe, not a
// real connection.
//
// Test returns when all goroutines of the bubble have ended. Time stops when f returns. If those
// that are left are blocked then, they have leaked:
//
//   panic: deadlock: main bubble goroutine has exited but blocked goroutines remain
//
// If all are durably blocked while f runs, and there is no timer, it is the other deadlock:
//
//   panic: deadlock: all goroutines in bubble are blocked
//
// A bubble's channels, timers and waits are for its own goroutines. These end the program with a
// fatal error: a send, receive, close or select on such a channel from outside; Stop or Reset of
// such a timer from outside; waking a goroutine in Cond::Wait from outside; Add of one WaitGroup
// inside and outside.
//
// In a dump each goroutine has its bubble: [chan receive (durable), synctest bubble 1].
//
// Rules: Go's documentation of testing/synctest. runtime/sched/bubble.h says how it works.
#pragma once

#include <string>

#include "runtime/die/panic.h"
#include "runtime/sync/func.h"
#include "runtime/time/duration.h"

namespace golab::testing::synctest {

// Runs f in a new bubble, in a goroutine of its own, and parks until all goroutines of the bubble
// have ended. What f throws is thrown here (a failed REQUIRE, a panic), after the others have
// ended. CHECK and REQUIRE may be used in f, because the goroutine of the TEST_CASE waits here.
//
// Panics with the two deadlocks above, and "synctest.Run called from within a synctest bubble".
void Test(golab::glue::Func<void()> f);

// Parks until all other goroutines of the bubble are durably blocked. Panics "goroutine is not in a
// bubble", and "wait already in progress" if another goroutine waits.
void Wait();

// time::Sleep, then Wait: what happens at that moment has happened when it returns. Panics as Wait.
void Sleep(time::Duration d);

// ---- Ours ----

// For a Panic with one of the two deadlocks: the goroutines that are left in the bubble, as a dump
// shows them, each after an empty line. Go prints them when the panic ends the program. "" for
// another Panic.
std::string left_in_bubble(const Panic& p);

}  // namespace golab::testing::synctest

namespace golab {
namespace synctest = testing::synctest;
}
