// The section "context" of the Go program semantics.
#include "tests/semantics/semantics.h"

namespace semantics {

namespace {

struct myErr {
  std::string s;
  std::string Error() const { return s; }
};

struct key {
  std::string s;
  std::string String() const { return "key:" + s; }
  bool operator==(const key&) const = default;
};

struct plain {
  std::string s;
  bool operator==(const plain&) const = default;
};

std::string show(const any& v) { return fmt::Sprint(v); }

void causes(const context::Context& bg) {
  auto [cc, ccancel] = context::WithCancelCause(bg);
  auto [child, stopChild] = context::WithTimeout(cc, 1 * time::Hour);
  ccancel(myErr{"the reason"});
  ccancel(myErr{"too late"});
  say("WithCancelCause: Err %v, Cause %v; child: Err %v, Cause %v", cc.Err(), context::Cause(cc),
      child.Err(), context::Cause(child));
  stopChild();
  auto [cn, cncancel] = context::WithCancelCause(bg);
  cncancel(nullptr);
  say("cancel(nil): Cause %v", context::Cause(cn));
}

void deadlines(const context::Context& bg) {
  auto [dl, dlCancel] = context::WithTimeout(bg, time::Millisecond);
  dl.Done().recv();
  say("timeout: Err %v, Cause %v", dl.Err(), context::Cause(dl));
  dlCancel();
  say("cancel after the timeout: Err %v", dl.Err());
  auto [tc, tcCancel] = context::WithTimeoutCause(bg, time::Millisecond, myErr{"too slow"});
  tc.Done().recv();
  say("WithTimeoutCause: Err %v, Cause %v", tc.Err(), context::Cause(tc));
  tcCancel();
  auto [te, teCancel] = context::WithTimeoutCause(bg, time::Hour, myErr{"too slow"});
  teCancel();
  say("WithTimeoutCause, cancelled early: Err %v, Cause %v", te.Err(), context::Cause(te));
  auto [past, pastCancel] = context::WithDeadline(bg, time::Now().Add(-time::Second));
  say("deadline in the past: Err at once %v", past.Err());
  pastCancel();
  auto [longer, longCancel] = context::WithTimeout(bg, time::Hour);
  auto [shorter, shortCancel] = context::WithTimeout(longer, 2 * time::Hour);
  auto [d1, ok1] = longer.Deadline();
  auto [d2, ok2] = shorter.Deadline();
  say("a later deadline than the parent's is replaced by the parent's: %v", d1.Equal(d2));
  longCancel();
  say("cancelled parent, WithTimeout child: Err %v", shorter.Err());
  shortCancel();
}

void values(const context::Context& bg) {
  auto vc = context::WithValue(context::WithValue(bg, plain{"a"}, 1), plain{"a"}, 2);
  say("the innermost value wins: %v; unknown key: %v", show(vc.Value(plain{"a"})),
      show(vc.Value(plain{"b"})));
  say("keys of other types differ: %v", show(vc.Value("a")));
  say("nil key: %s", caught([&] { (void)context::WithValue(bg, nullptr, 1); }));
  say("slice key: %s", caught([&] { (void)context::WithValue(bg, std::vector<int>{}, 1); }));
  say("nil parent: %s", caught([] { (void)context::WithCancel(nullptr); }));
  auto [p, pCancel] = context::WithCancelCause(context::WithValue(bg, plain{"a"}, 3));
  auto wo = context::WithoutCancel(p);
  pCancel(myErr{"gone"});
  say("WithoutCancel: Err %v, Cause %v, Done nil %v, deadline %v, value %v", wo.Err(),
      context::Cause(wo), wo.Done() == nullptr, wo.Deadline().second, show(wo.Value(plain{"a"})));
}

void after_funcs(const context::Context& bg) {
  auto [af, afCancel] = context::WithCancel(bg);
  auto ran = make_chan<std::string>(4);
  auto stop1 = context::AfterFunc(af, [=] { ran.send("f1"); });
  auto stop2 = context::AfterFunc(af, [=] { ran.send("f2"); });
  bool first = stop1(), again = stop1();
  say("stop before cancel: %v, again: %v", first, again);
  afCancel();
  auto which = ran.recv();
  say("AfterFunc ran: %s; stop afterwards: %v", which, stop2());
  context::AfterFunc(af, [=] { ran.send("f3"); });
  say("AfterFunc on a finished context runs: %s", ran.recv());
}

void trees(const context::Context& bg) {
  auto [c1, x1] = context::WithCancel(bg);
  auto c2 = context::WithValue(c1, key{"user"}, "bob");
  auto [c3, x3] = context::WithCancel(c2);
  say("%v", c3);
  say("%v", context::WithoutCancel(context::WithValue(bg, key{"n"}, 5)));
  auto [dd, ddc] =
      context::WithDeadline(bg, time::Date(2030, time::January, 2, 3, 4, 5, 0, time::UTC));
  std::string s = fmt::Sprint(dd);
  say("%s...", s.substr(0, s.find('[')));
  ddc();
  x3();
  x1();
  int before = runtime::NumGoroutine();
  auto deep = bg;
  std::vector<context::CancelFunc> cancels;
  for (int i = 0; i < 100; i++) {
    auto [next, c] = context::WithCancel(deep);
    deep = next;
    cancels.push_back(c);
  }
  say("100 nested contexts need %d goroutines", runtime::NumGoroutine() - before);
  cancels[0]();
  say("the innermost is cancelled when the outermost is: %v", deep.Err());
  auto [cp, cpCancel] = context::WithCancel(bg);
  auto [kid, kidCancel] = context::WithCancel(cp);
  kidCancel();
  say("cancelling a child leaves the parent alone: %v %v", kid.Err(), cp.Err());
  cpCancel();
}

}  // namespace

void contexts() {
  say("# context");
  auto bg = context::Background();
  say("%v %v; Done of Background is nil: %v; Err %v", bg, context::TODO(), bg.Done() == nullptr,
      bg.Err());
  say("Canceled %q, DeadlineExceeded %q", context::Canceled, context::DeadlineExceeded);
  auto* timeout = context::DeadlineExceeded.get<context::deadlineExceededError>();
  say("DeadlineExceeded has Timeout: %v %v", timeout != nullptr,
      context::DeadlineExceeded.Timeout());
  auto [ctx, cancel] = context::WithCancel(bg);
  say("before cancel: Err %v Cause %v", ctx.Err(), context::Cause(ctx));
  say("Done returns the same channel each time: %v", ctx.Done() == ctx.Done());
  cancel();
  cancel();
  ctx.Done().recv();
  say("after cancel: Err %v Cause %v", ctx.Err(), context::Cause(ctx));
  causes(bg);
  deadlines(bg);
  values(bg);
  after_funcs(bg);
  trees(bg);
}

}  // namespace semantics
