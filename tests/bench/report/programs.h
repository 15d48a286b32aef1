// programs.h: `lab bench`, the processes: a program to its end, a server for a while, wrk.
//
// Plain POSIX, and blocking: while a benchmark runs, this process should not do anything at all.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace bench {

// Runs a program to its end and keeps its standard output; its standard error is ours. Returns
// false, with a message on stderr, if it did not start or failed. `environment` adds NAME=value.
bool run_program(const std::vector<std::string>& command,
                 const std::vector<std::string>& environment, std::string* output);

// A program that says {"listening": "host:port"} and then serves until this object ends.
class Server {
 public:
  Server() = default;
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();
  bool start(const std::vector<std::string>& command);
  const std::string& address() const { return address_; }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
  std::string address_;
};

// Whether a program of this name can be called.
bool have_program(const std::string& name);
// 64 connections from one thread, for so many seconds. False if wrk failed or saw errors.
bool wrk(const std::string& url, int seconds, double* requests_per_s);

}  // namespace bench
