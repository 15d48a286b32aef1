// session.h: one program as a service in the classroom, and the requests that lab puts on it.
//
// The service's clock stands still. lab sends requests and waits until the service has begun all of
// them. While some are not answered it lets the service come to rest, and then moves the clock to
// the next timer. So an hour passes at once, and nothing depends on how fast this machine is. If
// there is no timer either, the requests that are open will never be answered: that is known at
// once. A service that does not come to rest is given up after kPatience without an answer.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "course/lab/classroom.h"
#include "course/lab/crowd.h"
#include "course/lab/exercise.h"
#include "course/lab/service.h"
#include "profiler/formats/debug2_reader.h"
#include "runtime/context/context.h"
#include "runtime/time/duration.h"

namespace lab {

// The requests of one line of the manifest, and what came of them.
struct Exchange {
  RequestLine line;
  std::vector<Answer> answers;
  std::vector<RequestRecord> records;  // of these requests, as the service saw them
  // Why some have no answer, for people. Empty if all have one.
  std::string trouble;
  golab::error err;  // the agent failed: nothing can be said

  bool whole() const { return trouble.empty() && err == nullptr; }
};

class Session {
 public:
  static constexpr int kClients = 4;  // requests at a time
  static constexpr golab::time::Duration kPatience = 5 * golab::time::Second;

  // Starts the program and looks at it at rest. `procs` is its GOMAXPROCS, 0 for the machine's. The
  // end of ctx kills it; nothing below waits for it then.
  golab::error start(const golab::context::Context& ctx, const std::string& program, int procs);

  // Sends the requests of the line, so many at a time, and waits for the answers. `done` is told
  // how many there are.
  using Done = std::function<void(int)>;
  Exchange put(const RequestLine& line, int clients = kClients, const Done& done = {});

  // Sends the requests of the line all at once. When their handlers wait for something, or have
  // returned, it closes the connections.
  Exchange hang_up(const RequestLine& line);

  // Sends the requests all at once, and SIGTERM when their handlers wait. Then waits until all are
  // answered and the service has come to its end. It stays there, to be looked at, until part().
  Exchange shut_down(const RequestLine& line);
  // Lets it go. Returns what is wrong with how it ended, empty if nothing is.
  std::string part();

  // Makes a call fail in what comes next.
  golab::error fail(const Failure& failure);

  // Lets class time pass, and looks at the service when it is idle.
  std::pair<Fetched, golab::error> look_after(golab::time::Duration rest);
  // Looks at it as it is.
  std::pair<Fetched, golab::error> look();
  std::pair<std::vector<golab::profiler::DumpedGoroutine>, golab::error> dump();
  // The text of ?debug=2.
  std::pair<std::string, golab::error> dump_text() { return classroom_.dump(); }
  // The same during requests of the line: their handlers wait for something, or have returned. The
  // responses are not read.
  std::pair<std::string, golab::error> dump_text_amid(const RequestLine& line);
  // Its last words if it panicked: the goroutine that did.
  std::vector<golab::profiler::DumpedGoroutine> dump_of_panic() const;

  // Whether it was waited for until kPatience was over: it will not come to rest the next time
  // either.
  bool gave_up() const { return gave_up_; }

  const Fetched& at_rest() const { return at_rest_; }
  Service& service() { return service_; }

 private:
  golab::error begin();
  std::pair<std::vector<RequestRecord>, golab::error> records_of(const RequestLine& line);
  // Both wait, and say in the exchange what kept them from it.
  void await_begun(Exchange& exchange);
  void await_answers(Exchange& exchange, const Crowd& crowd, bool until_exit, const Done& done);
  struct Moment;
  std::pair<Moment, golab::error> moment(const Exchange& exchange, const Crowd& crowd, bool always);
  void note_silence(Exchange& exchange, const Crowd& crowd, const Stillness& still);
  golab::error pass(golab::time::Duration rest);
  golab::error learn_records(Exchange& exchange);
  void note_end(Exchange& exchange, const golab::error& err);

  Classroom classroom_;
  Service service_;
  Fetched at_rest_;
  bool gave_up_ = false;
  int64_t forgotten_ = 0;  // the number of the last request of before
};

}  // namespace lab
