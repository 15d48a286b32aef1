// unix_socket.cpp: connect, write, read until the end.
#include "course/lab/unix_socket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "runtime/golab.h"
#include "runtime/sched/proc.h"

namespace lab {
namespace {

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kHeadBytesMax = 1 << 20;

// A blocking call on a thread that other goroutines do without. Returns −errno for an error. A
// function of its own: inlined, it would share errno's address with calls on other threads.
template <typename F>
[[gnu::noinline]] ssize_t blocking(const F& call) {
  golab::runtime::entersyscall();
  ssize_t n = call();
  if (n < 0) n = -errno;  // first: exitsyscall may move the goroutine to another thread
  golab::runtime::exitsyscall();
  return n;
}

// Its calls end soon after ctx does, or after the time of DownloadLimits.
class Socket {
 public:
  Socket(context::Context ctx, std::string name, time::Duration patience)
      : ctx_(std::move(ctx)), name_(std::move(name)), until_(time::Now().Add(patience)) {}
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  error connect() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name_.size() >= sizeof address.sun_path) return failed("connect", ENAMETOOLONG);
    std::memcpy(address.sun_path, name_.data(), name_.size());
    fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd_ < 0) return failed("socket", errno);
    const timeval tick{.tv_sec = 0, .tv_usec = 200'000};
    for (int option : {SO_RCVTIMEO, SO_SNDTIMEO})
      ::setsockopt(fd_, SOL_SOCKET, option, &tick, sizeof tick);
    return in_time("connect", nullptr, [&] {
      return ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    });
  }

  error write(std::string_view text) {
    while (!text.empty()) {
      ssize_t n = 0;
      error err =
          in_time("write", &n, [&] { return ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); });
      if (err != nullptr) return err;
      text.remove_prefix(static_cast<size_t>(n));
    }
    return nullptr;
  }

  // Reads a piece; io::EOF_ at the end.
  error read(std::string& piece) {
    piece.resize(kPieceBytes);
    ssize_t n = 0;
    error err = in_time("read", &n, [&] { return ::recv(fd_, piece.data(), piece.size(), 0); });
    piece.resize(static_cast<size_t>(n));
    if (err != nullptr) return err;
    until_ = until_.Add(n * time::Second / int64_t{kPieceBytes});
    return n == 0 ? io::EOF_ : error(nullptr);
  }

 private:
  template <typename F>
  error in_time(const char* name, ssize_t* result, const F& call) {
    for (;;) {
      const ssize_t n = blocking(call);
      if (n >= 0) {
        if (result != nullptr) *result = n;
        return nullptr;
      }
      if (n != -EAGAIN && n != -EINTR) return failed(name, static_cast<int>(-n));
      if (ctx_.Err() != nullptr) return ctx_.Err();
      if (time::Now().After(until_)) return fmt::Errorf("unix:%s: no response in time", name_);
    }
  }
  error failed(const char* call, int why) const {
    return fmt::Errorf("unix:%s: %s: %s", name_, call, std::strerror(why));
  }

  context::Context ctx_;
  std::string name_;
  time::Time until_;
  int fd_ = -1;
};

// The value of Content-Length, or -1.
int64_t content_length(std::string head) {
  for (char& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::string_view kName = "\r\ncontent-length:";
  const size_t at = head.find(kName);
  return at == head.npos ? -1 : std::atoll(head.c_str() + at + kName.size());
}

}  // namespace

error download_from_socket(const context::Context& ctx, const std::string& socket,
                           const std::string& page, const DownloadLimits& limits,
                           const Pieces& pieces) {
  if (std::any_of(page.begin(), page.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; }))
    return fmt::Errorf("unix:%s: a page has no blanks and no line ends: %q", socket, page);
  Socket connection(ctx, socket, limits.patience);
  if (error err = connection.connect(); err != nullptr) return err;
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
  const int64_t promised = content_length(head.substr(0, end));
  for (int64_t bytes = 0;;) {
    bytes += static_cast<int64_t>(piece.size());
    if (bytes > limits.bytes_max) {
      return fmt::Errorf(
          "unix:%s has more than %d MiB, which no profile needs: it is not read any "
          "further",
          socket, limits.bytes_max >> 20);
    }
    if (error stop = pieces(piece); stop != nullptr) return stop;
    error read = connection.read(piece);
    if (read == io::EOF_ && bytes < promised)
      return fmt::Errorf("unix:%s: cut off after %d of %d bytes", socket, bytes, promised);
    if (read != nullptr) return read == io::EOF_ ? error(nullptr) : read;
  }
}

}  // namespace lab
