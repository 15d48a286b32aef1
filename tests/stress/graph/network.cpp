// network.cpp: layers of nodes with channels between them. Each message comes through once, and
// those of one sender that take the same way come in order.
//
//   source ──▶ channels ──▶ relay ──▶ channels ──▶ … ──▶ sink
//
// Several nodes may send on one channel, and several receive from it. A node that sends stamps each
// message with its own number and a count that only grows. So a node that receives sees, on each
// channel and of each sender, growing counts: a channel keeps the order.
//
// A network ends in one of two ways. Either the sources run dry: then the last sender of a channel
// closes it, layer by layer, and all messages arrive. Or its context is cancelled in the middle:
// then each node stops where it is, and what was in its hands or in a channel is counted as such.
// In both, each message that was sent is found exactly once.
#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <vector>

#include "tests/stress/graph/round.h"

namespace {

struct Message {
  uint32_t source = 0, number = 0;  // from the first node to the last
  uint32_t sender = 0, count = 0;   // from one node to the next
};

// What a channel carries: the message itself, one that cannot be copied, one that is large.
struct Large {
  Message message;
  std::array<uint32_t, 60> rest{};
};
using Boxed = std::unique_ptr<Message>;

Message& open(Message& m) { return m; }
Message& open(Boxed& boxed) {
  must(boxed != nullptr, "a message comes with its contents");
  return *boxed;
}
Message& open(Large& large) {
  for (uint32_t word : large.rest)
    must(word == large.message.number, "a large message comes whole");
  return large.message;
}
void pack(const Message& m, Message& into) { into = m; }
void pack(const Message& m, Boxed& into) { into = std::make_unique<Message>(m); }
void pack(const Message& m, Large& into) {
  into.message = m;
  into.rest.fill(m.number);
}

constexpr int kWays = 4;  // channels of a node on one side, at most

template <typename T>
class Network {
 public:
  explicit Network(Random random) : random_(std::move(random)) {
    if (random_.one_in(3)) {
      auto [ctx, cancel] = context::WithCancel(context::Background());
      cancel_ = cancel;
      done_ = ctx.Done();
      ctx_ = ctx;
      cancel_after_ = random_.below(400);
    }
    const int layers = 1 + random_.below(4);
    for (int i = 0; i < layers; i++) add_channels();
    messages_ = static_cast<uint32_t>(random_.below(300));
  }

  void run() {
    const size_t last = layers_.size() - 1;
    const int sources = 1 + random_.below(5);
    found_.resize(static_cast<size_t>(sources));
    sent_.resize(static_cast<size_t>(sources));
    for (auto& of_source : found_) of_source = std::vector<std::atomic<uint8_t>>(messages_);
    std::vector<Node> nodes;
    for (int i = 0; i < sources; i++) nodes.push_back(node(-1, 0, i));
    for (size_t layer = 0; layer < last; layer++) {
      for (int n = receivers(layer); n > 0; n--) {
        nodes.push_back(node(static_cast<int>(layer), static_cast<int>(layer) + 1, 0));
      }
    }
    for (int n = receivers(last); n > 0; n--) nodes.push_back(node(static_cast<int>(last), -1, 0));
    give_each_channel_both_ends(nodes);
    for (Node& n : nodes) {
      for (int way : n.out) edge(n.to, way).senders++;
    }
    Crew crew;
    for (Node& n : nodes) crew.run([this, n]() mutable { live(n); });
    crew.wait();
    if (cancel_ != nullptr) {
      cancel_();
      collect_what_is_left();
    }
    check();
  }

 private:
  struct Edge {
    Chan<T> channel;
    std::atomic<int> senders{0};
  };
  struct Node {
    int from, to;              // layers of channels; -1: none
    std::vector<int> in, out;  // which channels of these layers
    int source;
    uint32_t number;  // of this node
    Random random;
  };
  using Channels = std::array<Chan<T>, kWays>;
  using Layer = std::vector<std::unique_ptr<Edge>>;

