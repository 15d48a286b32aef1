// gates.cpp: one function for each gate: what one trial has to say about it.
#include "course/lab/gates.h"

#include <algorithm>
#include <functional>

#include "runtime/fmt/fmt.h"

namespace lab {
namespace {

namespace fmt = golab::fmt;

// What one trial says about one gate.
struct Opinion {
  GateState state = GateState::NotJudged;
  std::string sentence;
  std::vector<StuckGroup> evidence;
};

Opinion green(const std::string& sentence) { return {GateState::Green, sentence, {}}; }
Opinion not_judged(const std::string& why) { return {GateState::NotJudged, why, {}}; }

const Part* part_of(const Trial& trial, const std::string& gate) {
  auto part = std::find_if(trial.parts.begin(), trial.parts.end(),
                           [&](const Part& p) { return p.gate == gate; });
  return part == trial.parts.end() ? nullptr : &*part;
}

std::string plural(int64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

int64_t sum_of(const std::vector<StuckGroup>& groups) {
  int64_t sum = 0;
  for (const StuckGroup& group : groups) sum += group.count;
  return sum;
}

Opinion answers(const Exercise& exercise, const Expectation& expectation, const Trial& trial) {
  if (!trial.refused.empty()) return {GateState::Red, trial.refused, {}};
  int64_t requests = 0;
  for (const char* gate : {"left", "errors"}) {
    const Part* part = part_of(trial, gate);
    if (part == nullptr) continue;
    for (const Exchange& exchange : part->exchanges) {
      std::string wrong = exchange.trouble;
      if (wrong.empty()) wrong = wrong_answer(exercise, expectation, gate, exchange);
      if (!wrong.empty()) return {GateState::Red, wrong, part->stuck};
      requests += exchange.line.count;
    }
    if (!part->trouble.empty()) return {GateState::Red, part->trouble, part->stuck};
  }
  return green(plural(requests, "request is", "requests are") + " answered as by the solution");
}

// The least that the requests of this line came to.
int64_t least(const Part& part, const std::string& method, const std::string& path,
              int64_t RequestRecord::*what) {
  int64_t found = -1;
  for (const Exchange& exchange : part.exchanges) {
    if (exchange.line.method != method || exchange.line.path != path) continue;
    for (const RequestRecord& record : exchange.records) {
      found = found < 0 ? record.*what : std::min(found, record.*what);
    }
  }
  return std::max<int64_t>(found, 0);
}

Opinion work(const Exercise& exercise, const Expectation&, const Trial& trial) {
  const Part* part = part_of(trial, "left");
  if (part == nullptr || !part->trouble.empty()) return not_judged("the requests have no answers");
  for (const RequestLine& line : exercise.work) {
    int64_t peak = least(*part, line.method, line.path, &RequestRecord::peak);
    if (peak >= line.count) continue;
    std::string sentence =
        fmt::Sprintf("%s %s has %s at work at once; its work needs %d", line.method, line.path,
                     plural(peak, "goroutine", "goroutines"), line.count);
    return {GateState::Red, sentence, {}};
  }
  for (const RequestLine& line : exercise.results) {
    int64_t sends = least(*part, line.method, line.path, &RequestRecord::sends);
    if (sends >= line.count) continue;
    std::string sentence =
        fmt::Sprintf("%s %s sends %s on channels; its work needs %d", line.method, line.path,
                     plural(sends, "value", "values"), line.count);
    return {GateState::Red, sentence, {}};
  }
  for (const WaitLine& line : exercise.waits) {
    int64_t wait = least(*part, line.method, line.path, &RequestRecord::wait_ns);
    if (wait >= line.least.Nanoseconds()) continue;
    std::string sentence = fmt::Sprintf("nothing below %s %s waits for %v, as its work needs",
                                        line.method, line.path, line.least);
    return {GateState::Red, sentence, {}};
  }
  return green("the work is done");
}

// What the parts of these gates have in common: something is left, or nothing.
Opinion leftovers(const Trial& trial, const std::string& gate, const std::string& after) {
  const Part* part = part_of(trial, gate);
  if (part == nullptr || part->exchanges.empty()) return not_judged("the service does not run");
  if (!part->trouble.empty()) return not_judged(part->trouble);
  if (part->left.empty()) return green("nothing is left after " + after);
  std::string sentence =
      plural(sum_of(part->left), "goroutine is", "goroutines are") + " left after " + after;
  return {GateState::Red, sentence, part->left};
}

std::string lines_text(const std::vector<RequestLine>& lines) {
  std::string text;
  for (const RequestLine& line : lines) {
    text += (text.empty() ? "" : ", ") + std::to_string(line.count) + " × " + line.method + " " +
            line.path;
  }
  return text;
}

Opinion left(const Exercise& exercise, const Expectation&, const Trial& trial) {
  return leftovers(trial, "left", lines_text(exercise.loads));
}

Opinion hangup(const Exercise& exercise, const Expectation&, const Trial& trial) {
  Opinion opinion =
      leftovers(trial, "hangup", lines_text(exercise.hangups) + " whose client went away");
  const Part* part = part_of(trial, "hangup");
  if (part != nullptr && !part->trouble.empty()) {
    return {GateState::Red, part->trouble, part->stuck};
  }
  return opinion;
}

Opinion errors(const Exercise& exercise, const Expectation&, const Trial& trial) {
  std::string after = lines_text(exercise.errors);
  for (const Failure& failure : exercise.failures) {
    after += fmt::Sprintf("%s%s %s with a failing %s", after.empty() ? "" : ", ", failure.method,
                          failure.path, failure.call);
  }
  return leftovers(trial, "errors", after);
}

Opinion shutdown(const Exercise& exercise, const Expectation& expectation, const Trial& trial) {
  if (part_of(trial, "shutdown") == nullptr) return not_judged("the service does not run");
  for (const Part& part : trial.parts) {
    if (part.gate != "shutdown") continue;
    if (!part.trouble.empty()) return {GateState::Red, part.trouble, part.stuck};
    for (const Exchange& exchange : part.exchanges) {
      std::string wrong = wrong_answer(exercise, expectation, "shutdown", exchange);
      if (!wrong.empty()) return {GateState::Red, wrong, {}};
    }
    if (part.left.empty()) continue;
    std::string sentence =
        plural(sum_of(part.left), "goroutine is", "goroutines are") + " left when the service ends";
    return {GateState::Red, sentence, part.left};
  }
  return green("it ends when it is told to, and every open request is answered");
}

using Judge = Opinion (*)(const Exercise&, const Expectation&, const Trial&);

// The gate by what every trial says: red if one says so, green if all do.
Gate merged(const std::string& name, Judge judge, const Exercise& exercise,
            const std::vector<Expectation>& expectations, const std::vector<Trial>& trials) {
  Gate gate;
  gate.name = name;
  size_t red = 0, greens = 0;
  for (size_t i = 0; i < trials.size(); i++) {
    Opinion opinion = judge(exercise, expectations[i], trials[i]);
    greens += opinion.state == GateState::Green;
    if (opinion.state == GateState::Red) red++;
    const bool first_red = opinion.state == GateState::Red && red == 1;
    if (first_red) gate.procs = trials[i].procs;
    if (first_red || (red == 0 && opinion.state != GateState::Green) || gate.sentence.empty()) {
      gate.sentence = opinion.sentence;
      gate.evidence = opinion.evidence;
    }
  }
  if (red > 0) gate.state = GateState::Red;
  if (red == trials.size()) gate.procs = 0;
  if (red == 0 && greens == trials.size()) gate.state = GateState::Green;
  return gate;
}

}  // namespace

std::vector<Gate> gates_of(const Exercise& exercise, const std::vector<Expectation>& expectations,
                           const std::vector<Trial>& trials) {
  constexpr std::pair<const char*, Judge> kJudges[] = {
      {"answers", answers}, {"work", work},     {"left", left},
      {"hangup", hangup},   {"errors", errors}, {"shutdown", shutdown}};
  const std::vector<std::string> wanted = exercise.gates();
  std::vector<Gate> gates;
  for (auto [name, judge] : kJudges) {
    if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) continue;
    gates.push_back(merged(name, judge, exercise, expectations, trials));
  }
  return gates;
}

}  // namespace lab
