// shell.cpp: fork, a process group, and its leader.
#include "course/lab/shell.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/golab.h"
#include "runtime/sched/proc.h"

namespace lab {
namespace {

// How long a command that was told to end may take to remove its files.
constexpr golab::time::Duration kPatience = 2 * golab::time::Second;

std::string contents_of(int fd) {
  std::string text;
  struct stat file;
  if (::fstat(fd, &file) == 0) text.resize(static_cast<size_t>(file.st_size));
  ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

// ---- In the leader, where nothing may be allocated ----

// Once: a compiler that removes its files dies of a second signal.
void pass_on(int) {
  ::signal(SIGTERM, SIG_IGN);
  ::kill(0, SIGTERM);
}

void take_signals() {
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Begins with all signals blocked.
[[noreturn]] void lead(const char* directory, const char* command, int output, pid_t lab) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != lab) ::_exit(127);  // it ended before the line above
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  ::dup2(output, 1);
  ::dup2(output, 2);
  // Lab closes connections meanwhile, and the other end is to see it.
  ::close_range(3, ~0U, 0);
  const pid_t shell = ::fork();
  if (shell < 0) ::_exit(127);
  if (shell == 0) {
    ::signal(SIGTERM, SIG_DFL);
    take_signals();
    if (::chdir(directory) == 0) {
      ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
    }
    ::_exit(127);
  }
  ::signal(SIGTERM, pass_on);
  take_signals();
  int status = 0;
  while (::waitpid(shell, &status, 0) < 0 && errno == EINTR) {}
  ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 127);
}

// ---- In lab ----

// Returns the leader. A signal that comes before that is ready waits until it is.
pid_t start_group(const std::string& directory, const std::string& command, int output) {
  const pid_t lab = ::getpid();
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t leader = ::fork();
  if (leader == 0) lead(directory.c_str(), command.c_str(), output, lab);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return leader;
}

// Leaves the process to be waited for: until then no other one gets its number.
void await_end(pid_t pid) {
  siginfo_t end{};
  golab::runtime::entersyscall();
  while (::waitid(P_PID, static_cast<id_t>(pid), &end, WEXITED | WNOWAIT) < 0 && errno == EINTR) {}
  golab::runtime::exitsyscall();
}

}  // namespace

std::pair<Ran, error> run_in_shell(const context::Context& ctx, const std::string& directory,
                                   const std::string& command) {
  int output = ::memfd_create("output", MFD_CLOEXEC);
  if (output < 0) return {{}, errors::New("out of file descriptors")};
  Defer close_output([output] { ::close(output); });
  const pid_t leader = start_group(directory, command, output);
  if (leader < 0) return {{}, errors::New("cannot start a command: no more processes")};
  auto ended = make_chan<Empty>();
  go([=] {
    await_end(leader);
    close(ended);
  });
  if (select({recv(ended), recv(ctx.Done())}) == 1) {
    ::kill(leader, SIGTERM);
    if (select({recv(ended), recv(time::After(kPatience))}) == 1) {
      ::kill(-leader, SIGKILL);
      ended.recv();
    }
  }
  int status = 0;
  ::waitpid(leader, &status, 0);
  if (error over = ctx.Err(); over != nullptr) return {{}, over};
  return {{WIFEXITED(status) && WEXITSTATUS(status) == 0, contents_of(output)}, nullptr};
}

}  // namespace lab
