// chan.h: Go's channel, a typed conduit on which goroutines meet.
//
//   auto ch = make_chan<int>(3);    // ch := make(chan int, 3)  room for three values
//   ch.send(7);                     // ch <- 7
//   int v = ch.recv();              // v := <-ch
//   auto [v, ok] = ch.recv_ok();    // v, ok := <-ch            ok is false once closed and drained
//   for (int v : ch) { ... }        // for v := range ch        ends when ch is closed and drained
//   close(ch); len(ch); cap(ch);    // close(ch); len(ch); cap(ch)
//
//   switch (select({recv(a, v, ok), send(b, x), otherwise})) {   // select {
//     case 0: ...                                                //   case v, ok := <-a: ...
//     case 1: ...                                                //   case b <- x: ...
//     case 2: ...                                                //   default: ...
//   }                                                            // }
//
// A Chan is a handle, as in Go: copies name one channel, goroutines capture it by value, and it
// lives as long as any copy. Capturing it by reference is how a goroutine outlives its channel.
//
// A default-constructed Chan is nil: send and recv on it park forever, close panics. That is Go's
// rule, and a classic leak.
//
// Rules: Go specification, "Channel types", "Send statements", "Receive operator",
// "Select statements".
#pragma once

#include <initializer_list>
#include <new>
#include <type_traits>
#include <utility>

#include "runtime/chan/hchan.h"
#include "runtime/core/mistake.h"

namespace golab {

template <typename T>
class Chan;

// Go's struct{}: for channels that only signal.
struct Empty {
  bool operator==(const Empty&) const = default;
};

namespace glue {

// The part that all handles share: a counted reference to a channel, or nil.
class ChanRef {
 public:
  ChanRef() = default;
  explicit ChanRef(runtime::hchan* c) : c_(c) {}
  ChanRef(const ChanRef& o) : c_(o.c_) {
    if (c_ != nullptr) c_->refs.fetch_add(1, std::memory_order_relaxed);
  }
  ChanRef(ChanRef&& o) noexcept : c_(std::exchange(o.c_, nullptr)) {}
  ChanRef& operator=(ChanRef o) noexcept {
    std::swap(c_, o.c_);
    return *this;
  }
  ~ChanRef() {
    if (c_ != nullptr && c_->refs.fetch_sub(1, std::memory_order_acq_rel) == 1)
      runtime::freechan(c_);
  }

  bool operator==(const ChanRef& o) const { return c_ == o.c_; }
  bool operator==(std::nullptr_t) const { return c_ == nullptr; }
  explicit operator bool() const { return c_ != nullptr; }
  runtime::hchan* hchan() const { return c_; }

 private:
  runtime::hchan* c_ = nullptr;
};

template <typename T>
class ChanRange;

// X is a mistake where a T is meant, not a T that cannot be copied.
template <typename X, typename T>
concept mistaken_for = !std::is_convertible_v<X, T> && !std::is_same_v<std::remove_cvref_t<X>, T>;

}  // namespace glue

// <-chan T: the end from which one receives.
template <typename T>
class RecvChan : public glue::ChanRef {
 public:
  using value_type = T;
  using ChanRef::ChanRef;

  // Parks until there is a value or the channel is closed. Returns the zero value, at once, from a
  // channel that is closed and drained.
  T recv() const;
  // As recv, and whether it was a value (true) or the channel is closed and drained (false).
  [[nodiscard("auto [v, ok] = ch.recv_ok();")]] std::pair<T, bool> recv_ok() const;
  // For range-based for. Each step parks as recv does.
  glue::ChanRange<T> begin() const;
  std::nullptr_t end() const { return nullptr; }
};

// chan<- T: the end into which one sends.
template <typename T>
class SendChan : public glue::ChanRef {
 public:
  using value_type = T;
  using ChanRef::ChanRef;
  SendChan(const Chan<T>& ch) : ChanRef(ch) {}

