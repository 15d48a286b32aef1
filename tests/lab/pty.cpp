// pty.cpp: openpty, a child, and a small terminal.
#include "tests/lab/pty.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "runtime/strconv/utf8.h"
#include "tests/catch.h"
#include "tests/lab/run.h"

namespace lab_test {

TerminalScreen::TerminalScreen(int columns, int rows)
    : columns_(columns), rows_(rows), lines_(static_cast<size_t>(rows)) {}

void TerminalScreen::next_line() {
  if (y_ + 1 < rows_) {
    y_++;
    return;
  }
  scrolled_ = true;
  lines_.erase(lines_.begin());
  lines_.emplace_back();
}

void TerminalScreen::put(char32_t rune) {
  if (rune == '\r') {
    x_ = 0;
  } else if (rune == '\n') {
    next_line();
  } else {
    if (x_ == columns_) {
      wrapped_ = true;
      x_ = 0;
      next_line();
    }
    std::u32string& line = lines_[static_cast<size_t>(y_)];
    if (line.size() <= static_cast<size_t>(x_)) line.resize(static_cast<size_t>(x_) + 1, U' ');
    line[static_cast<size_t>(x_++)] = rune;
  }
}

void TerminalScreen::sequence(const std::string& bytes) {
  const char what = bytes.back();
  std::u32string& line = lines_[static_cast<size_t>(y_)];
  if (what == 'm') coloured_ = true;
  if (what == 'H') x_ = y_ = 0;
  if (what == 'K' || (what == 'J' && bytes == "\033[J")) {
    if (line.size() > static_cast<size_t>(x_)) line.resize(static_cast<size_t>(x_));
  }
  if (bytes == "\033[J") {
    for (size_t i = static_cast<size_t>(y_) + 1; i < lines_.size(); i++) lines_[i].clear();
  }
  if (bytes == "\033[2J") lines_.assign(lines_.size(), {});
}

void TerminalScreen::take(const std::string& bytes) {
  for (char c : bytes) {
    pending_ += c;
    if (pending_[0] == '\033') {
      const bool ends = pending_.size() > 2 && c >= '@' && c <= '~';
      if (!ends) continue;
      sequence(pending_);
    } else {
      const auto first = static_cast<unsigned char>(pending_[0]);
      const size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
      if (pending_.size() < length) continue;
      golab::utf8::each_rune(pending_, [&](char32_t rune, std::string_view) { put(rune); });
    }
    pending_.clear();
  }
}

std::string TerminalScreen::text() const {
  std::string all;
  for (const std::u32string& line : lines_) {
    std::string bytes;
    for (char32_t rune : line) {
      // Only what lab prints: up to three bytes.
      if (rune < 0x80) {
        bytes += static_cast<char>(rune);
      } else if (rune < 0x800) {
        bytes += {static_cast<char>(0xC0 | (rune >> 6)), static_cast<char>(0x80 | (rune & 63))};
      } else {
        bytes +=
            {static_cast<char>(0xE0 | (rune >> 12)), static_cast<char>(0x80 | ((rune >> 6) & 63)),
             static_cast<char>(0x80 | (rune & 63))};
      }
    }
    all += bytes.substr(0, bytes.find_last_not_of(' ') + 1) + "\n";
  }
  return all;
}

PtyProgram::PtyProgram(const std::vector<std::string>& args, const std::vector<std::string>& env,
                       int columns, int rows)
    : screen_(columns, rows) {
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  REQUIRE(::openpty(&master_, &slave_, nullptr, nullptr, &size) == 0);
  ::fcntl(master_, F_SETFD, FD_CLOEXEC);
  ::fcntl(slave_, F_SETFD, FD_CLOEXEC);
  ::fcntl(master_, F_SETFL, O_NONBLOCK);
  ::tcgetattr(slave_, &before_);
  std::vector<std::string> environment = {"TERM=xterm", std::string("PATH=") + ::getenv("PATH")};
  environment.insert(environment.end(), env.begin(), env.end());
  std::vector<char*> argv, envp;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  for (const std::string& entry : environment) envp.push_back(const_cast<char*>(entry.c_str()));
  argv.push_back(nullptr);
  envp.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  ::ioctl(slave_, TIOCSCTTY, 0);
  for (int fd : {0, 1, 2}) ::dup2(slave_, fd);
  for (int sig = 1; sig < 32; sig++) ::signal(sig, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(argv[0], argv.data(), envp.data());
  ::_exit(127);
}

PtyProgram::~PtyProgram() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    wait_for(pid_);
  }
  ::close(master_);
  ::close(slave_);
}

void PtyProgram::read_all() {
  char piece[4096];
  for (ssize_t n; (n = ::read(master_, piece, sizeof piece)) > 0;) {
    std::string bytes(piece, static_cast<size_t>(n));
    written_ += bytes;
    screen_.take(bytes);
  }
}

const TerminalScreen& PtyProgram::screen() {
  read_all();
  return screen_;
}

const std::string& PtyProgram::written() {
  read_all();
  return written_;
}

void PtyProgram::type(const std::string& keys) {
  REQUIRE(::write(master_, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
}

bool PtyProgram::shows(const std::string& text, int seconds) {
  return eventually(std::chrono::seconds(seconds),
                    [&] { return screen().text().find(text) != std::string::npos; });
}

bool PtyProgram::hides(const std::string& text) {
  return eventually([&] { return screen().text().find(text) == std::string::npos; });
}

int PtyProgram::wait() {
  // Nobody could go on writing into a terminal that nobody reads.
  bool ended = eventually([&] {
    read_all();
    return !is_alive(pid_);
  });
  if (!ended) ::kill(pid_, SIGKILL);
  int status = wait_for(pid_);
  pid_ = -1;
  read_all();
  return status;
}

bool PtyProgram::stops() {
  return eventually([&] {
    std::ifstream stat("/proc/" + std::to_string(pid_) + "/stat");
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    return text.find(") T ") != std::string::npos;
  });
}

void PtyProgram::kill(int signal) { ::kill(pid_, signal); }

void PtyProgram::resize(int columns, int rows) {
  read_all();
  screen_ = TerminalScreen(columns, rows);
  winsize size{};
  size.ws_col = static_cast<unsigned short>(columns);
  size.ws_row = static_cast<unsigned short>(rows);
  ::ioctl(slave_, TIOCSWINSZ, &size);
  ::kill(pid_, SIGWINCH);
}

termios PtyProgram::modes() const {
  termios now{};
  ::tcgetattr(slave_, &now);
  return now;
}

}  // namespace lab_test
