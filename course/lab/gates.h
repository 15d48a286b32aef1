// gates.h: from what was seen of a program to the gates of a judgement.
#pragma once

#include <string>
#include <vector>

#include "course/lab/answers.h"
#include "course/lab/judge.h"
#include "course/lab/trial.h"

namespace lab {

// The gates from `answers` on, those that the exercise has. Each trial is compared with the
// expectation of the same GOMAXPROCS.
std::vector<Gate> gates_of(const Exercise& exercise, const std::vector<Expectation>& expectations,
                           const std::vector<Trial>& trials);

}  // namespace lab
