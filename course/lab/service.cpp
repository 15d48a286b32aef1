// service.cpp: starts the process, finds a port, and waits for states.
#include "course/lab/service.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <vector>

#include "course/lab/exercise.h"
#include "course/lab/web.h"
#include "runtime/golab.h"

namespace lab {
namespace {

constexpr time::Duration kPoll = 20 * time::Millisecond;
constexpr time::Duration kAnswerDeadline = 20 * time::Second;
constexpr time::Duration kSettleDeadline = 10 * time::Second;
// So many equal counts in a row are stable.
constexpr int kStandsStill = 6;
constexpr int kStandsStillConnected = 30;

// Returns a port that was free just now. If another process takes it first, the child ends with
// "address already in use", and start() tries another port.
std::pair<std::string, error> free_address() {
  auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
  if (err != nullptr) return {"", err};
  std::string address = listener.Addr().String();
  listener.Close();
  return {address, nullptr};
}

std::string last_lines(const std::string& text, int lines) {
  size_t begin = text.find_last_not_of('\n');
  if (begin == std::string::npos) return "";
  size_t end = begin + 1;
  while (lines-- > 0 && begin != std::string::npos) begin = text.rfind('\n', begin - 1);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1));
}

// Our environment with what this service is to have of its own.
std::vector<std::string> environment(const ServiceOptions& options, int agent) {
  std::vector<std::string> settings;
  for (char** setting = ::environ; *setting != nullptr; setting++) {
    std::string_view text = *setting;
    if (text.starts_with("GOLAB_CLASSROOM=")) continue;
    if (options.procs > 0 && text.starts_with("GOMAXPROCS=")) continue;
    settings.emplace_back(text);
  }
  if (options.procs > 0) settings.push_back("GOMAXPROCS=" + std::to_string(options.procs));
  if (agent >= 0) settings.push_back("GOLAB_CLASSROOM=" + std::to_string(agent));
  return settings;
}

// How many connections a service has open: each is a goroutine in net/http's serve.
int64_t connections(const profiler::SymbolizedProfile& profile) {
  int64_t count = 0;
  for (const profiler::Sample& sample : profile.samples) {
    for (const profiler::FrameRef& frame : profiler::frames_of_sample(profile, sample)) {
      if (frame.function == nullptr || frame.function->name != "net/http.(*conn).serve") continue;
      count += sample.values[0];
      break;
    }
  }
  return count;
}

}  // namespace

error Service::spawn(const std::string& program, const ServiceOptions& options) {
  output_ = ::memfd_create("output", MFD_CLOEXEC);
  if (output_ < 0) return errors::New("out of file descriptors");
  std::string words[] = {program, "--addr", address_};
  char* argv[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  int agent = options.classroom == nullptr ? -1 : options.classroom->service_end();
  std::vector<std::string> settings = environment(options, agent);
  std::vector<char*> envp;
  for (std::string& setting : settings) envp.push_back(setting.data());
  envp.push_back(nullptr);
  pid_t parent = ::getpid();
  // PR_SET_PDEATHSIG is about the thread that forks. The runtime never ends a thread, so it means
  // the end of the process.
  pid_ = ::fork();
  if (pid_ < 0) return fmt::Errorf("cannot start %s: no more processes (see ulimit -u)", program);
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it died before the line above
    int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, 0);
    ::dup2(output_, 1);
    ::dup2(output_, 2);
    if (agent >= 0) ::fcntl(agent, F_SETFD, 0);  // this one goes to the service
    ::execve(argv[0], argv, envp.data());
    ::_exit(127);
  }
  stopped_ = make_chan<Empty>();
  watch_.Go([pid = pid_, over = options.ctx.Done(), stopped = stopped_] {
    if (select({recv(over), recv(stopped)}) == 0) ::kill(pid, SIGKILL);
  });
  return nullptr;
}

bool Service::ended() {
  if (pid_ < 0) return true;
  siginfo_t end{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &end, WEXITED | WNOHANG | WNOWAIT);
  if (end.si_pid == 0) return false;
  end_ = end;
  return true;
}

