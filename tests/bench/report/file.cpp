// file.cpp: `lab bench`, what was measured as JSON, written and read, so that it can be shown
// again without the machine and the twenty minutes that it took.
#define BOOST_BIND_GLOBAL_PLACEHOLDERS  // Boost 1.74's own reader needs what its Bind warns about
#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>
#include <sstream>

#include "runtime/fmt/fmt.h"
#include "tests/bench/report/bench.h"

namespace bench {
namespace {

using boost::property_tree::ptree;
using golab::error;
namespace fmt = golab::fmt;

constexpr const char* kKeys[kContestants] = {"golab", "go", "fiber"};
constexpr int kDeepest = 32;  // far more than ours has, far less than a parser's stack takes

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::Sprintf("\\u%04x", static_cast<int>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

// Whether the text opens more brackets than a recursive parser should follow.
bool too_deep(const std::string& json) {
  int depth = 0;
  for (char c : json) {
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    if (depth > kDeepest) return true;
  }
  return false;
}

// The value of a key, put into `into`; the error names the key. `where`: "" or "row 3: ".
template <typename T>
error take(const ptree& tree, const std::string& where, const char* key, T* into) {
  auto child = tree.find(key);
  if (child == tree.not_found()) return fmt::Errorf("%sno %q", where, key);
  auto value = child->second.get_value_optional<T>();
  if (!value || !child->second.empty())
    return fmt::Errorf("%s%q is not what it should be", where, key);
  *into = *value;
  return nullptr;
}

error take_values(const ptree& list, const std::string& where, const char* key,
                  std::vector<double>* values) {
  for (const auto& [name, item] : list) {
    auto value = item.get_value_optional<double>();
    if (!value || !name.empty() || !item.empty()) {
      return fmt::Errorf("%s%q is no list of numbers", where, key);
    }
    values->push_back(*value);
  }
  if (values->empty()) return fmt::Errorf("%s%q is no list of numbers", where, key);
  return nullptr;
}

error take_row(const ptree& tree, const std::string& where, BenchRow* row) {
  if (error err = take(tree, where, "name", &row->name); err != nullptr) return err;
  if (error err = take(tree, where, "procs", &row->procs); err != nullptr) return err;
  if (error err = take(tree, where, "unit", &row->unit); err != nullptr) return err;
  for (int who = 0; who < kContestants; ++who) {
    auto list = tree.find(kKeys[who]);
    if (list == tree.not_found()) continue;
    if (error err = take_values(list->second, where, kKeys[who], &row->values[who]); err != nullptr)
      return err;
  }
  return nullptr;
}

error take_results(const ptree& tree, BenchResults* results) {
  auto rows = tree.find("rows"), versions = tree.find("versions");
  if (rows == tree.not_found() || versions == tree.not_found()) {
    return fmt::Errorf("no \"rows\" or no \"versions\": this is not from lab bench --json");
  }
  if (error err = take(tree, "", "date", &results->date); err != nullptr) return err;
  if (error err = take(tree, "", "cpu", &results->cpu); err != nullptr) return err;
  if (error err = take(tree, "", "kernel", &results->kernel); err != nullptr) return err;
  if (error err = take(tree, "", "rounds", &results->rounds); err != nullptr) return err;
  for (int who = 0; who < kContestants; ++who) {
    error err = take(versions->second, "versions: ", kKeys[who], &results->versions[who]);
    if (err != nullptr) return err;
  }
  for (const auto& [name, item] : rows->second) {
    std::string where = fmt::Sprintf("row %d: ", results->rows.size() + 1);
    BenchRow row;
    if (error err = take_row(item, where, &row); err != nullptr) return err;
    if (results->find(row.name, row.procs) != nullptr) {
      return fmt::Errorf("%ssecond one of %s at GOMAXPROCS %d", where, row.name, row.procs);
    }
    results->rows.push_back(std::move(row));
  }
  return nullptr;
}

}  // namespace

std::string bench_json(const BenchResults& results) {
  std::string out = fmt::Sprintf("{\"date\": %s, \"cpu\": %s, \"kernel\": %s, \"rounds\": %d,\n",
                                 quoted(results.date), quoted(results.cpu), quoted(results.kernel),
                                 results.rounds);
  out += " \"versions\": {";
  for (int who = 0; who < kContestants; ++who) {
    out += fmt::Sprintf("%s%q: %s", who ? ", " : "", kKeys[who], quoted(results.versions[who]));
  }
  out += "},\n \"rows\": [";
  for (const BenchRow& row : results.rows) {
    out += fmt::Sprintf("%s\n  {\"name\": %s, \"procs\": %d, \"unit\": %s",
                        &row == results.rows.data() ? "" : ",", quoted(row.name), row.procs,
                        quoted(row.unit));
    for (int who = 0; who < kContestants; ++who) {
      if (row.values[who].empty()) continue;
      out += fmt::Sprintf(", %q: [", kKeys[who]);
      for (size_t k = 0; k < row.values[who].size(); ++k) {
        out += fmt::Sprintf("%s%.3f", k ? ", " : "", row.values[who][k]);
      }
      out += "]";
    }
    out += "}";
  }
  return out + "\n]}\n";
}

std::pair<BenchResults, error> read_bench(const std::string& json) {
  BenchResults results;
  if (too_deep(json)) return {results, fmt::Errorf("brackets nested deeper than %d", kDeepest)};
  ptree tree;
  try {
    std::istringstream in(json);
    boost::property_tree::read_json(in, tree);
  } catch (const boost::property_tree::json_parser_error& bad) {
    return {results, fmt::Errorf("line %d: not JSON: %s", bad.line(), bad.message())};
  }
  error err = take_results(tree, &results);
  return {results, err};
}

}  // namespace bench
