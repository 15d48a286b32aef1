// context.cpp: cancellation runs down the tree of contexts.
//
// There are two kinds of objects. A cancelCtx can be cancelled: it has the done channel, Err,
// Cause, and the list of the cancelCtx below it. The contexts that handles name (cancelContext,
// valueCtx …) hold their parent and, if they can be cancelled, their cancelCtx.
//
// Down the tree, the lists own. Up the tree leads only a weak pointer, used to leave the list.
//
// Lock order: downwards. A cancelCtx is locked while those below it are cancelled. So when cancel()
// returns, the whole tree below is cancelled, even if another call came first.
#include "runtime/context/context.h"

#include <atomic>
#include <map>
#include <optional>

#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "runtime/sched/bubble.h"
#include "runtime/sched/go.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/once.h"
#include "runtime/time/when.h"

namespace golab::glue {
// Glue is not shown: the stack of this panic begins in the function that Go's begins in.
static void check_parent(const context::Context& parent) {
  if (parent == nullptr) panic("cannot create context from nil parent");
}
}  // namespace golab::glue

namespace golab::context {

namespace {

// A context's value for the address of this key is its innermost cancelCtx*.
const int cancelCtxKey = 0;

using glue::Locked;

class cancelCtx : public std::enable_shared_from_this<cancelCtx> {
 public:
  virtual ~cancelCtx() = default;

  RecvChan<Empty> Done();
  error Err();
  error Cause();
  virtual void cancel(bool remove_from_parent, const error& err, const error& cause);
  // Arranges that this is cancelled when parent is.
  void propagateCancel(const Context& parent);

 protected:
  // The state only grows. Err may be seen only after Done is closed.
  enum : uint32_t { kLive, kClosing, kClosed };

  sync::Mutex mu_;
  std::atomic<uint32_t> state_{kLive};
  std::atomic<bool> has_done_{false};
  Chan<Empty> done_;   // made at the first call of Done
  error err_, cause_;  // written once, before state_

  // Those below, by number. Guarded by mu_.
  std::map<uint64_t, std::shared_ptr<cancelCtx>> children_;
  uint64_t numbered_ = 0;

  std::weak_ptr<cancelCtx> parent_;
  uint64_t number_ = 0;  // in the parent's children_
  golab::glue::Func<bool()> stop_;  // leaves a parent that has an AfterFunc of its own

