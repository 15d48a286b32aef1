// shapes_test.cpp: stacks of every shape are walked whole: the unwinder of libgcc is the oracle.
//
// Each goroutine takes its own stack with _Unwind_Backtrace right before it parks. What the walker
// finds in the parked goroutine must end in just these return addresses.
#include <alloca.h>
#include <search.h>
#include <unwind.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/chan/chan.h"
#include "runtime/core/goexit.h"
#include "runtime/die/panic.h"
#include "runtime/sched/go.h"
#include "runtime/sched/parked.h"
#include "runtime/walk/walk.h"
#include "tests/chan/parked.h"

using namespace golab;

namespace {

struct Oracle {
  runtime::G* gp = nullptr;
  std::vector<uintptr_t> pcs;
  Chan<int> gate = make_chan<int>();

  [[gnu::noinline]] void park() {
    gp = runtime::getg();
    _Unwind_Backtrace(
        [](_Unwind_Context* context, void* arg) {
          auto* pcs = static_cast<std::vector<uintptr_t>*>(arg);
          pcs->push_back(_Unwind_GetIP(context));
          return runtime::is_goexit(pcs->back() - 1) ? _URC_END_OF_STACK : _URC_NO_REASON;
        },
        &pcs);
    gate.recv();
  }
};
Oracle* parking = nullptr;  // for callbacks without an argument

using Shape = void (*)(Oracle*);

void plain(Oracle* o) { o->park(); }

int down(Oracle* o, int n) {
  if (n == 0) {
    o->park();
    return 0;
  }
  return down(o, n - 1) + 1;
}
void deep(Oracle* o) { down(o, 200); }

void dynamic_frame(Oracle* o) {
  auto* p = static_cast<volatile char*>(alloca(100 + 13 * (reinterpret_cast<uintptr_t>(o) & 7)));
  p[0] = 1;
  o->park();
  p[1] = 2;
}

void big_frame(Oracle* o) {
  volatile char page[20000];
  page[0] = 1;
  o->park();
  page[19999] = page[0];
}

void realigned_frame(Oracle* o) {
  struct alignas(256) Wide {
    char bytes[256];
  };
  volatile Wide w{};
  w.bytes[3] = 1;
  o->park();
  w.bytes[4] = w.bytes[3];
}

void in_catch(Oracle* o) {
  try {
    panic("x");
  } catch (Panic&) {
    o->park();
  }
}

void in_unwinding(Oracle* o) {
  try {
    Defer d{[=] { o->park(); }};
    panic("x");
  } catch (Panic&) {}
}

struct Base {
  virtual ~Base() = default;
  virtual void go_on(Oracle* o) = 0;
};
struct Derived : Base {
  void go_on(Oracle* o) override { o->park(); }
};
void through_virtual(Oracle* o) {
  std::unique_ptr<Base> b = std::make_unique<Derived>();
  b->go_on(o);
}

void through_function(Oracle* o) {
  std::function<void(int)> f = [=](int n) {
    if (n == 3) o->park();
  };
  for (int i = 0; i < 5; i++) f(i);
}

int compare_and_park(const void* a, const void* b) {
  if (Oracle* o = std::exchange(parking, nullptr)) o->park();
  return *static_cast<const int*>(a) - *static_cast<const int*>(b);
}
void in_qsort(Oracle* o) {
  parking = o;
  int v[] = {5, 2, 4, 1, 3};
  std::qsort(v, 5, sizeof v[0], compare_and_park);
}
void in_bsearch(Oracle* o) {
  parking = o;
  int v[] = {1, 2, 3}, key = 2;
  std::bsearch(&key, v, 3, sizeof v[0], compare_and_park);
}
void visit_and_park(const void*, VISIT, int) {
  if (Oracle* o = std::exchange(parking, nullptr)) o->park();
}
void in_twalk(Oracle* o) {
  int v[] = {1, 2, 3};
  void* root = nullptr;
  for (int& i : v) tsearch(&i, &root, compare_and_park);
  parking = o;
  twalk(root, visit_and_park);
  for (int& i : v) tdelete(&i, &root, compare_and_park);
}
void in_qsort_in_qsort(Oracle* o) {
  static Oracle* inner;
  inner = o;
  int v[] = {2, 1};
  std::qsort(v, 2, sizeof v[0], [](const void* a, const void* b) {
    if (Oracle* p = std::exchange(inner, nullptr)) in_qsort(p);
    return *static_cast<const int*>(a) - *static_cast<const int*>(b);
  });
}
void in_sort(Oracle* o) {
  std::vector<int> v{3, 1, 2};
  bool parked = false;
  std::sort(v.begin(), v.end(), [&](int a, int b) {
    if (!std::exchange(parked, true)) o->park();
    return a < b;
  });
}

const struct {
  const char* name;
  Shape run;
  bool foreign;  // a library without frame pointers stands in between
} kShapes[] = {{"plain", plain, false},
               {"deep", deep, false},
               {"a frame of a size unknown to the compiler", dynamic_frame, false},
               {"a frame of many pages", big_frame, false},
               {"a realigned frame", realigned_frame, false},
               {"in a catch block", in_catch, false},
               {"in a destructor, unwinding", in_unwinding, false},
               {"through a virtual function", through_virtual, false},
               {"through std::function", through_function, false},
               {"under std::sort", in_sort, false},
               {"under qsort", in_qsort, true},
               {"under bsearch", in_bsearch, false},
               {"under twalk", in_twalk, true},
               {"under qsort under qsort", in_qsort_in_qsort, true}};

}  // namespace

TEST_CASE("whatever a parked stack looks like, the walker agrees with the unwinder", "[walk]") {
  for (auto& shape : kShapes) {
    CAPTURE(shape.name);
    Oracle o;
    auto done = make_chan<int>();
    go([&, done, run = shape.run] {
      run(&o);
      done.send(1);
    });
    REQUIRE(receivers_parked(o.gate, 1));
    std::vector<uintptr_t> pcs(1000);
    runtime::WalkBuffer buffer;
    buffer.pcs = pcs.data();
    buffer.max = 1000;
    auto walked = runtime::walk_stack(o.gp, buffer);
    pcs.resize(walked.stored);
    CHECK(walked.complete);
#if !defined(GOLAB_ASAN) && !defined(GOLAB_TSAN)
    if (shape.foreign) CHECK(walked.by_tables);
#endif
    // The first address is in park itself, where it called the unwinder.
    REQUIRE(o.pcs.size() > 2);
    std::vector<uintptr_t> callers(o.pcs.begin() + 1, o.pcs.end());
    REQUIRE(pcs.size() > callers.size());
    std::vector<uintptr_t> tail(pcs.end() - static_cast<long>(callers.size()), pcs.end());
    CHECK(tail == callers);
    o.gate.send(1);
    done.recv();
  }
}
