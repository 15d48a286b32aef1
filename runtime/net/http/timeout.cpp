// timeout.cpp: TimeoutHandler: a handler that must answer in time, or the server does in its place.
//
// The handler runs in a goroutine of its own and writes into a buffer. When it returns in time, its
// response is copied. When it does not, the client gets a 503, and the goroutine is left behind:
// only the end of its context tells it to stop. One that does not listen is a leak, the one to look
// for first in a service with such a handler:
//
//   net/http.(*timeoutHandler).ServeHTTP.func1
//
// What that goroutine may touch must outlive the request: the writer, the Request with its body's
// handle, and the handler are its own.
#include "runtime/chan/chan.h"
#include "runtime/die/die.h"
#include "runtime/die/panic.h"
#include "runtime/net/http/conn.h"
#include "runtime/sched/go.h"

namespace golab::net::http {

using golab::glue::Locked;

namespace {

class timeoutWriter final : public ResponseWriter {
 public:
  explicit timeoutWriter(const Server* srv) : server_(srv) {}

  http::Header& Header() override { return h; }

  [[gnu::noinline]] std::pair<int, error> Write(std::string_view data) override {
    Locked guard(mu);
    if (err != nullptr) return {0, err};
    if (!wroteHeader) writeHeaderLocked(StatusOK);
    wbuf.append(data);
    return {static_cast<int>(data.size()), nullptr};
  }

  [[gnu::noinline]] void WriteHeader(int status) override {
    Locked guard(mu);
    writeHeaderLocked(status);
  }

  sync::Mutex mu;  // guards what follows
  http::Header h;
  std::string wbuf;
  error err;  // of the Writes that come too late
  bool wroteHeader = false;
  int code = StatusOK;

 private:
  void writeHeaderLocked(int status) {
    check_write_header_code(status);
    if (err != nullptr) return;
    if (wroteHeader) {
      if (server_ != nullptr) log_with_caller(server_, "superfluous response.WriteHeader call");
      return;
    }
    wroteHeader = true;
    code = status;
  }

  const Server* server_;  // it lives while the handler is in time
};

class timeoutHandler {
 public:
  timeoutHandler(http::Handler h, time::Duration dt, std::string_view msg)
      : handler_(std::move(h)), dt_(dt), body_(msg) {}

  [[gnu::noinline]] void ServeHTTP(ResponseWriter& w, Request* r) {
    auto [ctx, cancel] = context::WithTimeout(r->Context(), dt_);
    Defer cancelled{cancel};
    auto mine = std::make_shared<Request>(r->WithContext(ctx));
    const any value = ctx.Value(ServerContextKey);
    Server* const* srv = value.get<Server*>();
    auto tw = std::make_shared<timeoutWriter>(srv != nullptr ? *srv : nullptr);
    auto done = make_chan<Empty>();
    auto panicChan = make_chan<std::shared_ptr<runtime::PanicRecord>>(1);
    go([h = handler_, tw, mine, done, panicChan] {
      try {
        h.ServeHTTP(*tw, mine.get());
        close(done);
      } catch (...) {
        panicChan.send(runtime::panic_caught().record());  // not for a Goexit
      }
    });
    std::shared_ptr<runtime::PanicRecord> record;
    bool ok = false;
    switch (select({recv(panicChan, record, ok), recv(done), recv(ctx.Done())})) {
      case 0:
        runtime::gopanic(record->value);
      case 1: {
        Locked guard(tw->mu);
        http::Header& dst = w.Header();
        for (const auto& [name, unused] : tw->h) dst.Del(name);
        for (const auto& [name, text] : tw->h) dst.Add(name, text);
        w.WriteHeader(tw->code);
        w.Write(tw->wbuf);
        return;
      }
      default: {
        Locked guard(tw->mu);
        w.WriteHeader(StatusServiceUnavailable);
        if (ctx.Err() == context::DeadlineExceeded) {
          w.Write(body_.empty() ? kTimeoutPage : std::string_view(body_));
          tw->err = ErrHandlerTimeout;
        } else {
          tw->err = ctx.Err();
        }
      }
    }
  }

 private:
  static constexpr std::string_view kTimeoutPage =
      "<html><head><title>Timeout</title></head><body><h1>Timeout</h1></body></html>";

  http::Handler handler_;
  time::Duration dt_;
  std::string body_;
};

}  // namespace

Handler TimeoutHandler(Handler h, time::Duration dt, std::string_view msg) {
  return timeoutHandler(std::move(h), dt, msg);
}

}  // namespace golab::net::http