  Edge& edge(int layer, int way) {
    return *layers_[static_cast<size_t>(layer)][static_cast<size_t>(way)];
  }
  int receivers(size_t layer) {
    return std::max(static_cast<int>(layers_[layer].size() + kWays - 1) / kWays,
                    1 + random_.below(4));
  }

  void add_channels() {
    Layer layer;
    for (int n = 1 + random_.below(kWays); n > 0; n--) {
      layer.push_back(std::make_unique<Edge>());
      layer.back()->channel = make_chan<T>(random_.one_in(2) ? 0 : random_.below(9));
    }
    layers_.push_back(std::move(layer));
  }

  std::vector<int> some_of(int layer) {
    std::vector<int> ways;
    if (layer < 0) return ways;
    const int count = static_cast<int>(layers_[static_cast<size_t>(layer)].size());
    for (int way = 0; way < count; way++) {
      if (random_.one_in(2)) ways.push_back(way);
    }
    if (ways.empty()) ways.push_back(random_.below(count));
    return ways;
  }

  Node node(int from, int to, int source) {
    return {from, to, some_of(from), some_of(to), source, next_node_++, random_.fork()};
  }

  void give_each_channel_both_ends(std::vector<Node>& nodes) {
    auto add = [](std::vector<int>& ways, int way) {
      for (int known : ways) {
        if (known == way) return;
      }
      ways.push_back(way);
    };
    for (size_t layer = 0; layer < layers_.size(); layer++) {
      for (size_t way = 0; way < layers_[layer].size(); way++) {
        bool sends = false, receives = false;
        Node *sender = nullptr, *receiver = nullptr;
        for (Node& n : nodes) {
          const int here = static_cast<int>(way);
          if (n.to == static_cast<int>(layer)) {
            sender = &n;
            sends |= std::find(n.out.begin(), n.out.end(), here) != n.out.end();
          }
          if (n.from == static_cast<int>(layer)) {
            receiver = &n;
            receives |= std::find(n.in.begin(), n.in.end(), here) != n.in.end();
          }
        }
        if (!sends) add(sender->out, static_cast<int>(way));
        if (!receives) add(receiver->in, static_cast<int>(way));
      }
    }
  }

  // ---- The life of a node ----

  void live(Node& n) {
    Defer d{[this, &n] {
      for (int way : n.out) {
        Edge& e = edge(n.to, way);
        if (e.senders.fetch_sub(1) == 1) close(e.channel);
      }
    }};
    Channels out;
    for (size_t i = 0; i < n.out.size(); i++) out[i] = edge(n.to, n.out[i]).channel;
    uint32_t count = 0;
    if (n.from >= 0) return forward(n, out, count);
    for (uint32_t i = 0; i < messages_; i++) {
      if (!send_on(n, out, {static_cast<uint32_t>(n.source), i, n.number, ++count})) return;
      sent_[static_cast<size_t>(n.source)] = i + 1;
      if (cancel_ != nullptr && steps_.fetch_add(1) == cancel_after_) cancel_();
      disturb(n.random);
    }
  }

  void forward(Node& n, Channels& out, uint32_t& count) {
    Channels in;
    for (size_t i = 0; i < n.in.size(); i++) in[i] = edge(n.from, n.in[i]).channel;
    size_t open_channels = n.in.size();
    std::map<std::pair<int, uint32_t>, uint32_t> last;  // of each channel and sender
    while (open_channels > 0) {
      T value{};
      bool ok = false;
      const int way = receive_from(n, in, value, ok);
      if (way == kDone) return;
      if (way == kNothing) continue;
      step();
      if (!ok) {
        in[static_cast<size_t>(way)] = {};  // a nil channel is never ready
        open_channels--;
        continue;
      }
      Message m = open(value);
      uint32_t& before = last[{way, m.sender}];
      must(before < m.count, "a channel keeps the order of each sender's values");
      before = m.count;
      m.sender = n.number;
      m.count = ++count;
      if (n.to < 0 || !send_on(n, out, m)) found(m);
      disturb(n.random);
    }
  }

