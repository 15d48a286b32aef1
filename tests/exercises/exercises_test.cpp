// exercises_test.cpp: the promise of every manifest: what one request leaves behind, and where.
#include <map>
#include <vector>

#include "course/lab/compare.h"
#include "tests/catch.h"

namespace {

std::vector<lab::Exercise> all_exercises() {
  auto [all, err] = lab::exercises();
  REQUIRE(err == nullptr);
  return all;
}

lab::Side measured(const lab::Exercise& exercise, bool solution, int requests) {
  lab::Progress progress;
  auto [side, err] =
      lab::measure(exercise, solution, {.requests = requests, .clients = 3}, &progress);
  if (err != nullptr) FAIL(err.Error());
  return std::move(side);
}

// "1500 main.worker, 20 main.producer": what Catch2 can print, too.
std::string text_of(const std::map<std::string, int64_t>& counts) {
  std::string text;
  for (const auto& [function, count] : counts) {
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + function;
  }
  return text;
}

}  // namespace

TEST_CASE("as shipped, each exercise leaks exactly what its manifest says", "[exercises]") {
  for (const lab::Exercise& exercise : all_exercises()) {
    DYNAMIC_SECTION(exercise.name) {
      lab::Side side = measured(exercise, false, exercise.requests);
      std::map<std::string, int64_t> promised, found;
      int64_t total = side.rest.goroutines;
      for (const lab::PromisedLeak& leak : exercise.leaks) {
        promised[leak.function] += leak.per_request * exercise.requests;
        total += leak.per_request * exercise.requests;
      }
      for (const auto& leaked : side.verdict.leaked) {
        found[leaked.stack.function] += leaked.stack.delta();
      }
      CHECK(!promised.empty());
      CHECK(text_of(found) == text_of(promised));
      CHECK(side.rest.goroutines == 3);
      CHECK(side.after.goroutines == total);
    }
  }
}

TEST_CASE("each solution has as many goroutines after any load as before", "[exercises]") {
  for (const lab::Exercise& exercise : all_exercises()) {
    for (int requests : {1, exercise.requests, 200}) {
      DYNAMIC_SECTION(exercise.name << ", " << requests << " requests") {
        lab::Side side = measured(exercise, true, requests);
        CHECK_FALSE(side.verdict.leaks);
        CHECK(side.rest.goroutines == 3);
        CHECK(side.after.goroutines == 3);
      }
    }
  }
}
