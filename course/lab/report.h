// report.h: `lab report`: one HTML file that shows a student's way through the course.
//
// It is a diary, not a proof: it is made from mine/.lab/diary and the student's files, which their
// owner may edit, and it says so. A teacher re-checks with `lab check --all`. The page needs nothing
// from anywhere else: no script, no picture, no style sheet.
#pragma once

#include <string>
#include <vector>

#include "course/lab/diary.h"
#include "course/lab/exercise.h"

namespace lab {

// What the diary says of one exercise.
struct Journey {
  std::string opened;  // times, empty if it did not happen
  std::string solved;  // the first time
  int attempts = 0;    // judgements until then, that one included
  int hints = 0;
  bool saw_solution = false;  // before it was solved
  std::string guess;  // "1500;chan send;47"
  std::string seen;
};

Journey journey_of(const std::vector<DiaryEntry>& diary, const std::string& exercise);

// A student's part of the report: what is known, and the changes as a diff.
struct ReportEntry {
  Exercise exercise;
  Journey journey;
  std::string diff;
};

std::string render_report(const std::vector<ReportEntry>& entries,
                          const std::vector<DiaryEntry>& diary, const std::string& made_at);

// Text as HTML shows it, and not as HTML means it.
std::string escaped_html(const std::string& text);

// Writes the file (mine/report.html if it is empty) and says where it is.
int report_command(const std::string& file);

}  // namespace lab
