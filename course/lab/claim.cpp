// claim.cpp: abstract sockets, which are bound and never listened on.
#include "course/lab/claim.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>

#include "runtime/golab.h"

namespace lab {
namespace {

constexpr time::Duration kPoll = 100 * time::Millisecond;
constexpr time::Duration kPatience = 5 * time::Minute;

}  // namespace

Claim::Claim(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = "golab " + name;
  // An abstract name begins with a zero, and has no zero at its end.
  size_t length = text.copy(address.sun_path + 1, sizeof address.sun_path - 1) + 1;
  auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  socket_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return;
  if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), bytes) == 0) return;
  taken_ = errno == EADDRINUSE;
  ::close(socket_);
  socket_ = -1;
}

Claim::~Claim() {
  if (socket_ >= 0) ::close(socket_);
}

void Claim::keep() {
  ::fcntl(socket_, F_SETFD, 0);
  socket_ = -1;
}

Claim claim_port(int port) { return Claim("port " + std::to_string(port)); }

Claim wait_for_turn(const context::Context& ctx, const std::function<void()>& on_wait) {
  const char* named = std::getenv("GOLAB_TURNS");
  const std::string turn = "turn " + std::string(named == nullptr ? "" : named) + " ";
  const time::Time begun = time::Now();
  for (bool waits = false; ctx.Err() == nullptr && time::Since(begun) < kPatience; waits = true) {
    for (int i = 0; i < runtime::NumCPU(); i++) {
      Claim claim(turn + std::to_string(i));
      if (!claim.is_taken()) return claim;
    }
    if (!waits) on_wait();
    time::Sleep(kPoll);
  }
  return {};
}

}  // namespace lab