error Service::await_answer() {
  time::Time deadline = time::Now().Add(kAnswerDeadline);
  while (true) {
    if (ended()) return errors::New("it ended at once");
    auto [cmdline, err] = get(client_, url("/debug/pprof/cmdline"));
    // Another service may have the port that was meant for the child.
    if (err == nullptr && cmdline.find(address_) != std::string::npos) return nullptr;
    if (time::Now().After(deadline)) {
      return fmt::Errorf("no answer from it on %s within %v", address_, kAnswerDeadline);
    }
    time::Sleep(kPoll / 10);
  }
}

error Service::start(const std::string& program, const ServiceOptions& options) {
  if (::access(program.c_str(), X_OK) != 0) {
    return fmt::Errorf("%s is not built; build it: ./lab build lab_exercises", program);
  }
  for (int attempt = 0;; attempt++) {
    auto [address, err] = free_address();
    if (err != nullptr) return err;
    address_ = address;
    client_ = {.Transport = http::NewTransport()};
    if (options.classroom != nullptr) err = options.classroom->open();
    if (err == nullptr) err = spawn(program, options);
    if (options.classroom != nullptr) options.classroom->started();
    if (err == nullptr) err = await_answer();
    if (err == nullptr && options.classroom != nullptr) err = options.classroom->hello();
    if (err == nullptr) return nullptr;
    std::string said = output();
    stop();
    if (attempt < 5 && said.find("address already in use") != std::string::npos) continue;
    return fmt::Errorf("cannot run %s: %w%s%s", short_path(program), err,
                       said.empty() ? "" : "; its last words:\n", last_lines(said, 12));
  }
}

std::string Service::how() const {
  const bool exited = end_.si_code == CLD_EXITED;
  return (exited ? "with exit status " : "by signal ") + std::to_string(end_.si_status);
}

bool Service::succeeded() const { return end_.si_code == CLD_EXITED && end_.si_status == 0; }

bool Service::await_end(time::Duration patience) {
  time::Time deadline = time::Now().Add(patience);
  while (!ended()) {
    if (time::Now().After(deadline)) return false;
    time::Sleep(kPoll / 20);
  }
  return true;
}

void Service::stop() {
  if (pid_ > 0) {
    close(stopped_);
    watch_.Wait();
    ::kill(pid_, SIGKILL);
    while (::waitid(P_PID, static_cast<id_t>(pid_), &end_, WEXITED) < 0 && errno == EINTR) {}
  }
  pid_ = -1;
  client_.CloseIdleConnections();
  if (output_ >= 0) ::close(output_);
  output_ = -1;
}

std::string Service::output() const {
  std::string text;
  struct stat file;
  if (output_ < 0 || ::fstat(output_, &file) != 0) return text;
  text.resize(static_cast<size_t>(file.st_size));
  ssize_t n = ::pread(output_, text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return text;
}

std::pair<Fetched, error> Service::fetch() {
  Fetched fetched;
  auto [bytes, err] = get(client_, profile_url(address_));
  if (err != nullptr && ended()) {
    err = fmt::Errorf("the service died; its last words:\n%s", last_lines(output(), 12));
  }
  if (err != nullptr) return {std::move(fetched), err};
  fetched.bytes = std::move(bytes);
  profiler::ReadResult read = profiler::read_profile(fetched.bytes, address_);
  if (!read) return {std::move(fetched), errors::New(read.error)};
  fetched.profile = std::move(read.profile);
  fetched.goroutines = profiler::total(fetched.profile);
  return {std::move(fetched), nullptr};
}

std::pair<Fetched, error> Service::fetch_settled(int64_t expected) {
  time::Time deadline = time::Now().Add(kSettleDeadline);
  int64_t last = -1;
  for (int still = 0;;) {
    auto [fetched, err] = fetch();
    if (err != nullptr) return {std::move(fetched), err};
    const bool alone = connections(fetched.profile) <= 1;
    still = fetched.goroutines == last ? still + 1 : 0;
    const bool stable = still >= (alone ? kStandsStill : kStandsStillConnected);
    if (stable || (alone && fetched.goroutines == expected)) return {std::move(fetched), nullptr};
    if (time::Now().After(deadline)) return {std::move(fetched), nullptr};
    last = fetched.goroutines;
    time::Sleep(kPoll);
  }
}

std::pair<std::string, error> Service::fetch_dump() {
  return get(client_, profile_url(address_, 2));
}

}  // namespace lab
