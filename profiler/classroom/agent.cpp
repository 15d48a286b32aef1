// agent.cpp: the goroutine that takes the orders of a class, and the socket that they come from.
//
// It is one of the runtime's own goroutines: in no profile and in no count, so a service has as many
// goroutines as without a class. It parks in the poller while there is no order, and takes its turn
// among the others to carry one out. A goroutine that computes without end has to give way to it, as
// to any other, so an order gets its answer also where no request does.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "profiler/classroom/orders.h"
#include "runtime/net/fd.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/hooks.h"
#include "runtime/sched/proc.h"

namespace golab::profiler::classroom {
namespace {

constexpr const char* kVariable = "GOLAB_CLASSROOM";
constexpr size_t kLongestOrder = 4096;

// The descriptor that `text` names, if that is a connected stream socket of AF_UNIX; else -1.
int class_socket(std::string_view text) {
  int fd = -1;
  auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), fd);
  if (err != std::errc() || end != text.data() + text.size()) return -1;
  auto has = [fd](int option, int wanted) {
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) == 0 && value == wanted;
  };
  sockaddr_storage peer{};
  socklen_t len = sizeof peer;
  bool connected = getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &len) == 0;
  return connected && has(SO_DOMAIN, AF_UNIX) && has(SO_TYPE, SOCK_STREAM) ? fd : -1;
}

// The class's end of the line.
class Line {
 public:
  explicit Line(int fd) : fd_(fd) {}
  bool open() { return fd_.Init() == 0; }

  // The next order, without its line end; none if the socket has ended.
  std::optional<std::string> read() {
    for (;;) {
      size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        std::string order = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return order;
      }
      if (buffer_.size() > kLongestOrder) return std::nullopt;  // who sends that is no class
      char piece[512];
      internal::poll::io_result got = fd_.Read(piece, sizeof piece);
      if (got.err != 0) return std::nullopt;
      buffer_.append(piece, static_cast<size_t>(got.n));
    }
  }

  bool write(std::string_view text) { return fd_.Write(text.data(), text.size()).err == 0; }

 private:
  internal::poll::FD fd_;
  std::string buffer_;
};

int inherited_socket = -1;

void serve_class(void*) {
  Line line(inherited_socket);
  if (line.open()) {
    while (std::optional<std::string> order = line.read()) {
      if (!line.write(carry_out(*order))) break;
    }
  }
  program_exit().release();
}

// Before main, on its goroutine.
void enter() {
  const char* text = getenv(kVariable);
  if (text == nullptr) return;
  int fd = class_socket(text);
  if (fd < 0) {
    fprintf(stderr,
            "golab: %s=%s is not a connected socket of the lab: unset it, or use ./lab run\n",
            kVariable, text);
    _exit(2);
  }
  unsetenv(kVariable);  // it is for this process, not for its children
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  inherited_socket = fd;
  runtime::hooks.before_exit = [](int status) { program_exit().await_release(status); };
  runtime::enter_classroom();
  runtime::go_system(serve_class);
}

}  // namespace
}  // namespace golab::profiler::classroom

// The link line of the profiler asks for this name, so that every program that has the profiler has
// its classroom.
extern "C" {
int golab_classroom = 0;
}

namespace {
const bool registered = [] {
  golab::runtime::hooks.before_main = golab::profiler::classroom::enter;
  return true;
}();
}
