// service.h: an exercise that lab runs as a process of its own, on a free port.
//
// The process ends with lab, however lab ends: it asks the kernel for that (PR_SET_PDEATHSIG). It also
// ends with a context. All that waits for it sees then that it is gone, and returns an error.
// Each wait is for a state, with a deadline: the service answers, its connections are closed, its
// goroutine count is stable.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "course/lab/classroom.h"
#include "profiler/formats/profile.h"
#include "runtime/chan/chan.h"
#include "runtime/context/context.h"
#include "runtime/errors/errors.h"
#include "runtime/net/http/http.h"
#include "runtime/sync/sync.h"

namespace lab {

// A goroutine profile: the bytes that were fetched, and what they say.
struct Fetched {
  std::string bytes;
  golab::profiler::SymbolizedProfile profile;
  int64_t goroutines = 0;
};

struct ServiceOptions {
  int procs = 0;  // GOMAXPROCS; 0: what lab itself was told
  // Opened here, and connected. Null: the service has the real clock.
  Classroom* classroom = nullptr;
  golab::context::Context ctx = golab::context::Background();  // its end kills the service
};

class Service {
 public:
  Service() = default;
  ~Service() { stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Runs `program --addr 127.0.0.1:PORT` and waits until it answers there. If it dies instead, the
  // error quotes its last words.
  golab::error start(const std::string& program, const ServiceOptions& options = {});
  void stop();

  // Whether it has ended. How it ended is in how(): "with exit status 2", "by signal 11".
  bool ended();
  std::string how() const;
  bool succeeded() const;  // it ended with exit status 0
  // Waits until it has ended. False if it still runs after so long.
  bool await_end(golab::time::Duration patience);

  const std::string& address() const { return address_; }
  std::string url(const std::string& path) const { return "http://" + address_ + path; }

  std::pair<Fetched, golab::error> fetch();
  // Returns a profile of the service at rest: the number of goroutines is `expected`, and there is no
  // connection but ours, or that number is stable. It is watched for longer while there are other
  // connections, for a program may have some to its own server. After 10 seconds it returns the last
  // profile.
  std::pair<Fetched, golab::error> fetch_settled(int64_t expected);
  // Returns the ?debug=2 dump.
  std::pair<std::string, golab::error> fetch_dump();

  // Closes the connections that the last fetch left open.
  void close_connections() { client_.CloseIdleConnections(); }

  // What it has written so far.
  std::string output() const;

 private:
  golab::error spawn(const std::string& program, const ServiceOptions& options);
  golab::error await_answer();

  pid_t pid_ = -1;   // nobody else gets this number before stop(), which waits for the process
  siginfo_t end_{};  // how it ended
  int output_ = -1;
  std::string address_;
  golab::http::Client client_;

  // A goroutine watches the context until stop() closes this.
  golab::Chan<golab::Empty> stopped_;
  golab::sync::WaitGroup watch_;
};

}  // namespace lab
