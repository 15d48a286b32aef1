// run.cpp: processes for the tests of lab.
#include "tests/lab/run.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "runtime/sched/proc.h"

namespace lab_test {
namespace {

const std::string kLab = GOLAB_BUILD_DIR "/course/lab";

pid_t start(const std::string& program, const std::vector<std::string>& args,
            const std::string& directory, int out, int err) {
  std::vector<char*> argv = {const_cast<char*>(program.c_str())};
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  pid_t pid = ::fork();
  if (pid != 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(::open("/dev/null", O_RDONLY), 0);
  if (out < 0) ::close(1);
  if (out >= 0) ::dup2(out, 1);
  ::dup2(err, 2);
  if (::chdir(directory.c_str()) == 0) ::execv(argv[0], argv.data());
  ::_exit(126);
}

const std::string kNobodysFiles = GOLAB_BUILD_DIR "/tests/mine";

[[maybe_unused]] const int nobodys_files_are_used =
    ::setenv("GOLAB_MINE", kNobodysFiles.c_str(), 1);

std::string contents(int fd) {
  std::string text;
  struct stat file;
  if (::fstat(fd, &file) == 0) text.resize(static_cast<size_t>(file.st_size));
  ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  ::close(fd);
  return text;
}

}  // namespace

int wait_for(pid_t pid, int64_t* peak_bytes) {
  int status = 0;
  rusage usage{};
  golab::runtime::entersyscall();
  while (::wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {}
  golab::runtime::exitsyscall();
  if (peak_bytes != nullptr) *peak_bytes = usage.ru_maxrss * 1024;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

Ran run_program(const std::string& program, const std::vector<std::string>& args,
                const std::string& directory) {
  int out = ::memfd_create("out", MFD_CLOEXEC), err = ::memfd_create("err", MFD_CLOEXEC);
  Ran ran;
  ran.status = wait_for(start(program, args, directory, out, err), &ran.peak_bytes);
  ran.out = contents(out);
  ran.err = contents(err);
  return ran;
}

Ran run_lab_into(const std::string& output, const std::vector<std::string>& args) {
  int out = output.empty() ? -1 : ::open(output.c_str(), O_WRONLY | O_CLOEXEC);
  int err = ::memfd_create("err", MFD_CLOEXEC);
  Ran ran;
  ran.status = wait_for(start(kLab, args, ".", out, err), &ran.peak_bytes);
  if (out >= 0) ::close(out);
  ran.err = contents(err);
  return ran;
}

Ran run_lab(const std::vector<std::string>& args, const std::string& directory) {
  return run_program(kLab, args, directory);
}

pid_t start_lab(const std::vector<std::string>& args, const std::string& directory) {
  int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  pid_t pid = start(kLab, args, directory, nowhere, nowhere);
  ::close(nowhere);
  return pid;
}

std::vector<pid_t> descendants(pid_t pid) {
  std::vector<pid_t> found;
  std::error_code ignored;
  std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    std::ifstream children(task.path() / "children");
    for (pid_t child; children >> child;) {
      found.push_back(child);
      for (pid_t below : descendants(child)) found.push_back(below);
    }
  }
  return found;
}

bool is_alive(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(stat)), {});
  size_t name_end = text.rfind(')');
  // A zombie is dead, but not yet waited for.
  return name_end != std::string::npos && text.compare(name_end, 3, ") Z") != 0;
}

Mine::Mine() { ::setenv("GOLAB_MINE", directory.path().c_str(), 1); }
Mine::~Mine() { ::setenv("GOLAB_MINE", kNobodysFiles.c_str(), 1); }

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = std::filesystem::temp_directory_path().string() + "/lab-test-XXXXXX";
  path_ = ::mkdtemp(pattern.data()) == nullptr ? "." : pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (path_ != ".") std::filesystem::remove_all(path_, ignored);
}

}  // namespace lab_test
