// child.h: runs a program from a test, and keeps what it prints.
//
// fork and exec happen between entersyscall and exitsyscall, so other goroutines and the profiler
// go on. Between fork and exec the child calls nothing that may need a lock: another thread of the
// parent may have held it at the fork.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "runtime/sched/proc.h"

struct ChildResult {
  int status = -1;         // exit status, or 128 + signal as in a shell
  bool timed_out = false;  // it was killed
  std::string out;         // stdout
  std::string err;         // stderr
  double cpu_seconds = 0;  // user and system
};

class Child {
 public:
  // `env` has NAME=VALUE, in addition to PATH and HOME.
  explicit Child(const std::vector<std::string>& args, const std::vector<std::string>& env = {}) {
    std::vector<char*> argv, envp;
    for (auto& a : args) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    std::string path = std::string("PATH=") + (getenv("PATH") != nullptr ? getenv("PATH") : "");
    std::string home = std::string("HOME=") + (getenv("HOME") != nullptr ? getenv("HOME") : "/tmp");
    envp.push_back(path.data());
    envp.push_back(home.data());
    for (auto& e : env) envp.push_back(const_cast<char*>(e.c_str()));
    envp.push_back(nullptr);
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) return;
    pid_t parent = getpid();
    golab::runtime::entersyscall();
    pid_ = fork();
    if (pid_ == 0) {
      // For a Child that is static: its destructor does not run at the program's end. The signal
      // comes at the end of the thread that forks, and the runtime never ends a thread.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);  // it died before the line above
      for (int sig = 1; sig < 32; sig++) signal(sig, SIG_DFL);
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      int null = open("/dev/null", O_RDONLY);
      dup2(null, 0);
      dup2(out[1], 1);
      dup2(err[1], 2);
      execvpe(argv[0], argv.data(), envp.data());
      _exit(127);
    }
    golab::runtime::exitsyscall();
    ::close(out[1]);
    ::close(err[1]);
    out_ = out[0];
    err_ = err[0];
  }
  Child(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) {
      kill(SIGKILL);
      wait(5);
    }
    ::close(out_);
    ::close(err_);
  }

  pid_t pid() const { return pid_; }
  void kill(int sig) const { ::kill(pid_, sig); }
  const std::string& out() const { return result_.out; }
  const std::string& err() const { return result_.err; }

  // Reads what the child prints until done() is true, the child ends, or the time is up. Returns
  // done().
  template <typename Done>
  bool read_until(Done done, double seconds) {
    int64_t deadline = golab::runtime::nanotime() + static_cast<int64_t>(seconds * 1e9);
    while (!done()) {
      int64_t left = (deadline - golab::runtime::nanotime()) / 1000000;
      if (left <= 0 || !read_some(static_cast<int>(left))) return done();
    }
    return true;
  }

  // Waits for the child's end; kills it when the time is up.
  ChildResult wait(double seconds) {
    bool ended = read_until([this] { return eof_out_ && eof_err_; }, seconds);
    if (!ended) {
      result_.timed_out = true;
      ::kill(pid_, SIGKILL);
    }
    int status = 0;
    rusage usage{};
    golab::runtime::entersyscall();
    wait4(pid_, &status, 0, &usage);
    golab::runtime::exitsyscall();
    pid_ = -1;
    result_.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    auto seconds_of = [](timeval t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    result_.cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
    return result_;
  }

 private:
  bool read_some(int milliseconds) {
    pollfd fds[2] = {{eof_out_ ? -1 : out_, POLLIN, 0}, {eof_err_ ? -1 : err_, POLLIN, 0}};
    if (eof_out_ && eof_err_) return false;
    golab::runtime::entersyscall();
    int n = ::poll(fds, 2, milliseconds < 100 ? milliseconds : 100);
    golab::runtime::exitsyscall();
    if (n <= 0) return true;
    char buffer[1 << 16];
    for (int i = 0; i < 2; i++) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      ssize_t got = ::read(fds[i].fd, buffer, sizeof buffer);
      if (got > 0) (i == 0 ? result_.out : result_.err).append(buffer, static_cast<size_t>(got));
      if (got == 0) (i == 0 ? eof_out_ : eof_err_) = true;
    }
    return true;
  }

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  bool eof_out_ = false;
  bool eof_err_ = false;
  ChildResult result_;
};

inline ChildResult run_child(const std::vector<std::string>& args,
                             const std::vector<std::string>& env = {}, double seconds = 20) {
  return Child(args, env).wait(seconds);
}
