// states_test.cpp: every reason to wait, and every other state, in all three forms, as Go has them;
// and the order of a dump.
//
// golden/states.* is what Go's program states answered. states.cpp is the same program, with a few
// goroutines more. A goroutine is known by the first function of package main in its stack.
#include <algorithm>
#include <functional>
#include <map>
#include <vector>

#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/profile.h"
#include "tests/conformance/service.h"

namespace {

using namespace golab;
using Facts = std::map<std::string, std::string>;  // by the goroutine's function

std::string golden(const std::string& name) {
  return read_file(std::string(GOLDEN_DIR) + "/states." + name);
}

// A goroutine's own function; "" for those of package net/http, and for main.
std::string key_of(const std::vector<std::string>& functions) {
  for (const std::string& f : functions) {
    bool own = f.starts_with("main.state") || f.starts_with("main.select") || f == "main.inGroup";
    if (own || f == "main.labelledChild" || f.starts_with("main.main.func")) return f;
  }
  return "";
}

std::string joined(const std::vector<std::string>& functions) {
  std::string all;
  for (const std::string& f : functions) all += " " + f;
  return all;
}

// Of a dump: the state as printed, labels, functions, creator. `order` gets the keys.
Facts in_dump(const std::string& text, std::vector<std::string>* order = nullptr) {
  Facts facts;
  auto dump = profiler::read_debug2(text, "a dump");
  REQUIRE(dump.error.empty());
  for (const auto& g : dump.goroutines) {
    std::vector<std::string> functions;
    for (const auto& frame : g.frames) functions.push_back(frame.function);
    std::string key = key_of(functions);
    if (key.empty()) continue;
    if (order != nullptr) order->push_back(key);
    // Of two that are alike the first counts: requests had started more of them in Go's program.
    facts.try_emplace(key, g.state + (g.locked_to_thread ? ", locked" : "") + " {" + g.labels +
                               "}" + joined(functions) + " < " + g.created_by);
  }
  return facts;
}

// Of a counted profile, binary or text: labels and functions.
Facts in_profile(const std::string& bytes) {
  Facts facts;
  auto read = profiler::read_profile(bytes, "a profile");
  REQUIRE(read.error.empty());
  for (const auto& sample : read.profile.samples) {
    std::vector<std::string> functions;
    for (const auto& frame : profiler::frames_of_sample(read.profile, sample)) {
      if (frame.function != nullptr) functions.push_back(frame.function->name);
    }
    std::string key = key_of(functions);
    if (key.empty()) continue;
    std::string labels;
    for (const auto& label : sample.labels) labels += label.key + "=" + label.str + ";";
    facts[key] = labels + joined(functions);
  }
  return facts;
}

// What of Go's this program cannot have, or has otherwise (README.md, "states").
void leave_out(Facts* facts) {
  for (auto at = facts->begin(); at != facts->end();) {
    const std::string& key = at->first;
    bool out = key.starts_with("main.stateCoroutine") || key == "main.stateSyscall" ||
               key == "main.stateBusy" || key.starts_with("main.select") || key == "main.inGroup" ||
               key == "main.stateWithArg";
    at = out ? facts->erase(at) : std::next(at);
  }
}

class States {
 public:
  States() {
    for (int attempt = 0; attempt < 3; attempt++) {
      address_ = "127.0.0.1:" + std::to_string(free_port());
      child_ = std::make_unique<Child>(std::vector<std::string>{STATES, "--addr", address_});
      if (eventually([this] { return get("cmdline").find(STATES) == 0; })) break;
    }
  }
  std::string get(const std::string& path) const {
    return curl({"http://" + address_ + (path[0] == '/' ? "" : "/debug/pprof/") + path});
  }

 private:
  std::string address_;
  std::unique_ptr<Child> child_;
};

States& states() {
  static States s;
  return s;
}

// Asks until all is as Go has it: a goroutine may still be on its way to where it waits.
void compare(const std::string& path, const std::string& go, Facts (*facts)(const std::string&)) {
  Facts want = facts(go), found;
  leave_out(&want);
  eventually(std::chrono::seconds(5), [&] {
    found = facts(states().get(path));
    leave_out(&found);
    return found == want;
  });
  CHECK(want.size() >= 20);
  for (const auto& [key, all] : want) CHECK(key + ": " + found[key] == key + ": " + all);
  CHECK(found.size() == want.size());
}

}  // namespace

TEST_CASE("every state of a goroutine is Go's in a dump", "[conformance][states]") {
  compare("goroutine?debug=2", golden("debug2.txt"),
          [](const std::string& text) { return in_dump(text); });
}

