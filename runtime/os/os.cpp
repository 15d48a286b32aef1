// os.cpp: files, arguments, environment.
#include "runtime/os/os.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "runtime/die/exit.h"
#include "runtime/errors/injected.h"
#include "runtime/io/io.h"
#include "runtime/sched/proc.h"
#include "runtime/syscall/errno.h"
#include "runtime/syscall/syscall.h"

namespace golab::os {

std::vector<std::string> Args;
const File Stdin(0, "/dev/stdin");
const File Stdout(1, "/dev/stdout");
const File Stderr(2, "/dev/stderr");
const error ErrNotExist = errors::New("file does not exist");
const error ErrExist = errors::New("file already exists");
const error ErrPermission = errors::New("permission denied");

namespace {

error path_error(const char* op, std::string_view path, long code) {
  return std::make_shared<PathError>(
      PathError{op, std::string(path), syscall::Errno{static_cast<int>(code)}});
}

// Makes one blocking system call, between entersyscall and exitsyscall. Returns its result, or
// minus errno.
template <typename Call>
long blocking(Call call) {
  if (runtime::getg() == nullptr) return call();  // before main, or on a thread that is not ours
  runtime::entersyscall();
  long r = call();
  runtime::exitsyscall();
  return r;
}

// errno belongs to the thread: it is read before this goroutine can move to another one, and in a
// function of its own, as the compiler keeps its address over calls.
[[gnu::noinline]] long or_errno(long r) { return r < 0 ? -errno : r; }

std::pair<File, error> open_file(std::string_view name, int flags, unsigned perm) {
  std::string path(name);
  long fd = or_errno(::open(path.c_str(), flags | O_CLOEXEC, perm));
  if (fd < 0) return {File(), path_error("open", name, -fd)};
  return {File(static_cast<int>(fd), std::move(path)), nullptr};
}

}  // namespace

bool PathError::Is(const error& target) const {
  auto* number = Err.get<syscall::Errno>();
  if (number == nullptr) return false;
  int code = number->value;
  return (target == ErrNotExist && code == ENOENT) ||
         (target == ErrExist && (code == EEXIST || code == ENOTEMPTY)) ||
         (target == ErrPermission && (code == EACCES || code == EPERM));
}

void set_args(int argc, char** argv) { Args.assign(argv, argv + argc); }

void Exit(int code) { runtime::exit(code); }

std::string Getenv(std::string_view key) { return LookupEnv(key).first; }

std::pair<std::string, bool> LookupEnv(std::string_view key) {
  const char* value = ::getenv(std::string(key).c_str());
  if (value == nullptr) return {"", false};
  return {value, true};
}

error Setenv(std::string_view key, std::string_view value) {
  if (::setenv(std::string(key).c_str(), std::string(value).c_str(), 1) == 0) return nullptr;
  return path_error("setenv", key, errno);
}

int Getpid() { return ::getpid(); }

std::pair<std::string, error> Executable() {
  char buf[4096];
  ssize_t n = ::readlink("/proc/self/exe", buf, sizeof buf);
  if (n < 0) return {"", path_error("readlink", "/proc/self/exe", errno)};
  return {std::string(buf, static_cast<size_t>(n)), nullptr};
}

std::pair<std::string, error> Hostname() {
  char buf[256] = "";
  if (::gethostname(buf, sizeof buf - 1) != 0) return {"", path_error("gethostname", "", errno)};
  return {buf, nullptr};
}

[[gnu::noinline]] std::pair<int, error> File::Write(std::string_view text) const {
  size_t done = 0;
  while (done < text.size()) {
    long n = blocking([&] { return syscall::Write(fd_, text.data() + done, text.size() - done); });
    if (n == -EINTR || n == -EAGAIN) continue;
    if (n < 0) return {static_cast<int>(done), path_error("write", name_, -n)};
    done += static_cast<size_t>(n);
  }
  return {static_cast<int>(done), nullptr};
}

[[gnu::noinline]] std::pair<std::string, error> File::Read(size_t want) const {
  std::string text(want, '\0');
  long n;
  do {
    n = blocking([&] { return syscall::Read(fd_, text.data(), want); });
  } while (n == -EINTR);
  if (n < 0) return {"", path_error("read", name_, -n)};
  if (n == 0 && want > 0) return {"", io::EOF_};
  text.resize(static_cast<size_t>(n));
  return {std::move(text), nullptr};
}

error File::Close() const {
  int r = syscall::Close(fd_);
  if (r < 0) return path_error("close", name_, -r);
  return nullptr;
}

std::pair<File, error> Open(std::string_view name) { return open_file(name, O_RDONLY, 0); }

std::pair<File, error> Create(std::string_view name) {
  return open_file(name, O_RDWR | O_CREAT | O_TRUNC, 0666);
}

std::pair<std::string, error> ReadFile(std::string_view name) {
  if (error err = errors::injected("os.ReadFile"); err != nullptr) {
    return {"", std::make_shared<PathError>(PathError{"open", std::string(name), err})};
  }
  auto [file, err] = Open(name);
  if (err != nullptr) return {"", err};
  std::string all;
  for (;;) {
    auto [text, read_err] = file.Read(64 * 1024);
    if (read_err != nullptr) {
      file.Close();
      return {std::move(all), read_err == io::EOF_ ? error(nullptr) : read_err};
    }
    all += text;
  }
}

error WriteFile(std::string_view name, std::string_view data, unsigned perm) {
  auto [file, err] = open_file(name, O_WRONLY | O_CREAT | O_TRUNC, perm);
  if (err != nullptr) return err;
  auto [n, write_err] = file.Write(data);
  error close_err = file.Close();
  return write_err != nullptr ? write_err : close_err;
}

error Remove(std::string_view name) {
  if (::remove(std::string(name).c_str()) == 0) return nullptr;
  return path_error("remove", name, errno);
}

error MkdirAll(std::string_view path, unsigned perm) {
  for (size_t at = 1; at <= path.size(); at++) {
    if (at < path.size() && path[at] != '/') continue;
    std::string part(path.substr(0, at));
    if (::mkdir(part.c_str(), perm) != 0 && errno != EEXIST)
      return path_error("mkdir", part, errno);
  }
  return nullptr;
}

std::pair<std::string, error> MkdirTemp(std::string_view dir, std::string_view prefix) {
  std::string base(dir);
  if (base.empty()) base = Getenv("TMPDIR");
  if (base.empty()) base = "/tmp";
  std::string path = base + "/" + std::string(prefix) + "XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) return {"", path_error("mkdirtemp", path, errno)};
  return {std::move(path), nullptr};
}

}  // namespace golab::os
