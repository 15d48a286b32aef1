// whole_file.cpp: a temporary file and a rename.
#include "course/lab/whole_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "runtime/fmt/fmt.h"
#include "runtime/sched/proc.h"
#include "runtime/syscall/syscall.h"

namespace lab {

using golab::error;

WholeFile::~WholeFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

error WholeFile::cannot_write(int why) const {
  return golab::fmt::Errorf("cannot write %s: %s", name_, std::strerror(why));
}

error WholeFile::open() {
  struct stat there;
  const bool exists = ::stat(name_.c_str(), &there) == 0;
  if (exists && !S_ISREG(there.st_mode)) {
    fd_ = ::open(name_.c_str(), O_WRONLY | O_CLOEXEC);
    return fd_ < 0 ? cannot_write(errno) : error(nullptr);
  }
  std::error_code no_link;
  place_ = std::filesystem::weakly_canonical(name_, no_link).string();
  if (no_link || place_.empty()) place_ = name_;
  const size_t slash = place_.rfind('/');
  const std::string directory = slash == place_.npos ? "" : place_.substr(0, slash + 1);
  for (int attempt = 0;; attempt++) {
    std::string beside =
        directory + ".lab-" + std::to_string(::getpid()) + "-" + std::to_string(attempt);
    fd_ = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd_ < 0 && errno == EEXIST) continue;
    if (fd_ < 0) return cannot_write(errno);
    temporary_ = beside;
    break;
  }
  if (exists && ::fchmod(fd_, there.st_mode & 0777) != 0) return cannot_write(errno);
  return nullptr;
}

error WholeFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    golab::runtime::entersyscall();
    const ssize_t n = golab::syscall::Write(fd_, bytes.data(), bytes.size());
    golab::runtime::exitsyscall();
    if (n < 0 && n != -EINTR) return cannot_write(static_cast<int>(-n));
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  return nullptr;
}

error WholeFile::commit() {
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) return cannot_write(errno);
  if (temporary_.empty()) return nullptr;
  if (std::rename(temporary_.c_str(), place_.c_str()) != 0) return cannot_write(errno);
  temporary_.clear();
  return nullptr;
}

error write_whole(const std::string& name, std::string_view bytes) {
  WholeFile file(name);
  if (error err = file.open(); err != nullptr) return err;
  if (error err = file.write(bytes); err != nullptr) return err;
  return file.commit();
}

}  // namespace lab
