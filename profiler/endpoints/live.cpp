// live.cpp: the handlers of /debug/lab/: the files of the page, the looks, source, load.
#include "profiler/endpoints/live.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "live_files.h"  // made from endpoints/live/ by embed.cmake
#include "profiler/endpoints/live_catalog.h"
#include "profiler/endpoints/live_guard.h"
#include "profiler/endpoints/live_json.h"
#include "profiler/endpoints/live_viewers.h"
#include "profiler/endpoints/lookup.h"
#include "runtime/io/io.h"
#include "runtime/os/os.h"
#include "runtime/sched/proc.h"
#include "runtime/sched/sched.h"
#include "runtime/time/time.h"
#include "runtime/traceback/stack.h"

namespace golab::runtime {

// It has Go's name, because it is on the stack of the goroutine that asks, and so in its profile.
[[gnu::noinline]] static profiler::Snapshot goroutineProfileWithLabels(
    profiler::Detail detail, const std::vector<uint64_t>& apart) {
  std::vector<uintptr_t> self(kStackTraceMax);
  self.resize(static_cast<size_t>(Callers(1, self)));
  return profiler::take_snapshot(detail, self, 0, apart);
}

}  // namespace golab::runtime

namespace golab::profiler::live {
namespace {

using namespace net::http;

constexpr int kRequestsMax = 1000;  // of one load
constexpr int kUnansweredMax = 3;   // then the load ends
constexpr size_t kSourceBytesMax = 1 << 20;
constexpr auto kPatience = 5 * time::Second;  // with one request of a load

// ---- This process ----

std::string random_hex() {
  std::array<unsigned char, 16> bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    throw std::runtime_error("getrandom failed");
  }
  std::string text;
  for (unsigned char byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", byte);
    text += two;
  }
  return text;
}

// Of the wall, also where a class's clock stands.
int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct Process {
  std::string instance = random_hex();  // another one after a restart
  std::string token = random_hex();
  int64_t start_ms = now_ms();
};
const Process& process() {
  static const Process process;
  return process;
}

bool is_ours(std::string_view pattern) {
  const std::string_view path = pattern.substr(std::min(pattern.find('/'), pattern.size()));
  return path.starts_with("/debug/") || path == "/metrics";
}

bool has_route(const Load& load) {
  auto [target, err] = net::url::ParseRequestURI(load.target);
  if (err != nullptr || load.target.find_first_of("\r\n") != std::string::npos) return false;
  Request request;
  request.Method = load.method;
  request.URL = target;
  std::string pattern = DefaultServeMux->Handler(&request).second;
  return !pattern.empty() && !is_ours(pattern);
}

// A pattern as a request, if it is one: without a host and without wildcards.
std::optional<Load> load_of(const std::string& pattern) {
  const size_t blank = pattern.find(' ');
  Load load{20, "GET", pattern};
  if (blank != std::string::npos) load = {20, pattern.substr(0, blank), pattern.substr(blank + 1)};
  bool plain = load.target.starts_with('/') && load.target.find('{') == std::string::npos;
  return plain && !is_ours(pattern) ? std::optional(load) : std::nullopt;
}

std::vector<Load> loads() {
  std::vector<Load> all;
  if (const char* text = std::getenv("GOLAB_LOADS")) {
    std::istringstream lines(text);
    for (Load load; lines >> load.requests >> load.method >> load.target;) {
      load.requests = std::clamp(load.requests, 1, kRequestsMax);
      if (has_route(load)) all.push_back(load);
    }
  }
  if (!all.empty()) return all;
  for (const ServeMux::Route& route : DefaultServeMux->routes()) {
    if (auto load = load_of(route.pattern)) all.push_back(*load);
  }
  return all;
}

// ---- The handlers ----

void answer(ResponseWriter& w, std::string_view type, std::string_view body) {
  w.Header().Set("Content-Type", type);
  w.Write(body);
}

void serve_file(ResponseWriter& w, Request* r) {
  std::string name = r->PathValue("file");
  if (name.empty()) name = "page.html";
  for (const LiveFile& file : kLiveFiles) {
    if (file.name == name) return answer(w, file.type, file.text);
  }
  NotFound(w, r);
}

int64_t requests_served() {
  int64_t sum = 0;
  for (const ServeMux::Route& route : DefaultServeMux->routes()) {
    if (!is_ours(route.pattern)) sum += route.requests;
  }
  return sum;
}

Facts facts() {
  Facts f;
  f.program = os::Args.empty() ? "" : os::Args[0].substr(os::Args[0].rfind('/') + 1);
  f.instance = process().instance;
  f.token = process().token;
  f.start_ms = process().start_ms;
  f.now_ms = now_ms();
  f.requests = requests_served();
  f.gomaxprocs = runtime::GOMAXPROCS(0);
  f.threads = runtime::sched.mcount.load();
  f.loads = loads();
  return f;
}

void serve_goroutines(ResponseWriter& w, Request* r) {
  const std::string key = r->FormValue("stack");
  const std::vector<uint64_t> others = viewers().others();
  std::string text;
  if (key.empty()) {
    const Facts f = facts();  // before the instant: what these requests have left is in it
    const Snapshot snapshot = runtime::goroutineProfileWithLabels(Detail::with_waits, others);
    viewers().forget_dead(others, snapshot.apart);
    runtime::systemstack([&] { text = look_json(snapshot, f); });
  } else {
    w.Header().Set("Connection", "close");  // only the looks keep theirs
    const Snapshot snapshot = runtime::goroutineProfileWithLabels(Detail::each_goroutine, others);
    runtime::systemstack([&] { text = goroutines_json(snapshot, key, others); });
  }
  answer(w, "application/json", text);
}

// The binary profile under a name that says what it is. /debug/pprof/ names its file as Go does.
void serve_profile(ResponseWriter& w, Request*) {
  w.Header().Set("Content-Disposition", "attachment; filename=\"goroutine.pb.gz\"");
  w.Header().Set("Content-Type", "application/octet-stream");
  error err = pprof::Lookup("goroutine")->WriteTo(w, 0);
  if (err != nullptr) throw std::runtime_error(err.Error());
}

void serve_source(ResponseWriter& w, Request* r) {
  const std::string name = r->FormValue("file");
  if (!has_shown(name)) {
    return Error(w, "no stack of this service has shown this file", StatusNotFound);
  }
  struct stat file {};
  if (::stat(name.c_str(), &file) == 0 && file.st_mtime * 1000 > process().start_ms) {
    return Error(w, "This file has changed since the program was started.", StatusConflict);
  }
  auto [text, err] = os::ReadFile(name);
  if (err != nullptr) return Error(w, err.Error(), StatusNotFound);
  if (text.size() > kSourceBytesMax) return Error(w, "this file is too long", StatusNotFound);
  answer(w, "text/plain; charset=utf-8", text);
}

// ---- Load ----

// Where this server listens, as an address to dial; empty if that is not known.
std::string own_address(const Request& r) {
  const any key = r.Context().Value(ServerContextKey);
  Server* const* server = key.get<Server*>();
  if (server == nullptr) return "";
  net::HostPort at = net::SplitHostPort((*server)->Addr);
  if (at.err != nullptr) return "";
  bool everywhere = at.host.empty() || at.host == "0.0.0.0" || at.host == "::";
  return net::JoinHostPort(everywhere ? "127.0.0.1" : at.host, at.port);
}

// Sends one request on a new connection, and reads the response to its end. It does this on the
// caller's goroutine: a client would add goroutines to the profile that the load is for.
bool send_request(const std::string& address, const Load& load) {
  auto [conn, err] = net::DialTimeout("tcp", address, kPatience);
  if (err != nullptr) return false;
  conn.SetDeadline(time::Now().Add(kPatience));
  std::string head = load.method + " " + load.target + " HTTP/1.1\r\nHost: " + address +
                     "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  bool answered = false;
  if (conn.Write(head).second == nullptr) {
    char buffer[4096];
    for (error end; end == nullptr;) {
      int n = 0;
      std::tie(n, end) = conn.Read(buffer, sizeof buffer);
      answered = end == io::EOF_;  // not one that is cut off at the deadline
    }
  }
  conn.Close();
  return answered;
}

int number(const std::string& text, int otherwise) {
  int value = otherwise;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

void serve_load(ResponseWriter& w, Request* r) {
  if (r->Header.Get("X-Lab-Token") != process().token) {
    return Error(w, "a load needs the header X-Lab-Token of this process", StatusForbidden);
  }
  const std::vector<Load> all = loads();
  const auto index = static_cast<size_t>(number(r->FormValue("load"), -1));
  if (index >= all.size()) return Error(w, "there is no such load", StatusNotFound);
  const int n = std::clamp(number(r->FormValue("n"), all[index].requests), 1, kRequestsMax);
  const std::string address = own_address(*r);
  if (address.empty()) {
    return Error(w, "this server does not know its address", StatusNotImplemented);
  }
  const context::Context ctx = r->Context();
  int answered = 0, unanswered = 0;
  while (answered + unanswered < n && unanswered < kUnansweredMax && ctx.Err() == nullptr) {
    (send_request(address, all[index]) ? answered : unanswered)++;
  }
  answer(w, "application/json",
         "{\"answered\": " + std::to_string(answered) +
             ", \"unanswered\": " + std::to_string(unanswered) + "}");
}

// A handler of the page: guarded, and its goroutine is known to be the page's.
HandlerFunc::function of_the_page(HandlerFunc::function f, bool keep = false) {
  return guarded(
      [f](ResponseWriter& w, Request* r) {
        viewers().add_this();
        f(w, r);
      },
      keep);
}

}  // namespace
}  // namespace golab::profiler::live

namespace golab::glue {

void register_live_handlers() {
  using namespace profiler::live;
  process();  // the start of this process
  net::http::HandleFunc("GET /debug/lab/{$}", of_the_page(serve_file));
  net::http::HandleFunc("GET /debug/lab/{file}", of_the_page(serve_file));
  net::http::HandleFunc("GET /debug/lab/goroutines", of_the_page(serve_goroutines, true));
  net::http::HandleFunc("GET /debug/lab/goroutine.pb.gz", of_the_page(serve_profile));
  net::http::HandleFunc("GET /debug/lab/source", of_the_page(serve_source));
  net::http::HandleFunc("POST /debug/lab/load", of_the_page(serve_load));
}

}  // namespace golab::glue
