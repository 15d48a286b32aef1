// after_load.h: a program in the classroom, before the load of its manifest and after it.
#pragma once

#include <string>
#include <utility>

#include "course/lab/exercise.h"
#include "course/lab/service.h"
#include "runtime/errors/errors.h"

namespace lab {

struct AfterLoad {
  std::string dump_at_rest;  // the text of ?debug=2
  // After the load and two minutes of class time, or what the manifest says if that is more; with the
  // connection that fetched it, as for curl.
  Fetched profile;
  std::string dump;  // then, while a few requests of the load are at work again
};

// Requests that get no answer do not hold it up.
std::pair<AfterLoad, golab::error> look_after_load(const Exercise& exercise,
                                                   const std::string& program);

}  // namespace lab