TEST_CASE("every state of a goroutine is Go's in the text form", "[conformance][states]") {
  compare("goroutine?debug=1", golden("debug1.txt"), in_profile);
}

TEST_CASE("every state of a goroutine is Go's in the binary form", "[conformance][states]") {
  compare("goroutine", golden("pb.gz"), in_profile);
}

TEST_CASE("what has no counterpart in Go's capture is as Go's compiler makes it",
          "[conformance][states]") {
  Facts dump, profile;
  eventually(std::chrono::seconds(5), [&] {
    dump = in_dump(states().get("goroutine?debug=2"));
    profile = in_profile(states().get("goroutine"));
    return dump["main.selectOne"].starts_with("chan receive {");
  });
  const std::string made = " < main.main";
  SECTION("a select with one case is that operation") {
    CHECK(dump["main.selectOne"] == "chan receive {} main.selectOne" + made);
    CHECK(dump["main.selectOneSend"] == "chan send {} main.selectOneSend" + made);
    CHECK(dump["main.selectOneNil"] == "chan receive (nil chan) {} main.selectOneNil" + made);
    CHECK(profile["main.selectOne"] ==
          " runtime.gopark runtime.chanrecv runtime.chanrecv1 main.selectOne");
    CHECK(profile["main.selectOneSend"] ==
          " runtime.gopark runtime.chansend runtime.chansend1 main.selectOneSend");
  }
  SECTION("a select of nil channels is one") {
    CHECK(dump["main.selectNil"] == "select {} main.selectNil" + made);
    CHECK(profile["main.selectNil"] == " runtime.gopark runtime.selectgo main.selectNil");
  }
  SECTION("an errgroup has its full path") {
    CHECK(dump["main.inGroup"] ==
          "sync.WaitGroup.Wait {} sync.runtime_SemacquireWaitGroup sync.(*WaitGroup).Wait "
          "golang.org/x/sync/errgroup.(*Group).Wait main.inGroup" +
              made);
    CHECK(states().get("goroutine?debug=2").find(
              "\nmain.inGroup.func1()\n") != std::string::npos);
    CHECK(states().get("goroutine?debug=2").find(
              "\ncreated by golang.org/x/sync/errgroup.(*Group).Go in goroutine ") !=
          std::string::npos);
  }
  SECTION("a busy loop is runnable, at its function; a system call is one") {
    CHECK(dump["main.stateBusy"] == "runnable {} main.stateBusy" + made);
    CHECK(dump["main.stateSyscall"].starts_with("syscall {}"));
  }
}

TEST_CASE("a goroutine that has not run yet names its function", "[conformance][states]") {
  auto blocks = [](const std::string& text) {
    std::map<std::string, std::string> found;  // functions, by the first one
    auto dump = profiler::read_debug2(text, "a dump");
    REQUIRE(dump.error.empty());
    for (const auto& g : dump.goroutines) {
      if (g.state != "runnable" || g.created_by != "main.fresh") continue;
      std::vector<std::string> functions;
      std::string offsets;
      for (const auto& frame : g.frames) {
        functions.push_back(frame.function);
        offsets += frame.offset != 0 ? " +" : " -";
      }
      found[functions[0]] = joined(functions) + offsets;
    }
    return found;
  };
  auto want = blocks(golden("fresh.txt"));
  REQUIRE(want.size() == 2);
  // Both may have run before the dump is taken, on another processor.
  std::map<std::string, std::string> found;
  CHECK(eventually([&] {
    found = blocks(states().get("/fresh"));
    return found == want;
  }));
  CHECK(found == want);
}

TEST_CASE("a dump lists a fresh program's goroutines as they were created, as Go's does",
          "[conformance][states]") {
  std::vector<std::string> want;
  in_dump(golden("debug2.txt"), &want);
  auto ours = [](const std::string& key) {
    return key.starts_with("main.select") || key == "main.inGroup" || key == "main.stateWithArg" ||
           key.starts_with("main.stateCoroutine") || key == "main.labelledChild";
  };
  std::erase_if(want, ours);
  for (int i = 0; i < 5; i++) {
    States program;
    std::vector<std::string> found;
    in_dump(program.get("goroutine?debug=2"), &found);
    std::erase_if(found, ours);
    // Later requests to Go's program had started a goroutine more of these.
    auto first = [](std::vector<std::string> keys) {
      std::vector<std::string> kept;
      for (auto& k : keys)
        if (std::find(kept.begin(), kept.end(), k) == kept.end()) kept.push_back(k);
      return kept;
    };
    CHECK(joined(first(found)) == joined(first(want)));
  }
}