  static constexpr int kNothing = -1, kDone = kWays;

  int receive_from(Node& n, const Channels& in, T& v, bool& ok) {
    auto ready = [&](int chosen) { return chosen <= kDone ? chosen : kNothing; };
    switch (n.random.below(4)) {
      case 0:  // gives up after a while
        return ready(select({recv(in[0], v, ok), recv(in[1], v, ok), recv(in[2], v, ok),
                             recv(in[3], v, ok), recv(done_),
                             recv(time::After(n.random.microseconds(300)))}));
      case 1: {  // looks without waiting
        const int chosen = select({recv(in[0], v, ok), recv(in[1], v, ok), recv(in[2], v, ok),
                                   recv(in[3], v, ok), recv(done_), otherwise});
        if (chosen > kDone) runtime::Gosched();
        return ready(chosen);
      }
      case 2:  // without select
        if (done_ == nullptr && n.in.size() == 1) {
          auto [value, is_one] = in[0].recv_ok();
          v = std::move(value);
          ok = is_one;
          return 0;
        }
        [[fallthrough]];
      default:
        return select({recv(in[0], v, ok), recv(in[1], v, ok), recv(in[2], v, ok),
                       recv(in[3], v, ok), recv(done_)});
    }
  }

  // False: the network was cancelled, and the message was not sent.
  bool send_on(Node& n, const Channels& out, const Message& m) {
    T v{};
    pack(m, v);
    if (done_ == nullptr && n.random.one_in(3)) {
      out[static_cast<size_t>(n.random.below(static_cast<int>(n.out.size())))].send(std::move(v));
      return true;
    }
    for (;;) {
      int chosen = 0;
      if (n.random.one_in(2)) {
        chosen = select({send(out[0], std::move(v)), send(out[1], std::move(v)),
                         send(out[2], std::move(v)), send(out[3], std::move(v)), recv(done_)});
      } else {
        chosen = select({send(out[0], std::move(v)), send(out[1], std::move(v)),
                         send(out[2], std::move(v)), send(out[3], std::move(v)), recv(done_),
                         recv(time::After(n.random.microseconds(100)))});
      }
      if (chosen <= kDone) return chosen < kDone;
    }
  }

  // ---- The account ----

  void found(const Message& m) {
    const bool known = m.source < found_.size() && m.number < messages_;
    must(known, "a value comes as it was sent");
    must(found_[m.source][m.number].fetch_add(1) == 0, "a value comes once");
  }

  void collect_what_is_left() {
    for (Layer& layer : layers_) {
      for (auto& e : layer) {
        for (T& v : e->channel) found(open(v));  // its senders have closed it
      }
    }
  }

  void check() {
    for (size_t source = 0; source < sent_.size(); source++) {
      if (cancel_ == nullptr) must(sent_[source] == messages_, "a source sends all it has");
      for (uint32_t i = 0; i < messages_; i++) {
        const bool was_sent = i < sent_[source];
        must((found_[source][i] == 1) == was_sent, "a value that was sent is not lost");
      }
    }
  }

  Random random_;
  std::vector<Layer> layers_;
  uint32_t messages_ = 0;  // of each source
  uint32_t next_node_ = 0;
  std::vector<uint32_t> sent_;  // of each source
  std::vector<std::vector<std::atomic<uint8_t>>> found_;
  context::Context ctx_;
  context::CancelFunc cancel_;  // nil: the network runs dry
  RecvChan<Empty> done_;        // nil then
  int cancel_after_ = 0;
  std::atomic<int> steps_{0};
};

}  // namespace

void network_part(Random random) {
  switch (random.below(3)) {
    case 0: return Network<Message>(random.fork()).run();
    case 1: return Network<Boxed>(random.fork()).run();
    default: return Network<Large>(random.fork()).run();
  }
}