 private:
  void removeChild();
};

Chan<Empty> closedchan() {
  static const auto* ch = [] {
    runtime::OutsideBubbles shared;
    auto* made = new Chan<Empty>(make_chan<Empty>());
    close(*made);
    return made;
  }();
  return *ch;
}

RecvChan<Empty> cancelCtx::Done() {
  if (!has_done_.load(std::memory_order_acquire)) {
    Locked l(mu_);
    if (!has_done_.load(std::memory_order_relaxed)) {
      done_ = make_chan<Empty>();
      has_done_.store(true, std::memory_order_release);
    }
  }
  return done_;
}

error cancelCtx::Err() {
  uint32_t state = state_.load(std::memory_order_acquire);
  if (state == kLive) return nullptr;
  if (state == kClosing) Done().recv();
  return err_;
}

error cancelCtx::Cause() {
  return state_.load(std::memory_order_acquire) == kLive ? error(nullptr) : cause_;
}

[[gnu::noinline]] void cancelCtx::cancel(bool remove_from_parent, const error& err,
                                         const error& cause) {
  {
    Locked l(mu_);
    if (state_.load(std::memory_order_relaxed) != kLive) return;  // the first call decides
    err_ = err;
    cause_ = cause == nullptr ? err : cause;
    // This comes before Done is closed: a goroutine that sees Done closed must find an Err. A
    // goroutine that sees the state first waits for Done (in Err).
    state_.store(kClosing, std::memory_order_release);
    if (has_done_.load(std::memory_order_relaxed)) {
      close(done_);
    } else {
      done_ = closedchan();
      has_done_.store(true, std::memory_order_release);
    }
    state_.store(kClosed, std::memory_order_release);
    for (auto& [number, child] : children_) child->cancel(false, err_, cause_);
    children_.clear();
  }
  if (remove_from_parent) removeChild();
}

void cancelCtx::removeChild() {
  golab::glue::Func<bool()> stop;
  {
    Locked l(mu_);
    std::swap(stop, stop_);
  }
  if (stop != nullptr) stop();
  std::shared_ptr<cancelCtx> parent = parent_.lock();
  if (parent == nullptr) return;
  std::shared_ptr<cancelCtx> self = shared_from_this();  // outlives the lock
  Locked l(parent->mu_);
  parent->children_.erase(number_);
}

[[gnu::noinline]] void cancelCtx::propagateCancel(const Context& parent) {
  RecvChan<Empty> done = parent.Done();
  if (done == nullptr) return;  // never cancelled
  auto as_parent = [](const Context& p, cancelCtx* child) {
    child->cancel(false, p.Err(), context::Cause(p));
  };
  if (select({recv(done), otherwise}) == 0) return as_parent(parent, this);
  any found = parent.Value(&cancelCtxKey);
  cancelCtx* const* node = found.get<cancelCtx*>();
  // A context of a foreign type may pass Value on but have a Done of its own. That Done counts.
  if (node != nullptr && (*node)->Done() == done) {
    cancelCtx* p = *node;
    {
      Locked l(p->mu_);
      if (p->state_.load(std::memory_order_relaxed) == kLive) {
        parent_ = p->weak_from_this();
        number_ = p->numbered_++;
        p->children_.emplace(number_, shared_from_this());
        return;
      }
    }
    return cancel(false, p->err_, p->cause_);
  }
  {
    Locked l(mu_);
    stop_ = parent.impl()->AfterFunc(
        [parent, child = shared_from_this(), as_parent] { as_parent(parent, child.get()); });
    if (stop_ != nullptr) return;
  }
  go([parent, done, child = shared_from_this(), as_parent] {
    if (select({recv(done), recv(child->Done())}) == 0) as_parent(parent, child.get());
  });
}

// A cancelCtx with a deadline. Its first cancellation stops the timer.
class timerCtx final : public cancelCtx {
 public:
  explicit timerCtx(time::Time d) : deadline(d) {}

  void cancel(bool remove_from_parent, const error& err, const error& cause) override {
    cancelCtx::cancel(remove_from_parent, err, cause);
    // The timer's function holds this context. Release the timer, or each keeps the other alive.
    std::optional<time::Timer> timer;
    {
      Locked l(mu_);
      timer.swap(timer_);
    }
    if (timer) timer->Stop();
  }
  // Does nothing if this is already cancelled.
  void arm(time::Duration d, golab::glue::Func<void()> f) {
    Locked l(mu_);
    if (state_.load(std::memory_order_relaxed) != kLive) return;
    timer_ = time::AfterFunc(d, std::move(f));
  }

  const time::Time deadline;

 private:
  std::optional<time::Timer> timer_;
};

// The node that AfterFunc puts into the tree.
class afterFuncCtx final : public cancelCtx {
 public:
  explicit afterFuncCtx(golab::glue::Func<void()> fn) : f(std::move(fn)) {}

  void cancel(bool remove_from_parent, const error& err, const error& cause) override {
    cancelCtx::cancel(remove_from_parent, err, cause);
    once.Do([this] { go(f); });
  }

