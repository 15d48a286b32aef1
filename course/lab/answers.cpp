// answers.cpp: the solution measured, kept, and compared with.
#include "course/lab/answers.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "course/lab/whole_file.h"
#include "course/lab/workspace.h"
#include "runtime/golab.h"

namespace lab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr size_t kShownBytesMax = 60;

std::string answer_text(const Answer& answer) {
  std::string body = answer.body.substr(0, kShownBytesMax);
  return fmt::Sprintf("%d %q%s", answer.status, body, body == answer.body ? "" : "…");
}

std::string duration_text(int64_t ns) { return time::Duration(ns).String(); }

bool has_work(const Exercise& exercise, const RequestLine& line) {
  auto is_it = [&](const auto& asked) {
    return asked.method == line.method && asked.path == line.path;
  };
  return std::any_of(exercise.work.begin(), exercise.work.end(), is_it) ||
         std::any_of(exercise.results.begin(), exercise.results.end(), is_it) ||
         std::any_of(exercise.waits.begin(), exercise.waits.end(), is_it);
}

// The class times of the requests that ended, least and most; 0 if none did.
std::pair<int64_t, int64_t> times_of(const Exchange& exchange) {
  int64_t least = -1, most = 0;
  for (const RequestRecord& record : exchange.records) {
    if (record.running()) continue;
    int64_t took = record.ended_ns - record.begun_ns;
    least = least < 0 ? took : std::min(least, took);
    most = std::max(most, took);
  }
  return {std::max<int64_t>(least, 0), most};
}

// ---- The answers on disk: CBOR, which keeps any bytes of a body ----

json to_json(const ExpectedExchange& e) {
  json answers = json::array();
  for (const Answer& answer : e.answers) {
    json::binary_t body(std::vector<uint8_t>(answer.body.begin(), answer.body.end()));
    answers.push_back({{"status", answer.status}, {"body", json::binary(std::move(body))}});
  }
  return {{"gate", e.gate},           {"count", e.line.count}, {"method", e.line.method},
          {"path", e.line.path},      {"answers", answers},    {"slowest", e.slowest_ns},
          {"quickest", e.quickest_ns}};
}

ExpectedExchange from_json(const json& j) {
  ExpectedExchange e;
  e.gate = j.at("gate");
  e.line = {j.at("count"), j.at("method"), j.at("path")};
  e.slowest_ns = j.at("slowest");
  e.quickest_ns = j.at("quickest");
  for (const json& answer : j.at("answers")) {
    const json::binary_t& body = answer.at("body").get_binary();
    e.answers.push_back({answer.at("status"), std::string(body.begin(), body.end())});
  }
  return e;
}

std::vector<Expectation> read_answers(const std::string& file, const std::vector<int>& procs) {
  auto [bytes, err] = os::ReadFile(file);
  if (err != nullptr) return {};
  json all = json::from_cbor(bytes, true, false);
  if (!all.is_array()) return {};
  std::vector<Expectation> found;
  try {
    for (const json& one : all) {
      Expectation expectation{one.at("procs"), {}};
      for (const json& exchange : one.at("exchanges")) {
        expectation.exchanges.push_back(from_json(exchange));
      }
      found.push_back(std::move(expectation));
    }
  } catch (const json::exception&) {  // a file of another version
    return {};
  }
  bool same = std::equal(found.begin(), found.end(), procs.begin(), procs.end(),
                         [](const Expectation& e, int p) { return e.procs == p; });
  return same ? found : std::vector<Expectation>{};
}

