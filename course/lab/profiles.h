// profiles.h: `lab top` and `lab diff`: reports on profiles of files and services.
#pragma once

#include <string>
#include <utility>

#include "profiler/analysis/diff.h"
#include "profiler/analysis/top.h"
#include "profiler/formats/profile.h"
#include "runtime/errors/errors.h"

namespace lab {

struct TopArguments {
  std::string profile;
  std::string type;  // a sample type; empty: pprof's default
  golab::profiler::TopOptions options;
};

struct DiffArguments {
  std::string before, after;
  std::string type;
  golab::profiler::RenderOptions render;
  golab::profiler::DiffOptions options;
};

int top_command(const TopArguments& arguments);
int diff_command(const DiffArguments& arguments);

}  // namespace lab
