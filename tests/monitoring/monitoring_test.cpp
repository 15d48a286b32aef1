// monitoring_test.cpp: the alerts and the dashboard of course/monitoring, with a real Prometheus.
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/live/live_service.h"
#include "tests/monitoring/prometheus.h"

namespace {

const std::string kFolder = GOLAB_SOURCE_DIR "/course/monitoring/";

std::string run_promtool(const std::vector<std::string>& args) {
  std::vector<std::string> all = {prometheus_program("promtool")};
  all.insert(all.end(), args.begin(), args.end());
  ChildResult r = run_child(all);
  return r.status == 0 ? "" : r.out + r.err;
}

// What the dashboard asks for, with the time that Grafana would fill in.
std::vector<std::string> queries_of_dashboard() {
  const json dashboard = json::parse(read_file(kFolder + "dashboard.json"));
  std::vector<std::string> queries;
  for (const json& panel : dashboard["panels"]) {
    for (const json& target : panel["targets"]) {
      std::string query = target["expr"];
      query = std::regex_replace(query, std::regex(R"(\$__rate_interval|30m)"), "5s");
      queries.push_back(std::regex_replace(query, std::regex(R"(\$job)"), ".*"));
    }
  }
  return queries;
}

// A Prometheus as a class has it.
class Monitor {
 public:
  explicit Monitor(const std::vector<std::string>& services) {
    std::string tmp = "/tmp/golab-monitor-XXXXXX";
    folder_ = mkdtemp(tmp.data());
    address_ = "127.0.0.1:" + std::to_string(free_port());
    std::vector<std::string> args = {kFolder + "start", "--listen", address_};
    args.insert(args.end(), services.begin(), services.end());
    child_ = std::make_unique<Child>(args, std::vector<std::string>{"TMPDIR=" + folder_});
  }
  ~Monitor() {
    child_.reset();
    std::filesystem::remove_all(folder_);
  }
  json get(const std::string& path) const {
    return json::parse(curl({"http://" + address_ + path}), nullptr, false);
  }
  json query(const std::string& text) const {
    return json::parse(
        curl({"-G", "--data-urlencode", "query=" + text, "http://" + address_ + "/api/v1/query"}),
        nullptr, false);
  }
  // The services for which an alert is in this state: "pending" or "firing".
  std::set<std::string> alerts(const std::string& name, const std::string& state) const {
    std::set<std::string> services;
    const json answer = get("/api/v1/alerts");
    if (!answer.is_object()) return services;
    for (const json& alert : answer["data"]["alerts"]) {
      if (alert["labels"]["alertname"] == name && alert["state"] == state) {
        services.insert(alert["labels"]["instance"]);
      }
    }
    return services;
  }

 private:
  std::string folder_;
  std::string address_;
  std::unique_ptr<Child> child_;
};

}  // namespace

TEST_CASE("each metric that the dashboard asks for is on the page", "[monitoring]") {
  Service s;
  const std::string page = s.get("/metrics");
  const std::regex metric(R"(\b(go|process)_[a-z_]+)");
  size_t metrics = 0;
  for (const std::string& query : queries_of_dashboard()) {
    for (std::sregex_iterator m(query.begin(), query.end(), metric), end; m != end; ++m) {
      metrics++;
      CAPTURE(m->str());
      CHECK((page.find("\n" + m->str() + " ") != page.npos ||
             page.find("\n" + m->str() + "{") != page.npos));
    }
  }
  CHECK(metrics >= 15);
}

TEST_CASE("the alerts tell a leak from what only looks like one", "[monitoring]") {
  if (prometheus_program("promtool").empty()) return skip_without_prometheus();
  CHECK(run_promtool({"check", "config", kFolder + "prometheus.yml"}) == "");
  CHECK(run_promtool({"test", "rules", kFolder + "alerts_test.yml"}) == "");
}

TEST_CASE("the alert fires for the pool that leaks, and not for the repaired one", "[monitoring]") {
  if (prometheus_program("prometheus").empty()) return skip_without_prometheus();
  LiveService broken(POOL), repaired(REPAIRED);
  const std::string broken_at = broken.url("").substr(7), repaired_at = repaired.url("").substr(7);
  Monitor monitor({broken_at, repaired_at});
  // The pace of the load, not a wait: each request leaves 76 goroutines in one of the two.
  CHECK(eventually(std::chrono::seconds(120), [&] {
    curl({broken.url("/process")});
    curl({repaired.url("/process")});
    golab::time::Sleep(100 * golab::time::Millisecond);
    return monitor.alerts("GoroutinesOnlyRise", "firing") == std::set{broken_at};
  }));
  CHECK(monitor.alerts("GoroutinesOnlyRise", "pending").empty());
  for (const std::string& query : queries_of_dashboard()) {
    CAPTURE(query);
    const json answer = monitor.query(query);
    CHECK(answer["status"] == "success");
    std::set<std::string> instances;
    for (const json& series : answer["data"]["result"]) {
      instances.insert(series["metric"]["instance"].get<std::string>());
    }
    CHECK(instances == std::set{broken_at, repaired_at});
  }
}
