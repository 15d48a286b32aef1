// screen.cpp: evidence and gates as lines.
#include "course/lab/screen.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <sstream>

#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"

namespace lab {
namespace {

using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::shown;
using golab::profiler::shown_lines;

constexpr int kCountColumns = 6;
constexpr int kColumnsMax = 100;  // of a text that is not for one screen
const std::string kUnderCount(kCountColumns + 2, ' ');

std::string padded(const std::string& text, int columns) {
  return text + std::string(static_cast<size_t>(std::max(0, columns - text_columns(text))), ' ');
}

std::string right_aligned(int64_t number, int columns) {
  std::string text = std::to_string(number);
  return std::string(static_cast<size_t>(std::max<int>(0, columns - static_cast<int>(text.size()))),
                     ' ') +
         text;
}

std::string without_blanks_around(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// A source line and its Go form, which stands behind "//" on the same line. Two lines where one is
// too narrow.
std::string render_source(const std::string& source, const Screen& screen) {
  const std::string indent = kUnderCount + "  ";
  size_t comment = source.find("//");
  const int columns = screen.columns - text_columns(indent);
  auto line = [&](const std::string& code, Colour colour) {
    return indent + coloured(shortened(shown(code), columns), colour, screen.colour) + "\n";
  };
  std::string cpp = without_blanks_around(source.substr(0, comment));
  std::string text = cpp.empty() ? "" : line(cpp, Colour::Bold);
  if (comment == std::string::npos) return text;
  std::string go = without_blanks_around(source.substr(comment + 2));
  return go.empty() ? text : text + line("// " + go, Colour::Dim);
}

std::string place(const std::string& file, int64_t line) {
  if (file.empty()) return "";
  return short_path(file) + ":" + std::to_string(line);
}

std::string render_group(const StuckGroup& group, const Screen& screen) {
  std::string state = group.state;
  if (!group.since.empty()) state += (state.empty() ? "" : ", ") + group.since;
  std::string what = shown(group.function.empty() ? "(not started)" : group.function);
  if (!state.empty()) state = "[" + shown(state) + "]";
  const bool fits =
      text_columns(kUnderCount) + text_columns(what) + 1 + text_columns(state) <= screen.columns;
  std::string text =
      coloured(right_aligned(group.count, kCountColumns), Colour::Red, screen.colour) + "  " +
      coloured(what, Colour::Bold, screen.colour) +
      (state.empty() ? "" : (fits ? " " : "\n" + kUnderCount) + state) + "\n";
  if (!group.file.empty()) text += kUnderCount + shown(place(group.file, group.line)) + "\n";
  if (!group.source.empty()) text += render_source(group.source, screen);
  if (group.created_by.empty()) return text;
  std::string created = "created by " + shown(group.created_by);
  // The same file need not be named twice.
  std::string where = group.created_file == group.file && !group.file.empty()
                          ? "line " + std::to_string(group.created_line)
                          : place(group.created_file, group.created_line);
  if (!where.empty()) created += ", " + shown(where);
  return text + wrapped(created, screen.columns, kUnderCount);
}

bool same_place(const StuckGroup& a, const StuckGroup& b) {
  return a.function == b.function && a.file == b.file && a.line == b.line && a.state == b.state &&
         a.created_line == b.created_line;
}

// The groups of all red gates, each place once with its greatest count.
std::vector<StuckGroup> evidence_of(const Judgement& judgement) {
  std::vector<StuckGroup> all;
  for (const Gate& gate : judgement.gates) {
    if (gate.state != GateState::Red) continue;
    for (const StuckGroup& group : gate.evidence) {
      auto known = std::find_if(all.begin(), all.end(),
                                [&](const StuckGroup& other) { return same_place(group, other); });
      if (known == all.end()) {
        all.push_back(group);
      } else if (known->count < group.count) {
        *known = group;
      }
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const StuckGroup& a, const StuckGroup& b) { return a.count > b.count; });
  return all;
}

// The sentence broken between words; what follows the first line is indented.
std::string render_sentence(const std::string& sentence, const std::string& first_indent,
                            int columns) {
  const std::string indent(static_cast<size_t>(text_columns(first_indent)), ' ');
  std::string all = wrapped(sentence, columns, indent);
  return all.empty() ? first_indent + "\n" : first_indent + all.substr(indent.size());
}

// What a compiler says: its messages broken between words, the code that it quotes cut.
std::string render_complaint(const std::string& complaint, const std::string& file, int columns) {
  std::string all;
  std::istringstream lines(complaint);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(" ")) {
      all += shortened(line, columns) + "\n";
      continue;
    }
    // Its file is on the page already.
    if (!file.empty() && line.starts_with(file + ":")) line = line.substr(file.rfind('/') + 1);
    all += wrapped(line, columns, "  ");
  }
  return all;
}

std::string render_red(const Gate& gate, const std::string& file, const Screen& screen) {
  const std::string red = "  " + coloured("red", Colour::Red, screen.colour);
  std::string sentence = shown_lines(gate.sentence);
  if (sentence.find('\n') != std::string::npos) {
    return red + "  " + gate.name + "\n" + render_complaint(sentence, file, screen.columns);
  }
  if (gate.procs > 0) sentence += " (GOMAXPROCS " + std::to_string(gate.procs) + ")";
  const std::string plain = "  red";
  return red + render_sentence(sentence, plain + "  " + padded(gate.name, 8) + "  ", screen.columns)
                   .substr(plain.size());
}

std::string render_gates(const Judgement& judgement, const Screen& screen) {
  std::string text, green, open;
  for (const Gate& gate : judgement.gates) {
    if (gate.state == GateState::Red) text += render_red(gate, judgement.file, screen);
    std::string& list = gate.state == GateState::Green ? green : open;
    if (gate.state != GateState::Red) list += (list.empty() ? "" : " · ") + gate.name;
  }
  for (const auto& [word, list, colour] :
       {std::tuple("green", &green, Colour::Green), {"not judged", &open, Colour::Dim}}) {
    if (list->empty()) continue;
    std::string lines = render_sentence(*list, "  " + std::string(word) + "  ", screen.columns);
    text +=
        "  " + coloured(word, colour, screen.colour) + lines.substr(2 + std::string(word).size());
  }
  return text;
}

std::string render_with(const Judgement& judgement, const std::vector<StuckGroup>& evidence,
                        size_t groups, const Screen& screen) {
  std::string text;
  for (size_t i = 0; i < groups; i++) text += render_group(evidence[i], screen);
  if (groups < evidence.size()) {
    size_t more = evidence.size() - groups;
    text += kUnderCount + "and " + std::to_string(more) +
            (more == 1 ? " more place" : " more places") + " (d shows all)\n";
  }
  if (!evidence.empty()) text += "\n";
  return text + render_gates(judgement, screen);
}

}  // namespace

