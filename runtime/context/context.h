// context.h: Go's context: tells everything that works on one task when to stop, and why.
//
//   auto [ctx, cancel] = context::WithCancel(parent);  // ctx, cancel := context.WithCancel(parent)
//   Defer d{cancel};                                   // defer cancel()
//   select({recv(ctx.Done()), recv(jobs, job, ok)})    // case <-ctx.Done():
//   if (ctx.Err() != nullptr) return ctx.Err();        // if ctx.Err() != nil { return ctx.Err() }
//
// Contexts form a tree. Cancelling a context also cancels everything below it, with the same Err
// and Cause, before the call returns. Nothing above it is cancelled. The first cancellation decides
// Err and Cause; later ones change nothing. A context needs no goroutine, however deep the tree is.
// The exception is a parent of a type of your own without AfterFunc: one goroutine watches it.
//
// A Context is a handle: copy it. A caller of WithCancel must call cancel. Until that call, or
// until the parent is cancelled, the parent keeps the context in its list, and a deadline's timer
// runs. That is the leak that `go vet` calls lostcancel.
//
// Ownership: a child holds its parent, to ask it for values and deadlines. A parent holds only the
// part of a child that can be cancelled (cancelCtx, in context.cpp). So there is no cycle, and
// dropping the last handle frees the context.
//
// Clang before 16 cannot capture a structured binding in a lambda: write [ctx = ctx] there.
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

// The base of a context type of your own. Several goroutines may call its methods at once.
class Interface {
 public:
  virtual ~Interface() = default;
  virtual std::pair<time::Time, bool> Deadline() const = 0;
  virtual RecvChan<Empty> Done() const = 0;  // nil if it can never be cancelled
  virtual error Err() const = 0;
  virtual any Value(const any& key) const = 0;
  virtual std::string String() const;  // by default the type's name
  // Optional. Arranges that f is called, in a goroutine of its own, when this is cancelled. Returns
  // a function that prevents the call, and returns true if it did. By default it returns nil: a
  // child of this context then needs a goroutine that watches Done.
  virtual golab::glue::Func<bool()> AfterFunc(golab::glue::Func<void()> f) const;
};

class Context {
 public:
  Context() = default;  // nil
  Context(std::nullptr_t) {}
  // From a context of your own.
  template <typename T>
  requires std::is_base_of_v<Interface, T> Context(std::shared_ptr<T> impl)
      : impl_(std::move(impl)) {}

  // The time at which this context will be cancelled, and true. False if no time is set.
  std::pair<time::Time, bool> Deadline() const { return get().Deadline(); }
  // The channel that is closed when this context is cancelled; the same one each time. Nil if this
  // can never be cancelled.
  RecvChan<Empty> Done() const { return get().Done(); }
  // Nil until Done is closed, then Canceled or DeadlineExceeded.
  error Err() const { return get().Err(); }
  // The value that WithValue stored for key, here or above. Nil if there is none.
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

// Any goroutine may call it, several times. Calls after the first do nothing. It does not wait for
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

// All of these panic "cannot create context from nil parent". None parks.
[[nodiscard]] std::pair<Context, CancelFunc> WithCancel(const Context& parent);
[[nodiscard]] std::pair<Context, CancelCauseFunc> WithCancelCause(const Context& parent);
// With a deadline in the past, the context is already cancelled on return. An earlier deadline of
// the parent wins.
[[nodiscard]] std::pair<Context, CancelFunc> WithDeadline(const Context& parent, time::Time d);
[[nodiscard]] std::pair<Context, CancelFunc> WithDeadlineCause(const Context& parent, time::Time d,
                                                               error cause);
[[nodiscard]] std::pair<Context, CancelFunc> WithTimeout(const Context& parent,
                                                         time::Duration timeout);
[[nodiscard]] std::pair<Context, CancelFunc> WithTimeoutCause(const Context& parent,
                                                              time::Duration timeout, error cause);
// Keys compare by type and value, so give them a type of your own.
// Panics "nil key" and "key is not comparable".
[[nodiscard]] Context WithValue(const Context& parent, any key, any value);
// The values of parent, but never cancelled.
[[nodiscard]] Context WithoutCancel(const Context& parent);

// Why ctx was cancelled: the error given to a CancelCauseFunc or to a ...Cause function, else
// Err(). Nil if ctx is not cancelled.
error Cause(const Context& ctx);

// Calls f in a goroutine of its own when ctx is cancelled, at once if it is already. Returns stop:
// a call of stop() returns true if it prevented the call of f.
golab::glue::Func<bool()> AfterFunc(const Context& ctx, golab::glue::Func<void()> f);

}  // namespace golab::context
