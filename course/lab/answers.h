// answers.h: how the solution answers the requests of the manifest, and whether another program
// answers them so.
//
// What counts is the status, the body and the class time. A request may not take longer than the
// solution lets it take, or the leak was only made into a wait. If the manifest says that a request
// has work to do (`work`, `results` or `waits`), it may not take less than half the solution's time
// either: then it was answered before the work was done.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/trial.h"

namespace lab {

// The answers to one line of the manifest.
struct ExpectedExchange {
  std::string gate;  // of the part that the line belongs to
  RequestLine line;
  std::vector<Answer> answers;  // each different one once
  int64_t slowest_ns = 0;
  int64_t quickest_ns = 0;
};

// Of the whole manifest, under one GOMAXPROCS.
struct Expectation {
  int procs = 0;
  std::vector<ExpectedExchange> exchanges;
};

Expectation expectation_of(const Trial& trial);

// What is wrong with an exchange of this part, for people. Empty if nothing is.
std::string wrong_answer(const Exercise& exercise, const Expectation& expectation,
                         const std::string& gate, const Exchange& exchange);

// The answers of the solution under each of these GOMAXPROCS. They are measured once for each binary
// of the solution and each manifest, and kept in mine/.lab/answers/ if all went well.
std::pair<std::vector<Expectation>, golab::error> solution_answers(
    const golab::context::Context& ctx, const Exercise& exercise, const std::vector<int>& procs);

// The program under each of these GOMAXPROCS, at the same time.
std::vector<Trial> try_under_each(const golab::context::Context& ctx, const Exercise& exercise,
                                  const std::string& program, const std::vector<int>& procs);

}  // namespace lab
