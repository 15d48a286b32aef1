// Goal: contexts say of themselves what Go's say: names, errors, causes, deadlines.
#include <functional>
#include <map>

#include "runtime/golab.h"
#include "tests/golden_lines.h"

struct key {
  std::string s;
  bool operator==(const key&) const = default;
};
struct number {
  int n;
  bool operator==(const number&) const = default;
};
struct named {
  std::string name;
  std::string String() const { return "named " + name; }
  bool operator==(const named&) const = default;
};

// A context of another kind: its Done and Err are its own; it passes Value on.
class custom : public context::Interface {
 public:
  explicit custom(context::Context p) : parent(std::move(p)) {}
  std::pair<time::Time, bool> Deadline() const override { return parent.Deadline(); }
  RecvChan<Empty> Done() const override { return done; }
  error Err() const override { return err; }
  any Value(const any& k) const override { return parent.Value(k); }

  context::Context parent;
  Chan<Empty> done = make_chan<Empty>();
  error err;
};

// One with an AfterFunc: it needs no goroutine for a child.
class notifying : public custom {
 public:
  notifying() : custom(context::Background()) {}
  glue::Func<bool()> AfterFunc(glue::Func<void()> f) const override {
    const size_t id = next++;
    funcs[id] = std::move(f);
    return [this, id] { return funcs.erase(id) > 0; };
  }
  mutable std::map<size_t, glue::Func<void()>> funcs;
  mutable size_t next = 0;
};

