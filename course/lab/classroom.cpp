// classroom.cpp: orders and answers on one end of a socket pair.
#include "course/lab/classroom.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "runtime/fmt/fmt.h"
#include "runtime/sched/proc.h"

namespace lab {

using golab::error;
namespace errors = golab::errors;
namespace fmt = golab::fmt;
namespace time = golab::time;

namespace {

const char kGreeting[] = "golab classroom 1";
constexpr int64_t kAnswerSeconds = 15;  // no order takes longer, unless the service is beyond help
constexpr size_t kAnswerBytesMax = size_t{256} << 20;

// The number behind a word: "now 17". False if the answer is another one.
bool number_behind(const std::string& answer, const std::string& word, int64_t* number) {
  std::istringstream words(answer);
  std::string first;
  return words >> first >> *number && first == word;
}

error unexpected(const std::string& order, const std::string& answer) {
  return fmt::Errorf("the service's agent answered %q with %q: is it of another build?", order,
                     answer);
}

}  // namespace

error Classroom::open() {
  close();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fmt::Errorf("cannot make a socket pair: %s", std::strerror(errno));
  }
  end_ = ends[0];
  service_end_ = ends[1];
  timeval patience{.tv_sec = kAnswerSeconds, .tv_usec = 0};
  ::setsockopt(end_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return nullptr;
}

void Classroom::started() {
  if (service_end_ >= 0) ::close(service_end_);
  service_end_ = -1;
}

void Classroom::close() {
  started();
  if (end_ >= 0) ::close(end_);
  end_ = -1;
  received_.clear();
}

error Classroom::send(const std::string& line) {
  std::string bytes = line + "\n";
  ssize_t n = ::send(end_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n == static_cast<ssize_t>(bytes.size())) return nullptr;
  return errors::New("the service has ended");
}

error Classroom::receive_more() {
  char buffer[64 << 10];
  golab::runtime::entersyscall();
  ssize_t n = ::recv(end_, buffer, sizeof buffer, 0);
  int why = errno;  // before this goroutine can move to another thread
  golab::runtime::exitsyscall();
  if (n > 0) {
    received_.append(buffer, static_cast<size_t>(n));
    return nullptr;
  }
  if (n < 0 && why == EINTR) return nullptr;
  if (n < 0 && (why == EAGAIN || why == EWOULDBLOCK)) {
    return fmt::Errorf("the service's agent did not answer within %d seconds", kAnswerSeconds);
  }
  return errors::New("the service has ended");
}

std::pair<std::string, error> Classroom::receive_line() {
  size_t end;
  while ((end = received_.find('\n')) == std::string::npos) {
    if (error err = receive_more(); err != nullptr) return {"", err};
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  return {line, nullptr};
}

std::pair<std::string, error> Classroom::receive_bytes(size_t size) {
  while (received_.size() < size) {
    if (error err = receive_more(); err != nullptr) return {"", err};
  }
  std::string bytes = received_.substr(0, size);
  received_.erase(0, size);
  return {std::move(bytes), nullptr};
}

std::pair<std::string, error> Classroom::ask(const std::string& order) {
  if (error err = send(order); err != nullptr) return {"", err};
  auto [answer, err] = receive_line();
  if (err != nullptr) return {"", err};
  if (answer.starts_with("error ")) {
    return {"", fmt::Errorf("the service's agent refuses %q: %s", order, answer.substr(6))};
  }
  return {answer, nullptr};
}

std::pair<std::string, error> Classroom::ask_bytes(const std::string& order) {
  auto [answer, err] = ask(order);
  if (err != nullptr) return {"", err};
  int64_t size = 0;
  if (!number_behind(answer, "bytes", &size) || size < 0 ||
      static_cast<size_t>(size) > kAnswerBytesMax) {
    return {"", unexpected(order, answer)};
  }
  return receive_bytes(static_cast<size_t>(size));
}

error Classroom::ask_ok(const std::string& order) {
  auto [answer, err] = ask(order);
  if (err != nullptr) return err;
  return answer == "ok" ? error(nullptr) : unexpected(order, answer);
}

error Classroom::hello() {
  auto [answer, err] = ask("hello");
  if (err != nullptr) return err;
  return answer == kGreeting ? error(nullptr) : unexpected("hello", answer);
}

std::pair<Stillness, error> Classroom::idle(time::Duration patience) {
  std::string order = "idle " + std::to_string(patience.Milliseconds());
  auto [answer, err] = ask(order);
  if (err != nullptr) return {{}, err};
  int64_t number = 0;
  if (answer == "idle") return {{.idle = true, .busy = 0, .exiting = {}}, nullptr};
  if (number_behind(answer, "busy", &number)) {
    return {{.idle = false, .busy = number, .exiting = {}}, nullptr};
  }
  if (number_behind(answer, "exiting", &number)) {
    return {{.idle = true, .busy = 0, .exiting = static_cast<int>(number)}, nullptr};
  }
  return {{}, unexpected(order, answer)};
}

std::pair<int64_t, error> Classroom::now() {
  auto [answer, err] = ask("now");
  if (err != nullptr) return {0, err};
  int64_t now = 0;
  if (!number_behind(answer, "now", &now)) return {0, unexpected("now", answer)};
  return {now, nullptr};
}

std::pair<bool, error> Classroom::step() {
  auto [answer, err] = ask("step");
  if (err != nullptr) return {false, err};
  int64_t now = 0;
  if (answer == "none") return {false, nullptr};
  if (!number_behind(answer, "stepped", &now)) return {false, unexpected("step", answer)};
  return {true, nullptr};
}

std::pair<bool, error> Classroom::advance(time::Duration time) {
  std::string order = "advance " + std::to_string(time.Nanoseconds());
  auto [answer, err] = ask(order);
  if (err != nullptr) return {false, err};
  int64_t number = 0;
  if (number_behind(answer, "now", &number)) return {true, nullptr};
  if (number_behind(answer, "busy", &number)) return {false, nullptr};
  return {false, unexpected(order, answer)};
}

std::pair<std::vector<RequestRecord>, error> Classroom::requests() {
  std::vector<RequestRecord> records;
  auto [answer, err] = ask("requests");
  while (err == nullptr && answer != ".") {
    std::istringstream words(answer);
    std::string word;
    RequestRecord r;
    words >> word >> r.number >> r.method >> r.path >> r.begun_ns >> r.ended_ns >> r.live >>
        r.peak >> r.sends;
    if (!words || word != "request") return {records, unexpected("requests", answer)};
    records.push_back(r);
    std::tie(answer, err) = receive_line();
  }
  return {records, err};
}

error Classroom::add_waits(std::vector<RequestRecord>& records) {
  auto [answer, err] = ask("waits");
  while (err == nullptr && answer != ".") {
    std::istringstream words(answer);
    std::string word;
    int64_t number = 0, wait_ns = 0;
    if (!(words >> word >> number >> wait_ns) || word != "wait") return unexpected("waits", answer);
    for (RequestRecord& record : records) {
      if (record.number == number) record.wait_ns = wait_ns;
    }
    std::tie(answer, err) = receive_line();
  }
  return err;
}

error Classroom::forget() { return ask_ok("forget"); }

error Classroom::fail(const std::string& call, int nth) {
  return ask_ok("fail " + call + " " + std::to_string(nth));
}

error Classroom::signal(int number) { return ask_ok("signal " + std::to_string(number)); }

std::pair<std::string, error> Classroom::profile() { return ask_bytes("profile"); }
std::pair<std::string, error> Classroom::dump() { return ask_bytes("dump"); }
error Classroom::hold() { return ask_ok("hold"); }

void Classroom::release() { static_cast<void>(send("release")); }

}  // namespace lab
