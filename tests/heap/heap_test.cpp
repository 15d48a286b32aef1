// heap_test.cpp: every form of new and delete, and what the heap knows of an address.
#include "runtime/heap/heap.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "runtime/golab.h"
#include "runtime/heap/mprof.h"
#include "tests/catch.h"
#include "tests/child.h"

// Clang declares them only if it is asked for.
void operator delete(void*, size_t) noexcept;
void operator delete[](void*, size_t) noexcept;
void operator delete(void*, size_t, std::align_val_t) noexcept;
void operator delete[](void*, size_t, std::align_val_t) noexcept;

using namespace golab;
namespace heap = golab::runtime::heap;

namespace {

uintptr_t address_of(const void* p) { return reinterpret_cast<uintptr_t>(p); }

heap::Block block_of(const void* p) {
  heap::Block b;
  return heap::find(address_of(p), &b) ? b : heap::Block{};
}

// The compiler may not leave out a pair of new and delete whose block it cannot see.
[[gnu::noinline]] void touch(void* p, size_t n) {
  if (n != 0) std::memset(p, 0xa5, n);
  asm volatile("" : : "r"(p) : "memory");
}

uint64_t live_objects() {
  runtime::MemStats m;
  runtime::ReadMemStats(&m);
  return m.HeapObjects;
}

}  // namespace

TEST_CASE("every form of new returns a live block that its delete frees", "[heap]") {
  struct Form {
    const char* name;
    void* (*make)(size_t n);
    void (*drop)(void* p, size_t n);
    size_t align = 16;
  };
  constexpr std::align_val_t k64{64}, k4096{4096};
  const Form forms[] = {
      {"new", [](size_t n) { return operator new(n); },
       [](void* p, size_t) { operator delete(p); }},
      {"new, sized delete", [](size_t n) { return operator new(n); },
       [](void* p, size_t n) { operator delete(p, n); }},
      {"new[]", [](size_t n) { return operator new[](n); },
       [](void* p, size_t) { operator delete[](p); }},
      {"new[], sized delete[]", [](size_t n) { return operator new[](n); },
       [](void* p, size_t n) { operator delete[](p, n); }},
      {"new(nothrow)", [](size_t n) { return operator new(n, std::nothrow); },
       [](void* p, size_t) { operator delete(p, std::nothrow); }},
      {"new[](nothrow)", [](size_t n) { return operator new[](n, std::nothrow); },
       [](void* p, size_t) { operator delete[](p, std::nothrow); }},
      {"new(align)", [](size_t n) { return operator new(n, k64); },
       [](void* p, size_t) { operator delete(p, k64); }, 64},
      {"new[](align)", [](size_t n) { return operator new[](n, k4096); },
       [](void* p, size_t) { operator delete[](p, k4096); }, 4096},
      {"new(align), sized delete", [](size_t n) { return operator new(n, k64); },
       [](void* p, size_t n) { operator delete(p, n, k64); }, 64},
      {"new[](align), sized delete[]", [](size_t n) { return operator new[](n, k64); },
       [](void* p, size_t n) { operator delete[](p, n, k64); }, 64},
      {"new(align, nothrow)", [](size_t n) { return operator new(n, k64, std::nothrow); },
       [](void* p, size_t) { operator delete(p, k64, std::nothrow); }, 64},
      {"new[](align, nothrow)", [](size_t n) { return operator new[](n, k64, std::nothrow); },
       [](void* p, size_t) { operator delete[](p, k64, std::nothrow); }, 64},
  };
  for (const Form& form : forms) {
    for (size_t n : {0, 1, 100, 5000, 32768, 32769, 300000}) {
      CAPTURE(form.name, n);
      void* p = form.make(n);
      touch(p, n);
      const heap::Block b = block_of(p);
      const bool right = b.base == address_of(p) && b.bytes >= n && b.live;
      const size_t misaligned = b.base % form.align;
      form.drop(p, n);
      const bool freed = !block_of(p).live;
      CHECK(right);
      CHECK(misaligned == 0);
      CHECK(freed);
    }
  }
}

TEST_CASE("a block is at most an eighth larger than asked for, in steps of 16", "[heap]") {
  size_t last = 0;
  for (size_t n = 1; n <= (32 << 10); n += n < 300 ? 1 : 37) {
    CAPTURE(n);
    auto p = std::make_unique<char[]>(n);
    const size_t bytes = block_of(p.get()).bytes;
    REQUIRE(bytes >= n);
    REQUIRE(bytes <= std::max<size_t>(n + n / 8 + 1, (n + 15) / 16 * 16));
    REQUIRE(bytes >= last);
    last = bytes;
  }
}