void keep_answers(const std::string& file, const Exercise& exercise,
                  const std::vector<Expectation>& expectations) {
  json all = json::array();
  for (const Expectation& expectation : expectations) {
    json exchanges = json::array();
    for (const ExpectedExchange& e : expectation.exchanges) exchanges.push_back(to_json(e));
    all.push_back({{"procs", expectation.procs}, {"exchanges", exchanges}});
  }
  std::error_code ignored;
  for (const auto& old : fs::directory_iterator(fs::path(file).parent_path(), ignored)) {
    bool same = old.path().filename().string().starts_with(exercise.name + ".");
    if (same) fs::remove(old.path(), ignored);
  }
  std::vector<uint8_t> bytes = json::to_cbor(all);
  // Whether it could be kept or not, the answers are there.
  static_cast<void>(write_whole(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
}

// What the answers depend on: the solution's binary, what is asked of it, and under what.
std::string key_of(const Exercise& exercise, const std::vector<int>& procs) {
  std::string all = os::ReadFile(exercise.program(true)).first;
  all += os::ReadFile(top_dir() + "/exercises/" + exercise.name + "/manifest").first;
  for (int p : procs) all += "," + std::to_string(p);
  char key[20];
  std::snprintf(key, sizeof key, "%016zx", std::hash<std::string>()(all));
  return key;
}

// Why the solution cannot be compared with. Empty if it can.
std::string unfit(const Trial& trial) {
  if (trial.err != nullptr) return trial.err.Error();
  if (!trial.refused.empty()) return trial.refused;
  for (const Part& part : trial.parts) {
    if (!part.trouble.empty()) return part.trouble;
  }
  return "";
}

}  // namespace

Expectation expectation_of(const Trial& trial) {
  Expectation expectation{trial.procs, {}};
  for (const Part& part : trial.parts) {
    for (const Exchange& exchange : part.exchanges) {
      ExpectedExchange expected;
      expected.gate = part.gate;
      expected.line = exchange.line;
      std::tie(expected.quickest_ns, expected.slowest_ns) = times_of(exchange);
      for (const Answer& answer : exchange.answers) {
        auto& known = expected.answers;
        if (std::find(known.begin(), known.end(), answer) == known.end()) known.push_back(answer);
      }
      expectation.exchanges.push_back(std::move(expected));
    }
  }
  return expectation;
}

std::string wrong_answer(const Exercise& exercise, const Expectation& expectation,
                         const std::string& gate, const Exchange& exchange) {
  const RequestLine& line = exchange.line;
  const std::string request = line.method + " " + line.path;
  auto expected = std::find_if(
      expectation.exchanges.begin(), expectation.exchanges.end(), [&](const ExpectedExchange& e) {
        return e.gate == gate && e.line.method == line.method && e.line.path == line.path;
      });
  if (expected == expectation.exchanges.end()) return "";
  const std::vector<Answer>& right = expected->answers;
  for (const Answer& answer : exchange.answers) {
    if (std::find(right.begin(), right.end(), answer) != right.end() || right.empty()) continue;
    return request + " is answered " + answer_text(answer) + ", not " + answer_text(right[0]);
  }
  auto [quickest, slowest] = times_of(exchange);
  if (slowest > expected->slowest_ns + expected->slowest_ns / 10) {
    return request + " takes " + duration_text(slowest) + " of class time; the solution takes " +
           duration_text(expected->slowest_ns);
  }
  if (has_work(exercise, line) && quickest < expected->quickest_ns / 2) {
    return request + " is answered after " + duration_text(quickest) +
           " of class time, before its work is done: the solution takes " +
           duration_text(expected->quickest_ns);
  }
  return "";
}

std::vector<Trial> try_under_each(const context::Context& ctx, const Exercise& exercise,
                                  const std::string& program, const std::vector<int>& procs) {
  std::vector<Trial> trials(procs.size());
  sync::WaitGroup wg;
  for (size_t i = 0; i < procs.size(); i++) {
    wg.Go([&, i] { trials[i] = try_program(ctx, exercise, program, procs[i]); });
  }
  wg.Wait();
  return trials;
}

std::pair<std::vector<Expectation>, error> solution_answers(const context::Context& ctx,
                                                            const Exercise& exercise,
                                                            const std::vector<int>& procs) {
  auto [file, place_err] =
      lab_file("answers/" + exercise.name + "." + key_of(exercise, procs) + ".cbor");
  if (place_err != nullptr) return {{}, place_err};
  std::vector<Expectation> expectations = read_answers(file, procs);
  if (!expectations.empty()) return {expectations, nullptr};
  for (const Trial& trial : try_under_each(ctx, exercise, exercise.program(true), procs)) {
    std::string wrong = unfit(trial);
    if (!wrong.empty()) {
      return {{},
              fmt::Errorf("the solution of %s cannot be compared with: %s", exercise.name, wrong)};
    }
    expectations.push_back(expectation_of(trial));
  }
  keep_answers(file, exercise, expectations);
  return {expectations, nullptr};
}

}  // namespace lab
