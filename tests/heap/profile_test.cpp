// profile_test.cpp: the heap and the allocs profile: exact at rate 1, unbiased at Go's rate, in both
// of Go's forms, and read by Go's own pprof.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <thread>

#include "profiler/endpoints/lookup.h"
#include "profiler/formats/delta.h"
#include "profiler/formats/profile_reader.h"
#include "runtime/golab.h"
#include "runtime/heap/mprof.h"
#include "tests/catch.h"
#include "tests/child.h"

using namespace golab;

namespace {

// From here on each allocation is in the profile.
class EachOne {
 public:
  EachOne() : rate_(runtime::MemProfileRate.exchange(1)) {}
  ~EachOne() { runtime::MemProfileRate = rate_; }

 private:
  int rate_;
};

std::string profile_text(std::string_view name, int debug) {
  std::string text;
  auto append = [&](std::string_view piece) {
    text += piece;
    return error();
  };
  error err = pprof::Lookup(name)->WriteTo(append, debug);
  return err == nullptr ? text : "error: " + err.Error();
}

struct Values {
  int64_t alloc_objects = 0, alloc_bytes = 0, inuse_objects = 0, inuse_bytes = 0;
  int stacks = 0;
  bool operator==(const Values&) const = default;
};

// Of the stacks with this leaf.
Values by_leaf(const std::string& binary, std::string_view leaf) {
  profiler::ReadResult read = profiler::read_profile(binary, "own");
  REQUIRE(read);
  Values v;
  for (const profiler::Sample& s : read.profile.samples) {
    auto frames = profiler::frames_of_sample(read.profile, s);
    if (frames.empty() || frames.front().function == nullptr) continue;
    if (frames.front().function->name != leaf) continue;
    v.alloc_objects += s.values[0];
    v.alloc_bytes += s.values[1];
    v.inuse_objects += s.values[2];
    v.inuse_bytes += s.values[3];
    v.stacks++;
  }
  return v;
}
Values by_leaf(std::string_view leaf) { return by_leaf(profile_text("heap", 0), leaf); }

}  // namespace

// What a test allocates is in package main, each under a name of its own.
void* hold_hundred() { return operator new(100); }
void* hold_large() { return operator new(1 << 20); }
void* hold_in_turns(size_t n) { return operator new(n); }
void fill_vector(std::vector<int>* v) { v->resize(1000); }
void fill_string(std::string* s) { s->assign("a text that is longer than sixteen"); }
Chan<int> hold_channel() { return make_chan<int>(64); }
void* hold_in_thread() { return operator new(300); }
void* hold_on_big_stack() {
  void* p = nullptr;
  runtime::systemstack([&p] { p = operator new(5000); });
  return p;
}
void* hold_many(size_t n) { return operator new(n); }
void* hold_early(size_t n) { return operator new(n); }
void* hold_for_go() { return operator new(2000); }
void* hold_for_pprof() { return operator new(2000); }

TEST_CASE("at rate 1 the profile is exact", "[heap][profile]") {
  EachOne each;
  std::vector<void*> held;
  for (int i = 0; i < 10; i++) held.push_back(hold_hundred());
  for (int i = 0; i < 3; i++) held.push_back(hold_large());
  CHECK(by_leaf("main.hold_hundred") == Values{10, 1120, 10, 1120, 1});
  CHECK(by_leaf("main.hold_large") == Values{3, 3 << 20, 3, 3 << 20, 1});
  for (int i = 0; i < 4; i++) operator delete(std::exchange(held[i], nullptr));
  operator delete(std::exchange(held[12], nullptr));
  CHECK(by_leaf("main.hold_hundred") == Values{10, 1120, 6, 672, 1});
  CHECK(by_leaf("main.hold_large") == Values{3, 3 << 20, 2, 2 << 20, 1});
  for (void* p : held) operator delete(p);
  // What is no longer held is still there, as in Go.
  CHECK(by_leaf("main.hold_hundred") == Values{10, 1120, 0, 0, 1});
}

