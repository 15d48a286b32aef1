// watch_url.cpp: a profile every second.
#include "course/lab/watch_url.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "course/lab/exercise.h"
#include "course/lab/output.h"
#include "course/lab/pager.h"
#include "course/lab/terminal.h"
#include "course/lab/web.h"
#include "profiler/analysis/diff.h"
#include "profiler/analysis/sample_type.h"
#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"

namespace lab {
namespace {

using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::shown;

const char* state_text(const Place& place) {
  return place.state.empty() ? "running or runnable" : place.state.c_str();
}

bool same_place(const Place& a, const Place& b) {
  return a.state == b.state && a.function == b.function && a.file == b.file && a.line == b.line;
}

int64_t count_at(const Sighting& sighting, const Place& place) {
  for (const Place& each : sighting.places) {
    if (same_place(each, place)) return each.count;
  }
  return 0;
}

// "+1500", "-3", "" for no change.
std::string change_text(int64_t change) {
  if (change == 0) return "";
  return (change > 0 ? "+" : "") + std::to_string(change);
}

std::string row(const std::string& count, const std::string& change) {
  char text[48];
  std::snprintf(text, sizeof text, "%7s %7s  ", count.c_str(), change.c_str());
  return text;
}

std::pair<Sighting, error> look(const http::Client& client, const std::string& url,
                                std::vector<std::string>& warnings) {
  auto [bytes, err] = get(client, url);
  if (err != nullptr) return {{}, err};
  profiler::ReadResult read = profiler::read_profile(bytes, without_credentials(url).url);
  if (!read) return {{}, errors::New(read.error)};
  warnings = std::move(read.warnings);
  profiler::choose_type(read.profile);
  const profiler::ValueType& type = read.profile.sample_types.at(0);
  if (type.unit != "count" || type.type == "contentions") {
    return {{},
            errors::New(fmt::Sprintf("%s: this counts %s, and no goroutines",
                                     without_credentials(url).url, type.type))};
  }
  return {sighting_of(read.profile, time::Now().Format(time::TimeOnly)), nullptr};
}

}  // namespace

Sighting sighting_of(const profiler::SymbolizedProfile& profile, const std::string& time) {
  Sighting sighting{time, profiler::total(profile), {}};
  for (const auto& stack : profiler::diff({}, profile, {.by_line = true}).stacks) {
    Place place{stack.state, stack.function, stack.file, stack.line, stack.after};
    auto known = std::find_if(sighting.places.begin(), sighting.places.end(),
                              [&](const Place& each) { return same_place(each, place); });
    if (known == sighting.places.end()) {
      sighting.places.push_back(place);
    } else {
      known->count += place.count;
    }
  }
  std::stable_sort(sighting.places.begin(), sighting.places.end(),
                   [](const Place& a, const Place& b) { return a.count > b.count; });
  return sighting;
}

std::string render_sighting_line(const Sighting& sighting) {
  std::string text = sighting.time + "  total " + std::to_string(sighting.total);
  for (const Place& place : sighting.places) {
    text += "  " + std::to_string(place.count) + " " +
            (place.function.empty() ? "(not started)" : shown(place.function)) + " [" +
            shown(state_text(place)) + "]";
  }
  return text + "\n";
}

std::string render_sighting(const Sighting& first, const Sighting& now, const Screen& screen) {
  std::string text = coloured(row(std::to_string(now.total), change_text(now.total - first.total)) +
                                  "goroutines at " + now.time + ", and since " + first.time,
                              Colour::Bold, screen.colour) +
                     "\n\n";
  const std::string indent(17, ' ');
  const size_t rows = static_cast<size_t>(std::max(1, (screen.rows - 4) / 2));
  for (size_t i = 0; i < now.places.size() && i < rows; i++) {
    const Place& place = now.places[i];
    const int64_t change = place.count - count_at(first, place);
    text += coloured(row(std::to_string(place.count), change_text(change)),
                     change > 0 ? Colour::Red : Colour::None, screen.colour) +
            (place.function.empty() ? "(not started)" : shown(place.function)) + " [" +
            shown(state_text(place)) + "]\n";
    if (place.file.empty()) continue;
    text += coloured(indent + shown(short_path(place.file)) + ":" + std::to_string(place.line),
                     Colour::Dim, screen.colour) +
            "\n";
  }
  if (now.places.size() > rows) {
    text += indent + "and " + std::to_string(now.places.size() - rows) + " more places\n";
  }
  return text;
}

int watch_command(const WatchOptions& options) {
  const http::Client client{.Transport = http::NewTransport()};
  const std::string url = profile_url(options.url);
  const bool terminal = ::isatty(1);
  const auto interval = time::Duration(static_cast<int64_t>(options.interval * 1e9));
  Sighting first;
  std::vector<std::string> warnings, said;
  for (int looks = 0; options.count == 0 || looks < options.count; looks++) {
    if (looks > 0) time::Sleep(interval);
    auto [now, err] = look(client, url, warnings);
    if (err != nullptr) {
      if (terminal && looks > 0) print("\n");
      return failed(err, 1);
    }
    if (looks == 0) first = now;
    if (!terminal) {
      if (warnings != said) {  // not every second
        for (const std::string& warning : warnings) std::cerr << "lab: " << shown(warning) << "\n";
        said = warnings;
      }
      if (!print(render_sighting_line(now))) return 2;
      continue;
    }
    const Screen screen = output_screen();
    if (looks == 0) print("\033[2J");
    std::string text = render_sighting(first, now, screen) + "\n";
    for (const std::string& warning : warnings) text += shown(warning) + "\n";
    print(screen_text(text + "Ctrl-C ends it.", screen));
  }
  if (terminal) print("\n");
  return 0;
}

}  // namespace lab
