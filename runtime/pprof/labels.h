// labels.h: labels of package runtime/pprof: profiles say for whom a goroutine works.
//
//   auto labels = pprof::Labels("tenant", "acme");  // labels := pprof.Labels("tenant", "acme")
//   pprof::Do(ctx, labels, [](context::Context) {   // pprof.Do(ctx, labels, func(context.Context) {
//     go(importAll);                                //     go importAll()
//   });                                             // })
//
// During Do, the calling goroutine has the labels, and every goroutine that is started meanwhile
// inherits them, and keeps them when Do returns. So the profile says for which tenant, request or
// test a leaked goroutine was made: as labels of samples in protobuf; with ?debug=1 as a line
// `# labels: {"tenant":"acme"}`; with ?debug=2 as `goroutine 7 [chan receive] {tenant: acme}:`
// (GODEBUG=tracebacklabels=0 leaves these out).
//
// Nothing here parks.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/context/context.h"
#include "runtime/sched/labels.h"
#include "runtime/sync/func.h"

namespace golab::runtime::pprof {

struct LabelSet {
  LabelList list;
};

// From keys and values by turns. Of equal keys the last one counts.
// Panics "uneven number of arguments to pprof.Labels".
LabelSet Labels(std::vector<std::string> args);
template <std::convertible_to<std::string_view>... Texts>
LabelSet Labels(const Texts&... keys_and_values) {
  return Labels(std::vector<std::string>{std::string(std::string_view(keys_and_values))...});
}

// A context that has the labels of ctx and these; of equal keys, these. It labels no goroutine yet.
[[nodiscard]] context::Context WithLabels(const context::Context& ctx, const LabelSet& labels);

// The value of a label of ctx, and true; "" and false if there is no such label.
std::pair<std::string, bool> Label(const context::Context& ctx, std::string_view key);
// Calls f for each label of ctx, by key, until f returns false.
void ForLabels(const context::Context& ctx,
               glue::Func<bool(std::string_view key, std::string_view value)> f);

// Gives the calling goroutine the labels of ctx, in place of its own.
void SetGoroutineLabels(const context::Context& ctx);

// Calls f on the calling goroutine with the labels of ctx and these. Afterwards, also after a
// panic, the goroutine has the labels of ctx.
void Do(const context::Context& ctx, const LabelSet& labels, glue::Func<void(context::Context)> f);

}  // namespace golab::runtime::pprof

namespace golab {
namespace pprof = runtime::pprof;
}
