// loop.cpp: what each key, each save and each verdict does to the screen.
#include "course/lab/loop.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "course/lab/diary.h"
#include "course/lab/hint.h"
#include "course/lab/key_reader.h"
#include "course/lab/output.h"
#include "course/lab/pager.h"
#include "course/lab/predict.h"
#include "course/lab/student.h"
#include "course/lab/workspace.h"
#include "profiler/analysis/text_table.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"
#include "runtime/os/signal/signal.h"

namespace lab {
namespace {

using golab::profiler::Colour;
using golab::profiler::coloured;
using golab::profiler::shown;

// The three questions while they are asked.
struct Questions {
  size_t number = 0;
  Guess guess;
};

// A question that y or n ends.
struct Confirmation {
  std::string question;
  std::function<void()> yes;
};

// The items, two blanks between them, none broken between its words.
std::string in_lines(const std::vector<std::string>& items, int columns) {
  std::string text, line;
  for (const std::string& item : items) {
    if (!line.empty() && text_columns(line) + 2 + text_columns(item) > columns) {
      text += line + "\n";
      line.clear();
    }
    line += (line.empty() ? "" : "  ") + item;
  }
  return text + line + "\n";
}

class Loop {
 public:
  Loop(const LoopOptions& options, std::vector<Exercise> all)
      : options_(options), all_(std::move(all)) {}

  int run();

 private:
  const Exercise& exercise() const { return all_[at_]; }

  void open(size_t at);
  void judge_now();
  void judged(Judgement judgement);
  void saved();

  bool key(char key);  // false: quit
  void command(char key);
  void answer(char key);
  void confirm(char key);
  void show(std::pair<std::string, error> page);
  void hint();
  void profile();
  void dump();
  void solution();
  void show_solution();
  void reset_file();

  std::string heading(const Screen& screen) const;
  std::string body(const Screen& screen) const;
  std::string questions_page(const Screen& screen) const;
  std::string footer(const Screen& screen) const;
  void draw();

  void stop_for_a_while();

  const LoopOptions options_;
  const std::vector<Exercise> all_;
  size_t at_ = 0;
  KeyReader keys_;

  // The file that is watched.
  RecvChan<std::string> saves_;
  context::CancelFunc end_watch_ = [] {};

  // The judgement that runs, if one does.
  bool running_ = false;
  bool again_ = false;  // the file was saved since it began
  context::CancelFunc end_judgement_ = [] {};
  Chan<Judgement> verdicts_ = make_chan<Judgement>(1);
  Chan<std::string> steps_ = make_chan<std::string>();

