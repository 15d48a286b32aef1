// claim.h: a name that one process of this machine has at a time, whatever user it belongs to.
//
// Students who share a machine share its ports and its processors. A claim is how one lab tells the
// others that it has one. It is an abstract socket, a name in the kernel: no file and no permission
// is needed, and the name is free again when the process has ended, however it ended.
#pragma once

#include <functional>
#include <string>

#include "runtime/context/context.h"

namespace lab {

class Claim {
 public:
  Claim() = default;
  explicit Claim(const std::string& name);
  ~Claim();
  Claim(Claim&& other) noexcept : socket_(other.socket_), taken_(other.taken_) {
    other.socket_ = -1;
  }
  Claim& operator=(Claim&&) = delete;

  bool is_ours() const { return socket_ >= 0; }
  // Whether another claim has the name. If the kernel gives no sockets, neither is true: then we do
  // without claims.
  bool is_taken() const { return taken_; }

  // Keeps the name until this process ends, also when it becomes another program (execv).
  void keep();

 private:
  int socket_ = -1;
  bool taken_ = false;
};

// A claim to a port that a service is going to listen on.
Claim claim_port(int port);

// Waits for a turn, which lasts as long as the claim. A judgement keeps a processor busy, and its
// waits have deadlines: if a whole class were judged at once, all would be late. So there are as
// many turns at a time as processors. `on_wait` is called once if there is none now. Returns
// without a claim when ctx ends. After five minutes it goes on without a turn, so a stopped process
// blocks nobody. GOLAB_TURNS names a set of turns apart from all others: a test has its own.
Claim wait_for_turn(const golab::context::Context& ctx, const std::function<void()>& on_wait);

}  // namespace lab
