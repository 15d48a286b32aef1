// top.cpp: pprof's call graph, with functions as nodes, and its text report.
#include "profiler/analysis/top.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "profiler/analysis/sample_type.h"
#include "profiler/analysis/unnamed.h"
#include "profiler/formats/seeded_hash.h"
#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"
#include "runtime/time/time.h"

namespace golab::profiler {
namespace {

int64_t absolute(int64_t v) { return v < 0 ? wrapping_sub(0, v) : v; }

void add(int64_t& sum, int64_t v) { sum = wrapping_add(sum, v); }

struct Node {
  std::string name;
  int64_t flat = 0;
  int64_t cum = 0;
  bool kept = true;
};

class Graph {
 public:
  explicit Graph(const SymbolizedProfile& profile) : profile_(profile) {
    const uint32_t unknown = node("<unknown>");
    const UnnamedStacks unnamed(profile);
    std::vector<uint32_t> of_function;
    for (const Function& function : profile.functions) {
      of_function.push_back(function.name.empty() ? unknown : node(function.name));
    }
    for (const Location& location : profile.locations) {
      std::vector<uint32_t> nodes;
      for (const Line& line : location.lines) {
        nodes.push_back(line.function == kNone ? unknown : of_function[line.function]);
      }
      if (nodes.empty()) {
        const bool unnamed_stack = unnamed.in_one(nodes_of_.size());
        nodes.push_back(unnamed_stack ? node(address_text(location)) : unknown);
      }
      nodes_of_.push_back(std::move(nodes));
    }
    count();
  }

  // Counts anew, with the kept nodes only.
  void count() {
    edges_.clear();
    for (Node& n : nodes) n.flat = n.cum = 0;
    for (const Sample& sample : profile_.samples) add_sample(sample);
  }

  // Returns for each node whether its callers inlined it.
  std::vector<Inlined> inlined() const {
    std::vector<bool> by_inlining(nodes.size()), by_call(nodes.size());
    for (const auto& [edge, inlined] : edges_) {
      (inlined ? by_inlining : by_call)[static_cast<uint32_t>(edge)] = true;
    }
    std::vector<Inlined> result;
    for (size_t i = 0; i < nodes.size(); i++) {
      result.push_back(!by_inlining[i] ? Inlined::Never
                       : by_call[i]    ? Inlined::Sometimes
                                       : Inlined::Always);
    }
    return result;
  }

  std::vector<Node> nodes;

 private:
  uint32_t node(const std::string& name) {
    auto [it, fresh] = by_name_.try_emplace(name, static_cast<uint32_t>(nodes.size()));
    if (fresh) nodes.push_back({name});
    return it->second;
  }

  // Goes from the root to the leaf, and within a location from the physical function inwards.
  void add_sample(const Sample& sample) {
    const int64_t value = sample.values.empty() ? 0 : sample.values[0];
    if (value == 0) return;
    seen_.clear();
    uint32_t parent = kNone;
    bool residual = false;  // there are dropped frames since `parent`
    for (size_t i = sample.locations.size(); i-- > 0;) {
      const std::vector<uint32_t>& inside = nodes_of_[sample.locations[i]];
      for (size_t k = inside.size(); k-- > 0;) {
        const uint32_t here = inside[k];
        if (!nodes[here].kept) {
          residual = true;
          continue;
        }
        if (seen_.insert(here).second) add(nodes[here].cum, value);
        if (parent != kNone && parent != here) {
          bool inlined = k + 1 != inside.size();
          auto edge = edges_.try_emplace(uint64_t{parent} << 32 | here, inlined).first;
          edge->second = edge->second && inlined;
        }
        parent = here;
        residual = false;
      }
    }
    if (parent != kNone && !residual) add(nodes[parent].flat, value);
  }