  // What is shown.
  std::optional<Judgement> judgement_;
  std::string judged_at_;
  std::string status_;
  std::string page_;  // instead of the judgement; empty: the judgement
  Pager pager_;
  std::optional<Questions> questions_;
  std::optional<Guess> guess_;  // waits for its first judgement
  std::string guess_page_;      // stands above the first judgement
  std::optional<Confirmation> confirmation_;
};

// ---- The exercise, and its judgements ----

void Loop::open(size_t at) {
  at_ = at;
  end_watch_();
  saves_ = {};
  end_judgement_();  // one that runs is for the exercise before
  again_ = false;
  judgement_.reset();
  page_.clear();
  guess_page_.clear();
  guess_.reset();
  confirmation_.reset();
  questions_.reset();
  if (!exercise().problem.empty()) {
    page_ = shown(exercise().problem) + "\n";
    return;
  }
  const bool first = is_unasked(exercise());
  auto [file, err] = open_exercise(exercise());
  if (err != nullptr) {
    page_ = shown(err.Error()) + "\n";
    return;
  }
  auto [ctx, cancel] = context::WithCancel(context::Background());
  end_watch_ = cancel;
  saves_ = watch_file(ctx, file, options_.files);
  if (first) {
    questions_.emplace();
  } else {
    judge_now();
  }
}

void Loop::judge_now() {
  end_judgement_();
  again_ = running_;
  if (running_) {
    status_ = "saved again: beginning anew";
    return;
  }
  running_ = true;
  status_ = "judging";
  auto [ctx, cancel] = context::WithCancel(context::Background());
  end_judgement_ = cancel;
  go([ctx = ctx, judge = options_.judge, exercise = exercise(), file = mine_file(exercise()),
      steps = steps_, verdicts = verdicts_] {
    Progress progress([&](const std::string& text) {
      if (text.empty()) return;
      select({send(steps, text), recv(ctx.Done())});
    });
    verdicts.send(judge(ctx, exercise, file, &progress));
  });
}

void Loop::judged(Judgement judgement) {
  running_ = false;
  if (again_) return judge_now();
  if (judgement.exercise != exercise().name) {  // of the exercise before
    const bool ready = exercise().problem.empty() && is_open(exercise());
    if (ready && !questions_.has_value()) judge_now();
    return;
  }
  judged_at_ = time::Now().Format(time::TimeOnly);
  status_.clear();
  note_judgement(judgement);
  if (judgement.verdict == Verdict::Solved) mark_solved(exercise());
  if (guess_.has_value() && !judgement.profile.empty()) {
    profiler::ReadResult read = profiler::read_profile(judgement.profile, "the profile");
    if (read) {
      Seen seen = seen_in(read.profile);
      guess_page_ = render_guess(*guess_, seen, output_screen()) + "\n";
      note_guess(exercise(), *guess_, seen);
    }
    guess_.reset();
  } else {
    guess_page_.clear();
  }
  judgement_ = std::move(judgement);
  page_.clear();
  pager_.to_top();
}

void Loop::saved() {
  if (questions_.has_value()) return;  // it is judged when they are answered
  judge_now();
}

// ---- Keys ----

void Loop::show(std::pair<std::string, error> page) {
  page_ = page.second != nullptr ? shown(page.second.Error()) + "\n" : page.first;
  pager_.to_top();
}

void Loop::hint() { show(next_hint(exercise(), false, output_screen().columns)); }

void Loop::profile() {
  if (!judgement_.has_value() || judgement_->profile.empty()) {
    return show({"There is no profile yet.\n", nullptr});
  }
  show(keep_profile(exercise(), judgement_->profile, output_screen()));
}

void Loop::dump() {
  if (!judgement_.has_value() || judgement_->dump.empty()) {
    return show({"There is no dump yet.\n", nullptr});
  }
  show(keep_dump(exercise(), judgement_->dump, output_screen()));
}

void Loop::show_solution() {
  write_diary(exercise().name, "solution");
  show(solution_page(exercise(), output_screen()));
}

void Loop::solution() {
  if (is_solved(exercise())) return show_solution();
  confirmation_ = {"Not solved yet. Show the solution all the same?", [this] { show_solution(); }};
}

void Loop::reset_file() {
  confirmation_ = {"Begin anew with the shipped file? Yours is kept beside it.", [this] {
                     error err = reset(exercise());
                     if (err == nullptr) err = write_diary(exercise().name, "reset");
                     if (err != nullptr) show({"", err});
                     // The watch sees the new file and has it judged.
                   }};
}

void Loop::command(char key) {
  switch (key) {
    case 'h':
      return hint();
    case 'd':
      return dump();
    case 'p':
      return profile();
    case 'l':
      return show({render_list(all_, exercise().name, output_screen()), nullptr});
    case 's':
      return solution();
    case 'r':
      return reset_file();
    case 'n':
      return open(next_after(all_, at_));
    case '\r':
    case '\n':
      return show({"", nullptr});
    default:
      pager_.key(key);
  }
}

void Loop::answer(char key) {
  std::string& typed = questions_->guess[questions_->number];
  if (key == '\b' || key == 0x7f) {
    while (!typed.empty() && (typed.back() & 0xC0) == 0x80) typed.pop_back();
    if (!typed.empty()) typed.pop_back();
  } else if (key != '\n' && key != '\r') {
    if (static_cast<unsigned char>(key) >= ' ' && typed.size() < 60) typed += key;
  } else if (++questions_->number == questions_->guess.size()) {
    guess_ = questions_->guess;
    questions_.reset();
    judge_now();
  }
}

void Loop::confirm(char key) {
  std::function<void()> yes = confirmation_->yes;
  confirmation_.reset();
  if (key == 'y' || key == 'Y') yes();
}

bool Loop::key(char key) {
  if (pager_.takes(key)) return true;
  if (questions_.has_value()) {
    answer(key);
  } else if (confirmation_.has_value()) {
    confirm(key);
  } else if (key == 'q') {
    return false;
  } else {
    command(key);
  }
  return true;
}

// ---- The screen ----

std::string Loop::heading(const Screen& screen) const {
  size_t solved = 0;
  for (const Exercise& each : all_) solved += is_solved(each);
  const std::string right =
      std::to_string(solved) + " of " + std::to_string(all_.size()) + " solved";
  const std::string left = shortened(exercise().name + "  " + shown(exercise().title),
                                     screen.columns - static_cast<int>(right.size()) - 2);
  const int gap = screen.columns - text_columns(left) - static_cast<int>(right.size());
  return coloured(left, Colour::Bold, screen.colour) +
         std::string(static_cast<size_t>(std::max(2, gap)), ' ') + right + "\n" +
         shown(short_path(mine_file(exercise()))) + "\n\n";
}

std::string Loop::questions_page(const Screen& screen) const {
  std::string text = before_questions(exercise(), screen.columns) + "\n";
  for (size_t i = 0; i <= questions_->number; i++) {
    text += question(exercise(), i) + " " + shown(questions_->guess[i]) + "\n";
  }
  text.pop_back();  // the cursor stands behind what is typed
  return text;
}

std::string Loop::body(const Screen& screen) const {
  if (!page_.empty()) return page_;
  if (!judgement_.has_value()) return "";
  std::string text = guess_page_;
  if (judgement_->verdict == Verdict::Solved) {
    text += coloured("Solved.", Colour::Green, screen.colour) + "\n\n";
  } else if (judgement_->verdict == Verdict::CouldNotJudge) {
    text += coloured("It could not be judged.", Colour::Red, screen.colour) + "\n\n";
  }
  Screen rest = screen;
  rest.rows -= static_cast<int>(page_lines(text, screen).size());
  text += judgement_page(*judgement_, rest);
  if (changed_since_copy(exercise())) {
    text += "\n" + wrapped(
                       "The shipped exercise has changed since you copied it. Yours is judged "
                       "against the text that you began with; r begins anew.",
                       screen.columns);
  }
  if (judgement_->verdict == Verdict::Solved) {
    const bool all = std::all_of(all_.begin(), all_.end(), is_solved);
    text += "\n" + wrapped(all ? "All exercises are solved. What comes now: ./lab hunt, to write a "
                                 "detector of leaks; ./lab watch URL, on a service of your own."
                               : "s shows our solution, for comparison; n goes on.",
                           screen.columns);
  }
  return text;
}

std::string Loop::footer(const Screen& screen) const {
  if (confirmation_.has_value()) return wrapped(confirmation_->question + " y/n", screen.columns);
  std::string status = status_;
  if (status.empty() && judgement_.has_value()) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.1f s", judgement_->seconds);
    status = "judged at " + judged_at_ + " in " + seconds + "; save the file to try again";
  }
  std::vector<std::string> keys = {"h hint",     "d dump",  "p profile", "l list",
                                   "s solution", "r reset", "n next",    "q quit"};
  if (!page_.empty()) keys.insert(keys.begin(), "Enter back");
  return coloured(shortened(shown(status), screen.columns), Colour::Dim, screen.colour) + "\n" +
         in_lines(keys, screen.columns);
}

void Loop::draw() {
  const Screen whole = output_screen();
  if (questions_.has_value()) {
    print(screen_text(heading(whole) + questions_page(whole), whole));
    return;
  }
  const std::string top = heading(whole), bottom = footer(whole);
  Screen middle = whole;
  middle.rows -=
      static_cast<int>(page_lines(top, whole).size() + page_lines(bottom, whole).size()) + 1;
  print(screen_text(top + pager_.visible(body(middle), middle) + bottom, whole));
}

// Ctrl-Z: the shell gets its terminal as it was; afterwards all is drawn anew.
void Loop::stop_for_a_while() {
  keys_.restore();
  ::raise(SIGSTOP);
  keys_.take();
}

int Loop::run() {
  auto signals = make_chan<os::Signal>(4);
  os::signal::Notify(signals, SIGINT, SIGTERM, SIGHUP, SIGTSTP, SIGWINCH);
  open(first_unsolved(all_));
  int ended_by = 0;
  for (bool go_on = true; go_on;) {
    draw();
    char key_pressed = 0;
    bool open_terminal = true;
    std::string text;
    os::Signal signal;
    Judgement verdict;
    bool ok = true;
    switch (
        select({recv(keys_.keys(), key_pressed, open_terminal), recv(saves_, text, ok),
                recv(verdicts_, verdict, ok), recv(steps_, text, ok), recv(signals, signal, ok)})) {
      case 0:
        go_on = open_terminal && key(key_pressed);
        break;
      case 1:
        saved();
        break;
      case 2:
        judged(std::move(verdict));
        break;
      case 3:
        if (!again_) status_ = text;
        break;
      case 4:
        if (signal.Number() == SIGTSTP) stop_for_a_while();
        if (signal.Number() == SIGTSTP || signal.Number() == SIGWINCH) break;
        ended_by = signal.Number();
        go_on = false;
    }
  }
  end_judgement_();
  // It takes away what it has half made.
  if (running_) select({recv(verdicts_), recv(time::After(time::Second))});
  keys_.restore();
  print("\n");
  if (ended_by == 0) return 0;
  os::signal::Stop(signals);
  ::raise(ended_by);
  return 128 + ended_by;
}

}  // namespace

int watch_mode(const LoopOptions& options) {
  auto [all, err] = exercises();
  if (err != nullptr) return failed(err, 2);
  return Loop(options, all).run();
}

}  // namespace lab