  // Parks until a receiver or a free buffer slot takes `value`.
  // Panics "send on closed channel" if it is closed, also by a close that comes while this parks.
  void send(T value) const;

  // ---- Mistakes, see core/mistake.h ----
  template <glue::mistaken_for<T> X>
  void send(X&&) const {
    static_assert(glue::mistake<X>, "ch.send(x): x is not of the type that the channel carries");
  }
  template <typename V = T>
  glue::ChanRange<V> begin() const {
    static_assert(glue::mistake<T, V>, "range over a SendChan: it is only for sending");
    return glue::ChanRange<V>(nullptr);
  }
  std::nullptr_t end() const { return nullptr; }
};

// chan T: both ends.
template <typename T>
class Chan : public RecvChan<T> {
 public:
  Chan() = default;
  explicit Chan(runtime::hchan* c) : RecvChan<T>(c) {}

  void send(T value) const;  // as SendChan::send

  // ---- Mistakes ----
  template <glue::mistaken_for<T> X>
  void send(X&&) const {
    static_assert(glue::mistake<X>, "ch.send(x): x is not of the type that the channel carries");
  }
};

// make(chan T, size). Never parks. Panics "makechan: size out of range" if size is negative.
template <typename T>
[[nodiscard]] Chan<T> make_chan(int64_t size = 0);

// close(ch): receivers drain the buffer, then get the zero value. Never parks.
// Panics "close of closed channel" and "close of nil channel". A RecvChan cannot be closed: the
// sender closes.
template <typename T>
void close(const Chan<T>& ch);
template <typename T>
void close(const SendChan<T>& ch);

// The number of elements in the buffer, and the buffer's size. Both are 0 for nil and for the
// channel of a timer. Never park.
inline int len(const glue::ChanRef& ch) { return runtime::chanlen(ch.hchan()); }
inline int cap(const glue::ChanRef& ch) { return runtime::chancap(ch.hchan()); }

// One case of a select. Braces guarantee that the operands are evaluated in order, before a case is
// chosen. recv(ch, v, ok) assigns the value to `v`; `ok` is as in recv_ok. send(ch, x) copies an
// lvalue when the select begins, as in Go; it moves from a temporary only if this case goes ahead.
// A case lives as long as the select that it is written in.
struct Case : runtime::scase {
  constexpr Case() = default;
  constexpr Case(runtime::hchan* ch, void* value, bool* was_ok, Kind what, bool is_variable,
                 void (*to_zero)(void*))
      : scase{ch, value, was_ok, what, is_variable, to_zero} {}

  // ---- Mistakes ----
  template <typename X>
  requires(!std::is_base_of_v<Case, X>) Case(const X&) {
    static_assert(glue::mistake<X>,
                  "select({...}): each case is recv(ch, ...), send(ch, x) or otherwise");
  }
};
inline constexpr Case otherwise{};

// Parks until a case can go ahead, and returns its index. If several can, each is as likely. Never
// parks if `otherwise` is among the cases. `select({})` parks forever.
// Panics "send on closed channel".
inline int select(std::initializer_list<Case> cases);

// ---- Implementation ----

namespace glue {

template <typename C>
concept channel = std::is_base_of_v<ChanRef, C> && requires {
  typename C::value_type;
};
template <typename C>
inline constexpr bool only_sends = std::is_same_v<C, SendChan<typename C::value_type>>;
template <typename C>
inline constexpr bool only_receives = std::is_same_v<C, RecvChan<typename C::value_type>>;
template <typename C>
concept sender = channel<C> && !only_receives<C>;

template <typename T>
struct ElemOps {
  static_assert(std::is_nothrow_move_constructible_v<T>, "a channel element's move must not throw");
  static void construct(void* to, void* from) { new (to) T(std::move(*static_cast<T*>(from))); }
  static void assign(void* to, void* from) {
    if constexpr (std::is_move_assignable_v<T>)
      *static_cast<T*>(to) = std::move(*static_cast<T*>(from));
  }
  static void destroy(void* at) { static_cast<T*>(at)->~T(); }
  static void zero(void* at) { *static_cast<T*>(at) = T(); }