  sync::Once once;  // starts f, or prevents it
  golab::glue::Func<void()> f;
};

// ---- The contexts behind the handles ------------------------------------------------------------

class emptyCtx : public Interface {
 public:
  std::pair<time::Time, bool> Deadline() const override { return {}; }
  RecvChan<Empty> Done() const override { return {}; }
  error Err() const override { return nullptr; }
  any Value(const any&) const override { return nullptr; }
};
class backgroundCtx final : public emptyCtx {
  std::string String() const override { return "context.Background"; }
};
class todoCtx final : public emptyCtx {
  std::string String() const override { return "context.TODO"; }
};

any value(const Interface* c, const any& key);

// A context below another one. By default it behaves as its parent does.
class derivedCtx : public Interface {
 public:
  explicit derivedCtx(const Context& p) : parent(p) {}
  // Takes a long chain apart link by link: recursion would need a stack as long as the chain.
  ~derivedCtx() override {
    std::shared_ptr<Interface> link = parent.release();
    while (link != nullptr && link.use_count() == 1) {
      auto* derived = dynamic_cast<derivedCtx*>(link.get());
      if (derived == nullptr) break;
      link = derived->parent.release();
    }
  }

  std::pair<time::Time, bool> Deadline() const override { return parent.Deadline(); }
  RecvChan<Empty> Done() const override { return parent.Done(); }
  error Err() const override { return parent.Err(); }
  any Value(const any& key) const override { return value(this, key); }
  // Sets *v if this very context has a value for key. False if the parent must be asked.
  virtual bool own_value(const any& key, any* v) const = 0;

  Context parent;
};

any value(const Interface* c, const any& key) {
  for (;;) {
    auto* derived = dynamic_cast<const derivedCtx*>(c);
    if (derived == nullptr) return c->Value(key);
    any v;
    if (derived->own_value(key, &v)) return v;
    c = derived->parent.impl().get();
  }
}

class cancelContext final : public derivedCtx {
 public:
  cancelContext(const Context& p, std::shared_ptr<cancelCtx> c)
      : derivedCtx(p), node(std::move(c)) {}

  std::pair<time::Time, bool> Deadline() const override {
    if (auto* t = dynamic_cast<timerCtx*>(node.get())) return {t->deadline, true};
    return parent.Deadline();
  }
  RecvChan<Empty> Done() const override { return node->Done(); }
  error Err() const override { return node->Err(); }
  bool own_value(const any& key, any* v) const override {
    bool mine = key == any(&cancelCtxKey);
    if (mine) *v = node.get();
    return mine;
  }
  std::string String() const override {
    auto* t = dynamic_cast<timerCtx*>(node.get());
    if (t == nullptr) return parent.String() + ".WithCancel";
    return parent.String() + ".WithDeadline(" + t->deadline.String() + " [" +
           time::Until(t->deadline).String() + "])";
  }

 private:
  std::shared_ptr<cancelCtx> node;
};

std::string stringify(const any& v) {
  golab::glue::Arg arg = v.arg();
  if (arg.text != nullptr && !arg.is_error) return arg.text(arg.obj);
  if (arg.kind == golab::glue::Arg::Kind::String) return std::string(arg.chars, arg.size);
  if (const error* err = v.get<error>()) return fmt::Sprintf("%T", *err);
  return v.type_name();
}

class valueCtx final : public derivedCtx {
 public:
  valueCtx(const Context& p, any k, any v)
      : derivedCtx(p), key_(std::move(k)), value_(std::move(v)) {}

  bool own_value(const any& key, any* v) const override {
    if (!(key_ == key)) return false;
    *v = value_;
    return true;
  }
  std::string String() const override {
    return parent.String() + ".WithValue(" + stringify(key_) + ", " + stringify(value_) + ")";
  }

