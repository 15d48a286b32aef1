// singleflight.cpp: a map of the calls under way; a WaitGroup for each.
#include "runtime/singleflight/singleflight.h"

#include <optional>
#include <vector>

#include "runtime/die/panic.h"
#include "runtime/sched/go.h"
#include "runtime/sync/waitgroup.h"

namespace golab::singleflight {

// What a function has panicked with, and where.
struct panicError {
  std::string text;
  std::string stack;
  error value;

  explicit panicError(const Panic& p) : text(p.String()), stack(p.Stack()) {
    stack.erase(0, stack.find('\n') + 1);  // which goroutine it was says nothing to the others
    if (auto* err = p.value<error>()) value = *err;
  }
  std::string Error() const { return text + "\n\n" + stack; }
  error Unwrap() const { return value; }
};

struct Group::call {
  sync::WaitGroup wg;
  // Written once, before wg.Done.
  any val;
  error err;
  std::shared_ptr<panicError> panicked;
  bool left = false;  // by Goexit
  // Guarded by the group's mutex.
  int dups = 0;
  std::vector<Chan<Result>> chans;
};

[[gnu::noinline]] std::tuple<any, error, bool> Group::Do(std::string_view key, Func fn) {
  std::string k(key);
  mu_.Lock();
  if (auto it = m_.find(k); it != m_.end()) {
    std::shared_ptr<call> c = it->second;
    c->dups++;
    mu_.Unlock();
    c->wg.Wait();
    if (c->panicked != nullptr) panic(error(c->panicked));
    if (c->left) runtime::Goexit();
    return {c->val, c->err, true};
  }
  auto c = std::make_shared<call>();
  c->wg.Add(1);
  m_[k] = c;
  mu_.Unlock();
  doCall(c, std::move(k), std::move(fn));
  glue::Locked lock(mu_);
  return {c->val, c->err, c->dups > 0};
}

[[gnu::noinline]] RecvChan<Result> Group::DoChan(std::string_view key, Func fn) {
  std::string k(key);
  auto ch = make_chan<Result>(1);
  glue::Locked lock(mu_);
  if (auto it = m_.find(k); it != m_.end()) {
    it->second->dups++;
    it->second->chans.push_back(ch);
    return ch;
  }
  auto c = std::make_shared<call>();
  c->chans.push_back(ch);
  c->wg.Add(1);
  m_[k] = c;
  go(&Group::doCall, this, c, std::move(k), std::move(fn));
  return ch;
}

[[gnu::noinline]] void Group::doCall(std::shared_ptr<call> c, std::string key, Func fn) {
  bool returned = false, recovered = false;
  Defer end{[&] {
    c->left = !returned && !recovered;
    std::vector<Chan<Result>> chans;
    bool shared = false;
    {
      glue::Locked lock(mu_);
      c->wg.Done();
      if (auto it = m_.find(key); it != m_.end() && it->second == c) m_.erase(it);
      chans = c->chans;
      shared = c->dups > 0;
    }
    if (c->panicked != nullptr) {
      error err(c->panicked);
      if (chans.empty()) panic(err);
      // In a goroutine of its own, where no catch block of the program is; this one stays, so that
      // the dump shows it.
      go([err] { panic(err); });
      select({});
    }
    if (c->left) return;
    for (const Chan<Result>& ch : chans) ch.send(Result{c->val, c->err, shared});
  }};
  [&] {
    try {
      std::tie(c->val, c->err) = fn();
      returned = true;
    } catch (...) {
      c->panicked = std::make_shared<panicError>(runtime::panic_caught());  // returns: no Goexit
    }
  }();
  recovered = !returned;
}

void Group::Forget(std::string_view key) {
  glue::Locked lock(mu_);
  m_.erase(std::string(key));
}

}  // namespace golab::singleflight
