// report.cpp: the diary, counted, as a table and a list.
#include "course/lab/report.h"

#include <sstream>

#include "course/lab/output.h"
#include "course/lab/student.h"
#include "course/lab/whole_file.h"
#include "course/lab/workspace.h"
#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"
#include "runtime/time/time.h"

namespace lab {

using golab::error;
namespace fmt = golab::fmt;
namespace time = golab::time;

namespace {

const char kStyle[] = R"(
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #8886; vertical-align: top; }
td.n, th.n { text-align: right; }
tr.solved td:first-child::before { content: "✓ "; color: #2a2; }
.note { border-left: 4px solid #c80; padding: .2rem 1rem; }
pre { overflow-x: auto; font-size: 13px; line-height: 1.35; padding: .6rem; border: 1px solid #8886; }
ins { color: #2a2; text-decoration: none; } del { color: #d33; text-decoration: none; }
)";

// A time as people write it: "2026-01-31 14:03".
std::string for_people(const std::string& moment) {
  auto [parsed, err] = time::Parse(time::RFC3339, moment);
  return err != nullptr ? moment : parsed.Local().Format("2006-01-02 15:04");
}

std::string cell(const std::string& text, bool number = false) {
  return (number ? "<td class=n>" : "<td>") + escaped_html(text) + "</td>";
}

std::string count(int number) { return number == 0 ? "" : std::to_string(number); }

std::string html_diff(const std::string& diff) {
  std::string text;
  std::istringstream lines(diff);
  for (std::string line; std::getline(lines, line);) {
    const std::string safe = escaped_html(line);
    text += line.starts_with("+")   ? "<ins>" + safe + "</ins>\n"
            : line.starts_with("-") ? "<del>" + safe + "</del>\n"
                                    : safe + "\n";
  }
  return "<pre>" + text + "</pre>\n";
}

std::string table_row(const ReportEntry& entry) {
  const Journey& journey = entry.journey;
  const bool solved = !journey.solved.empty();
  return std::string("<tr") + (solved ? " class=solved>" : ">") + cell(entry.exercise.name) +
         cell(entry.exercise.title) + cell(for_people(journey.opened)) +
         cell(for_people(journey.solved)) + cell(count(journey.attempts), true) +
         cell(count(journey.hints), true) + cell(journey.saw_solution ? "yes" : "") + "</tr>\n";
}

std::string summary(const std::vector<ReportEntry>& entries) {
  int solved = 0, minutes = 0;
  for (const ReportEntry& entry : entries) {
    if (entry.journey.solved.empty()) continue;
    solved++;
    minutes += entry.exercise.minutes;
  }
  return fmt::Sprintf("%d of %d exercises solved, planned for %d minutes.", solved,
                      static_cast<int>(entries.size()), minutes);
}

std::string details(const ReportEntry& entry) {
  const Journey& journey = entry.journey;
  std::string text;
  if (!journey.guess.empty()) {
    text += "<p>Predicted (goroutines; state; line): " + escaped_html(journey.guess) +
            ". Seen: " + escaped_html(journey.seen) + ".</p>\n";
  }
  if (!entry.diff.empty()) text += html_diff(entry.diff);
  if (text.empty()) return "";
  return "<h3>" + escaped_html(entry.exercise.name + ": " + entry.exercise.title) + "</h3>\n" +
         text;
}

std::string diary_list(const std::vector<DiaryEntry>& diary) {
  std::string text = "<table>\n";
  for (const DiaryEntry& entry : diary) {
    text += "<tr>" + cell(for_people(entry.time)) + cell(entry.exercise) + cell(entry.what) +
            cell(entry.more) + "</tr>\n";
  }
  return text + "</table>\n";
}

}  // namespace

std::string escaped_html(const std::string& text) {
  std::string safe;
  for (char c : golab::profiler::shown_lines(text)) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

Journey journey_of(const std::vector<DiaryEntry>& diary, const std::string& exercise) {
  Journey journey;
  for (const DiaryEntry& entry : diary) {
    if (entry.exercise != exercise) continue;
    const bool solved = !journey.solved.empty();
    if (entry.what == "opened" && journey.opened.empty()) journey.opened = entry.time;
    if (entry.what == "hint") journey.hints = hints_shown(diary, exercise);
    if (entry.what == "solution" && !solved) journey.saw_solution = true;
    if (entry.what == "checked" && !solved) {
      journey.attempts++;
      if (entry.more == verdict_name(Verdict::Solved)) journey.solved = entry.time;
    }
    if (entry.what == "predicted") {
      size_t saw = entry.more.find(" saw ");
      journey.guess = entry.more.substr(0, saw);
      if (saw != std::string::npos) journey.seen = entry.more.substr(saw + 5);
    }
  }
  return journey;
}

std::string render_report(const std::vector<ReportEntry>& entries,
                          const std::vector<DiaryEntry>& diary, const std::string& made_at) {
  std::string text =
      "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
      "<meta name=viewport content=\"width=device-width\">\n<title>golab: a diary</title>\n<style>" +
      std::string(kStyle) + "</style>\n<h1>golab: a diary</h1>\n<p>" +
      escaped_html(summary(entries)) + " Made at " + escaped_html(made_at) +
      ".</p>\n"
      "<p class=note>This is a diary, not a proof: it is made from files that their owner may edit. "
      "To be sure, check the student's files again: "
      "<code>GOLAB_MINE=PATH-OF-MINE ./lab check --all</code>.</p>\n"
      "<table>\n<tr><th>exercise<th><th>opened<th>solved<th class=n>attempts<th class=n>hints"
      "<th>solution seen before</tr>\n";
  for (const ReportEntry& entry : entries) text += table_row(entry);
  text += "</table>\n<h2>Changes</h2>\n";
  for (const ReportEntry& entry : entries) text += details(entry);
  return text + "<h2>Day by day</h2>\n" + diary_list(diary) + "</html>\n";
}

int report_command(const std::string& file) {
  auto [all, err] = exercises();
  if (err != nullptr) return failed(err, 2);
  const std::vector<DiaryEntry> diary = read_diary();
  std::vector<ReportEntry> entries;
  for (const Exercise& exercise : all) {
    ReportEntry entry{exercise, journey_of(diary, exercise.name), ""};
    if (is_open(exercise)) {
      auto [diff, diff_err] = diff_files(shipped_file(exercise), mine_file(exercise));
      if (diff_err != nullptr) return failed(diff_err, 2);
      entry.diff = diff;
    }
    entries.push_back(entry);
  }
  std::string place = file;
  if (place.empty()) {
    auto [kept, kept_err] = lab_file("diary");  // makes mine/
    if (kept_err != nullptr) return failed(kept_err, 2);
    place = mine_dir() + "/report.html";
  }
  const std::string now = time::Now().Format("2006-01-02 15:04");
  if (error written = write_whole(place, render_report(entries, diary, now)); written != nullptr) {
    return failed(fmt::Errorf("%w; -o names another place", written), 2);
  }
  print(short_path(place) + ": open it in a browser. It is a diary, not a proof.\n");
  return 0;
}

}  // namespace lab
