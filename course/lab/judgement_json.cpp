// judgement_json.cpp: judgements as JSON.
#include <cmath>
#include <nlohmann/json.hpp>

#include "course/lab/check.h"

namespace lab {
namespace {

using nlohmann::json;

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

std::string judgements_json(const std::vector<Judgement>& judgements) {
  json all = json::array();
  for (const Judgement& judgement : judgements) all.push_back(to_json(judgement));
  return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace lab
