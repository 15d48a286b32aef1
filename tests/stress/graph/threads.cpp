// threads.cpp: goroutines and the threads below them: system calls that block, the poller, threads
// that a goroutine keeps for itself.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "runtime/syscall/syscall.h"
#include "tests/stress/graph/round.h"

namespace {

int64_t thread_id() { return ::syscall(SYS_gettid); }

// What a stream carries at a place: anything lost, doubled or reordered shows.
char byte_at(size_t place) { return static_cast<char>(place * 131 + (place >> 8)); }

class Checker {
 public:
  void take(const char* bytes, size_t n) {
    for (size_t i = 0; i < n; i++) {
      must(bytes[i] == byte_at(place_++), "a stream's bytes come in order");
    }
    step();
  }
  size_t place() const { return place_; }

 private:
  size_t place_ = 0;
};

std::string piece_of(size_t from, size_t n) {
  std::string piece(n, '\0');
  for (size_t i = 0; i < n; i++) piece[i] = byte_at(from + i);
  return piece;
}

}  // namespace

// Pairs that talk, each goroutine with a thread of its own; a hand over is a switch of threads.
void thread_part(Random random) {
  Crew crew;
  for (int pairs = 1 + random.below(4); pairs > 0; pairs--) {
    auto ball = make_chan<int>();
    const int throws = random.below(60);
    for (int side = 0; side < 2; side++) {
      crew.run([ball, throws, side, random = random.fork(), locked = random.one_in(2)]() mutable {
        if (locked) runtime::LockOSThread();
        const int64_t thread = thread_id();
        for (int i = 0; i < throws; i++) {
          if (i % 2 == side) {
            ball.send(i);
          } else {
            must(ball.recv() == i, "a handed value is the one that was sent");
          }
          if (locked) must(thread_id() == thread, "a locked goroutine keeps its thread");
          disturb(random);
          step();
        }
        // Some end while they are locked.
        if (locked && random.one_in(2)) runtime::UnlockOSThread();
      });
    }
  }
  crew.wait();
}

// Both ends block their threads.
void pipe_part(Random random) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  const size_t bytes = static_cast<size_t>(random.below(300'000));
  Crew crew;
  crew.run([fd = ends[1], bytes, random = random.fork()]() mutable {
    for (size_t at = 0; at < bytes;) {
      const std::string piece =
          piece_of(at, std::min(bytes - at, static_cast<size_t>(1 + random.below(20'000))));
      runtime::entersyscall();
      const ssize_t n = syscall::Write(fd, piece.data(), piece.size());
      runtime::exitsyscall();
      must(n >= 0 || n == -EINTR, "a pipe can be written to");
      if (n > 0) at += static_cast<size_t>(n);
      disturb(random);
    }
    ::close(fd);
  });
  crew.run([fd = ends[0], bytes, random = random.fork()]() mutable {
    Checker checker;
    char buffer[4096];
    for (;;) {
      runtime::entersyscall();
      const ssize_t n = syscall::Read(fd, buffer, static_cast<size_t>(1 + random.below(4096)));
      runtime::exitsyscall();
      if (n == 0) break;
      must(n > 0 || n == -EINTR, "a pipe can be read");
      if (n > 0) checker.take(buffer, static_cast<size_t>(n));
      if (random.one_in(10)) disturb(random);
    }
    must(checker.place() == bytes, "a pipe loses nothing");
    ::close(fd);
  });
  crew.wait();
}

// Connections over the poller: some reads have a deadline that passes, and go on.
void tcp_part(Random random) {
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) return;  // too many descriptors
  const std::string address = listener.Addr().String();
  const int connections = 1 + random.below(6);
  std::atomic<size_t> sent{0}, arrived{0};
  Crew crew;
  for (int i = 0; i < connections; i++) {
    crew.run([&sent, address, bytes = static_cast<size_t>(random.below(100'000)),
              random = random.fork()]() mutable {
      auto [conn, failed] = net::Dial("tcp", address);
      must(failed == nullptr, "a listener can be dialled");
      for (size_t at = 0; at < bytes;) {
        const std::string piece =
            piece_of(at, std::min(bytes - at, static_cast<size_t>(1 + random.below(30'000))));
        auto [n, wrong] = conn.Write(piece);
        must(wrong == nullptr && n == static_cast<int>(piece.size()), "a connection takes bytes");
        at += piece.size();
        disturb(random);
      }
      sent += bytes;
      conn.CloseWrite();
      char one = 0;
      auto [n, end] = conn.Read(&one, 1);
      must(n == 0 && end == io::EOF_, "the other side closes when it has all");
      conn.Close();
    });
  }
  for (int i = 0; i < connections; i++) {
    auto [conn, failed] = listener.Accept();
    must(failed == nullptr, "a listener accepts");
    crew.run([&arrived, conn = conn, random = random.fork()]() mutable {
      Checker checker;
      char buffer[8192];
      for (;;) {
        if (random.one_in(4)) {
          conn.SetReadDeadline(time::Now().Add(random.microseconds(200)));
        } else {
          conn.SetReadDeadline(time::Time());
        }
        auto [n, end] = conn.Read(buffer, static_cast<size_t>(1 + random.below(8192)));
        if (n > 0) checker.take(buffer, static_cast<size_t>(n));
        if (end == io::EOF_) break;
        must(end == nullptr || errors::Is(end, os::ErrDeadlineExceeded), "a read ends well");
        if (random.one_in(10)) disturb(random);
      }
      arrived += checker.place();
      conn.Close();
    });
  }
  crew.wait();
  must(sent == arrived, "a connection loses nothing");
  must(listener.Close() == nullptr, "a listener closes once");
}
