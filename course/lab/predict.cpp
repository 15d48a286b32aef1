// predict.cpp: questions, and answers compared.
#include "course/lab/predict.h"

#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "course/lab/diary.h"
#include "course/lab/terminal.h"
#include "profiler/analysis/diff.h"
#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"

namespace lab {
namespace {

using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::shown;

std::string load_of(const Exercise& exercise) {
  return std::to_string(exercise.load().count) + " × " + exercise.load().method + " " +
         exercise.load().path;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return text;
}

// "main.cpp:47", "line 47" and "47" name the same line.
std::string last_number(const std::string& text) {
  size_t end = text.find_last_of("0123456789");
  if (end == std::string::npos) return "";
  size_t begin = text.find_last_not_of("0123456789", end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

// A profile that is fetched over HTTP shows its connection: one goroutine that serves it, and one
// that reads ahead. One that was taken otherwise is counted as if it had been fetched.
constexpr int64_t kFetchGoroutines = 2;

bool has_connection(const golab::profiler::SymbolizedProfile& profile) {
  for (const golab::profiler::Function& function : profile.functions) {
    if (function.name == "net/http.(*conn).serve") return true;
  }
  return false;
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string seen_text(size_t number, const Seen& seen) {
  if (number == 0) return std::to_string(seen.goroutines);
  if (number == 1) return seen.state.empty() ? "running or runnable" : seen.state;
  return seen.file.empty() ? "none of the program"
                           : file_name(seen.file) + ":" + std::to_string(seen.line);
}

}  // namespace

Seen seen_in(const golab::profiler::SymbolizedProfile& profile) {
  Seen seen;
  seen.goroutines = golab::profiler::total(profile);
  if (!has_connection(profile)) seen.goroutines += kFetchGoroutines;
  // By line: the question is for one.
  golab::profiler::ProfileDiff stacks = golab::profiler::diff({}, profile, {.by_line = true});
  auto is_worth_it = [](const golab::profiler::StackChange& stack) {
    // main() itself waits in every service.
    return stack.in_main && stack.function != "main.main";
  };
  auto most = std::find_if(stacks.stacks.begin(), stacks.stacks.end(), is_worth_it);
  // A leak may be all in the library's goroutines.
  if (most == stacks.stacks.end()) most = stacks.stacks.begin();
  if (most == stacks.stacks.end()) return seen;
  return {seen.goroutines, most->state, most->function, most->file, most->line};
}

std::string question(const Exercise& exercise, size_t number) {
  switch (number) {
    case 0:
      return "1. After " + load_of(exercise) + ": how many goroutines?";
    case 1:
      return "2. Most of them are in which state?";
    default:
      return "3. At which line of main.cpp?";
  }
}

std::string before_questions(const Exercise& exercise, int columns) {
  return wrapped("Before you look: read main.cpp of " + exercise.name +
                     ", then say what its goroutine profile will show once " + load_of(exercise) +
                     " has come and gone. Enter skips a question.",
                 std::min(columns, 80)) +
         "\n" +
         wrapped(
             "States are, for example: chan receive, chan send, select, sleep, IO wait, "
             "sync.Mutex.Lock, sync.WaitGroup.Wait.",
             std::min(columns, 80));
}

bool is_right(const Guess& guess, size_t number, const Seen& seen) {
  if (number == 0) return last_number(guess[0]) == std::to_string(seen.goroutines);
  if (number == 1) return !guess[1].empty() && lower(guess[1]) == lower(seen.state);
  return seen.line > 0 && last_number(guess[2]) == std::to_string(seen.line);
}

std::string render_guess(const Guess& guess, const Seen& seen, const Screen& screen) {
  static const char* const kRows[] = {"goroutines", "state of most", "line of most"};
  // The cells are cut, so that three columns fit into any terminal.
  const int cell = std::max(8, (screen.columns - 23) / 2);
  using Align = golab::profiler::TextTable::Align;
  golab::profiler::TextTable table({Align::Left, Align::Left, Align::Left});
  table.row({"", "your guess", "seen"}, Colour::Bold);
  for (size_t i = 0; i < guess.size(); i++) {
    Colour colour = guess[i].empty()           ? Colour::None
                    : is_right(guess, i, seen) ? Colour::Green
                                               : Colour::Red;
    table.row({kRows[i], shortened(guess[i].empty() ? "-" : guess[i], cell),
               shortened(seen_text(i, seen), cell)},
              colour);
  }
  return table.render(screen.colour);
}

bool is_unasked(const Exercise& exercise) {
  std::vector<DiaryEntry> diary = read_diary();
  return !has_happened(diary, exercise.name, "predicted") &&
         !has_happened(diary, exercise.name, "checked");
}

golab::error note_guess(const Exercise& exercise, const Guess& guess, const Seen& seen) {
  std::string more;
  for (const std::string& answer : guess) {
    std::string kept = answer;
    std::replace(kept.begin(), kept.end(), ';', ',');
    more += (more.empty() ? "" : ";") + (kept.empty() ? "-" : kept);
  }
  more += " saw ";
  for (size_t i = 0; i < guess.size(); i++) more += (i == 0 ? "" : ";") + seen_text(i, seen);
  return write_diary(exercise.name, "predicted", more);
}

void predict_before_run(const Exercise& exercise, const Look& look) {
  if (!::isatty(0) || !::isatty(2) || !is_unasked(exercise)) return;
  const Screen screen{terminal_columns(), terminal_rows(), wants_colour(2)};
  std::cerr << before_questions(exercise, screen.columns) << "\n";
  Guess guess;
  for (size_t i = 0; i < guess.size(); i++) {
    std::cerr << question(exercise, i) << " " << std::flush;
    if (!std::getline(std::cin, guess[i])) return;
  }
  auto [profile, err] = look();
  // The service is run all the same, and says then what is wrong with it.
  if (err != nullptr) return;
  Seen seen = seen_in(profile);
  std::cerr << "\n" << render_guess(guess, seen, screen) << "\n";
  note_guess(exercise, guess, seen);
}

}  // namespace lab