TEST_CASE("any address inside a block leads to it, and none outside does", "[heap]") {
  for (size_t n : {16, 48, 144, 1000, 28672, 32768, 65536, 100000, 5 << 20}) {
    CAPTURE(n);
    auto p = std::make_unique<char[]>(n);
    const heap::Block b = block_of(p.get());
    REQUIRE(b.base == address_of(p.get()));
    for (size_t at : {size_t{0}, size_t{1}, n / 3, n / 2, n - 1, b.bytes - 1}) {
      const heap::Block same = block_of(p.get() + at);
      REQUIRE(same.base == b.base);
      REQUIRE(same.bytes == b.bytes);
      REQUIRE(same.live);
    }
    REQUIRE(block_of(p.get() + b.bytes).base != b.base);
    REQUIRE(block_of(p.get() - 1).base != b.base);
  }
  int here = 0;
  static int global = 0;
  heap::Block none;
  CHECK_FALSE(heap::find(address_of(&here), &none));
  CHECK_FALSE(heap::find(address_of(&global), &none));
  CHECK_FALSE(heap::find(0, &none));
  CHECK_FALSE(heap::find(UINTPTR_MAX, &none));
  std::unique_ptr<void, void (*)(void*)> other(std::malloc(100), std::free);
  CHECK_FALSE(heap::find(address_of(other.get()), &none));
  CHECK_FALSE(heap::find(heap::blocks_range().lo, &none));  // no block is where the arena begins
}

TEST_CASE("alignment up to a megabyte is kept", "[heap]") {
  std::vector<std::pair<void*, size_t>> held;
  for (size_t align = 1; align <= (1 << 20); align *= 2) {
    for (size_t n : {1, 24, 5000, 70000}) {
      void* p = operator new(n, std::align_val_t{align});
      touch(p, n);
      CAPTURE(align, n);
      CHECK(address_of(p) % align == 0);
      CHECK(block_of(p).bytes >= n);
      held.emplace_back(p, align);
    }
  }
  for (auto [p, align] : held) operator delete(p, std::align_val_t{align});
}

TEST_CASE("the walk shows each live block once, in order, and no freed one", "[heap]") {
  struct Walk {
    std::vector<heap::Block> blocks;
    uintptr_t last = 0;
    bool ordered = true;
  };
  std::vector<std::unique_ptr<char[]>> kept, gone;
  std::vector<uintptr_t> freed;
  for (size_t i = 0; i < 500; i++) {
    kept.push_back(std::make_unique<char[]>(40 + 200 * i));
    gone.push_back(std::make_unique<char[]>(40 + 200 * i));
    freed.push_back(address_of(gone.back().get()));
  }
  Walk walk;
  walk.blocks.reserve(1 << 20);
  for (auto& p : gone) p.reset();
  heap::for_each_live(
      [](const heap::Block& b, void* arg) {
        auto* w = static_cast<Walk*>(arg);
        w->ordered = w->ordered && b.base > w->last;
        w->last = b.base;
        if (w->blocks.size() < w->blocks.capacity()) w->blocks.push_back(b);
      },
      &walk);
  CHECK(walk.ordered);
  auto times = [&](uintptr_t base) {
    return std::count_if(walk.blocks.begin(), walk.blocks.end(),
                         [base](const heap::Block& b) { return b.base == base; });
  };
  for (auto& p : kept) REQUIRE(times(address_of(p.get())) == 1);
  for (uintptr_t base : freed) REQUIRE(times(base) == 0);
}

TEST_CASE("a mark is set once, by any block of its own, and all are cleared", "[heap]") {
  std::vector<std::unique_ptr<char[]>> blocks;
  for (size_t n : {1, 16, 17, 300, 70000}) blocks.push_back(std::make_unique<char[]>(n));
  heap::clear_marks();
  for (auto& p : blocks) {
    CHECK_FALSE(heap::marked(block_of(p.get())));
    CHECK(heap::set_mark(block_of(p.get())));
    CHECK_FALSE(heap::set_mark(block_of(p.get())));
  }
  for (auto& p : blocks) CHECK(heap::marked(block_of(p.get())));
  heap::clear_marks();
  for (auto& p : blocks) CHECK_FALSE(heap::marked(block_of(p.get())));
}