  static constexpr runtime::ElemType type{
      sizeof(T), alignof(T), std::is_trivially_copyable_v<T>&& std::is_trivially_destructible_v<T>,
      construct, assign,     destroy};
};

// Room for a T. The runtime builds the T only if a value comes.
template <typename T>
union Slot {
  Slot() {}
  ~Slot() {}
  T value;
};

template <typename T>
[[gnu::always_inline]] inline T chan_recv1(runtime::hchan* c) {
  Slot<T> slot;
  if (!runtime::chanrecv1(c, &slot.value)) return T();
  T result(std::move(slot.value));
  slot.value.~T();
  return result;
}

template <typename T>
[[gnu::always_inline]] inline std::pair<T, bool> chan_recv2(runtime::hchan* c) {
  Slot<T> slot;
  if (!runtime::chanrecv2(c, &slot.value)) return {T(), false};
  std::pair<T, bool> result(std::move(slot.value), true);
  slot.value.~T();
  return result;
}

// One pass over a channel. The receive is in the comparison, because a range-based for makes it in
// one place, before each round. So the loop has one receiving place, and a profile shows one stack
// for it, as in Go.
template <typename T>
class ChanRange {
 public:
  [[gnu::always_inline]] explicit ChanRange(runtime::hchan* c) : c_(c) {}
  ChanRange(const ChanRange&) = delete;
  [[gnu::always_inline]] ~ChanRange() {
    if (ok_) slot_.value.~T();
  }
  [[gnu::always_inline]] bool operator!=(std::nullptr_t) {
    return ok_ = runtime::chanrecv2(c_, &slot_.value);
  }
  [[gnu::always_inline]] T& operator*() { return slot_.value; }
  [[gnu::always_inline]] void operator++() {
    slot_.value.~T();
    ok_ = false;
  }

