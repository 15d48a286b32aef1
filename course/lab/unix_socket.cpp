// unix_socket.cpp: connect, write, read until the end.
#include "course/lab/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "runtime/golab.h"
#include "runtime/sched/proc.h"

namespace lab {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kHeadBytesMax = 1 << 20;

// A blocking call on a thread that other goroutines do without. Returns −errno for an error.
template <typename F>
ssize_t blocking(const F& call) {
  golab::runtime::entersyscall();
  ssize_t n = call();
  if (n < 0) n = -errno;  // first: exitsyscall may move the goroutine to another thread
  golab::runtime::exitsyscall();
  return n;
}

class Socket {
 public:
  explicit Socket(std::string name) : name_(std::move(name)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  error connect(time::Duration patience) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name_.size() >= sizeof address.sun_path) return failed("connect", ENAMETOOLONG);
    std::memcpy(address.sun_path, name_.data(), name_.size());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return failed("socket", errno);
    const timeval wait{.tv_sec = static_cast<time_t>(patience.Seconds()), .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ssize_t n = blocking(
        [&] { return ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address); });
    return n < 0 ? failed("connect", static_cast<int>(-n)) : error(nullptr);
  }

  error write(std::string_view text) {
    while (!text.empty()) {
      ssize_t n = blocking([&] { return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); });
      if (n < 0 && n != -EINTR) return failed("write", static_cast<int>(-n));
      if (n > 0) text.remove_prefix(static_cast<size_t>(n));
    }
    return nullptr;
  }

  // Reads a piece; io::EOF_ at the end.
  error read(std::string& piece) {
    piece.resize(kPieceBytes);
    ssize_t n = 0;
    do {
      n = blocking([&] { return ::recv(fd_, piece.data(), piece.size(), 0); });
    } while (n == -EINTR);
    piece.resize(n > 0 ? static_cast<size_t>(n) : 0);
    if (n == -EAGAIN) return fmt::Errorf("unix:%s: no answer in time", name_);
    if (n < 0) return failed("read", static_cast<int>(-n));
    return n == 0 ? io::EOF_ : error(nullptr);
  }

 private:
  error failed(const char* call, int why) const {
    return fmt::Errorf("unix:%s: %s: %s", name_, call, std::strerror(why));
  }

  std::string name_;
  int fd_ = -1;
};

}  // namespace

error download_from_socket(const std::string& socket, const std::string& page,
                           const DownloadLimits& limits, const Pieces& pieces) {
  if (std::any_of(page.begin(), page.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return fmt::Errorf("unix:%s: a page has no blanks and no line ends: %q", socket, page);
  Socket connection(socket);
  if (error err = connection.connect(limits.patience); err != nullptr) return err;
  error err = connection.write("GET " + page + " HTTP/1.0\r\nHost: localhost\r\n\r\n");
  std::string head, piece;
  size_t end = std::string::npos;
  while (err == nullptr && end == std::string::npos && head.size() < kHeadBytesMax) {
    err = connection.read(piece);
    head += piece;
    end = head.find("\r\n\r\n");
  }
  if (end == std::string::npos) {
    return err != nullptr && err != io::EOF_ ? err
                                             : fmt::Errorf("unix:%s: this is no HTTP", socket);
  }
  const std::string status = head.substr(0, head.find("\r\n"));
  piece = head.substr(end + 4);
  const size_t code = status.find(' ');
  if (code == status.npos || (status.substr(code) + " ").compare(0, 5, " 200 ") != 0) {
    if (piece.empty()) connection.read(piece);
    return fmt::Errorf("unix:%s answered %s: %s", socket,
                       status.substr(std::min(code + 1, status.size())),
                       piece.substr(0, piece.find('\n')));
  }
  for (int64_t bytes = 0;;) {
    bytes += static_cast<int64_t>(piece.size());
    if (bytes > limits.bytes_max) {
      return fmt::Errorf(
          "unix:%s has more than %d MiB, which no profile needs: it is not read any "
          "further",
          socket, limits.bytes_max >> 20);
    }
    if (error stop = pieces(piece); stop != nullptr) return stop;
    if (error read = connection.read(piece); read != nullptr) {
      return read == io::EOF_ ? error(nullptr) : read;
    }
  }
}

}  // namespace lab
