// page_test.cpp: what a scraper gets from /metrics.
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include "profiler/endpoints/collectors.h"
#include "profiler/formats/gzip.h"
#include "tests/golden_lines.h"
#include "tests/live/live_service.h"
#include "tests/monitoring/prometheus.h"

namespace {

// The samples of a page by name and labels.
std::map<std::string, double> samples_of(const std::string& page) {
  std::map<std::string, double> samples;
  for (const std::string& line : lines_of(page)) {
    const size_t blank = line.rfind(' ');
    if (line.starts_with('#') || blank == line.npos) continue;
    samples[line.substr(0, blank)] = std::strtod(line.c_str() + blank, nullptr);
  }
  return samples;
}

bool has_line(const std::string& text, const std::string& line) {
  const auto lines = lines_of(text);
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

// The # TYPE lines and the bounds of a page, or of what client_golang prints. The bounds in 15
// digits: prometheus-cpp 1.0 prints 16, Go what tells a number from its neighbours.
std::string types_and_bounds(const std::string& text) {
  std::string found;
  for (const std::string& line : lines_of(text)) {
    const size_t bound = line.find("le=\"");
    if (line.starts_with("# TYPE ")) found += line + "\n";
    if (bound == line.npos) continue;
    char digits[64];
    std::snprintf(digits, sizeof digits, "le=%.15g\n",
                  std::strtod(line.c_str() + bound + 4, nullptr));
    found += digits;
  }
  return found;
}

}  // namespace

TEST_CASE("names, types and bounds are those of client_golang", "[metrics]") {
  Service s;
  const std::string golden = read_file(GOLAB_SOURCE_DIR "/tests/metrics/client_golang.txt");
  CHECK(types_and_bounds(s.get("/metrics")) == types_and_bounds(golden));
}

TEST_CASE("each metric has a HELP line, and no text of it breaks a line", "[metrics]") {
  Service s;
  std::string type, help;
  for (const std::string& line : lines_of(s.get("/metrics"))) {
    std::istringstream words(line);
    std::string hash, kind, name;
    words >> hash >> kind >> name;
    CAPTURE(line);
    if (line.starts_with("# HELP ")) {
      help = name;
      type = "";
    } else if (line.starts_with("# TYPE ")) {
      CHECK(name == help);
      type = name;
    } else {
      CHECK(type != "");
      CHECK(line.starts_with(type));
    }
  }
}

TEST_CASE("a leak is seen on the page", "[metrics]") {
  Service& s = after_twenty_requests();
  CHECK(eventually([&] {
    auto page = samples_of(s.get("/metrics"));
    return page["go_goroutines"] == 1523 && page["go_sched_goroutines_goroutines"] == 1523 &&
           page["go_sched_goroutines_waiting_goroutines"] == 1522 &&
           page["go_sched_goroutines_running_goroutines"] == 1;
  }));
  auto page = samples_of(s.get("/metrics"));
  CHECK(page["go_sched_goroutines_created_goroutines_total"] >= 20 * 76);
  CHECK(page["go_info{version=\"golab\"}"] == 1);
  CHECK(eventually([&] {  // a thread may start in between
    page = samples_of(s.get("/metrics"));
    return page["go_threads"] == page["go_sched_threads_total_threads"];
  }));
  CHECK(page["go_sched_pauses_total_other_seconds_count"] > 0);
}

TEST_CASE("what the kernel says about the process is on the page", "[metrics]") {
  Service s;
  auto page = samples_of(s.get("/metrics"));
  CHECK(page["process_max_fds"] >= page["process_open_fds"]);
  const double now = static_cast<double>(::time(nullptr));
  CHECK(page["process_start_time_seconds"] > now - 120);
  CHECK(page["process_start_time_seconds"] < now + 2);
  CHECK(page["process_resident_memory_bytes"] > 1e6);
  CHECK(page["process_virtual_memory_bytes"] > page["process_resident_memory_bytes"]);
  CHECK(page["process_cpu_seconds_total"] > 0);
}

TEST_CASE("open descriptors are counted, without the one that counts them", "[metrics]") {
  auto on_page = [] {
    for (const auto& family : golab::profiler::process_collector()) {
      if (family.name == "process_open_fds") return family.metric[0].gauge.value;
    }
    return -1.0;
  };
  auto counted_here = [] {
    std::filesystem::directory_iterator fds("/proc/self/fd");
    return std::distance(begin(fds), end(fds)) - 1;
  };
  const double before = on_page();
  CHECK(before == counted_here());
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  CHECK(on_page() == before + 2);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_CASE("the page comes in the form that the scraper accepts", "[metrics]") {
  Service s;
  auto headers = [&](const std::string& accepted) {
    return s.headers("/metrics", {"-H", "Accept-Encoding: " + accepted});
  };
  const std::string type =
      "Content-Type: text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
  CHECK(has_line(headers(""), type));
  CHECK(has_line(headers("gzip"), type));
  CHECK(has_line(headers("gzip"), "Content-Encoding: gzip"));
  CHECK(has_line(headers("zstd, br , gzip; q=0.5"), "Content-Encoding: gzip"));
  for (const char* none : {"", "gzip;q=0", "gzip; q=0.00", "br, xgzip", ",,"}) {
    CAPTURE(none);
    CHECK(headers(none).find("Content-Encoding") == std::string::npos);
  }
  std::string plain;
  CHECK(golab::profiler::gunzip(curl({"-H", "Accept-Encoding: gzip", s.url("/metrics")}), 1 << 20,
                                plain) == "");
  CHECK(samples_of(plain)["go_goroutines"] >= 3);
}

TEST_CASE("promtool takes the page", "[metrics]") {
  Service s;
  const std::string promtool = prometheus_program("promtool");
  if (promtool.empty()) return skip_without_prometheus();
  // 3: it is right, and promtool would choose other names than Go.
  ChildResult r = run_child(
      {"sh", "-c", "curl -s '" + s.url("/metrics") + "' | " + promtool + " check metrics"});
  INFO(r.out << r.err);
  CHECK((r.status == 0 || r.status == 3));
}

TEST_CASE("the page is no route of the exercise", "[metrics]") {
  Service s;
  curl({s.url("/metrics")});
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  CHECK(look["requests"] == 0);
  for (const json& load : look["loads"]) CHECK(load.dump().find("metrics") == std::string::npos);
}