TEST_CASE("the figures count what was made and freed", "[heap]") {
  runtime::MemStats before, held, after;
  runtime::ReadMemStats(&before);
  {
    std::vector<std::unique_ptr<char[]>> blocks(1000);
    for (auto& p : blocks) p = std::make_unique<char[]>(100);
    auto large = std::make_unique<char[]>(1 << 20);
    touch(large.get(), 1 << 20);
    runtime::ReadMemStats(&held);
  }
  runtime::ReadMemStats(&after);
  // The vector, and what ReadMemStats itself takes.
  CHECK(held.HeapObjects - before.HeapObjects >= 1002);
  CHECK(held.HeapObjects - before.HeapObjects <= 1010);
  CHECK(held.HeapAlloc - before.HeapAlloc >= 1000 * 112 + (1 << 20));
  CHECK(held.HeapAlloc - before.HeapAlloc <= 1000 * 112 + (1 << 20) + 20000);
  CHECK(after.HeapObjects - before.HeapObjects <= 8);
  CHECK(after.Mallocs - before.Mallocs >= 1002);
  CHECK(after.Mallocs - after.Frees == after.HeapObjects);
  CHECK(after.HeapInuse + after.HeapIdle == after.HeapSys);
  CHECK(after.HeapAlloc <= after.HeapInuse);
  CHECK(after.NumGC == 0);
}

TEST_CASE("memory of large blocks is used again, and goes back to the kernel", "[heap]") {
  runtime::MemStats before, after;
  operator delete(operator new(40 << 20));
  runtime::ReadMemStats(&before);
  for (int i = 0; i < 200; i++) {
    void* a = operator new(20 << 20);
    void* b = operator new(10 << 20);
    touch(a, 100);
    touch(b, 100);
    operator delete(a);
    void* c = operator new(15 << 20);
    operator delete(b);
    operator delete(c);
  }
  runtime::ReadMemStats(&after);
  CHECK(after.HeapSys <= before.HeapSys + (16 << 20));
  CHECK(after.HeapReleased >= (40 << 20));
}

TEST_CASE("a block that a destructor of another thread frees is counted once", "[heap]") {
  const uint64_t before = live_objects();
  for (int i = 0; i < 50; i++) {
    std::string* made = nullptr;
    std::thread([&made] { made = new std::string(200, 'x'); }).join();
    std::thread([made] { delete made; }).join();
  }
  CHECK(live_objects() <= before + 50);  // what threads leave behind
}

TEST_CASE("wrong deletes are fatal, and say which", "[heap]") {
  struct End {
    const char *mode, *message;
  };
  for (End end : {End{"double", "fatal error: delete of a block that is free already\n"},
                  {"double-large", "fatal error: delete of a"},
                  {"inside",
                   "fatal error: delete of an address that is not the beginning of a block from "
                   "new\n"},
                  {"malloc",
                   "fatal error: delete of an address that is not the beginning of a block from "
                   "new\n"}}) {
    CAPTURE(end.mode);
    ChildResult r = run_child({HEAP_CHILD, end.mode}, {}, 30);
    CAPTURE(r.err);
    CHECK(r.status == 2);
    CHECK(r.err.rfind(end.message, 0) == 0);
    CHECK(r.err.find("main.wrong_delete(") != std::string::npos);
  }
}

TEST_CASE("a write into a freed block does not disturb the heap", "[heap]") {
  ChildResult r = run_child({HEAP_CHILD, "scribble"}, {}, 30);
  CAPTURE(r.err);
  CHECK(r.status == 0);
}

TEST_CASE("a forked child can allocate, whatever other threads did at the fork", "[heap]") {
  ChildResult r = run_child({HEAP_CHILD, "fork"}, {}, 60);
  CAPTURE(r.err);
  CHECK(r.status == 0);
  CHECK(r.out == "100 children\n");
}

TEST_CASE("without memory new throws, calls the handler, or returns null", "[heap]") {
  ChildResult r = run_child({"sh", "-c", "ulimit -v 1000000; exec " HEAP_CHILD " exhaust"}, {}, 60);
  CAPTURE(r.err);
  CHECK(r.status == 0);
  CHECK(r.out == "bad_alloc\nhandler: 3 calls\nnull\nagain\n");
}

TEST_CASE("new works before main, in thread_local destructors and at the end", "[heap]") {
  ChildResult r = run_child({HEAP_CHILD, "ends"}, {}, 30);
  CAPTURE(r.err);
  CHECK(r.status == 0);
  CHECK(r.out == "made before main\n20 threads\n");
}
