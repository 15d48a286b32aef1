// os.h: Go's os, as far as the lab needs it: arguments, environment, the standard files, whole
// files.
//
//   os::Args[1], os::Getenv("HOME"), os::Exit(1)
//   fmt::Fprintln(os::Stderr, "no such exercise");
//   auto [text, err] = os::ReadFile("a.txt");
//
// Writing is one write(2) per call, with nothing kept back, and as a system call for the
// scheduler: a pipe that nobody reads blocks a goroutine, not a processor.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace golab::os {

extern std::vector<std::string> Args;  // the command line; Args[0] is the program

// Ends the process at once with this status. Deferred calls are not run, other goroutines just
// vanish.
[[noreturn]] void Exit(int code);

std::string Getenv(std::string_view key);  // "" if it is not set
std::pair<std::string, bool> LookupEnv(std::string_view key);
error Setenv(std::string_view key, std::string_view value);
int Getpid();
std::pair<std::string, error> Executable();
std::pair<std::string, error> Hostname();

// An operation on a path that failed: "open a.txt: no such file or directory".
struct PathError {
  std::string Op;
  std::string Path;
  error Err;
  std::string Error() const { return Op + " " + Path + ": " + Err.Error(); }
  error Unwrap() const { return Err; }
  bool Is(const error& target) const;  // ErrNotExist and its like, by the kernel's number
};

extern const error ErrNotExist;  // what errors::Is finds in a PathError, as in Go
extern const error ErrExist;
extern const error ErrPermission;

// An open file. A handle that does not own: close it.
class File {
 public:
  File() = default;
  explicit File(int fd, std::string name = "") : fd_(fd), name_(std::move(name)) {}

  // Writes all of it. Parks nobody else while it blocks.
  std::pair<int, error> Write(std::string_view text) const;
  std::pair<int, error> WriteString(std::string_view text) const { return Write(text); }
  // Up to n bytes; "" and io::EOF_ at the end.
  std::pair<std::string, error> Read(size_t n) const;
  error Close() const;
  int Fd() const { return fd_; }
  const std::string& Name() const { return name_; }

 private:
  int fd_ = -1;
  std::string name_;
};

extern const File Stdin;
extern const File Stdout;
extern const File Stderr;

std::pair<File, error> Open(std::string_view name);
std::pair<File, error> Create(std::string_view name);
std::pair<std::string, error> ReadFile(std::string_view name);
error WriteFile(std::string_view name, std::string_view data, unsigned perm);
error Remove(std::string_view name);
error MkdirAll(std::string_view path, unsigned perm);
std::pair<std::string, error> MkdirTemp(std::string_view dir, std::string_view prefix);

// For the runtime's start.
void setArgs(int argc, char** argv);

}  // namespace golab::os
