// log.cpp: one line, one write, one at a time per logger.
#include "runtime/log/log.h"

#include "runtime/die/panic.h"
#include "runtime/os/os.h"
#include "runtime/sync/mutex.h"
#include "runtime/time/time.h"

namespace golab::log {

struct Logger::State {
  sync::Mutex mu;
  golab::glue::Writer w;
  std::string prefix;
  int flags = LstdFlags;
};

namespace {

using glue::Locked;

std::string header(const std::string& prefix, int flags) {
  std::string line;
  if ((flags & Lmsgprefix) == 0) line += prefix;
  if ((flags & (Ldate | Ltime | Lmicroseconds)) != 0) {
    time::Time now = time::Now();
    if ((flags & LUTC) != 0) now = now.UTC();
    if ((flags & Ldate) != 0) line += now.Format("2006/01/02 ");
    if ((flags & Lmicroseconds) != 0)
      line += now.Format("15:04:05.000000 ");
    else if ((flags & Ltime) != 0)
      line += now.Format("15:04:05 ");
  }
  if ((flags & Lmsgprefix) != 0) line += prefix;
  return line;
}

}  // namespace

Logger::Logger(golab::glue::Writer w, std::string_view prefix, int flags)
    : state_(std::make_shared<State>()) {
  state_->w = w;
  state_->prefix = prefix;
  state_->flags = flags;
}

[[gnu::noinline]] void Logger::Output(std::string_view text) const {
  Locked l(state_->mu);
  std::string line = header(state_->prefix, state_->flags);
  line += text;
  if (line.empty() || line.back() != '\n') line += '\n';
  state_->w.write(state_->w.to, line);
}

void Logger::fatal(const std::string& text) const {
  Output(text);
  os::Exit(1);
}

void Logger::SetFlags(int flags) const {
  Locked l(state_->mu);
  state_->flags = flags;
}
int Logger::Flags() const {
  Locked l(state_->mu);
  return state_->flags;
}
void Logger::SetPrefix(std::string_view prefix) const {
  Locked l(state_->mu);
  state_->prefix = prefix;
}
std::string Logger::Prefix() const {
  Locked l(state_->mu);
  return state_->prefix;
}
void Logger::set_writer(golab::glue::Writer w) const {
  Locked l(state_->mu);
  state_->w = w;
}

// It is never destroyed: goroutines may log while the process ends.
const Logger& Default() {
  static const Logger& std_logger = *new Logger(New(os::Stderr, "", LstdFlags));
  return std_logger;
}

void SetFlags(int flags) { Default().SetFlags(flags); }
int Flags() { return Default().Flags(); }
void SetPrefix(std::string_view prefix) { Default().SetPrefix(prefix); }
std::string Prefix() { return Default().Prefix(); }

using golab::glue::Args;

[[gnu::noinline]] void Printf(std::string_view format, Args args) {
  Default().Output(fmt::Sprintf(format, args));
}
[[gnu::noinline]] void Print(Args args) { Default().Output(fmt::Sprint(args)); }
[[gnu::noinline]] void Println(Args args) { Default().Output(fmt::Sprintln(args)); }

[[gnu::noinline]] void Fatalf(std::string_view format, Args args) {
  Default().Output(fmt::Sprintf(format, args));
  os::Exit(1);
}
[[gnu::noinline]] void Fatal(Args args) {
  Default().Output(fmt::Sprint(args));
  os::Exit(1);
}
[[gnu::noinline]] void Fatalln(Args args) {
  Default().Output(fmt::Sprintln(args));
  os::Exit(1);
}

[[gnu::noinline]] void Panicf(std::string_view format, Args args) {
  std::string text = fmt::Sprintf(format, args);
  Default().Output(text);
  panic(text);
}
[[gnu::noinline]] void Panic(Args args) {
  std::string text = fmt::Sprint(args);
  Default().Output(text);
  panic(text);
}
[[gnu::noinline]] void Panicln(Args args) {
  std::string text = fmt::Sprintln(args);
  Default().Output(text);
  panic(text);
}

}  // namespace golab::log
