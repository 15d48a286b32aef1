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
    listener_group.Add(1);
  } else {
    std::erase(listeners, l);
    listener_group.Done();
  }
  return true;
}

// A listener of the program's own may do anything in Close: not with the lock.
error server_state::close_listeners() {
  std::vector<Listener> all;
  {
    Locked guard(mu);
    all = listeners;
  }
  error first;
  for (const Listener& l : all) {
    error err = l.Close();
    if (first == nullptr) first = err;
  }
  return first;
}

bool server_state::close_idle_conns() {
  Locked guard(mu);
  const auto now = static_cast<uint64_t>(runtime::nanotime_coarse() / 1'000'000'000);
  for (conn* c : conns) {
    const uint64_t packed = c->curState;
    ConnState state(static_cast<int>(packed & 0xff));
    // A new connection that has sent nothing in 5 seconds counts as idle.
    if (state == StateNew && (packed >> 8) + 5 < now) state = StateIdle;
    if (state == StateIdle) c->rwc->Close();
  }
  return conns.empty();  // an idle one counts until its goroutine has ended
}

void server_state::close_all_conns() {
  Locked guard(mu);
  for (conn* c : conns) c->rwc->Close();
}

std::string ConnState::String() const {
  switch (*this) {
    case StateNew:
      return "new";
    case StateActive:
      return "active";
    case StateIdle:
      return "idle";
    case StateHijacked:
      return "hijacked";
    case StateClosed:
      return "closed";
  }
  return "";
}

// ---- Server ----

namespace {

const contextKey kServerContextKey{"http-server"};
const contextKey kLocalAddrContextKey{"local-addr"};

// May a later Accept succeed? Too many open files may pass; a closed listener stays closed.
bool temporary(const error& err) {
  const auto* code = errors::As<syscall::Errno>(err);
  return code != nullptr &&
         (code->value == EMFILE || code->value == ENFILE || code->value == EINTR ||
          code->value == ENOBUFS || code->value == ENOMEM);
}

}  // namespace

const contextKey* const ServerContextKey = &kServerContextKey;
const contextKey* const LocalAddrContextKey = &kLocalAddrContextKey;

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
    context::Context ctx = base;
    if (ConnContext != nullptr) {
      ctx = ConnContext(ctx, c);
      if (ctx == nullptr) golab::panic("ConnContext returned nil");
    }
    delay = 0;
    auto served = std::make_shared<conn>(this, state->owner.lock(), c.impl(), ctx);
    served->setState(StateNew);  // before go: Shutdown must see it
    go(&conn::serve, served, served);
  }
}

[[gnu::noinline]] error Server::Shutdown(const context::Context& ctx) {
  state->in_shutdown = true;
  error err = state->close_listeners();
  {
    Locked guard(state->mu);
    for (auto& f : state->on_shutdown) go(f);
  }
  state->listener_group.Wait();

  // No event tells that a connection has become idle, so this polls, with ever longer pauses.
  time::Duration pause = time::Millisecond;
  auto timer = time::NewTimer(pause);
  Defer stop([&timer] { timer.Stop(); });
  for (;;) {
    if (state->close_idle_conns()) return err;
    if (select({recv(ctx.Done()), recv(timer.C)}) == 0) return ctx.Err();
    pause = std::min(pause * 2, time::Duration(500 * time::Millisecond));
    timer.Reset(pause);
  }
}

[[gnu::noinline]] error Server::Close() {
  state->in_shutdown = true;
  error err = state->close_listeners();
  state->listener_group.Wait();
  state->close_all_conns();
  return err;
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

void log_with_caller(const Server* srv, std::string_view text) {
  std::array<uintptr_t, 32> pcs;
  const int n = runtime::Callers(1, pcs);
  std::string line = "http: " + std::string(text) + " from ";
  runtime::systemstack([&] {
    for (const runtime::StackFrame& shown :
         runtime::frames_of(pcs.data(), static_cast<size_t>(n))) {
      const runtime::Frame& frame = *shown.frame;
      if (frame.function.starts_with("net/http.")) continue;
      line.append(frame.function).append(" (");
      line.append(frame.file.substr(frame.file.rfind('/') + 1));
      line += ":" + std::to_string(frame.line) + ")";
      return;
    }
  });
  server_log(srv, line);
}

error socket_error(const net::conn& c, const char* op, int code) {
  if (code == golab::internal::poll::kEOF) return io::EOF_;
  error inner = code < 0 ? code_error(code) : error(os::SyscallError{op, syscall::Errno{code}});
  return OpError{op, "tcp", c.fd.laddr.String(), c.fd.raddr.String(), std::move(inner)};
}

}  // namespace golab::net::http
