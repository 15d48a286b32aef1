// symbols_test.cpp: addresses in code of every shape are shown under Go's names.
#include "runtime/traceback/symbols.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>
#include "tests/catch.h"

#include "runtime/traceback/naming.h"

using golab::runtime::Frame;
using golab::runtime::frames_of;
using golab::runtime::StackFrame;

namespace {

struct Site {
  std::string name;  // "" for code that must not show
  uintptr_t pc;
  int line;
  bool has_params;
  std::vector<void*> stack;
};
std::vector<Site> sites;

void collect(const char* name, unsigned long pc, int line, bool has_params) {
  std::vector<void*> stack(64);
  stack.resize(static_cast<size_t>(backtrace(stack.data(), 64)));
  sites.push_back({name, pc, line, has_params, std::move(stack)});
}

void run_fixture(const std::string& variant) {
  std::string path = std::string(FIXTURE_DIR) + "/traceback_fixture_" + variant + ".so";
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  INFO(path);
  REQUIRE(module != nullptr);
  auto run = reinterpret_cast<void (*)(void (*)(const char*, unsigned long, int, bool))>(
      dlsym(module, "run_fixture"));
  REQUIRE(run != nullptr);
  sites.clear();
  run(collect);
  REQUIRE(sites.size() > 40);
}

std::vector<std::string> names_of(const Site& site) {
  std::vector<uintptr_t> pcs;
  for (void* pc : site.stack) pcs.push_back(reinterpret_cast<uintptr_t>(pc));
  std::vector<std::string> names;
  for (const StackFrame& f : frames_of(pcs.data(), pcs.size())) {
    names.emplace_back(f.frame->function);
  }
  return names;
}

bool contains(const std::vector<std::string>& names, const std::string& part) {
  for (const std::string& n : names) {
    if (n.find(part) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("every kind of function is shown under its name in Go", "[symbols][naming]") {
  auto variant = GENERATE(std::string("O0"), std::string("Og"), std::string("O2"));
  run_fixture(variant);
  for (const Site& site : sites) {
    INFO(variant << " line " << site.line);
    const std::vector<StackFrame> frames = frames_of(&site.pc, 1, true);
    if (site.name.empty()) {
      // Glue shows nothing of itself; what it was inlined into may show, with a line of its own.
      for (const StackFrame& f : frames) CHECK(f.frame->line != site.line);
      continue;
    }
    REQUIRE(!frames.empty());
    const Frame& f = *frames.front().frame;
    CHECK(f.function == site.name);
    CHECK(f.line == site.line);
    CHECK(f.has_params == site.has_params);
    CHECK(f.file == FIXTURE_SOURCE);
    CHECK(f.start_line > 0);
    CHECK(f.start_line <= site.line);
    CHECK(f.entry <= site.pc);
    CHECK(!f.system_name.empty());
    CHECK(f.system_name != f.function);
    CHECK(!frames.back().inlined);
    for (size_t i = 0; i + 1 < frames.size(); i++) CHECK(frames[i].inlined);
  }
}

TEST_CASE("library plumbing shows where the user called it only", "[symbols][naming]") {
  run_fixture("O0");
  bool handler = false;
  bool library = false;
  for (const Site& site : sites) {
    if (site.name == "main.handler_under_test.func1") {
      std::vector<std::string> names = names_of(site);
      // Go: the handler, called by our code, called by the user. No std::function in between.
      REQUIRE(names.size() > 4);
      auto at = std::find(names.begin(), names.end(), "main.handler_under_test.func1");
      REQUIRE(at != names.end());
      CHECK(*(at + 1) == "net/http.Serve");
      CHECK(*(at + 2) == "main.handler_under_test");
      handler = true;
    }
    if (site.name == "main.user_calls_library.func1") {
      CHECK(contains(names_of(site), "std.for_each[...]"));
      library = true;
    }
  }
  CHECK(handler);
  CHECK(library);
}

TEST_CASE("a closure that glue calls is the user's", "[symbols][naming]") {
  run_fixture("O0");
  for (const Site& site : sites) {
    if (site.name != "main.many_closures.func6") continue;
    std::vector<std::string> names = names_of(site);
    auto at = std::find(names.begin(), names.end(), site.name);
    REQUIRE(at != names.end());
    CHECK(*(at + 1) == "main.many_closures");  // golab::glue::wrap left out
    return;
  }
  FAIL("site not reached");
}

TEST_CASE("code without debug information has its bare symbol", "[symbols]") {
  SECTION("of libc") {
    auto pc = reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "getenv"));
    uintptr_t inside = pc + 1;
    auto frames = frames_of(&inside, 1, true);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].frame->function == "getenv");
    CHECK(frames[0].frame->entry == pc);
  }
  SECTION("of the vdso") {
    uintptr_t base = getauxval(AT_SYSINFO_EHDR);
    bool found = false;
    for (uintptr_t pc = base; base != 0 && pc < base + 8192 && !found; pc += 16) {
      auto frames = frames_of(&pc, 1, true);
      found = frames.size() == 1 && frames[0].frame->function.starts_with("__vdso_");
    }
    CHECK((found || base == 0));
  }
  SECTION("at no code at all") {
    uintptr_t nowhere = 1;
    auto frames = frames_of(&nowhere, 1, true);
    REQUIRE(frames.size() == 1);
    CHECK(frames[0].frame->function.empty());
  }
}

TEST_CASE("symbols without debug information get sane names", "[naming]") {
  using golab::runtime::name_of_symbol;
  CHECK(name_of_symbol("malloc").go == "malloc");
  CHECK(name_of_symbol("memcpy@@GLIBC_2.14").go == "memcpy");
  CHECK(name_of_symbol("_Z6workeri").go == "worker");
  CHECK(name_of_symbol("_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE").go ==
        "std.condition_variable.wait");
  CHECK(name_of_symbol("_ZNSt6vectorIiSaIiEE9push_backERKi").go == "std.vector[...].push_back");
  CHECK(name_of_symbol("_ZNKSt8functionIFviEEclEi").go == "std.function[...].operator_call");
  CHECK(name_of_symbol("_ZStlsISt11char_traitsIcEERSt13basic_ostreamIcT_ES5_PKc").go ==
        "std.operator_shl[...]");
  CHECK(name_of_symbol("_Znwm").go == "operator_new");
  CHECK(name_of_symbol("_ZN5golab7runtime6goexitEv").go == "runtime.goexit");
  CHECK(name_of_symbol("_ZZN5golab4time3fooEvENKUlvE0_clEv").go == "time.foo.func2");
  CHECK(name_of_symbol("_ZZN4Pool3RunEvENKUlvE_clEv.isra.0").go == "Pool.Run.func1");
  CHECK(name_of_symbol("_ZZNK4Pool3RunEvENKUlvE_clEv").go == "Pool.Run.func1");  // Run is const
  CHECK(name_of_symbol("_ZN12_GLOBAL__N_14anonEv").go == "anon");
  CHECK(name_of_symbol("_Znonsense").go == "_Znonsense");
  CHECK(name_of_symbol("").go.empty());
}

TEST_CASE("threads may ask for names at once", "[symbols]") {
  run_fixture("Og");
  std::vector<std::thread> threads;
  std::vector<std::string> wrong(4);
  for (int t = 0; t < 4; t++) {
    threads.emplace_back([&wrong, t] {
      for (const Site& site : sites) {
        auto frames = frames_of(&site.pc, 1, true);
        if (!site.name.empty() && frames.front().frame->function != site.name) wrong[t] = site.name;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  for (const std::string& w : wrong) CHECK(w.empty());
}
