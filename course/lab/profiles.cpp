// profiles.cpp: reads profiles, says what is missing in them, and prints the report.
#include "course/lab/profiles.h"

#include <iostream>

#include "course/lab/exercise.h"
#include "course/lab/output.h"
#include "course/lab/terminal.h"
#include "course/lab/web.h"
#include "profiler/analysis/sample_type.h"
#include "profiler/formats/profile_reader.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"

namespace lab {
namespace {

// `status` is the exit status if it fails.
std::pair<profiler::SymbolizedProfile, error> load_profile(const std::string& name,
                                                           const std::string& type, int* status) {
  *status = is_url(name) ? 1 : 2;
  const std::string named = name == "-"    ? "standard input"
                            : is_url(name) ? without_credentials(name).url
                                           : without_passwords(name);
  profiler::ProfileReader reader(named);
  error err = read_pieces(name, [&](std::string_view piece) {
    reader.write(piece);
    return reader.failed() ? io::EOF_ : error(nullptr);
  });
  if (err != nullptr && err != io::EOF_) {
    // A URL's errors have no password. Something that was meant as one may be taken for a file.
    return {{}, is_url(name) ? err : errors::New(without_passwords(err.Error()))};
  }
  profiler::ReadResult read = reader.finish();
  if (!read) return {{}, errors::New(read.error)};
  for (const std::string& warning : read.warnings) {
    std::cerr << "lab: " << profiler::shown(warning) << "\n";
  }
  std::string no_type = profiler::choose_type(read.profile, type);
  if (!no_type.empty()) return {{}, errors::New(named + ": " + no_type)};
  return {std::move(read.profile), nullptr};
}

}  // namespace

int top_command(const TopArguments& arguments) {
  int status = 0;
  auto [profile, err] = load_profile(arguments.profile, arguments.type, &status);
  if (err != nullptr) return failed(err, status);
  print(profiler::render_top(profiler::top(profile, arguments.options)));
  return 0;
}

int diff_command(const DiffArguments& arguments) {
  int status = 0;
  auto [before, before_err] = load_profile(arguments.before, arguments.type, &status);
  if (before_err != nullptr) return failed(before_err, status);
  auto [after, after_err] = load_profile(arguments.after, arguments.type, &status);
  if (after_err != nullptr) return failed(after_err, status);
  if (std::string why = profiler::not_comparable(before, after); !why.empty()) {
    return failed(errors::New(why), 2);
  }
  profiler::RenderOptions render = arguments.render;
  render.colour = wants_colour(1);
  profiler::ProfileDiff diff = profiler::diff(before, after, arguments.options);
  for (profiler::StackChange& stack : diff.stacks) stack.file = short_path(stack.file);
  print(profiler::render_diff(diff, render));
  return 0;
}

}  // namespace lab
