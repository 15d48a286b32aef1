// labels.cpp: labels in contexts, and from there to goroutines.
#include "runtime/pprof/labels.h"

#include <algorithm>
#include <map>

#include "runtime/die/panic.h"

namespace golab::runtime::pprof {
namespace {

struct labelContextKey {
  bool operator==(const labelContextKey&) const = default;
};

// Null if ctx has no labels. It lives as long as ctx.
LabelMap* labels_of(const context::Context& ctx) {
  any value = ctx.Value(labelContextKey{});
  const auto* labels = value.get<LabelsRef>();
  return labels != nullptr ? labels->get() : nullptr;
}

}  // namespace

LabelSet Labels(std::vector<std::string> args) {
  if (args.size() % 2 != 0) panic("uneven number of arguments to pprof.Labels");
  std::map<std::string, std::string> sorted;
  for (size_t i = 0; i < args.size(); i += 2) sorted[std::move(args[i])] = std::move(args[i + 1]);
  return {LabelList(sorted.begin(), sorted.end())};
}

context::Context WithLabels(const context::Context& ctx, const LabelSet& labels) {
  std::map<std::string, std::string> all(labels.list.begin(), labels.list.end());
  if (const LabelMap* inherited = labels_of(ctx))
    all.insert(inherited->list.begin(), inherited->list.end());
  reap_labels();
  LabelsRef merged(new LabelMap(LabelList(all.begin(), all.end())));
  return context::WithValue(ctx, labelContextKey{}, merged);
}

std::pair<std::string, bool> Label(const context::Context& ctx, std::string_view key) {
  if (const LabelMap* labels = labels_of(ctx)) {
    for (const auto& [k, value] : labels->list) {
      if (k == key) return {value, true};
    }
  }
  return {"", false};
}

void ForLabels(const context::Context& ctx,
               glue::Func<bool(std::string_view key, std::string_view value)> f) {
  LabelsRef labels(labels_of(ctx));  // f may drop ctx
  if (labels.get() == nullptr) return;
  for (const auto& [key, value] : labels.get()->list) {
    if (!f(key, value)) return;
  }
}

void SetGoroutineLabels(const context::Context& ctx) {
  set_goroutine_labels(labels_of(ctx));
  reap_labels();
}

[[gnu::noinline]] void Do(const context::Context& ctx, const LabelSet& labels,
                          glue::Func<void(context::Context)> f) {
  Defer restore{[ctx] { SetGoroutineLabels(ctx); }};
  context::Context labelled = WithLabels(ctx, labels);
  SetGoroutineLabels(labelled);
  f(labelled);
}

}  // namespace golab::runtime::pprof
