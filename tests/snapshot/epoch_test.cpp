// epoch_test.cpp: all stacks of a snapshot are of one instant.
//
// A token goes round a ring of goroutines. Whoever gets it leaves one function, enters the next of
// three, and only then passes it on. So at any instant the ring looks like this, from its first
// goroutine on: some that have entered stage s + 1, one perhaps between two stages, the rest still
// in stage s. A snapshot that saw one goroutine earlier than another would show a later stage
// behind an earlier one.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "tests/snapshot/groups.h"

using namespace golab;
using profiler::Detail;

struct Link {
  Chan<bool> in, out;
};

// Each passes the token on, then waits for it to come round. False: the ring ends.
#define STAGE(name)        \
  bool name(Link link) {   \
    link.out.send(true);   \
    return link.in.recv(); \
  }
STAGE(stage_0)
STAGE(stage_1)
STAGE(stage_2)

void member(Link link, bool first, bool last, std::atomic<bool>* stop, Chan<uint64_t> ended) {
  bool on = first || link.in.recv();
  for (int stage = 0; on; stage = (stage + 1) % 3) {
    if (first && stop->load()) break;
    on = stage == 0 ? stage_0(link) : stage == 1 ? stage_1(link) : stage_2(link);
  }
  if (!last) link.out.send(false);  // the end goes round once
  ended.send(runtime::goid());
}

namespace {

constexpr int kMembers = 24;

// The stage of each member in ring order, -1 for one that is between two.
std::vector<int> stages(const Groups& g, const std::vector<uint64_t>& ring) {
  std::map<uint64_t, int> by_id;
  g.snapshot.for_each_goroutine([&](auto& one) {
    auto& names = g.functions[g.snapshot.stack_of(one)];
    by_id[one.goid] = names.count("main.stage_0") != 0   ? 0
                      : names.count("main.stage_1") != 0 ? 1
                      : names.count("main.stage_2") != 0 ? 2
                                                         : -1;
  });
  std::vector<int> out;
  for (uint64_t id : ring) out.push_back(by_id.count(id) != 0 ? by_id[id] : -2);
  return out;
}

bool consistent(const std::vector<int>& stages) {
  int between = 0;
  int falls = 0;
  int last = -1;
  for (int s : stages) {
    if (s == -2) return false;  // a goroutine is missing
    if (s == -1) {
      between++;
      continue;
    }
    if (last >= 0 && s != last) {
      if (last != (s + 1) % 3) return false;
      falls++;
    }
    last = s;
  }
  return falls <= 1 && between <= 2;
}

}  // namespace

TEST_CASE("what may be shown and what may not, in the ring", "[snapshot][epoch]") {
  CHECK(consistent({1, 1, 1, 0, 0}));
  CHECK(consistent({0, 0, 2}));
  CHECK(consistent({1, -1, 0}));
  CHECK(consistent({2, 2, 2}));
  CHECK_FALSE(consistent({1, 0, 1}));
  CHECK_FALSE(consistent({0, 1, 1}));
  CHECK_FALSE(consistent({2, 1, 0}));
  CHECK_FALSE(consistent({1, -2, 0}));
}

TEST_CASE("a snapshot never shows an effect before its cause", "[snapshot][epoch]") {
  int procs = GENERATE(1, 2, 4);
  CAPTURE(procs);
  int old = runtime::GOMAXPROCS(procs);
  std::atomic<bool> stop{false};
  auto ids = make_chan<uint64_t>(kMembers);
  auto ended = make_chan<uint64_t>(kMembers);
  std::vector<Chan<bool>> links;
  for (int i = 0; i < kMembers; i++) links.push_back(make_chan<bool>());
  std::vector<uint64_t> ring;
  // The last one starts first, so that each has a successor that takes the token.
  for (int i = kMembers; i-- > 0;) {
    Link link{links[static_cast<size_t>(i)], links[static_cast<size_t>((i + 1) % kMembers)]};
    go([=, &stop] {
      ids.send(runtime::goid());
      member(link, i == 0, i == kMembers - 1, &stop, ended);
    });
    ring.insert(ring.begin(), ids.recv());
  }
  // Ballast, so that walking takes a while and the ring turns meanwhile.
  auto gate = make_chan<int>();
#if defined(GOLAB_ASAN) || defined(GOLAB_TSAN)
  constexpr int kBallast = 500, kSnapshots = 30;
#else
  constexpr int kBallast = 20000, kSnapshots = 100;
#endif
  for (int i = 0; i < kBallast; i++) go([=] { gate.recv(); });
  // In the first round those that the token has not reached are in no stage yet.
  for (;;) {
    std::vector<int> now = stages(take(Detail::each_goroutine), ring);
    if (std::count(now.begin(), now.end(), -1) <= 2) break;
    runtime::Gosched();
  }
  int wrong = 0;
  std::set<int> seen;
  for (int i = 0; i < kSnapshots; i++) {
    std::vector<int> now = stages(take(Detail::each_goroutine), ring);
    if (!consistent(now)) {
      if (wrong++ == 0) {
        std::string text;
        for (int s : now) text += std::to_string(s) + " ";
        UNSCOPED_INFO(text);
      }
    }
    for (int s : now) seen.insert(s);
  }
  CHECK(wrong == 0);
  CHECK(seen.size() >= 3);  // the ring did turn
  stop = true;
  for (int i = 0; i < kMembers; i++) ended.recv();
  close(gate);
  runtime::GOMAXPROCS(old);
}
