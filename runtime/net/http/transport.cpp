// transport.cpp: where a request gets its connection: from the pool, from another request that is
// done, or by dialling.
#include "runtime/net/http/transport.h"

#include <algorithm>
#include <utility>

#include "runtime/die/panic.h"
#include "runtime/errors/injected.h"
#include "runtime/sched/go.h"
#include "runtime/sched/request.h"

namespace golab::net::http {

using golab::glue::Locked;

namespace {

constexpr int DefaultMaxIdleConnsPerHost = 2;
constexpr time::Duration kDialTimeout = 30 * time::Second;

const error errKeepAlivesDisabled = errors::New("http: putIdleConn: keep alives disabled");
const error errConnBroken = errors::New("http: putIdleConn: connection is in bad state");
const error errCloseIdle = errors::New("http: putIdleConn: CloseIdleConnections was called");
const error errTooManyIdle = errors::New("http: putIdleConn: too many idle connections");
const error errTooManyIdleHost =
    errors::New("http: putIdleConn: too many idle connections for host");
const error errCloseIdleConns = errors::New("http: CloseIdleConnections called");
const error errIdleConnTimeout = errors::New("http: idle connection timeout");

const error errCannotRewind =
    errors::New("net/http: cannot rewind body after connection loss");

// What is wrong with fields; or "".
std::string bad_field(const Header& fields) {
  for (const auto& [name, value] : fields) {
    if (!valid_field_name(name)) return "field name " + url::quote(name);
    // The value is not quoted: it may be a secret.
    if (!valid_field_value(value)) return "field value for " + url::quote(name);
  }
  return "";
}

// What is wrong with a request before it is sent; or nil.
error check(const Request& req) {
  if (std::string bad = bad_field(req.Header); req.URL.Scheme == "http" && !bad.empty()) {
    return errors::New("net/http: invalid header " + bad);
  }
  if (std::string bad = bad_field(req.Trailer); req.URL.Scheme == "http" && !bad.empty()) {
    return errors::New("net/http: invalid trailer " + bad);
  }
  if (req.URL.Scheme != "http") {
    return errors::New("unsupported protocol scheme " + url::quote(req.URL.Scheme));
  }
  if (!req.Method.empty() && !valid_field_name(req.Method)) {
    return errors::New("net/http: invalid method " + url::quote(req.Method));
  }
  if (req.URL.Host.empty()) return errors::New("http: no Host in request URL");
  return nullptr;
}

// The request with a body that can be followed.
std::shared_ptr<transportRequest> track_body(const std::shared_ptr<Request>& req) {
  auto treq = std::make_shared<transportRequest>();
  treq->Request = req;
  if (req->Body == nullptr || req->Body == NoBody) return treq;
  treq->body = std::make_shared<readTrackingBody>(req->Body);
  treq->Request = std::make_shared<Request>(*req);
  treq->Request->Body = io::ReadCloser(treq->body);
  return treq;
}

// The request for another attempt: its body from the beginning.
std::pair<std::shared_ptr<transportRequest>, error> rewindBody(
    const std::shared_ptr<transportRequest>& treq) {
  if (treq->body == nullptr || (!treq->body->didRead && !treq->body->didClose)) {
    auto again = std::make_shared<transportRequest>();
    again->Request = treq->Request;
    again->body = treq->body;
    return {again, nullptr};
  }
  treq->body->Close();
  if (treq->Request->GetBody == nullptr) return {nullptr, errCannotRewind};
  auto [body, err] = treq->Request->GetBody();
  if (err != nullptr) return {nullptr, err};
  auto req = std::make_shared<Request>(*treq->Request);
  req->Body = body;
  return {track_body(req), nullptr};
}

std::string host_and_port(const url::URL& u) {
  return JoinHostPort(u.Hostname(), u.Port().empty() ? "80" : u.Port());
}

}  // namespace

std::shared_ptr<Transport> Transport::Clone() const {
  auto copy = NewTransport();
  copy->MaxIdleConns = MaxIdleConns;
  copy->MaxIdleConnsPerHost = MaxIdleConnsPerHost;
  copy->MaxConnsPerHost = MaxConnsPerHost;
  copy->IdleConnTimeout = IdleConnTimeout;
  copy->ResponseHeaderTimeout = ResponseHeaderTimeout;
  copy->ExpectContinueTimeout = ExpectContinueTimeout;
  copy->DisableKeepAlives = DisableKeepAlives;
  copy->DisableCompression = DisableCompression;
  copy->MaxResponseHeaderBytes = MaxResponseHeaderBytes;
  copy->DialContext = DialContext;
  return copy;
}

int64_t Transport::maxHeaderResponseSize() const {
  return MaxResponseHeaderBytes > 0 ? MaxResponseHeaderBytes : 10 << 20;
}

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
  static std::atomic<int64_t> counter{0};
  pc->idle_since = ++counter;
  if (++idle_ > MaxIdleConns && MaxIdleConns != 0) close_oldest_locked();
  if (IdleConnTimeout > 0) {
    pc->has_idle_timer = true;
    pc->idleTimer = time::AfterFunc(IdleConnTimeout, [weak = std::weak_ptr(pc)] {
      if (auto still = weak.lock()) still->t->close_if_still_idle(still.get());
    });
  }
  return nullptr;
}

