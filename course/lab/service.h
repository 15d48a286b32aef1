// service.h: an exercise that lab runs for itself: started on a free port, looked at, ended.
//
// No process outlives lab, however lab ends: each asks the kernel to be killed with its parent
// (PR_SET_PDEATHSIG). Waiting is always for a state and bounded by a deadline: for the service to
// answer, for its connections to be gone, for its goroutine count to stand still.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "profiler/formats/profile.h"
#include "runtime/errors/errors.h"
#include "runtime/net/http/http.h"

namespace lab {

// A goroutine profile as it came over the wire, and read.
struct Fetched {
  std::string bytes;
  golab::profiler::SymbolizedProfile profile;
  int64_t goroutines = 0;
};

class Service {
 public:
  Service() = default;
  ~Service() { stop(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Runs `program --addr 127.0.0.1:PORT` and waits until it answers there. If it dies instead, the
  // error quotes its last words.
  golab::error start(const std::string& program);
  void stop();

  const std::string& address() const { return address_; }
  std::string url(const std::string& path) const { return "http://" + address_ + path; }

  std::pair<Fetched, golab::error> fetch();
  // A profile of the service at rest: no connection but ours, and a count that stands still. It is
  // back at `expected` goroutines, or stays as it is for a while. The profile that it had in the
  // end if that takes more than 10 seconds.
  std::pair<Fetched, golab::error> fetch_settled(int64_t expected);
  // All goroutines with their states.
  std::pair<std::string, golab::error> fetch_dump();

  // What it has written so far.
  std::string output() const;

 private:
  golab::error spawn(const std::string& program);
  bool ended();
  golab::error await_answer();

  pid_t pid_ = -1;
  int output_ = -1;
  int status_ = 0;
  std::string address_;
  golab::http::Client client_;
};

}  // namespace lab
