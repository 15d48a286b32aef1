// programs.cpp: `lab bench`, the processes: a program to its end, a server for a while, wrk.
#include "tests/bench/report/programs.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

extern char** environ;

namespace bench {
namespace {

// Starts a program with its standard output in a pipe. Answers the end to read from, or -1.
int start_program(const std::vector<std::string>& command,
                  const std::vector<std::string>& environment, pid_t* child) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return -1;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  std::vector<char*> argv, envp;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  for (const std::string& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
  for (char** entry = environ; *entry != nullptr; ++entry) envp.push_back(*entry);
  envp.push_back(nullptr);
  int failed = ::posix_spawnp(child, argv[0], &actions, nullptr, argv.data(), envp.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (failed == 0) return ends[0];
  ::close(ends[0]);
  std::cerr << "lab: cannot start " << command[0] << ": " << std::strerror(failed) << "\n";
  return -1;
}

// Appends what the program says, up to its end or, if `lines` > 0, so many lines.
void read_output(int from, int lines, std::string* output) {
  char buffer[4096];
  while (true) {
    ssize_t n = ::read(from, buffer, lines > 0 ? 1 : sizeof buffer);
    if (n == 0 || (n < 0 && errno != EINTR)) return;
    if (n < 0) continue;
    output->append(buffer, static_cast<size_t>(n));
    if (lines > 0 && buffer[0] == '\n' && --lines == 0) return;
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return status;
}

}  // namespace

bool run_program(const std::vector<std::string>& command,
                 const std::vector<std::string>& environment, std::string* output) {
  pid_t child;
  int from = start_program(command, environment, &child);
  if (from < 0) return false;
  read_output(from, 0, output);
  ::close(from);
  int status = wait_for(child);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::cerr << "lab: " << command[0]
            << (WIFSIGNALED(status) ? " was killed by signal " : " failed with exit status ")
            << (WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)) << "\n";
  return false;
}

bool Server::start(const std::vector<std::string>& command) {
  output_ = start_program(command, {}, &pid_);
  if (output_ < 0) return false;
  // A program may say its version first.
  for (int line = 0; line < 2 && address_.empty(); ++line) {
    std::string said;
    read_output(output_, 1, &said);
    char address[128];
    if (std::sscanf(said.c_str(), "{\"listening\": \"%127[^\"]\"", address) == 1)
      address_ = address;
  }
  if (!address_.empty()) return true;
  std::cerr << "lab: " << command[0] << " serve did not say where it listens\n";
  return false;
}

Server::~Server() {
  if (output_ < 0) return;
  ::kill(pid_, SIGKILL);
  wait_for(pid_);
  ::close(output_);
}

bool have_program(const std::string& name) {
  std::string output;
  pid_t child;
  int from = start_program({"sh", "-c", "command -v \"$0\"", name}, {}, &child);
  if (from < 0) return false;
  read_output(from, 0, &output);
  ::close(from);
  return wait_for(child) == 0;
}

bool wrk(const std::string& url, int seconds, double* requests_per_s) {
  std::string output;
  if (!run_program({"wrk", "-t1", "-c64", "-d" + std::to_string(seconds) + "s", url}, {},
                   &output)) {
    return false;
  }
  size_t rate = output.find("Requests/sec:");
  if (rate == output.npos || output.find("Non-2xx") != output.npos ||
      output.find("Socket errors") != output.npos) {
    std::cerr << "lab: wrk was not happy with " << url << ":\n" << output;
    return false;
  }
  *requests_per_s = std::stod(output.substr(rate + std::strlen("Requests/sec:")));
  return true;
}

}  // namespace bench