// Requires: idleMu_ is locked.
void Transport::close_oldest_locked() {
  std::shared_ptr<persistConn> oldest;
  for (auto& [key, conns] : idleConn_) {
    const auto& first = conns.front();
    if (oldest == nullptr || first->idle_since < oldest->idle_since) oldest = first;
  }
  removeIdleConnLocked(oldest.get());
  oldest->close(errTooManyIdle);
}

// True if the connection was idle. Requires: idleMu_ is locked.
bool Transport::removeIdleConnLocked(persistConn* pc) {
  auto at = idleConn_.find(pc->cacheKey);
  if (at == idleConn_.end()) return false;
  auto& idle = at->second;
  auto it = std::find_if(idle.begin(), idle.end(), [pc](auto& other) { return other.get() == pc; });
  if (it == idle.end()) return false;
  if (std::exchange(pc->has_idle_timer, false)) pc->idleTimer.Stop();
  idle.erase(it);
  idle_--;
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
  {
    Locked guard(idleMu_);
    idle.swap(idleConn_);
    idle_ = 0;
    for (auto& [key, conns] : idle) {
      for (auto& pc : conns) {
        // Its closure keeps the memory of pc.
        if (std::exchange(pc->has_idle_timer, false)) pc->idleTimer.Stop();
      }
    }
    closeIdle_ = true;
  }
  for (auto& [key, conns] : idle) {
    for (auto& pc : conns) pc->close(errCloseIdleConns);
  }
  std::vector<context::CancelFunc> dials;
  {
    Locked guard(connsPerHostMu_);
    for (auto& w : dialsInProgress_) {
      if (!w->waiting()) dials.push_back(w->cancelCtx);
    }
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
  const context::Context values = context::WithoutCancel(treq.Request->Context());
  std::tie(w->ctx, w->cancelCtx) = context::WithCancel(values);
  if (!queueForIdleConn(w)) queueForDial(w);
  wantConn::connOrError got;
  if (select({recv(w->result, got), recv(treq.ctx.Done())}) == 1) {
    w->cancel(this);
    return {nullptr, context::Cause(treq.ctx)};
  }
  if (got.err != nullptr) {
    w->cancel(this);
    if (treq.ctx.Err() != nullptr) got.err = context::Cause(treq.ctx);
  }
  return {std::move(got.pc), got.err};
}

// ---- Dialling ----

void Transport::queueForDial(const std::shared_ptr<wantConn>& w) {
  Locked guard(connsPerHostMu_);
  if (MaxConnsPerHost > 0) {
    int& n = connsPerHost_[w->key];
    if (n >= MaxConnsPerHost) {
      auto& waiting = connsPerHostWait_[w->key];
      std::erase_if(waiting, [](auto& other) { return !other->waiting(); });
      waiting.push_back(w);
      return;
    }
    n++;
  }
  startDialConnForLocked(w);
}

// A connection is gone, or was never made: somebody who waits for that may dial now.
void Transport::decConnsPerHost(const std::string& key) {
  if (MaxConnsPerHost <= 0) return;
  Locked guard(connsPerHostMu_);
  auto& waiting = connsPerHostWait_[key];
  while (!waiting.empty()) {
    const auto w = waiting.front();
    waiting.erase(waiting.begin());
    if (w->waiting()) return startDialConnForLocked(w);
  }
  connsPerHostWait_.erase(key);
  if (--connsPerHost_[key] == 0) connsPerHost_.erase(key);
}

[[gnu::noinline]] void Transport::startDialConnForLocked(const std::shared_ptr<wantConn>& w) {
  dialsInProgress_.push_back(w);
  go([self = shared_from_this(), w] {
    self->dialConnFor(w);
    Locked guard(self->connsPerHostMu_);
    std::erase(self->dialsInProgress_, w);
  });
}

// In a goroutine of its own: its connection may come too late for w, and is then another's.
[[gnu::noinline]] void Transport::dialConnFor(const std::shared_ptr<wantConn>& w) {
  if (!w->waiting()) return decConnsPerHost(w->key);
  auto [pc, err] = dialConn(*w);
  w->cancelCtx();
  if (!w->tryDeliver(pc, err) && err == nullptr) putOrCloseIdleConn(pc);
  if (err != nullptr) decConnsPerHost(w->key);
}

[[gnu::noinline]] std::pair<std::shared_ptr<persistConn>, error> Transport::dialConn(
    const wantConn& w) {
  auto [c, err] = dial(w);
  if (err != nullptr) return {nullptr, err};
  auto pc = std::make_shared<persistConn>(shared_from_this(), w.key, c);
  go(&persistConn::readLoop, pc);
  go(&persistConn::writeLoop, pc);
  return {std::move(pc), nullptr};
}

[[gnu::noinline]] std::pair<Conn, error> Transport::dial(const wantConn& w) {
  if (DialContext != nullptr) {
    auto got = DialContext(w.ctx, "tcp", w.key);
    if (got.first == nullptr && got.second == nullptr) {
      got.second = errors::New("net/http: Transport.DialContext hook returned (nil, nil)");
    }
    return got;
  }
  Dialer d;
  d.Timeout = kDialTimeout;
  d.KeepAlive = 30 * time::Second;
  return d.DialContext(w.ctx, "tcp", w.key);
}

// ---- A request ----

[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> Transport::RoundTrip(
    const std::shared_ptr<Request>& req) {
  if (error err = errors::injected("http.RoundTrip"); err != nullptr) return {nullptr, err};
  runtime::WorksFor nobody(runtime::WorksFor::kNobody);  // the connection outlives the request
  return roundTrip(req);
}

[[gnu::noinline]] std::pair<std::shared_ptr<Response>, error> Transport::roundTrip(
    const std::shared_ptr<Request>& req) {
  if (error err = check(*req); err != nullptr) {
    if (req->Body != nullptr) req->Body.Close();
    return {nullptr, err};
  }
  auto treq = track_body(req);
  auto close_body = [&treq] {
    if (treq->body != nullptr) treq->body->Close();
  };
  auto [ctx, cancel] = context::WithCancelCause(req->Context());
  const context::CancelCauseFunc stop = cancel;
  auto fail = [&stop](const error& err) -> std::pair<std::shared_ptr<Response>, error> {
    stop(err);
    return {nullptr, err};
  };
  for (;;) {
    treq->ctx = ctx;
    treq->cancel = stop;
    if (ctx.Err() != nullptr) {
      close_body();
      return fail(context::Cause(ctx));
    }
    auto [pc, dial_err] = getConn(*treq, host_and_port(req->URL));
    if (dial_err != nullptr) {
      close_body();
      return fail(dial_err);
    }
    auto [resp, err] = pc->roundTrip(treq);
    if (err == nullptr) {
      resp->Request = req;
      return {resp, nullptr};
    }
    if (!pc->shouldRetryRequest(*treq->Request, err)) {
      if (auto* e = err.get<nothingWrittenError>()) err = error(e->cause);
      if (auto* e = err.get<transportReadFromServerError>()) err = error(e->cause);
      close_body();
      return fail(err);
    }
    auto [again, rewind_err] = rewindBody(treq);
    if (rewind_err != nullptr) return fail(rewind_err);
    treq = again;
  }
}

}  // namespace golab::net::http
