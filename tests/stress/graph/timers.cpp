// timers.cpp: a timer fires once and not early, or it was stopped; what is cancelled, and what not.
#include <algorithm>
#include <memory>
#include <vector>

#include "tests/stress/graph/round.h"

namespace {

// A call by AfterFunc, which its Stop may prevent.
struct Shot {
  std::atomic<int> fired{0};
  bool stopped = false;
  Chan<Empty> done = make_chan<Empty>(2);
};

void shoot(Shot* shot, time::Duration after, Random& random) {
  auto timer = time::AfterFunc(after, [shot] {
    shot->fired++;
    shot->done.send({});
  });
  disturb(random);
  if (random.one_in(2)) time::Sleep(random.microseconds(300));
  shot->stopped = timer.Stop();
  if (!shot->stopped) shot->done.recv();
  must(!timer.Stop(), "a timer is stopped once");
}

void wait_for(time::Duration d, Random& random) {
  const auto begin = time::Now();
  switch (random.below(4)) {
    case 0: time::Sleep(d); break;
    case 1: time::After(d).recv(); break;
    case 2: time::NewTimer(d).C.recv(); break;
    default: {
      auto timer = time::NewTimer(time::Hour);
      must(timer.Reset(d), "Reset of a running timer returns true");
      timer.C.recv();
    }
  }
  must(time::Since(begin) >= d, "a timer does not fire early");
}

void tick(Random& random) {
  const auto period = random.microseconds(500) + time::Microsecond;
  const auto begin = time::Now();
  auto ticker = time::NewTicker(period);
  Defer d{[&] { ticker.Stop(); }};
  for (int ticks = 1; ticks <= 4; ticks++) {
    disturb(random);
    ticker.C.recv();
    must(time::Since(begin) >= ticks * period, "a ticker does not tick early");
  }
}

}  // namespace

void timer_part(Random random) {
  std::vector<std::unique_ptr<Shot>> shots;
  for (int n = random.below(60); n > 0; n--) shots.push_back(std::make_unique<Shot>());
  Crew crew;
  for (auto& shot : shots) {
    crew.run([shot = shot.get(), random = random.fork()]() mutable {
      shoot(shot, random.microseconds(600), random);
      step();
    });
  }
  for (int n = 1 + random.below(6); n > 0; n--) {
    crew.run([random = random.fork()]() mutable {
      for (int i = 0; i < 10; i++) {
        wait_for(random.microseconds(800), random);
        step();
      }
      tick(random);
    });
  }
  crew.wait();
  for (auto& shot : shots) {
    must(shot->fired == (shot->stopped ? 0 : 1), "AfterFunc calls once, or Stop has prevented it");
  }
}

namespace {

struct Node {
  size_t parent = 0;
  context::Context ctx;
  context::CancelFunc cancel;  // nil if it has none
  glue::Func<bool()> stop;     // of its AfterFunc; nil if it has none
  std::atomic<int> after_func{0};
  std::atomic<bool> cancelled{false};  // by us
};

using Tree = std::vector<std::unique_ptr<Node>>;

void grow(Tree& tree, Random& random) {
  auto node = std::make_unique<Node>();
  node->parent = tree.empty() ? 0 : static_cast<size_t>(random.below(static_cast<int>(tree.size())));
  const auto parent = tree.empty() ? context::Background() : tree[node->parent]->ctx;
  switch (tree.empty() ? 0 : random.below(4)) {
    case 0:
    case 1: std::tie(node->ctx, node->cancel) = context::WithCancel(parent); break;
    case 2: std::tie(node->ctx, node->cancel) = context::WithTimeout(parent, time::Hour); break;
    default: node->ctx = context::WithValue(parent, int(tree.size()), 1);
  }
  if (random.one_in(3)) {
    node->stop = context::AfterFunc(node->ctx, [n = node.get()] { n->after_func++; });
  }
  tree.push_back(std::move(node));
}

bool is_below(const Tree& tree, size_t at, size_t top) {
  while (at != top && at != 0) at = tree[at]->parent;
  return at == top;
}

// The whole subtree is cancelled when the call returns.
void cancel_one(const Tree& tree, size_t at) {
  if (tree[at]->cancel == nullptr) return;
  tree[at]->cancelled = true;
  tree[at]->cancel();
  for (size_t i = 0; i < tree.size(); i++) {
    if (is_below(tree, i, at))
      must(tree[i]->ctx.Err() != nullptr, "what is below a cancelled context is cancelled");
  }
}

}  // namespace

void context_part(Random random) {
  Tree tree;
  for (int n = 1 + random.below(40); n > 0; n--) grow(tree, random);
  std::atomic<int> returned{0};
  const int waiters = random.below(20);
  Crew crew, cancellers;
  for (int i = 0; i < waiters; i++) {
    Node* node = tree[static_cast<size_t>(random.below(static_cast<int>(tree.size())))].get();
    crew.run([&returned, node] {
      node->ctx.Done().recv();
      must(node->ctx.Err() == context::Canceled, "Err is set when Done is closed");
      returned++;
      step();
    });
  }
  for (int i = random.below(4); i > 0; i--) {
    cancellers.run([&tree, random = random.fork()]() mutable {
      for (int n = random.below(3); n > 0; n--) {
        disturb(random);
        // Not the root: that is the last.
        const auto at = static_cast<size_t>(random.below(static_cast<int>(tree.size())));
        if (at > 0) cancel_one(tree, at);
      }
    });
  }
  cancellers.wait();
  for (size_t i = 0; i < tree.size(); i++) {
    bool should_be = false;
    for (size_t at = i;; at = tree[at]->parent) {
      should_be |= tree[at]->cancelled;
      if (at == 0) break;
    }
    must((tree[i]->ctx.Err() != nullptr) == should_be, "what is above a cancelled context lives on");
  }
  std::vector<Node*> stopped;
  for (auto& node : tree) {
    if (node->stop != nullptr && random.one_in(2) && node->stop()) stopped.push_back(node.get());
  }
  cancel_one(tree, 0);
  crew.wait();
  must(returned == waiters, "each goroutine that waits for a context is woken once");
  for (auto& node : tree) {
    if (node->stop == nullptr) continue;
    const bool prevented = std::find(stopped.begin(), stopped.end(), node.get()) != stopped.end();
    while (!prevented && node->after_func == 0) runtime::Gosched();
    must(node->after_func == (prevented ? 0 : 1), "a context's AfterFunc calls once");
  }
}