 private:
  any key_, value_;
};

class withoutCancelCtx final : public derivedCtx {
 public:
  using derivedCtx::derivedCtx;
  std::pair<time::Time, bool> Deadline() const override { return {}; }
  RecvChan<Empty> Done() const override { return {}; }
  error Err() const override { return nullptr; }
  bool own_value(const any& key, any*) const override { return key == any(&cancelCtxKey); }
  std::string String() const override { return parent.String() + ".WithoutCancel"; }
};

using golab::glue::check_parent;

[[gnu::noinline]] std::shared_ptr<cancelCtx> withCancel(const Context& parent) {
  check_parent(parent);
  auto c = std::make_shared<cancelCtx>();
  c->propagateCancel(parent);
  return c;
}

}  // namespace

// ---- For programs -------------------------------------------------------------------------------

std::string Interface::String() const { return runtime::go_type(typeid(*this)); }
golab::glue::Func<bool()> Interface::AfterFunc(golab::glue::Func<void()>) const { return nullptr; }

const Interface& Context::get() const {
  if (impl_ == nullptr) {
    runtime::panic_runtime_error("invalid memory address or nil pointer dereference", true);
  }
  return *impl_;
}

// These are never destroyed: goroutines may use them while the process ends.
Context Background() {
  static const Context& background = *new Context(std::make_shared<backgroundCtx>());
  return background;
}
Context TODO() {
  static const Context& todo = *new Context(std::make_shared<todoCtx>());
  return todo;
}

[[gnu::noinline]] std::pair<Context, CancelFunc> WithCancel(const Context& parent) {
  auto c = withCancel(parent);
  return {std::make_shared<cancelContext>(parent, c), [c] { c->cancel(true, Canceled, nullptr); }};
}

[[gnu::noinline]] std::pair<Context, CancelCauseFunc> WithCancelCause(const Context& parent) {
  auto c = withCancel(parent);
  return {std::make_shared<cancelContext>(parent, c),
          [c](error cause) { c->cancel(true, Canceled, cause); }};
}

[[gnu::noinline]] std::pair<Context, CancelFunc> WithDeadlineCause(const Context& parent,
                                                                   time::Time d, error cause) {
  check_parent(parent);
  auto [sooner, has] = parent.Deadline();
  if (has && sooner.Before(d)) return WithCancel(parent);
  auto c = std::make_shared<timerCtx>(d);
  auto ctx = std::make_shared<cancelContext>(parent, c);
  c->propagateCancel(parent);
  time::Duration left = time::Until(d);
  time::note_wait(left);  // also if the parent is cancelled already, and no timer is set
  if (left <= 0) {
    c->cancel(true, DeadlineExceeded, cause);
    return {ctx, [c] { c->cancel(false, Canceled, nullptr); }};
  }
  c->arm(left, [c, cause] { c->cancel(true, DeadlineExceeded, cause); });
  return {ctx, [c] { c->cancel(true, Canceled, nullptr); }};
}

std::pair<Context, CancelFunc> WithDeadline(const Context& parent, time::Time d) {
  return WithDeadlineCause(parent, d, nullptr);
}
std::pair<Context, CancelFunc> WithTimeout(const Context& parent, time::Duration timeout) {
  return WithDeadlineCause(parent, time::Now().Add(timeout), nullptr);
}
std::pair<Context, CancelFunc> WithTimeoutCause(const Context& parent, time::Duration timeout,
                                                error cause) {
  return WithDeadlineCause(parent, time::Now().Add(timeout), std::move(cause));
}

Context WithValue(const Context& parent, any key, any value) {
  check_parent(parent);
  if (key == nullptr) panic("nil key");
  if (!key.comparable()) panic("key is not comparable");
  return std::make_shared<valueCtx>(parent, std::move(key), std::move(value));
}

Context WithoutCancel(const Context& parent) {
  check_parent(parent);
  return std::make_shared<withoutCancelCtx>(parent);
}

error Cause(const Context& ctx) {
  error err = ctx.Err();
  if (err == nullptr) return nullptr;
  any found = ctx.Value(&cancelCtxKey);
  cancelCtx* const* node = found.get<cancelCtx*>();
  error cause = node != nullptr ? (*node)->Cause() : nullptr;
  // Without one, a context of a foreign type was cancelled, above or here.
  return cause != nullptr ? cause : err;
}

golab::glue::Func<bool()> AfterFunc(const Context& ctx, golab::glue::Func<void()> f) {
  auto a = std::make_shared<afterFuncCtx>(std::move(f));
  a->propagateCancel(ctx);
  return [a] {
    bool stopped = false;
    a->once.Do([&] { stopped = true; });
    if (stopped) a->cancel(true, Canceled, nullptr);
    return stopped;
  };
}

}  // namespace golab::context
