// os.h: Go's os, as far as the lab needs it: arguments, environment, standard files, whole files.
//
//   os::Args[1]                                // os.Args[1]
//   os::Getenv("HOME")                         // os.Getenv("HOME")
//   os::Exit(1)                                // os.Exit(1)
//   fmt::Fprintln(os::Stderr, "no such file")  // fmt.Fprintln(os.Stderr, "no such file")
//   auto [text, err] = os::ReadFile("a.txt");  // text, err := os.ReadFile("a.txt")
//
// Nothing here parks. A call that may block is a system call for the scheduler: other goroutines
// run in the meantime. Files are not buffered. An error about a path is a PathError, with Go's
// text.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"

namespace golab::os {

extern std::vector<std::string> Args;  // the command line; Args[0] is the program

// Ends the process at once with this status. Deferred calls do not run; other goroutines vanish.
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
  bool Is(const error& target) const;  // true for the errors below that fit the errno in Err
};

extern const error ErrNotExist;  // errors::Is finds them in a PathError, as in Go
extern const error ErrExist;
extern const error ErrPermission;

// An open file. A handle that does not own the file: call Close.
class File {
 public:
  File() = default;
  explicit File(int fd, std::string name = "") : fd_(fd), name_(std::move(name)) {}

  // Writes all of `text`, in one write(2) if the kernel takes it all.
  std::pair<int, error> Write(std::string_view text) const;
  std::pair<int, error> WriteString(std::string_view text) const { return Write(text); }
  // Returns up to n bytes. Returns "" and io::EOF_ at the end of the file.
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
void set_args(int argc, char** argv);

}  // namespace golab::os
