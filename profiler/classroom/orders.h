// orders.h: what a class may order a program to do.
//
// A program that is started with GOLAB_CLASSROOM=FD is in a classroom: FD is an inherited, connected
// stream socket of AF_UNIX, and who holds its other end is the class. Nothing of this can be reached
// over a network. The program's clock stands still (runtime/sched/clock.h). Each order is a line,
// each answer begins with one:
//
//   hello            golab classroom 1
//   idle MS          idle             all that the program waits for is time or the outside world
//                    busy R           R goroutines are at work after MS milliseconds of real time
//                    exiting STATUS   as idle, and the program's end is held back (see hold)
//   now              now NS           the class's time since the start
//   next             next NS          so long until the next timer; none: there is none
//   step             stepped NS       the clock went to the next timer, and the timers of that
//                                     instant have fired: the class's time now; none: there is none
//   advance NS       now NS           the same for each timer of the next NS, in order; before each
//                                     step and at the end the program was idle
//                    busy R           it was not for 5 s; the clock stands where it was then
//   requests         request N METHOD PATH BEGUN ENDED LIVE PEAK SENDS    (request.h), then "."
//                                     times in ns of the class's; ENDED is -1 before the end
//   waits            wait NUMBER NS   of each request: the longest time that it, or a goroutine below
//                                     it, asked to wait for; then "."
//   forget           ok               the list begins anew; requests that are not ended stay
//   fail CALL NTH    ok               the NTH next call of CALL returns an error (injected.h)
//   profile          bytes N          and N bytes: as /debug/pprof/goroutine
//   dump             bytes N          and N bytes: as /debug/pprof/goroutine?debug=2
//   signal NUMBER    ok               the program has got this signal
//   hold             ok               when main returns or os::Exit is called, the process waits
//   release                           no answer; the process does not wait, or no longer
//
//   error TEXT       the answer to anything else
//
// When the socket ends, the process is released, and its clock stands still for good.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

namespace golab::profiler::classroom {

// Carries out one order, on a goroutine. Returns the answer, with its line ends; "" if there is none.
std::string carry_out(std::string_view order);

// The end of the program, held back by the class.
class Exit {
 public:
  void hold() {
    released_ = 0;
    held_ = true;
  }
  void release();
  // On the goroutine that ends the program: waits while that is held.
  void await_release(int status);
  bool waits() const { return waits_; }
  int status() const { return status_; }

 private:
  std::atomic<bool> held_{false};
  std::atomic<bool> waits_{false};
  std::atomic<int> status_{0};
  std::atomic<uint32_t> released_{0};  // a semaphore
};
Exit& program_exit();

}  // namespace golab::profiler::classroom
