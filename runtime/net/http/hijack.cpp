// hijack.cpp: a handler takes its connection away from the server; and what else a writer of
// responses may be able to do.
#include "runtime/die/panic.h"
#include "runtime/errors/unsupported.h"
#include "runtime/fmt/fmt.h"
#include "runtime/net/http/conn.h"

namespace golab {

namespace glue {

using net::http::ErrNotSupported;

error response_abilities::FlushError() {
  return Unwrap() != nullptr ? Unwrap()->FlushError() : ErrNotSupported;
}
net::http::Hijacked response_abilities::Hijack() {
  if (Unwrap() != nullptr) return Unwrap()->Hijack();
  return {nullptr, nullptr, ErrNotSupported};
}
error response_abilities::SetReadDeadline(const time::Time& t) {
  return Unwrap() != nullptr ? Unwrap()->SetReadDeadline(t) : ErrNotSupported;
}
error response_abilities::SetWriteDeadline(const time::Time& t) {
  return Unwrap() != nullptr ? Unwrap()->SetWriteDeadline(t) : ErrNotSupported;
}
error response_abilities::EnableFullDuplex() {
  return Unwrap() != nullptr ? Unwrap()->EnableFullDuplex() : ErrNotSupported;
}

// Here, so that a goroutine that waits in it shows only the buffer. Keeps the server's part of the connection, whose buffer may hold bytes that were read already.
class hijacked_conn final : public net::http::BufferedConn {
 public:
  explicit hijacked_conn(std::shared_ptr<net::http::conn> c) : c_(std::move(c)) {}

  std::pair<int, error> Read(char* p, size_t n) override {
    const bufio::io_result got = c_->bufr.Read(p, n);
    if (got.err != 0) return {0, net::http::socket_error(*c_->rwc, "read", got.err)};
    return {static_cast<int>(got.n), nullptr};
  }
  std::pair<std::string, error> ReadString(char delim) override {
    std::string_view text;
    const int code = c_->bufr.ReadSlice(delim, &text);
    return {std::string(text), code == 0 ? error() : net::http::socket_error(*c_->rwc, "read", code)};
  }
  int Buffered() const override { return static_cast<int>(c_->bufr.buffered().size()); }
  std::pair<int, error> Write(std::string_view data) override {
    const bufio::io_result put = w_.Write(data);
    return {static_cast<int>(put.n), failed(put.err)};
  }
  error Flush() override { return failed(w_.Flush()); }

 private:
  error failed(int code) const {
    return code == 0 ? error() : net::http::socket_error(*c_->rwc, "write", code);
  }

  std::shared_ptr<net::http::conn> c_;
  sink_of<net::conn> to_rwc_{c_->rwc.get()};
  bufio::Writer w_{&to_rwc_, 4096};
};

}  // namespace glue

namespace net::http {

bool ProtocolError::Is(const error& target) const {
  return ErrorString == ErrNotSupported.Error() && target == errors::ErrUnsupported;
}

// As in Go, an error that is ErrNotSupported, but not equal to it.
error ResponseController::supported(error err) {
  return err == ErrNotSupported ? fmt::Errorf("%w", err) : err;
}

Hijacked ResponseController::Hijack() {
  Hijacked got = w_->Hijack();
  got.err = supported(got.err);
  return got;
}

[[gnu::noinline]] Hijacked response::Hijack() {
  if (handlerDone_) golab::panic("net/http: Hijack called after ServeHTTP finished");
  disableWriteContinue(false);
  conn* c = conn_;
  if (wroteHeader_ && !c->hijacked) cw_.flush();
  if (c->hijacked) return {nullptr, nullptr, ErrHijacked};
  c->r.abortPendingRead();
  c->hijacked = true;
  net::Conn rwc(c->rwc);
  rwc.SetDeadline({});
  c->read_deadline = c->write_deadline = false;
  if (c->r.has_byte()) {
    // The byte that the background reader has taken comes first: into the buffer with it.
    if (int code = c->bufr.Peek(c->bufr.buffered().size() + 1)) {
      return {nullptr, nullptr,
              fmt::Errorf("unexpected Peek failure reading buffered byte: %v",
                          socket_error(*c->rwc, "read", code))};
    }
  }
  auto buffered = std::make_shared<golab::glue::hijacked_conn>(c->self);
  c->setState(StateHijacked);
  return {rwc, buffered, nullptr};
}

}  // namespace net::http
}  // namespace golab
