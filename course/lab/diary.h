// diary.h: what a student did, in the order in which it happened: the file mine/.lab/diary.
//
// One line for each event: the time, the exercise, what happened, and what belongs to it:
//
//   2026-01-31T14:03:22Z 02-worker-pool opened
//   2026-01-31T14:03:29Z 02-worker-pool predicted 23;chan send;47 saw 1523;chan receive;27
//   2026-01-31T14:05:10Z 02-worker-pool checked not yet: left hangup
//   2026-01-31T14:06:02Z 02-worker-pool hint 1
//   2026-01-31T14:30:41Z 02-worker-pool checked solved
//
// Lines are only ever appended, each by one write, so that two labs of one student do not disturb
// each other. What lab must remember (how many hints were shown, whether the three questions were
// asked) is read from here, and `lab report` shows the whole. A line that cannot be read is passed
// over: the file is text, and its owner may edit it.
#pragma once

#include <string>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/judge.h"
#include "runtime/errors/errors.h"

namespace lab {

struct DiaryEntry {
  std::string time;      // RFC 3339, UTC
  std::string exercise;  // "02-worker-pool"
  std::string what;      // "opened", "predicted", "checked", "hint", "solution", "reset"
  std::string more;      // the rest of the line
};

golab::error write_diary(const std::string& exercise, const std::string& what,
                         const std::string& more = "");
std::vector<DiaryEntry> read_diary();
std::vector<DiaryEntry> parse_diary(const std::string& text);

// How many hints the student has seen.
int hints_shown(const std::vector<DiaryEntry>& diary, const std::string& exercise);
// Whether such an event is in the diary.
bool has_happened(const std::vector<DiaryEntry>& diary, const std::string& exercise,
                  const std::string& what);

// A judgement as an entry: "solved", "not yet: left hangup", "could not be judged".
golab::error note_judgement(const Judgement& judgement);

}  // namespace lab
