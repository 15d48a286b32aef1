// churn_test.cpp: many goroutines and foreign threads make, pass on and free blocks of all sizes.
// A block that were handed out twice would lose its owner's pattern.
#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

#include "profiler/endpoints/lookup.h"
#include "runtime/golab.h"
#include "runtime/heap/heap.h"
#include "runtime/heap/mprof.h"
#include "runtime/stop/stop.h"
#include "tests/catch.h"

using namespace golab;
namespace heap = golab::runtime::heap;

namespace {

struct Item {
  unsigned char* at = nullptr;
  uint32_t bytes = 0;
  unsigned char pattern = 0;
};

std::atomic<int> broken{0};

class Dice {
 public:
  explicit Dice(uint64_t seed) : x_(seed * 2 + 1) {}
  uint32_t operator()(uint32_t n) {
    x_ ^= x_ << 13, x_ ^= x_ >> 7, x_ ^= x_ << 17;
    return static_cast<uint32_t>((x_ >> 16) % n);
  }

 private:
  uint64_t x_;
};

Item make(Dice& dice) {
  // Mostly small, some large.
  const uint32_t kind = dice(100);
  const uint32_t most = kind < 70 ? 200 : kind < 95 ? 5000 : kind < 99 ? 60000 : 400000;
  Item item;
  item.bytes = 1 + dice(most);
  item.pattern = static_cast<unsigned char>(dice(255) + 1);
  item.at = new unsigned char[item.bytes];
  std::memset(item.at, item.pattern, item.bytes);
  return item;
}

void check_and_drop(Item& item) {
  bool whole = true;
  for (uint32_t i = 0; i < item.bytes; i += i < 64 ? 1 : 97)
    whole = whole && item.at[i] == item.pattern;
  whole = whole && item.at[item.bytes - 1] == item.pattern;
  if (!whole) broken++;
  delete[] item.at;
  item.at = nullptr;
}

// Slots that all share: whoever finds a block in one drops it, so most are freed by another thread.
struct Exchange {
  static constexpr uint32_t kSlots = 256;
  std::atomic<Item*> slots[kSlots] = {};

  void turn(Dice& dice) {
    auto* mine = new Item(make(dice));
    Item* theirs = slots[dice(kSlots)].exchange(mine);
    if (theirs == nullptr) return;
    check_and_drop(*theirs);
    delete theirs;
  }
  void empty() {
    for (auto& slot : slots) {
      if (Item* item = slot.exchange(nullptr)) {
        check_and_drop(*item);
        delete item;
      }
    }
  }
};

}  // namespace

TEST_CASE("blocks that pass between goroutines and threads are nobody else's", "[heap][churn]") {
  const int rate = runtime::MemProfileRate.exchange(4096);  // so that samples pass, too
  Exchange exchange;
  runtime::MemStats before, after;
  runtime::ReadMemStats(&before);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (uint64_t i = 0; i < 3; i++) {
    threads.emplace_back([&exchange, &stop, i] {
      Dice dice(1000 + i);
      while (!stop) exchange.turn(dice);
    });
  }
  sync::WaitGroup wg;
  for (uint64_t i = 0; i < 8; i++) {
    wg.Go([&exchange, i] {
      Dice dice(i + 1);
      for (int k = 0; k < 5000; k++) {
        exchange.turn(dice);
        if (k % 512 == 0) runtime::Gosched();
      }
    });
  }
  // Profiles and stops of the world meanwhile.
  int profiles = 0;
  wg.Go([&profiles] {
    for (int i = 0; i < 20; i++) {
      size_t bytes = 0;
      auto count = [&bytes](std::string_view piece) {
        bytes += piece.size();
        return error();
      };
      bool good = pprof::Lookup("heap")->WriteTo(count, i % 2) == nullptr;
      good = pprof::Lookup("goroutine")->WriteTo(count, 0) == nullptr && good;
      profiles += good && bytes > 0;
    }
  });
  wg.Wait();
  stop = true;
  for (auto& t : threads) t.join();
  exchange.empty();
  runtime::MemProfileRate = rate;
  runtime::ReadMemStats(&after);
  CHECK(broken == 0);
  CHECK(profiles == 20);
  CHECK(after.Mallocs - before.Mallocs > 8 * 5000 * 2);
  CHECK(after.Mallocs - after.Frees == after.HeapObjects);
}

TEST_CASE("while the world is stopped the walk and the figures agree", "[heap][churn]") {
  Exchange exchange;
  std::atomic<bool> stop{false};
  sync::WaitGroup wg;
  for (uint64_t i = 0; i < 4; i++) {
    wg.Go([&exchange, &stop, i] {
      Dice dice(i + 77);
      while (!stop) {
        exchange.turn(dice);
        runtime::Gosched();
      }
    });
  }
  int agreed = 0;
  constexpr int kStops = 50;
  for (int i = 0; i < kStops; i++) {
    runtime::Gosched();
    if (!runtime::stopTheWorld()) break;
    struct Sum {
      uint64_t objects = 0, bytes = 0;
    } sum;
    heap::for_each_live(
        [](const heap::Block& b, void* arg) {
          auto* s = static_cast<Sum*>(arg);
          s->objects++;
          s->bytes += b.bytes;
        },
        &sum);
    const heap::Stats s = heap::stats();
    runtime::startTheWorld();
    int64_t objects = static_cast<int64_t>(s.large_allocs - s.large_frees);
    int64_t bytes = static_cast<int64_t>(s.large_alloc_bytes - s.large_free_bytes);
    for (const auto& c : s.classes) {
      const auto live = static_cast<int64_t>(c.allocs - c.frees);
      objects += live;
      bytes += live * static_cast<int64_t>(c.bytes);
    }
    // A thread that was stopped inside new or delete has counted a block that it has not marked
    // yet, or the other way round.
    const int64_t off = objects - static_cast<int64_t>(sum.objects);
    agreed += off >= -8 && off <= 8 && bytes > 0;
  }
  stop = true;
  wg.Wait();
  exchange.empty();
  CHECK(agreed == kStops);
  CHECK(broken == 0);
}