namespace {

std::string out;
template <typename... A>
void say(const A&... a) {
  fmt::Fprintln(out, a...);
}

const error why = errors::New("why");

// The time that is left is not the same twice.
std::string without_left(std::string text) {
  for (size_t at = 0; (at = text.find('[', at)) != text.npos; at++)
    text.replace(at, text.find(']', at) - at + 1, "[left]");
  return text;
}

void panics(const std::function<void()>& f) {
  try {
    f();
    say("<nil>");
  } catch (Panic& p) {
    say(p.String());
  }
}

void state(const context::Context& ctx) {
  const bool closed = select({recv(ctx.Done()), otherwise}) == 0;
  say(ctx.Err(), context::Cause(ctx), closed, ctx.Done() == nullptr, ctx.Deadline().second);
}

void names() {
  const context::Context root = context::Background();
  const time::Time at = time::Date(2226, 1, 2, 3, 4, 5, 0, time::UTC);
  auto [cancelled, cancel] = context::WithCancel(root);
  Defer d{cancel};
  auto [timed, cancel2] = context::WithDeadline(cancelled, at);
  Defer d2{cancel2};
  for (const context::Context& ctx :
       {root, context::TODO(), cancelled, context::WithoutCancel(cancelled),
        context::WithValue(root, key{"k"}, "v"), context::WithValue(root, "k", key{"v"}),
        context::WithValue(root, number{1}, 2),
        context::WithValue(root, named{"a"}, named{"b"}), context::WithValue(root, "k", nullptr),
        context::WithValue(root, "k", 1.5), context::WithValue(root, "k", true),
        context::WithValue(root, uint8_t{1}, int64_t{1}), context::WithValue(root, "e", why),
        context::WithValue(context::WithValue(timed, "a", "1"), "b", "2"),
        context::WithoutCancel(timed), timed}) {
    say(without_left(ctx.String()));
  }
  auto [cause, cancel3] = context::WithCancelCause(root);
  cancel3(why);
  say(cause.String());
  auto [within, cancel4] = context::WithDeadline(timed, at.Add(time::Hour));
  Defer d4{cancel4};
  say(without_left(within.String()));
  say(context::Canceled, context::DeadlineExceeded);
  auto* timeout = errors::As<context::deadlineExceededError>(context::DeadlineExceeded);
  say(timeout != nullptr && timeout->Timeout(), timeout != nullptr && timeout->Temporary());
}

void causes() {
  const context::Context root = context::Background();
  state(root);
  auto [a, cancel] = context::WithCancelCause(root);
  auto [b, cancel_b] = context::WithCancel(a);
  state(b);
  cancel_b();
  cancel(why);
  state(a);
  state(b);
  auto [c, cancel_c] = context::WithCancelCause(a);
  state(c);
  cancel_c(errors::New("too late"));
  state(c);
  state(context::WithoutCancel(a));
  state(context::WithValue(a, key{"k"}, 1));
  auto [d, cancel_d] = context::WithCancelCause(root);
  cancel_d(nullptr);
  state(d);
  auto [e, cancel_e] = context::WithTimeoutCause(root, 0, why);
  state(e);
  cancel_e();
  state(e);
  auto [f, cancel_f] = context::WithTimeoutCause(root, time::Hour, why);
  cancel_f();
  state(f);
  auto [g, cancel_g] =
      context::WithDeadlineCause(root, time::Now().Add(time::Millisecond), why);
  g.Done().recv();
  state(g);
  cancel_g();
  auto [h, cancel_h] = context::WithTimeout(context::WithoutCancel(g), time::Hour);
  state(h);
  cancel_h();
  state(h);
}

void customs() {
  auto parent = std::make_shared<custom>(context::Background());
  auto [child, cancel] = context::WithCancel(parent);
  state(child);
  parent->err = why;
  close(parent->done);
  child.Done().recv();
  state(child);
  state(parent);
  cancel();
  auto [above, cancel_above] = context::WithCancelCause(context::Background());
  parent = std::make_shared<custom>(above);
  state(parent);
  parent->err = why;
  close(parent->done);
  state(parent);
  cancel_above(errors::New("above"));
  state(parent);
}

void notified() {
  auto n = std::make_shared<notifying>();
  auto [one, cancel_one] = context::WithCancel(n);
  auto [two, cancel_two] = context::WithTimeout(n, time::Hour);
  Defer d{cancel_two};
  auto ran = make_chan<bool>(1);
  auto stop = context::AfterFunc(n, [ran] { ran.send(true); });
  say(n->funcs.size());
  cancel_one();
  const size_t before = n->funcs.size();
  const bool stopped = stop();
  say(before, stopped, n->funcs.size());
  n->err = why;
  for (auto& [id, f] : std::map(n->funcs)) f();
  state(one);
  state(two);
  context::AfterFunc(two, [ran] { ran.send(true); });
  say(ran.recv());
  n->funcs.clear();
}

void values() {
  context::Context ctx = context::WithValue(context::Background(), key{"a"}, 1);
  ctx = context::WithValue(ctx, "a", 2);
  auto [timed, cancel] = context::WithTimeout(ctx, time::Hour);
  Defer d{cancel};
  ctx = context::WithValue(context::WithoutCancel(timed), number{7}, "seven");
  say(ctx.Value(key{"a"}), ctx.Value("a"), ctx.Value(number{7}), ctx.Value(7),
      ctx.Value(nullptr));
  ctx = context::WithValue(ctx, key{"a"}, nullptr);
  say(ctx.Value(key{"a"}));
}

void after_funcs() {
  auto [ctx, cancel] = context::WithCancel(context::Background());
  auto ran = make_chan<int>(2);
  auto sends = [&](int n) { return [ran, n] { ran.send(n); }; };
  auto twice = [](auto& stop) {
    const bool first = stop();
    say(first, stop());
  };
  auto then = [&](auto& stop) {
    const int n = ran.recv();
    say(n, stop());
  };
  auto stop = context::AfterFunc(ctx, sends(1));
  twice(stop);
  stop = context::AfterFunc(ctx, sends(2));
  cancel();
  then(stop);
  stop = context::AfterFunc(ctx, sends(3));
  then(stop);
  stop = context::AfterFunc(context::Background(), sends(4));
  const bool stopped = stop();
  say(stopped, len(ran));
}

}  // namespace

TEST_CASE("the Go program about contexts prints the same here", "[context]") {
  const context::Context nil, root = context::Background();
  out.clear();
  names();
  causes();
  customs();
  notified();
  values();
  after_funcs();
  panics([&] { (void)context::WithCancel(nil); });
  panics([&] { (void)context::WithCancelCause(nil); });
  panics([&] { (void)context::WithTimeout(nil, 1); });
  panics([&] { (void)context::WithValue(nil, "a", 1); });
  panics([&] { (void)context::WithoutCancel(nil); });
  panics([&] { (void)context::WithValue(root, nullptr, 1); });
  panics([&] { (void)context::WithValue(root, std::vector<int>{}, 1); });
  compare_with_golden("context/golden.txt", out);
}
