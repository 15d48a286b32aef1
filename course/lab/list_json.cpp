// list_json.cpp: the list of exercises for scripts.
#include <nlohmann/json.hpp>

#include "course/lab/student.h"

namespace lab {

std::string list_json(const std::vector<Exercise>& all) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Exercise& exercise : all) {
    nlohmann::ordered_json one = {{"name", exercise.name},
                                  {"chapter", exercise.chapter},
                                  {"title", exercise.title},
                                  {"minutes", exercise.minutes},
                                  {"state", state_of(exercise)}};
    if (!exercise.problem.empty()) one["problem"] = exercise.problem;
    list.push_back(one);
  }
  using Bytes = nlohmann::ordered_json::error_handler_t;
  return list.dump(2, ' ', false, Bytes::replace) + "\n";
}

}  // namespace lab