TEST_CASE("objects of different sizes stay apart, with their size as a label", "[heap][profile]") {
  EachOne each;
  std::vector<void*> held;
  for (size_t n : {50, 60, 200}) held.push_back(hold_in_turns(n));
  CHECK(by_leaf("main.hold_in_turns") == Values{3, 64 + 64 + 208, 3, 64 + 64 + 208, 2});
  profiler::ReadResult read = profiler::read_profile(profile_text("heap", 0), "own");
  REQUIRE(read);
  for (const profiler::Sample& s : read.profile.samples) {
    REQUIRE(s.labels.size() == 1);
    REQUIRE(s.labels[0].key == "bytes");
    REQUIRE(s.labels[0].num_unit.empty());
    REQUIRE(s.values[1] == s.values[0] * s.labels[0].num);
  }
  for (void* p : held) operator delete(p);
}

TEST_CASE("the head of the profile is Go's", "[heap][profile]") {
  for (const char* name : {"heap", "allocs"}) {
    CAPTURE(name);
    profiler::ReadResult read = profiler::read_profile(profile_text(name, 0), "own");
    REQUIRE(read);
    const std::vector<profiler::ValueType> types{{"alloc_objects", "count"},
                                                 {"alloc_space", "bytes"},
                                                 {"inuse_objects", "count"},
                                                 {"inuse_space", "bytes"}};
    CHECK(read.profile.sample_types == types);
    CHECK(read.profile.period_type == profiler::ValueType{"space", "bytes"});
    CHECK(read.profile.period == 512 << 10);
    CHECK(read.profile.time_nanos != 0);
    CHECK(read.profile.default_sample_type == (name[0] == 'a' ? "alloc_space" : ""));
  }
}

TEST_CASE("the leaf is the function that allocates, whatever it allocates by", "[heap][profile]") {
  EachOne each;
  std::vector<int> v;
  fill_vector(&v);
  CHECK(by_leaf("main.fill_vector").inuse_bytes == 4096);
  std::string s;
  fill_string(&s);  // the code that calls new is in the C++ library, without frame pointers
  CHECK(by_leaf("main.fill_string").inuse_objects == 1);
  {
    Chan<int> ch = hold_channel();
    CHECK(by_leaf("main.hold_channel").inuse_bytes >= 256);
  }
  CHECK(by_leaf("main.hold_channel").inuse_bytes == 0);
  void* big = hold_on_big_stack();
  CHECK(by_leaf("main.hold_on_big_stack").inuse_bytes == 5120);
  operator delete(big);
  void* p = nullptr;
  std::thread([&p] { p = hold_in_thread(); }).join();
  CHECK(by_leaf("main.hold_in_thread").inuse_bytes == 320);
  operator delete(p);
  sync::WaitGroup wg;
  std::atomic<void*> q{nullptr};
  wg.Go([&q] { q = hold_for_go(); });
  wg.Wait();
  CHECK(by_leaf("main.hold_for_go").inuse_bytes == 2048);
  operator delete(q);
}