  const SymbolizedProfile& profile_;
  std::unordered_map<std::string, uint32_t, SeededHash> by_name_;
  std::vector<std::vector<uint32_t>> nodes_of_;  // by location, innermost first
  std::unordered_map<uint64_t, bool, SeededHash> edges_;  // (caller, called) -> always inlined
  std::unordered_set<uint32_t> seen_;
};

// The sum of absolute values; of the base only, if there is one (go tool pprof -diff_base).
int64_t percentage_base(const SymbolizedProfile& profile) {
  int64_t all = 0, base = 0;
  for (const Sample& sample : profile.samples) {
    int64_t value = sample.values.empty() ? 0 : absolute(sample.values[0]);
    add(all, value);
    for (const Label& label : sample.labels) {
      if (label.key == "pprof::base" && label.str == "true") add(base, value);
    }
  }
  return base > 0 ? base : all;
}

int64_t cutoff(int64_t of, double fraction) {
  return static_cast<int64_t>(static_cast<double>(absolute(of)) * fraction);
}

// Returns how many nodes it dropped.
size_t drop_small_nodes(Graph& graph, double least_fraction) {
  int64_t flat_sum = 0;
  for (const Node& node : graph.nodes) add(flat_sum, node.flat);
  const int64_t least = cutoff(flat_sum, least_fraction);
  size_t dropped = 0;
  for (Node& node : graph.nodes) {
    if (node.flat == 0 && node.cum == 0) continue;  // its samples cancel out: it has no row anyway
    node.kept = absolute(node.cum) >= least;
    if (!node.kept) dropped++;
  }
  if (dropped > 0) graph.count();
  return dropped;
}

std::vector<size_t> order_of(const Graph& graph, TopOrder order) {
  std::vector<size_t> indices;
  for (size_t i = 0; i < graph.nodes.size(); i++) {
    const Node& node = graph.nodes[i];
    if (node.kept && (node.flat != 0 || node.cum != 0)) indices.push_back(i);
  }
  std::sort(indices.begin(), indices.end(), [&](size_t a, size_t b) {
    const Node &x = graph.nodes[a], &y = graph.nodes[b];
    int64_t vx = absolute(order == TopOrder::Flat ? x.flat : x.cum);
    int64_t vy = absolute(order == TopOrder::Flat ? y.flat : y.cum);
    return vx != vy ? vx > vy : x.name < y.name;
  });
  return indices;
}

std::string percentage(int64_t value, int64_t total) {
  double ratio =
      total == 0 ? 0 : std::fabs(static_cast<double>(value) / static_cast<double>(total)) * 100;
  if (ratio >= 99.95 && ratio <= 100.05) return "  100%";
  return fmt::Sprintf(ratio >= 1.0 ? "%5.2f%%" : "%5.2g%%", ratio);
}

std::string trimmed(std::string text) {
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

// pprof's rule: the unit of the smallest value, or that of a hundred times as much if the total is
// far above it.
std::string common_unit(const Graph& graph, const std::string& unit, int64_t total) {
  int64_t least = 0;
  for (const Node& node : graph.nodes) {
    if (!node.kept) continue;
    const int64_t value = absolute(node.flat != 0 ? node.flat : node.cum);
    if (value > 0 && (least == 0 || value < least)) least = value;
  }
  if (least == 0) least = total;
  std::string small = scaled(least, unit, "minimum").second;
  const std::string large = scaled(total, unit, "minimum").second;
  if (small != large && static_cast<double>(least) * 100 < static_cast<double>(total)) {
    small = scaled(100 * least, unit, "minimum").second;
  }
  return small;
}

}  // namespace

TopReport top(const SymbolizedProfile& profile, TopOptions options) {
  TopReport report;
  if (!profile.mappings.empty()) {
    const std::string& file = profile.mappings[0].file;
    report.file = file.substr(file.rfind('/') + 1);
    report.build_id = profile.mappings[0].build_id;
  }
  if (!profile.sample_types.empty()) {
    report.type = profile.sample_types[0].type;
    report.unit = profile.sample_types[0].unit;
  }
  report.doc_url = profile.doc_url;
  report.time_nanos = profile.time_nanos;
  report.duration_nanos = profile.duration_nanos;
  report.total = percentage_base(profile);
  report.dropped_below = cutoff(report.total, options.least_fraction);

  Graph graph(profile);
  report.dropped = drop_small_nodes(graph, options.least_fraction);
  std::vector<size_t> order = order_of(graph, options.order);
  report.functions = order.size();
  if (options.rows_max > 0 && order.size() > options.rows_max) {
    for (size_t i = options.rows_max; i < order.size(); i++) graph.nodes[order[i]].kept = false;
    order.resize(options.rows_max);
    graph.count();
  }
  report.in_unit = common_unit(graph, report.unit, report.total);
  std::vector<Inlined> inlined = graph.inlined();
  for (size_t i : order) {
    const Node& node = graph.nodes[i];
    report.rows.push_back({node.name, node.flat, node.cum, inlined[i]});
    add(report.flat_sum, node.flat);
  }
  return report;
}

std::string render_top(const TopReport& report) {
  std::string text;
  auto line = [&text](const std::string& label, const std::string& value) {
    if (!value.empty()) text += label + ": " + shown(value) + "\n";
  };
  line("File", report.file);
  line("Build ID", report.build_id);
  line("Type", report.type);
  line("Doc", report.doc_url);
  if (report.time_nanos != 0) {
    line("Time", time::Unix(0, report.time_nanos).Format("2006-01-02 15:04:05 MST"));
  }
  auto value = [&](int64_t v) { return value_text(v, report.unit, report.in_unit); };
  const std::string total = value(report.total);
  if (report.duration_nanos != 0) {
    auto [nanos, name] = scaled(report.total, report.unit, "ns");
    std::string ratio;
    if (name == "ns" && report.total != 0) {
      ratio = "(" + percentage(static_cast<int64_t>(nanos), report.duration_nanos) + ")";
    }
    text += "Duration: " + value_text(report.duration_nanos, "ns") + ", Total samples = " + total +
            " " + ratio + "\n";
  }
  text += "Showing nodes accounting for " + value(report.flat_sum) + ", " +
          trimmed(percentage(report.flat_sum, report.total)) + " of " + total + " total\n";
  if (report.dropped > 0) {
    text += "Dropped " + std::to_string(report.dropped) +
            (report.dropped == 1 ? " node" : " nodes") + " (cum <= " + value(report.dropped_below) +
            ")\n";
  }
  if (report.rows.size() < report.functions) {
    text += "Showing top " + std::to_string(report.rows.size()) + " nodes out of " +
            std::to_string(report.functions) + "\n";
  }
  text += "      flat  flat%   sum%        cum   cum%\n";
  int64_t sum = 0;
  for (const TopRow& row : report.rows) {
    add(sum, row.flat);
    text += fmt::Sprintf("%10s %s %s %10s %s  %s", value(row.flat),
                         percentage(row.flat, report.total), percentage(sum, report.total),
                         value(row.cum), percentage(row.cum, report.total), shown(row.function));
    if (row.inlined == Inlined::Always) text += " (inline)";
    if (row.inlined == Inlined::Sometimes) text += " (partial-inline)";
    text += "\n";
  }
  return text;
}

}  // namespace golab::profiler
