// fixture.cpp: functions of every shape, each of which says under which name Go would show it.
//
// Built several times with different optimization, as loadable modules, so that the copies do not
// get in each other's way. HERE reports the address at which it stands, and what should be found
// there.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

using Report = void (*)(const char* name, unsigned long pc, int line, bool has_params);
static Report volatile report;

#define HERE_AS(name, has_params)                  \
  do {                                             \
    unsigned long pc_;                             \
    asm volatile("leaq 0(%%rip), %0" : "=r"(pc_)); \
    report(name, pc_, __LINE__, has_params);       \
    asm volatile("");                              \
  } while (false)
#define HERE(name) HERE_AS(name, true)
#define HERE_VOID(name) HERE_AS(name, false)

template <typename F>
[[gnu::noinline]] void call(F f) {
  f();
  HERE("main.call[...]");
}

void plain(int) { HERE("main.plain"); }
void no_parameters() { HERE_VOID("main.no_parameters"); }
extern "C" void c_linkage() { HERE_VOID("main.c_linkage"); }
inline void inlined_leaf(int) { HERE("main.inlined_leaf"); }
static void calls_inlined() {
  inlined_leaf(1);
  HERE_VOID("main.calls_inlined");
}

namespace {
void hidden_name() { HERE_VOID("main.hidden_name"); }
struct Hidden {
  void Method() { HERE("main.(*Hidden).Method"); }
};
}  // namespace

struct Pool {
  void Run() {
    call([this] {
      (void)this;
      HERE_VOID("main.(*Pool).Run.func1");
      call([] { HERE_VOID("main.(*Pool).Run.func1.1"); });
      call([] {
        call([] { HERE_VOID("main.(*Pool).Run.func1.2.1"); });
        HERE_VOID("main.(*Pool).Run.func1.2");
      });
    });
    HERE("main.(*Pool).Run");
  }
  int Len() const {
    call([] { HERE_VOID("main.Pool.Len.func1"); });
    HERE("main.Pool.Len");
    return 1;
  }
  static void Make() {
    call([](auto...) { HERE_VOID("main.Pool.Make.func1"); });
    HERE_VOID("main.Pool.Make");
  }
  Pool() { HERE("main.(*Pool).Pool"); }
  ~Pool() { HERE("main.(*Pool).~Pool"); }
  void operator()(int) { HERE("main.(*Pool).operator_call"); }
  bool operator==(int) const {
    HERE("main.Pool.operator_eq");
    return true;
  }
  explicit operator bool() const {
    HERE("main.Pool.operator_bool");
    return true;
  }
  struct Inner {
    void f() { HERE("main.(*Pool.Inner).f"); }
  };
};
int operator%(const Pool&, int) {
  HERE("main.operator_mod");
  return 0;
}

template <typename T>
struct Stack {
  void Push(T) {
    HERE("main.(*Stack[...]).Push");
    call([] { HERE_VOID("main.(*Stack[...]).Push.func1"); });
  }
  template <typename U>
  U As() const {
    HERE("main.Stack[...].As[...]");
    return U();
  }
};
template <typename T>
void Map(T) {
  HERE("main.Map[...]");
}

auto in_variable = [](int) { HERE("main.init.func1"); };

namespace shop {
void open() { HERE_VOID("shop.open"); }
namespace till {
struct Drawer {
  void Ring() { HERE("shop/till.(*Drawer).Ring"); }
};
}  // namespace till
}  // namespace shop

namespace golab {
namespace net::http {
struct conn {
  [[gnu::noinline]] void serve() {
    HERE("net/http.(*conn).serve");
    call([] { HERE_VOID("net/http.(*conn).serve.func1"); });
  }
};
void Redirect() { HERE_VOID("net/http.Redirect"); }
// Go has no such function.
void ours_alone() { HERE(""); }
// Our own code may use the standard library without its showing.
[[gnu::noinline]] void Serve(const std::function<void(int)>& f) { f(7); }
}  // namespace net::http
template <typename F>
void go(F f) {
  f();
  HERE("");
}
template <typename T>
struct Chan {
  void send(T) { HERE(""); }
};
namespace glue {
template <typename F>
[[gnu::noinline]] void wrap(void* p) {
  (*static_cast<F*>(p))();
  HERE("");
}
void stub() {
  call([] { HERE(""); });
}
}  // namespace glue
}  // namespace golab

static void many_closures(int n) {
  auto first = [](int) { HERE("main.many_closures.func1"); };
  auto second = [] { HERE_VOID("main.many_closures.func2"); };
  if (n > 0) {
    auto third = [](int) { HERE("main.many_closures.func3"); };
    std::function<void(int)> fourth = [](int) { HERE("main.many_closures.func4"); };
    third(1);
    fourth(1);
  }
  golab::go([=] {
    (void)n;
    HERE_VOID("main.many_closures.func5");
  });
  second();
  first(1);
  auto wrapped = [] { HERE_VOID("main.many_closures.func6"); };
  golab::glue::wrap<decltype(wrapped)>(&wrapped);
  void (*pointer)() = [] { HERE_VOID("main.many_closures.func7"); };
  pointer();
}

static void local_class() {
  struct Local {
    void f() { HERE("main.(*Local).f"); }
  };
  Local().f();
}

static void handler_under_test() {
  golab::net::http::Serve([](int) { HERE("main.handler_under_test.func1"); });
}

static void user_calls_library() {
  std::vector<int> v = {3, 1, 2};
  std::for_each(v.begin(), v.end(), [](int) { HERE("main.user_calls_library.func1"); });
}

extern "C" [[gnu::visibility("default")]] void run_fixture(Report r) {
  report = r;
  plain(1);
  no_parameters();
  c_linkage();
  calls_inlined();
  hidden_name();
  Hidden().Method();
  {
    Pool p;
    p.Run();
    p.Len();
    Pool::Make();
    p(1);
    (void)(p == 1);
    (void)static_cast<bool>(p);
    (void)(p % 2);
    Pool::Inner().f();
  }
  Stack<int>().Push(1);
  Stack<std::string>().Push("x");
  Stack<int>().As<long>();
  Map(1.0);
  Map(std::string());
  in_variable(1);
  shop::open();
  shop::till::Drawer().Ring();
  golab::net::http::conn().serve();
  golab::net::http::Redirect();
  golab::net::http::ours_alone();
  golab::Chan<int>().send(1);
  golab::glue::stub();
  many_closures(1);
  local_class();
  handler_under_test();
  user_calls_library();
}