 private:
  runtime::hchan* c_;
  bool ok_ = false;
  Slot<T> slot_;
};

}  // namespace glue

template <typename T>
[[gnu::always_inline]] inline T RecvChan<T>::recv() const {
  return glue::chan_recv1<T>(hchan());
}
template <typename T>
[[gnu::always_inline]] inline std::pair<T, bool> RecvChan<T>::recv_ok() const {
  return glue::chan_recv2<T>(hchan());
}
template <typename T>
[[gnu::always_inline]] inline glue::ChanRange<T> RecvChan<T>::begin() const {
  return glue::ChanRange<T>(hchan());
}
template <typename T>
[[gnu::always_inline]] inline void SendChan<T>::send(T value) const {
  runtime::chansend1(hchan(), &value);
}
template <typename T>
[[gnu::always_inline]] inline void Chan<T>::send(T value) const {
  runtime::chansend1(this->hchan(), &value);
}

template <typename T>
[[gnu::always_inline]] inline Chan<T> make_chan(int64_t size) {
  return Chan<T>(runtime::makechan(&glue::ElemOps<T>::type, size));
}
template <typename T>
[[gnu::always_inline]] inline void close(const Chan<T>& ch) {
  runtime::closechan(ch.hchan());
}
template <typename T>
[[gnu::always_inline]] inline void close(const SendChan<T>& ch) {
  runtime::closechan(ch.hchan());
}

// A channel that a timer feeds. `f` gets the hchan* as its arg.
template <typename T>
inline Chan<T> make_timer_chan(void (*f)(void* arg, uint64_t seq, int64_t delta)) {
  return Chan<T>(runtime::maketimerchan(&glue::ElemOps<T>::type, f));
}
inline runtime::Timer* timer_of(const glue::ChanRef& ch) { return ch.hchan()->timer; }
template <typename T>
inline bool chan_trysend(runtime::hchan* c, T value) {
  return runtime::chantrysend(c, &value);
}

namespace glue {

// A case that sends a copy, with the copy.
template <typename T>
struct SendCopy : Case {
  SendCopy(runtime::hchan* c, const T& v)
      : Case{c, nullptr, nullptr, Send, false, nullptr}, value(v) {
    elem = &value;
  }
  SendCopy(const SendCopy&) = delete;
  T value;
};

template <typename T>
[[gnu::always_inline]] inline Case recv_to(runtime::hchan* c, T& v, bool* ok) {
  static_assert(std::is_nothrow_move_assignable_v<T>,
                "what a select receives is move-assigned to its variable, which must not throw");
  return {c, &v, ok, Case::Recv, true, ElemOps<T>::zero};
}

}  // namespace glue

template <typename T>
[[gnu::always_inline]] inline Case recv(const RecvChan<T>& ch, T& v, bool& ok) {
  return glue::recv_to(ch.hchan(), v, &ok);
}
template <typename T>
[[gnu::always_inline]] inline Case recv(const RecvChan<T>& ch, T& v) {
  return glue::recv_to(ch.hchan(), v, nullptr);
}
template <typename T>
[[gnu::always_inline]] inline Case recv(const RecvChan<T>& ch) {
  return {ch.hchan(), nullptr, nullptr, Case::Recv, false, nullptr};
}
template <glue::sender C, typename T = typename C::value_type>
[[gnu::always_inline]] inline glue::SendCopy<T> send(const C& ch,
                                                     const std::type_identity_t<T>& v) {
  return {ch.hchan(), v};
}
template <glue::sender C, typename T = typename C::value_type>
[[gnu::always_inline]] inline Case send(const C& ch, std::type_identity_t<T>&& v) {
  return {ch.hchan(), &v, nullptr, Case::Send, false, nullptr};
}

[[gnu::always_inline]] inline int select(std::initializer_list<Case> cases) {
  // selectgo only reads the cases; the list's array is const for the sake of literals.
  static_assert(sizeof(Case) == sizeof(runtime::scase));
  return glue::select_any(const_cast<Case*>(cases.begin()), static_cast<int>(cases.size()));
}

// ---- Mistakes ----

template <typename T>
void close(const RecvChan<T>&) {
  static_assert(glue::mistake<T>, "close(ch): a RecvChan cannot be closed: the sender closes");
}

namespace glue {

// recv(ch), recv(ch, v), recv(ch, v, ok)
template <typename C, typename... V>
inline constexpr bool can_recv = false;
template <typename C>
inline constexpr bool can_recv<C> = true;
template <typename C>
inline constexpr bool can_recv<C, typename C::value_type&> = true;
template <typename C>
inline constexpr bool can_recv<C, typename C::value_type&, bool&> = true;

}  // namespace glue

template <glue::channel C, typename... V>
requires(glue::only_sends<C> || !glue::can_recv<C, V...>) inline Case recv(const C&, V&&...) {
  static_assert(!glue::only_sends<C>, "recv(ch, ...): a SendChan is only for sending");
  static_assert(glue::only_sends<C> || glue::mistake<C, V...>,
                "recv(ch, v, ok): v is a variable of the type that the channel carries, ok a bool");
  return {};
}

template <glue::channel C, typename X>
requires(glue::only_receives<C> || glue::mistaken_for<X, typename C::value_type>) inline Case
    send(const C&, X&&) {
  static_assert(!glue::only_receives<C>, "send(ch, x): a RecvChan is only for receiving");
  static_assert(glue::only_receives<C> || glue::mistake<C, X>,
                "send(ch, x): x is not of the type that the channel carries");
  return {};
}

template <typename... C>
requires(sizeof...(C) > 0 && (std::is_base_of_v<Case, C> && ...)) int select(const C&...) {
  static_assert(glue::mistake<C...>,
                "select({...}): the cases stand in braces: select({recv(a), send(b, x)})");
  return 0;
}

}  // namespace golab
