// classroom.h: lab's side of the classroom: the clock of a service that lab started, and what its
// agent tells about it.
//
// A service that is started with GOLAB_CLASSROOM=FD, one end of a socket pair, runs on a clock that
// stands still until the other end moves it. Nothing of this can be reached over the network. An
// order is a line, and so is its answer, but for lists and for profiles. The agent answers also when
// no goroutine of the service can run any more, so a deadlocked service can still be looked at.
//
// An error means that the service is gone, or that its agent did not answer in time; the connection
// is of no more use then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"
#include "runtime/time/duration.h"

namespace lab {

// One HTTP request as the service saw it.
struct RequestRecord {
  int64_t number = 0;
  std::string method;
  std::string path;
  int64_t begun_ns = 0;   // class time
  int64_t ended_ns = -1;  // -1: it runs
  int64_t live = 0;       // goroutines below it now
  int64_t peak = 0;       // the most at once
  int64_t sends = 0;      // values sent on channels by it and by those
  int64_t wait_ns = 0;    // the longest time that one of them asked to wait for

  bool running() const { return ended_ns < 0; }
};

// Whether the service had nothing to do but to wait.
struct Stillness {
  bool idle = false;
  int64_t busy = 0;            // goroutines that run or could run, if it was not idle
  std::optional<int> exiting;  // it has come to its end, with this status, and waits for release()
};

class Classroom {
 public:
  Classroom() = default;
  ~Classroom() { close(); }
  Classroom(const Classroom&) = delete;
  Classroom& operator=(const Classroom&) = delete;

  // Makes the pair. The service gets service_end() as its GOLAB_CLASSROOM; once it has it, started()
  // closes that end here.
  golab::error open();
  int service_end() const { return service_end_; }
  void started();
  void close();

  // Requires an agent of our version at the other end.
  golab::error hello();

  // Waits for at most `patience` of real time until the service is idle.
  std::pair<Stillness, golab::error> idle(golab::time::Duration patience);
  // Class time since the service began.
  std::pair<int64_t, golab::error> now();
  // Moves the clock to the earliest timer and fires what is due. False: there is no timer.
  std::pair<bool, golab::error> step();
  // Moves the clock through all timers of that time. False: the service did not come to rest.
  std::pair<bool, golab::error> advance(golab::time::Duration time);

  // All requests since the last forget(), in order of beginning. Those that run are not forgotten.
  std::pair<std::vector<RequestRecord>, golab::error> requests();
  // Fills in the wait_ns of these.
  golab::error add_waits(std::vector<RequestRecord>& records);
  golab::error forget();
  // Makes call number `nth` of `call` from now on return an error.
  golab::error fail(const std::string& call, int nth);

  // The goroutine profile in pprof's binary form, and the text of ?debug=2.
  std::pair<std::string, golab::error> profile();
  std::pair<std::string, golab::error> dump();

  // Sends the service a signal. It has it when this returns.
  golab::error signal(int number);

  // From now on the service waits at its end, so that it can be looked at, until release().
  golab::error hold();
  void release();

 private:
  golab::error send(const std::string& line);
  std::pair<std::string, golab::error> receive_line();
  std::pair<std::string, golab::error> receive_bytes(size_t size);
  golab::error receive_more();
  // Sends an order, returns its answer. "error TEXT" comes back as an error.
  std::pair<std::string, golab::error> ask(const std::string& order);
  std::pair<std::string, golab::error> ask_bytes(const std::string& order);
  golab::error ask_ok(const std::string& order);

  int end_ = -1;
  int service_end_ = -1;
  std::string received_;  // and not yet used
};

}  // namespace lab