Screen output_screen() { return {terminal_columns(), terminal_rows(), wants_colour(1)}; }

std::string judgement_page(const Judgement& judgement, const Screen& screen) {
  if (judgement.verdict == Verdict::CouldNotJudge) {
    return render_complaint(shown_lines(judgement.problem), "", screen.columns);
  }
  const std::vector<StuckGroup> evidence = evidence_of(judgement);
  size_t groups = evidence.size();
  std::string text = render_with(judgement, evidence, groups, screen);
  while (groups > 1 && static_cast<int>(page_lines(text, screen).size()) > screen.rows) {
    text = render_with(judgement, evidence, --groups, screen);
  }
  return text;
}

std::string render_judgement(const Judgement& judgement, Screen screen) {
  screen.columns = std::min(screen.columns, kColumnsMax);
  screen.rows = std::numeric_limits<int>::max();
  const bool solved = judgement.verdict == Verdict::Solved;
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, ", %.1f s\n", judgement.seconds);
  std::string text = coloured(judgement.exercise, Colour::Bold, screen.colour) + ": " +
                     coloured(verdict_name(judgement.verdict), solved ? Colour::Green : Colour::Red,
                              screen.colour) +
                     seconds;
  if (!judgement.file.empty()) text += shown(short_path(judgement.file)) + "\n";
  return text + "\n" + judgement_page(judgement, screen) + "\n";
}

std::vector<std::string> page_lines(const std::string& page, const Screen& screen) {
  std::vector<std::string> lines;
  std::istringstream all(page);
  for (std::string line; std::getline(all, line);) {
    for (size_t tab; (tab = line.find('\t')) != std::string::npos;) line.replace(tab, 1, "    ");
    for (std::string& piece : folded(line, screen.columns)) lines.push_back(std::move(piece));
  }
  return lines;
}

std::string coloured_diff(const std::string& diff, bool colour) {
  std::string text;
  std::istringstream lines(diff);
  for (std::string line; std::getline(lines, line);) {
    const bool heading = line.starts_with("--- ") || line.starts_with("+++ ");
    Colour of_line = heading || line.starts_with("@@") ? Colour::Bold
                     : line.starts_with("-")           ? Colour::Red
                     : line.starts_with("+")           ? Colour::Green
                                                       : Colour::None;
    text += coloured(golab::profiler::shown_lines(line), of_line, colour) + "\n";
  }
  return text;
}

}  // namespace lab
