// pipe.cpp: net.Pipe: two ends of a connection in memory, on which reads and writes meet.
//
// Each direction has two channels: one takes the writer's bytes to a reader, the other brings back
// how many were read. The writer waits for that count, so its bytes stay valid as long as they are
// needed, and nothing is copied in between.
#include <algorithm>
#include <cstring>
#include <optional>

#include "runtime/chan/chan.h"
#include "runtime/io/io.h"
#include "runtime/net/net.h"
#include "runtime/sync/mutex.h"

namespace golab::net {

namespace {

using golab::glue::Locked;

bool isClosedChan(const RecvChan<Empty>& c) { return select({recv(c), otherwise}) == 0; }

// A channel that is closed once the deadline has passed.
class pipeDeadline {
 public:
  RecvChan<Empty> wait() {
    Locked guard(mu_);
    return cancel_;
  }

  void set(const time::Time& t) {
    Locked guard(mu_);
    if (timer_ && !timer_->Stop()) cancel_.recv();  // its function is about to close the channel
    timer_.reset();
    const bool passed = isClosedChan(cancel_);
    if (t.IsZero() || time::Until(t) > 0) {
      if (passed) cancel_ = make_chan<Empty>();
      if (t.IsZero()) return;
      timer_ = time::AfterFunc(time::Until(t), [cancel = cancel_] { golab::close(cancel); });
    } else if (!passed) {
      golab::close(cancel_);
    }
  }

 private:
  sync::Mutex mu_;  // guards what follows
  std::optional<time::Timer> timer_;
  Chan<Empty> cancel_ = make_chan<Empty>();
};

class pipe final : public ConnBase {
 public:
  using Bytes = std::string_view;
  pipe(RecvChan<Bytes> rdRx, SendChan<int> rdTx, SendChan<Bytes> wrTx, RecvChan<int> wrRx,
       Chan<Empty> local, RecvChan<Empty> remote)
      : rdRx_(rdRx),
        rdTx_(rdTx),
        wrTx_(wrTx),
        wrRx_(wrRx),
        localDone_(std::move(local)),
        remoteDone_(std::move(remote)) {}
  ~pipe() override { Close(); }

  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) override {
    auto [got, err] = read(p, n);
    return {got, op_error("read", err)};
  }
  [[gnu::noinline]] std::pair<int, error> Write(std::string_view data) override {
    auto [put, err] = write(data);
    return {put, op_error("write", err)};
  }
  error Close() override {
    Locked guard(once_);
    if (!isClosedChan(localDone_)) golab::close(localDone_);
    return nullptr;
  }
  net::Addr LocalAddr() override { return pipeAddr{}; }
  net::Addr RemoteAddr() override { return pipeAddr{}; }
  error SetReadDeadline(const time::Time& t) override { return set(&readDeadline_, t); }
  error SetWriteDeadline(const time::Time& t) override { return set(&writeDeadline_, t); }

 private:
  static error op_error(const char* op, const error& err) {
    if (err == nullptr || err == io::EOF_ || err == io::ErrClosedPipe) return err;
    return OpError{op, "pipe", "", "", err};
  }

  error set(pipeDeadline* deadline, const time::Time& t) {
    if (isClosedChan(localDone_) || isClosedChan(remoteDone_)) return io::ErrClosedPipe;
    deadline->set(t);
    return nullptr;
  }

  [[gnu::noinline]] std::pair<int, error> read(char* p, size_t n) {
    if (isClosedChan(localDone_)) return {0, io::ErrClosedPipe};
    if (isClosedChan(remoteDone_)) return {0, io::EOF_};
    if (isClosedChan(readDeadline_.wait())) return {0, os::ErrDeadlineExceeded};
    Bytes from;
    switch (select({recv(rdRx_, from), recv(localDone_), recv(remoteDone_),
                    recv(readDeadline_.wait())})) {
      case 1:
        return {0, io::ErrClosedPipe};
      case 2:
        return {0, io::EOF_};
      case 3:
        return {0, os::ErrDeadlineExceeded};
    }
    const size_t take = std::min(n, from.size());
    std::memcpy(p, from.data(), take);
    rdTx_.send(static_cast<int>(take));
    return {static_cast<int>(take), nullptr};
  }

  [[gnu::noinline]] std::pair<int, error> write(std::string_view data) {
    if (isClosedChan(localDone_) || isClosedChan(remoteDone_)) return {0, io::ErrClosedPipe};
    if (isClosedChan(writeDeadline_.wait())) return {0, os::ErrDeadlineExceeded};
    Locked one_write(wrMu_);
    size_t put = 0;
    do {  // also without bytes: a reader waits for it
      switch (select({send(wrTx_, data.substr(put)), recv(localDone_), recv(remoteDone_),
                      recv(writeDeadline_.wait())})) {
        case 0:
          put += static_cast<size_t>(wrRx_.recv());
          break;
        case 3:
          return {static_cast<int>(put), os::ErrDeadlineExceeded};
        default:
          return {static_cast<int>(put), io::ErrClosedPipe};
      }
    } while (put < data.size());
    return {static_cast<int>(put), nullptr};
  }

  sync::Mutex wrMu_;  // the bytes of one Write come together
  sync::Mutex once_;
  const RecvChan<Bytes> rdRx_;
  const SendChan<int> rdTx_;
  const SendChan<Bytes> wrTx_;
  const RecvChan<int> wrRx_;
  const Chan<Empty> localDone_;
  const RecvChan<Empty> remoteDone_;
  pipeDeadline readDeadline_;
  pipeDeadline writeDeadline_;
};

}  // namespace

std::pair<Conn, Conn> Pipe() {
  auto bytes1 = make_chan<pipe::Bytes>();
  auto bytes2 = make_chan<pipe::Bytes>();
  auto count1 = make_chan<int>();
  auto count2 = make_chan<int>();
  auto done1 = make_chan<Empty>();
  auto done2 = make_chan<Empty>();
  return {std::make_shared<pipe>(bytes1, count1, bytes2, count2, done1, done2),
          std::make_shared<pipe>(bytes2, count2, bytes1, count1, done2, done1)};
}

}  // namespace golab::net
