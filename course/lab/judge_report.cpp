// judge_report.cpp: a judgement as text for 60 columns and more, and as JSON.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "course/lab/check.h"
#include "course/lab/exercise.h"
#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"

namespace lab {
namespace {

namespace fmt = golab::fmt;
using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::shown;
using nlohmann::json;

constexpr size_t kGroupsShown = 4;
constexpr int kColumnsMax = 100;

Colour colour_of(GateState state) {
  if (state == GateState::Green) return Colour::Green;
  return state == GateState::Red ? Colour::Red : Colour::Dim;
}

const char* mark_of(GateState state) {
  if (state == GateState::Green) return "✓";
  return state == GateState::Red ? "✗" : "·";
}

std::string place(const std::string& file, int64_t line) {
  return shown(short_path(file)) + ":" + std::to_string(line);
}

std::string render_group(const StuckGroup& group, bool colour, int columns) {
  std::string count = std::to_string(group.count);
  count.insert(0, count.size() < 6 ? 6 - count.size() : 0, ' ');
  const std::string indent(8, ' ');
  std::string function = group.function.empty() ? "(not started)" : shown(group.function);
  std::string text =
      coloured(count, Colour::Red, colour) + "  " + coloured(function, Colour::Bold, colour);
  if (!group.state.empty()) {
    text += " [" + shown(group.state) + (group.since.empty() ? "" : ", " + group.since) + "]";
  }
  text += "\n";
  if (!group.file.empty()) text += indent + place(group.file, group.line) + "\n";
  if (!group.source.empty()) {
    text += indent +
            coloured(shortened("    " + group.source, columns - static_cast<int>(indent.size())),
                     Colour::Dim, colour) +
            "\n";
  }
  if (!group.created_by.empty()) {
    text += indent + "created by " + shown(group.created_by);
    if (!group.created_file.empty()) {
      text += "\n" + indent + "    " + place(group.created_file, group.created_line);
    }
    text += "\n";
  }
  return text;
}

// A compiler's words keep their lines, a sentence of ours is broken to fit.
std::string render_sentence(const Gate& gate, int columns) {
  std::string sentence = gate.sentence;
  if (gate.procs > 0) sentence += fmt::Sprintf(" (with GOMAXPROCS=%d)", gate.procs);
  if (sentence.find('\n') == std::string::npos) return wrapped(shown(sentence), columns, "      ");
  std::string text;
  std::istringstream lines(sentence);
  for (std::string line; std::getline(lines, line);) text += "      " + shown(line) + "\n";
  return text;
}

std::string render_gate(const Gate& gate, bool colour, int columns) {
  std::string text = "  " + coloured(mark_of(gate.state), colour_of(gate.state), colour) + " " +
                     coloured(gate.name, Colour::Bold, colour);
  if (gate.state == GateState::Green) return text + "\n";
  if (gate.state == GateState::NotJudged) {
    return text + "  " + coloured("not judged", Colour::Dim, colour) + "\n";
  }
  text += "\n" + render_sentence(gate, columns);
  size_t groups = std::min(gate.evidence.size(), kGroupsShown);
  for (size_t i = 0; i < groups; i++) text += render_group(gate.evidence[i], colour, columns);
  if (groups < gate.evidence.size()) {
    text += fmt::Sprintf("        … and at %d more places\n", gate.evidence.size() - groups);
  }
  return text;
}

json to_json(const StuckGroup& group) {
  return {{"count", group.count},
          {"state", group.state},
          {"since", group.since},
          {"function", group.function},
          {"file", group.file},
          {"line", group.line},
          {"source", group.source},
          {"created_by", group.created_by},
          {"created_file", group.created_file},
          {"created_line", group.created_line}};
}

json to_json(const Gate& gate) {
  json evidence = json::array();
  for (const StuckGroup& group : gate.evidence) evidence.push_back(to_json(group));
  return {{"name", gate.name},
          {"state", state_name(gate.state)},
          {"sentence", gate.sentence},
          {"gomaxprocs", gate.procs},
          {"evidence", evidence}};
}

json to_json(const Judgement& judgement) {
  json gates = json::array();
  for (const Gate& gate : judgement.gates) gates.push_back(to_json(gate));
  return {{"exercise", judgement.exercise},
          {"file", judgement.file},
          {"verdict", verdict_name(judgement.verdict)},
          {"seconds", std::round(judgement.seconds * 1000) / 1000},
          {"problem", judgement.problem},
          {"gates", gates}};
}

}  // namespace

std::string render_judgement(const Judgement& judgement, bool colour, int columns) {
  columns = std::min(columns, kColumnsMax);
  const bool solved = judgement.verdict == Verdict::Solved;
  std::string text =
      coloured(judgement.exercise, Colour::Bold, colour) + ": " +
      coloured(verdict_name(judgement.verdict), solved ? Colour::Green : Colour::Red, colour) +
      fmt::Sprintf(", %.1f s\n", judgement.seconds);
  if (!judgement.file.empty()) text += "  " + shown(short_path(judgement.file)) + "\n";
  if (judgement.verdict == Verdict::CouldNotJudge) {
    return text + wrapped(shown(judgement.problem), columns, "  ") + "\n";
  }
  for (const Gate& gate : judgement.gates) text += render_gate(gate, colour, columns);
  return text + "\n";
}

std::string judgements_json(const std::vector<Judgement>& judgements) {
  json all = json::array();
  for (const Judgement& judgement : judgements) all.push_back(to_json(judgement));
  return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace lab
