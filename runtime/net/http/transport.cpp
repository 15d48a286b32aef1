// transport.cpp: where a request gets its connection: from the pool, from another request that is
// done, or by dialling.
#include "runtime/net/http/transport.h"

#include <algorithm>

#include "runtime/die/panic.h"
#include "runtime/errors/injected.h"
#include "runtime/sched/go.h"
#include "runtime/sched/request.h"
#include "runtime/time/when.h"

namespace golab::net::http {

using golab::glue::Locked;

namespace {

constexpr int DefaultMaxIdleConnsPerHost = 2;
constexpr time::Duration kDialTimeout = 30 * time::Second;

const error errKeepAlivesDisabled = errors::New("http: putIdleConn: keep alives disabled");
const error errConnBroken = errors::New("http: putIdleConn: connection is in bad state");
const error errCloseIdle = errors::New("http: putIdleConn: CloseIdleConnections was called");
const error errTooManyIdleHost =
    errors::New("http: putIdleConn: too many idle connections for host");
const error errCloseIdleConns = errors::New("http: CloseIdleConnections called");
const error errIdleConnTimeout = errors::New("http: idle connection timeout");

// What is wrong with a request before it is sent; or nil.
error check(const Request& req) {
  if (req.URL.Scheme != "http") {
    return errors::New("unsupported protocol scheme " + url::quote(req.URL.Scheme));
  }
  if (req.URL.Host.empty()) return errors::New("http: no Host in request URL");
  for (const auto& [name, value] : req.Header) {
    if (!valid_field_name(name)) {
      return errors::New("net/http: invalid header field name " + url::quote(name));
    }
    if (!valid_field_value(value)) {
      return errors::New("net/http: invalid header field value for " + url::quote(name));
    }
  }
  return nullptr;
}

std::string host_and_port(const url::URL& u) {
  return u.Port().empty() ? JoinHostPort(u.Hostname(), "80") : u.Host;
}

}  // namespace

std::shared_ptr<Transport> NewTransport() { return std::shared_ptr<Transport>(new Transport); }

// Never destroyed: goroutines may use it until the process ends.
const std::shared_ptr<Transport>& DefaultTransport = *new std::shared_ptr(NewTransport());

// ---- Who waits for a connection ----

bool wantConn::waiting() {
  Locked guard(mu_);
  return !done_;
}

bool wantConn::tryDeliver(std::shared_ptr<persistConn> pc, const error& err) {
  Locked guard(mu_);
  if (done_) return false;
  done_ = true;
  result.send({std::move(pc), err});
  return true;
}

void wantConn::cancel(Transport* t) {
  connOrError delivered;
  {
    Locked guard(mu_);
    done_ = true;
    select({recv(result, delivered), otherwise});
  }
  if (delivered.pc != nullptr) t->putOrCloseIdleConn(delivered.pc);
}

// ---- The pool ----

void Transport::putOrCloseIdleConn(const std::shared_ptr<persistConn>& pc) {
  if (error err = tryPutIdleConn(pc); err != nullptr) pc->close(err);
}

// Gives the connection to a request that waits for one, or keeps it. Otherwise says why not.
error Transport::tryPutIdleConn(const std::shared_ptr<persistConn>& pc) {
  if (DisableKeepAlives || MaxIdleConnsPerHost < 0) return errKeepAlivesDisabled;
  if (pc->isBroken()) return errConnBroken;
  pc->reused = true;
  Locked guard(idleMu_);
  if (auto at = idleConnWait_.find(pc->cacheKey); at != idleConnWait_.end()) {
    auto& waiting = at->second;
    bool delivered = false;
    while (!delivered && !waiting.empty()) {
      delivered = waiting.front()->tryDeliver(pc, nullptr);
      waiting.erase(waiting.begin());
    }
    if (waiting.empty()) idleConnWait_.erase(at);
    if (delivered) return nullptr;
  }
  if (closeIdle_) return errCloseIdle;
  auto& idle = idleConn_[pc->cacheKey];
  const int most = MaxIdleConnsPerHost == 0 ? DefaultMaxIdleConnsPerHost : MaxIdleConnsPerHost;
  if (idle.size() >= static_cast<size_t>(most)) return errTooManyIdleHost;
  idle.push_back(pc);
  if (IdleConnTimeout > 0) {
    pc->idleTimer = time::AfterFunc(IdleConnTimeout, [weak = std::weak_ptr(pc)] {
      if (auto still = weak.lock()) still->t->close_if_still_idle(still.get());
    });
  }
  return nullptr;
}

// True if the connection was idle. Requires: idleMu_ is locked.
bool Transport::removeIdleConnLocked(persistConn* pc) {
  auto at = idleConn_.find(pc->cacheKey);
  if (at == idleConn_.end()) return false;
  auto& idle = at->second;
  auto it = std::find_if(idle.begin(), idle.end(), [pc](auto& other) { return other.get() == pc; });
  if (it == idle.end()) return false;
  if (IdleConnTimeout > 0) pc->idleTimer.Stop();
  idle.erase(it);
  if (idle.empty()) idleConn_.erase(at);
  return true;
}

void Transport::removeIdleConn(persistConn* pc) {
  Locked guard(idleMu_);
  removeIdleConnLocked(pc);
}

void Transport::close_if_still_idle(persistConn* pc) {
  Locked guard(idleMu_);
  if (removeIdleConnLocked(pc)) pc->close(errIdleConnTimeout);
}

void Transport::CloseIdleConnections() {
  std::map<std::string, std::vector<std::shared_ptr<persistConn>>> idle;
  std::vector<context::CancelFunc> dials;
  {
    Locked guard(idleMu_);
    idle.swap(idleConn_);
    for (auto& [key, conns] : idle) {
      for (auto& pc : conns) {
        if (IdleConnTimeout > 0) pc->idleTimer.Stop();  // its closure keeps the memory of pc
      }
    }
    closeIdle_ = true;
    for (auto& w : dialsInProgress_) {
      if (!w->waiting()) dials.push_back(w->cancelCtx);
    }
  }
  for (auto& [key, conns] : idle) {
    for (auto& pc : conns) pc->close(errCloseIdleConns);
  }
  for (auto& cancel : dials) cancel();
}

// True if w has got a connection. Otherwise it gets the next one that becomes free, unless its own
// is dialled before.
bool Transport::queueForIdleConn(const std::shared_ptr<wantConn>& w) {
  if (DisableKeepAlives) return false;
  Locked guard(idleMu_);
  closeIdle_ = false;
  for (;;) {
    auto at = idleConn_.find(w->key);
    if (at == idleConn_.end()) break;
    const std::shared_ptr<persistConn> pc = at->second.back();
    removeIdleConnLocked(pc.get());
    if (!pc->isBroken()) return w->tryDeliver(pc, nullptr);
  }
  auto& waiting = idleConnWait_[w->key];
  std::erase_if(waiting, [](auto& other) { return !other->waiting(); });
  waiting.push_back(w);
  return false;
}

// Parks until there is a connection, the dial fails or the request's context ends.
[[gnu::noinline]] std::pair<std::shared_ptr<persistConn>, error> Transport::getConn(
    const transportRequest& treq, const std::string& key) {
  auto w = std::make_shared<wantConn>();
  w->key = key;
  if (!queueForIdleConn(w)) queueForDial(w);
  wantConn::connOrError got;
  if (select({recv(w->result, got), recv(treq.ctx.Done())}) == 1) {
    w->cancel(this);
    return {nullptr, context::Cause(treq.ctx)};
  }
  if (got.err != nullptr && treq.ctx.Err() != nullptr) got.err = context::Cause(treq.ctx);
  return {std::move(got.pc), got.err};
}

// ---- Dialling ----

void Transport::queueForDial(const std::shared_ptr<wantConn>& w) {
  std::tie(w->ctx, w->cancelCtx) = context::WithCancel(context::Background());
  Locked guard(idleMu_);
  startDialConnForLocked(w);
}

[[gnu::noinline]] void Transport::startDialConnForLocked(const std::shared_ptr<wantConn>& w) {
  dialsInProgress_.push_back(w);
  go([self = shared_from_this(), w] {
    self->dialConnFor(w);
    Locked guard(self->idleMu_);
    std::erase(self->dialsInProgress_, w);
  });
}

// In a goroutine of its own: its connection may come too late for w, and is then another's.
[[gnu::noinline]] void Transport::dialConnFor(const std::shared_ptr<wantConn>& w) {
  auto [pc, err] = dialConn(*w);
  w->cancelCtx();
  if (!w->tryDeliver(pc, err) && err == nullptr) putOrCloseIdleConn(pc);
}

[[gnu::noinline]] std::pair<std::shared_ptr<persistConn>, error> Transport::dialConn(
    const wantConn& w) {
  auto [c, err] = dial(w);
  if (err != nullptr) return {nullptr, err};
  auto pc = std::make_shared<persistConn>(shared_from_this(), w.key, c.impl());
  go(&persistConn::readLoop, pc);
  go(&persistConn::writeLoop, pc);
  return {std::move(pc), nullptr};
}

[[gnu::noinline]] std::pair<Conn, error> Transport::dial(const wantConn& w) {
  golab::glue::Func<bool()> stop;
  Defer leave([&] {
    if (stop != nullptr) stop();
  });
  return dial_until(
      "tcp", w.key, time::when_real(kDialTimeout), [&](const std::shared_ptr<net::conn>& started) {
        if (stop != nullptr) stop();
        if (w.ctx.Err() != nullptr) return false;
        stop = context::AfterFunc(w.ctx, [started] { started->set_deadline(-1, 'r' + 'w'); });
        return true;
      });
}

// ---- A request ----

[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> Transport::RoundTrip(
    const std::shared_ptr<transportRequest>& treq) {
  if (error err = errors::injected("http.RoundTrip"); err != nullptr) return {nullptr, err};
  runtime::WorksFor nobody(runtime::WorksFor::kNobody);  // the connection outlives the request
  return roundTrip(treq);
}

[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> Transport::roundTrip(
    const std::shared_ptr<transportRequest>& treq) {
  const Request& req = *treq->Request;
  if (error err = check(req); err != nullptr) return {nullptr, err};
  const context::Context parent = req.ctx == nullptr ? context::Background() : req.ctx;
  std::tie(treq->ctx, treq->cancel) = context::WithCancelCause(parent);
  auto fail = [&](const error& err) -> std::pair<std::shared_ptr<Response>, error> {
    treq->cancel(err);
    return {nullptr, err};
  };
  for (;;) {
    if (treq->ctx.Err() != nullptr) return fail(context::Cause(treq->ctx));
    auto [pc, dial_err] = getConn(*treq, host_and_port(req.URL));
    if (dial_err != nullptr) return fail(dial_err);
    auto [resp, err] = pc->roundTrip(treq);
    if (err == nullptr) return {resp, nullptr};
    if (pc->shouldRetryRequest(req, err)) continue;
    if (auto* e = err.get<nothingWrittenError>()) err = error(e->cause);
    if (auto* e = err.get<transportReadFromServerError>()) err = error(e->cause);
    return fail(err);
  }
}

}  // namespace golab::net::http
