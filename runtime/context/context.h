// context.h: Go's context: tells everything that works on one task when to stop, and why.
//
//   auto [ctx, cancel] = context::WithTimeout(context::Background(), 1 * time::Second);
//   Defer d{cancel};                                    // defer cancel()
//   select({recv(ctx.Done()), recv(jobs, job, ok)})     // case <-ctx.Done():
//   if (ctx.Err() != nullptr) return ctx.Err();
//
// Contexts form a tree. Cancelling one cancels, before the call returns, everything below it, with
// the same Err and Cause, and nothing above it. No goroutine stands behind a context, however deep
// the tree (only below a parent of a foreign type, one of your own, one watches). The first
// cancellation decides Err and Cause; later ones change nothing.
//
// A Context is a handle: copy it. Who calls WithCancel owes a call of cancel: until then, or until
// the parent is cancelled, the parent keeps this context's place in its list; and a deadline's
// timer keeps running. That is the leak that `go vet` calls lostcancel.
//
// Ownership: a child holds its parent (to ask for values and deadlines). A parent holds only what
// it must reach to cancel a child: its cancelState. So there is no cycle, and dropping the last
// handle frees.
//
// Clang before 16 cannot capture `ctx` and `cancel` of a structured binding in a lambda; write
// [ctx = ctx] there.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "runtime/chan/chan.h"
#include "runtime/errors/errors.h"
#include "runtime/fmt/any.h"
#include "runtime/sync/func.h"
#include "runtime/time/time.h"

namespace golab::context {

// What a context of your own derives from. All methods may be called by several goroutines at once.
class Interface {
 public:
  virtual ~Interface() = default;
  virtual std::pair<time::Time, bool> Deadline() const = 0;
  virtual RecvChan<Empty> Done() const = 0;  // nil if it can never be cancelled
  virtual error Err() const = 0;
  virtual any Value(const any& key) const = 0;
  virtual std::string String() const;  // by default the type's name
};

class Context {
 public:
  Context() = default;  // nil
  Context(std::nullptr_t) {}
  // From a context of your own.
  template <typename T>
  requires std::is_base_of_v<Interface, T> Context(std::shared_ptr<T> impl)
      : impl_(std::move(impl)) {}

  // When this context will be cancelled; ok is false if no time is set.
  std::pair<time::Time, bool> Deadline() const { return get().Deadline(); }
  // Is closed when this context is cancelled. The same channel each time. Nil: never.
  RecvChan<Empty> Done() const { return get().Done(); }
  // Nil until Done is closed; then Canceled or DeadlineExceeded.
  error Err() const { return get().Err(); }
  // What WithValue stored for key here or above; nil if nothing.
  any Value(const any& key) const { return get().Value(key); }
  std::string String() const { return impl_ ? impl_->String() : "<nil>"; }

  friend bool operator==(const Context& a, const Context& b) { return a.impl_ == b.impl_; }
  friend bool operator==(const Context& a, std::nullptr_t) { return a.impl_ == nullptr; }
  const std::shared_ptr<Interface>& impl() const { return impl_; }
  std::shared_ptr<Interface> release() { return std::exchange(impl_, nullptr); }

 private:
  const Interface& get() const;  // panics as a nil dereference does
  std::shared_ptr<Interface> impl_;
};

// Any goroutine may call one, several times; calls after the first do nothing. Does not wait for
// the work to stop.
using CancelFunc = golab::glue::Func<void()>;
// cancel(nullptr) sets the cause to Canceled.
using CancelCauseFunc = golab::glue::Func<void(error)>;

// The type of DeadlineExceeded.
struct deadlineExceededError {
  std::string Error() const { return "context deadline exceeded"; }
  bool Timeout() const { return true; }
  bool Temporary() const { return true; }
};
inline const error Canceled = errors::New("context canceled");
inline const error DeadlineExceeded = deadlineExceededError{};

Context Background();
Context TODO();

// These panic "cannot create context from nil parent".
std::pair<Context, CancelFunc> WithCancel(const Context& parent);
std::pair<Context, CancelCauseFunc> WithCancelCause(const Context& parent);
// A deadline in the past: cancelled on return. A parent's earlier deadline holds.
std::pair<Context, CancelFunc> WithDeadline(const Context& parent, time::Time d);
std::pair<Context, CancelFunc> WithDeadlineCause(const Context& parent, time::Time d, error cause);
std::pair<Context, CancelFunc> WithTimeout(const Context& parent, time::Duration timeout);
std::pair<Context, CancelFunc> WithTimeoutCause(const Context& parent, time::Duration timeout,
                                                error cause);
// Keys compare by type and value: give them a type of your own. Panics "nil key", "key is not
// comparable".
Context WithValue(const Context& parent, any key, any value);
// The values of parent, but never cancelled.
Context WithoutCancel(const Context& parent);

// Why ctx was cancelled: the error given to a CancelCauseFunc or to ...Cause, else Err(). Nil if it
// is not.
error Cause(const Context& ctx);

// Calls f in a goroutine of its own once ctx is cancelled, at once if it is. What it answers is
// stop(): true exactly if that call prevented f.
golab::glue::Func<bool()> AfterFunc(const Context& ctx, golab::glue::Func<void()> f);

}  // namespace golab::context