TEST_CASE("at Go's rate the estimates are unbiased, for all sizes", "[heap][profile]") {
  // The number of samples of one size is nearly Poisson's, so the estimate is within five times its
  // deviation in all but one of a million runs.
  REQUIRE(runtime::MemProfileRate == 512 << 10);
  struct Size {
    size_t bytes;
    int64_t count;
  };
  int64_t all = 0, allowed = 0;
  for (Size size : {Size{1024, 2'000'000}, {16384, 100'000}, {524288, 3000}, {2 << 20, 500}}) {
    CAPTURE(size.bytes);
    const Values before = by_leaf("main.hold_many");
    for (int64_t i = 0; i < size.count; i++) operator delete(hold_many(size.bytes));
    const Values after = by_leaf("main.hold_many");
    const double chance = 1 - std::exp(-static_cast<double>(size.bytes) / (512 << 10));
    const double truth = static_cast<double>(size.count);
    const double off = static_cast<double>(after.alloc_objects - before.alloc_objects) - truth;
    const double deviation = std::sqrt(truth * (1 - chance) / chance);
    CHECK(std::abs(off) <= 5 * deviation + 2);
    CHECK(after.inuse_objects == 0);
    all += after.alloc_objects - before.alloc_objects;
    allowed += size.count;
  }
  CHECK(all > allowed / 2);
}

TEST_CASE("rate 0 records nothing, and a change counts at once", "[heap][profile]") {
  const int rate = runtime::MemProfileRate.exchange(0);
  void* none = hold_early(777);
  CHECK(by_leaf("main.hold_early") == Values{});
  runtime::MemProfileRate = 1;
  void* one = hold_early(777);
  CHECK(by_leaf("main.hold_early").inuse_objects == 1);
  operator delete(none);
  CHECK(by_leaf("main.hold_early").inuse_objects == 1);
  operator delete(one);
  CHECK(by_leaf("main.hold_early").inuse_objects == 0);
  runtime::MemProfileRate = rate;
}

TEST_CASE("GODEBUG=memprofilerate sets the rate", "[heap][profile]") {
  CHECK(run_child({HEAP_CHILD, "rate"}, {}, 30).out == "524288\n");
  CHECK(run_child({HEAP_CHILD, "rate"}, {"GODEBUG=x=1,memprofilerate=4096"}, 30).out == "4096\n");
  CHECK(run_child({HEAP_CHILD, "rate"}, {"GODEBUG=memprofilerate=0,y=2"}, 30).out == "0\n");
}

TEST_CASE("the text has Go's form", "[heap][profile]") {
  EachOne each;
  void* p = hold_large();
  for (const char* name : {"heap", "allocs"}) {
    const std::string text = profile_text(name, 1);
    CAPTURE(text.substr(0, 2000));
    std::smatch m;
    REQUIRE(std::regex_search(
        text, m,
        std::regex("^heap profile: ([0-9]+): ([0-9]+) \\[([0-9]+): ([0-9]+)\\] @ heap/2\n")));
    CHECK(std::stoll(m[1]) >= 1);
    CHECK(std::stoll(m[2]) >= 1 << 20);
    CHECK(std::regex_search(
        text, std::regex("\n1: 1048576 \\[[0-9]+: [0-9]+\\] @( 0x[0-9a-f]+)+\n#\t0x[0-9a-f]+\t"
                         "main\\.hold_large\\+0x[0-9a-f]+\t.*profile_test\\.cpp:[0-9]+\n")));
    // The record with the most bytes is the last one.
    const size_t tail = text.find("\n\n\n# runtime.MemStats\n# Alloc = ");
    CHECK(tail != std::string::npos);
    CHECK(text.find("# NumGC = 0\n") != std::string::npos);
    int64_t last = 0;
    bool ascending = true;
    const std::regex record("(^|\n)[0-9]+: ([0-9]+) \\[[0-9]+: [0-9]+\\] @ 0x");
    for (std::sregex_iterator at(text.begin(), text.end(), record), end; at != end; ++at) {
      const int64_t bytes = std::stoll((*at)[2]);
      ascending = ascending && bytes >= last;
      last = bytes;
    }
    CHECK(ascending);
  }
  operator delete(p);
}

TEST_CASE("the difference of two profiles has what was made in between", "[heap][profile]") {
  EachOne each;
  const std::string before = profile_text("heap", 0);
  void* p = hold_in_turns(9999);
  const std::string after = profile_text("heap", 0);
  std::string text;
  auto append = [&](std::string_view piece) {
    text += piece;
    return error();
  };
  REQUIRE(pprof::WriteDelta(append, before, after) == nullptr);
  CHECK(by_leaf(text, "main.hold_in_turns") == Values{1, 10240, 1, 10240, 1});
  operator delete(p);
}

TEST_CASE("profiles taken while eight threads allocate add up", "[heap][profile]") {
  EachOne each;
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  std::atomic<int64_t> made{0};
  for (int i = 0; i < 8; i++) {
    threads.emplace_back([&] {
      while (!stop && made < 40'000) {
        operator delete(hold_many(64));
        made++;
      }
    });
  }
  const Values before = by_leaf("main.hold_many");
  bool sane = true;
  for (int i = 0; i < 10; i++) {
    const Values v = by_leaf("main.hold_many");
    sane = sane && v.inuse_objects >= 0 && v.alloc_objects >= before.alloc_objects;
  }
  for (auto& t : threads) t.join();
  CHECK(sane);
  CHECK(by_leaf("main.hold_many").inuse_objects == 0);
}

TEST_CASE("go tool pprof reads both forms, by each sample type", "[heap][profile][go]") {
  const char* go = nullptr;
  for (const char* path : {"/usr/local/go/bin/go", "/usr/bin/go", "/usr/lib/go/bin/go"}) {
    if (go == nullptr && access(path, X_OK) == 0) go = path;
  }
  if (go == nullptr) return skip_test("go is not installed");
  char name[] = "/tmp/golab-heap-XXXXXX";
  const std::string dir = mkdtemp(name);
  EachOne each;
  std::vector<void*> held;
  for (int i = 0; i < 2000; i++) held.push_back(hold_for_pprof());
  for (size_t i = 0; i < 500; i++) operator delete(std::exchange(held[i], nullptr));
  std::ofstream(dir + "/heap.pb.gz") << profile_text("heap", 0);
  std::ofstream(dir + "/allocs.pb.gz") << profile_text("allocs", 0);
  std::ofstream(dir + "/heap.txt") << profile_text("heap", 1);
  auto pprof = [&](const std::string& args) {
    ChildResult r = run_child({"sh", "-c",
                               "cd / && PPROF_TMPDIR=" + dir + " exec " + go + " tool pprof " +
                                   std::regex_replace(args, std::regex("@"), dir + "/")},
                              {"GOFLAGS=-mod=mod", "GOTOOLCHAIN=local"}, 100);
    return r.out + r.err;
  };
  struct Asked {
    const char *args, *type, *row;
  };
  for (Asked a : {Asked{"@heap.pb.gz", "inuse_space", "3072000B"},
                  {"@allocs.pb.gz", "alloc_space", "4096000B"},
                  {"-sample_index=inuse_space @allocs.pb.gz", "inuse_space", "3072000B"},
                  {"-sample_index=inuse_objects @heap.pb.gz", "inuse_objects", "1500B"},
                  {"-sample_index=alloc_objects @heap.pb.gz", "alloc_objects", "2000B"},
                  {"-sample_index=alloc_space @heap.pb.gz", "alloc_space", "4096000B"}}) {
    CAPTURE(a.args);
    const std::string out = pprof("-top -unit=B -focus=hold_for_pprof " + std::string(a.args));
    CAPTURE(out);
    CHECK(out.find("Type: " + std::string(a.type) + "\n") != std::string::npos);
    CHECK(std::regex_search(
        out, std::regex("\n +" + std::string(a.row) + " .*%  main\\.hold_for_pprof\n")));
  }
  // As pprof reads what tcmalloc writes: with the size of an object as a label.
  const std::string raw = pprof("-raw @heap.txt");
  CAPTURE(raw.substr(0, 1000));
  CHECK(raw.find("PeriodType: space bytes\nPeriod: 1\n") != std::string::npos);
  CHECK(std::regex_search(
      raw, std::regex("\n +2000 +4096000 +1500 +3072000: [ 0-9]+\n +bytes:\\[2048\\]\n")));
  for (void* p : held) operator delete(p);
  std::filesystem::remove_all(dir);
}
