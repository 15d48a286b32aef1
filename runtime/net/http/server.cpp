// server.cpp: http.Server: accepts connections, keeps a list of them, shuts down.
#include <algorithm>
#include <array>

#include "runtime/chan/chan.h"
#include "runtime/die/panic.h"
#include "runtime/log/log.h"
#include "runtime/net/http/conn.h"
#include "runtime/sched/go.h"
#include "runtime/traceback/stack.h"
#include "runtime/traceback/symbols.h"

namespace golab::net::http {

using golab::glue::Locked;

// ---- A server's listeners and connections ----

std::shared_ptr<server_state> new_server_state() { return std::make_shared<server_state>(); }

void server_state::track(conn* c, bool add) {
  Locked guard(mu);
  if (add) {
    conns.insert(c);
  } else {
    conns.erase(c);
  }
}

bool server_state::track_listener(const Listener& l, bool add) {
  Locked guard(mu);
  if (add) {
    if (in_shutdown) return false;
    listeners.push_back(l);
  } else {
    std::erase(listeners, l);
  }
  return true;
}

// A listener of the program's own may do anything in Close: not with the lock.
void server_state::close_listeners() {
  std::vector<Listener> all;
  {
    Locked guard(mu);
    all = listeners;
  }
  for (const Listener& l : all) l.Close();
}

bool server_state::close_idle_conns() {
  Locked guard(mu);
  const auto now = static_cast<uint64_t>(runtime::nanotime_coarse() / 1'000'000'000);
  for (conn* c : conns) {
    const uint64_t packed = c->curState;
    auto state = static_cast<ConnState>(packed & 0xff);
    // A new connection that has sent nothing in 5 seconds counts as idle.
    if (state == ConnState::StateNew && (packed >> 8) + 5 < now) state = ConnState::StateIdle;
    if (state == ConnState::StateIdle) c->rwc->Close();
  }
  return conns.empty();  // an idle one counts until its goroutine has ended
}

void server_state::close_all_conns() {
  Locked guard(mu);
  for (conn* c : conns) c->rwc->Close();
}

// ---- Server ----

namespace {

const contextKey kServerContextKey{"http-server"};

// May a later Accept succeed? Too many open files may pass; a closed listener stays closed.
bool temporary(const error& err) {
  const auto* code = errors::As<syscall::Errno>(err);
  return code != nullptr &&
         (code->value == EMFILE || code->value == ENFILE || code->value == EINTR ||
          code->value == ENOBUFS || code->value == ENOMEM);
}

}  // namespace

const contextKey* const ServerContextKey = &kServerContextKey;

[[gnu::noinline]] error Server::ListenAndServe() {
  if (state->in_shutdown) return ErrServerClosed;
  auto [ln, err] = net::Listen("tcp", Addr.empty() ? ":http" : Addr);
  if (err != nullptr) return err;
  return Serve(ln);
}

[[gnu::noinline]] error Server::Serve(Listener l) {
  if (!state->track_listener(l, true)) {
    l.Close();
    return ErrServerClosed;
  }
  context::Context base = BaseContext ? BaseContext(l) : context::Background();
  if (base == nullptr) golab::panic("BaseContext returned a nil context");
  base = context::WithValue(base, ServerContextKey, this);
  Defer leave([&] {
    state->track_listener(l, false);
    l.Close();
  });
  time::Duration delay = 0;
  for (;;) {
    auto [c, err] = l.Accept();
    if (err != nullptr) {
      if (state->in_shutdown) return ErrServerClosed;
      if (!temporary(err)) return err;
      delay =
          delay == 0 ? 5 * time::Millisecond : std::min(delay * 2, time::Duration(time::Second));
      server_log(this, "http: Accept error: " + err.Error() + "; retrying in " + delay.String());
      time::Sleep(delay);
      continue;
    }
    delay = 0;
    auto served = std::make_shared<conn>(this, state->owner.lock(), c.impl(), base);
    served->setState(ConnState::StateNew);  // before go: Shutdown must see it
    go(&conn::serve, served, served);
  }
}

error Server::Shutdown(const context::Context& ctx) {
  state->in_shutdown = true;
  state->close_listeners();
  {
    Locked guard(state->mu);
    for (auto& f : state->on_shutdown) go(f);
  }

  // No event tells that a connection has become idle, so this polls, with ever longer pauses.
  time::Duration pause = time::Millisecond;
  auto listening = [&] {
    Locked guard(state->mu);
    return !state->listeners.empty();
  };
  for (;;) {
    if (state->close_idle_conns() && !listening()) return nullptr;
    auto timer = time::NewTimer(pause);
    const int woken = select({recv(ctx.Done()), recv(timer.C)});
    timer.Stop();
    if (woken == 0) return ctx.Err();
    pause = std::min(pause * 2, time::Duration(500 * time::Millisecond));
  }
}

error Server::Close() {
  state->in_shutdown = true;
  state->close_listeners();
  state->close_all_conns();
  return nullptr;
}

void Server::RegisterOnShutdown(golab::glue::Func<void()> f) {
  Locked guard(state->mu);
  state->on_shutdown.push_back(std::move(f));
}

void Server::SetKeepAlivesEnabled(bool on) {
  state->disable_keep_alives = !on;
  if (!on) state->close_idle_conns();
}

[[gnu::noinline]] error ListenAndServe(std::string_view addr, Handler handler) {
  // Connections may outlive a Serve that fails, so they own this server.
  auto srv = std::make_shared<Server>();
  srv->Addr = std::string(addr);
  srv->Handler = std::move(handler);
  srv->state->owner = srv;
  return srv->ListenAndServe();
}

[[gnu::noinline]] error Serve(Listener l, Handler handler) {
  auto srv = std::make_shared<Server>();
  srv->Handler = std::move(handler);
  srv->state->owner = srv;
  return srv->Serve(l);
}

void server_log(const Server* srv, const std::string& text) {
  if (srv->ErrorLog != nullptr) {
    srv->ErrorLog->Output(text);
  } else {
    log::Default().Output(text);
  }
}

std::string relevant_caller() {
  std::array<uintptr_t, 32> pcs;
  const int n = runtime::Callers(1, pcs);
  std::string answer;
  runtime::systemstack([&] {
    for (const runtime::StackFrame& shown :
         runtime::frames_of(pcs.data(), static_cast<size_t>(n))) {
      const runtime::Frame& frame = *shown.frame;
      if (frame.function.starts_with("net/http.") || frame.function.starts_with("fmt.")) continue;
      answer.append(frame.function).append(" (");
      answer.append(frame.file.substr(frame.file.rfind('/') + 1));
      answer += ":" + std::to_string(frame.line) + ")";
      return;
    }
  });
  return answer;
}

}  // namespace golab::net::http
