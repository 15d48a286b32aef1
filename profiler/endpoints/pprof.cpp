// pprof.cpp: the handlers of /debug/pprof/, with the answers of Go's net/http/pprof to the letter.
#include "profiler/endpoints/pprof.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "profiler/endpoints/cpu_profile.h"
#include "runtime/fmt/fmt.h"
#include "runtime/heap/mprof.h"
#include "runtime/net/http/html.h"
#include "runtime/os/os.h"
#include "runtime/sched/proc.h"
#include "runtime/time/time.h"
#include "runtime/traceback/symbols.h"

namespace golab::net::http::pprof {
namespace {

// What the index says of each profile, and of what is served beside them.
struct Description {
  std::string_view name;
  std::string_view text;
};
constexpr Description kDescriptions[] = {
    {"allocs", "Which code has allocated memory so far, also memory that was freed since"},
    {"block", "Where goroutines waited for channels and locks, and for how long"},
    {"cmdline", "The program and its arguments"},
    {"goroutine", "Where every goroutine stands now; debug=2 lists them one by one"},
    {"heap", "Which code allocated the memory that is in use now"},
    {"mutex", "Who held the locks that others waited for"},
    {"profile", "Which functions use the processors, sampled for 30 s, or for seconds=N"},
    {"symbol", "The functions at the addresses of the query, which are joined by +"},
    {"threadcreate", "How many threads the program has made"},
};

std::string description_of(std::string_view name) {
  const auto* d = std::find_if(std::begin(kDescriptions), std::end(kDescriptions),
                               [name](const Description& d) { return d.name == name; });
  if (d == std::end(kDescriptions)) return "";
  std::string text(d->text);
  if ((name == "heap" || name == "allocs") && !runtime::mem_profile_known())
    text += " (not known: the program is linked without golab's library heap)";
  return text;
}

// The names of the profiles for which Go serves ?seconds=.
bool supports_delta(std::string_view name) {
  constexpr std::string_view kNames[] = {"allocs", "block",       "goroutine",
                                         "heap",   "mutex",       "threadcreate"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

// strconv.ParseInt. On an error *value is 0, or the nearest value if the number is too big.
bool parse_int(const std::string& text, int64_t* value) {
  const size_t sign = text.starts_with('+') || text.starts_with('-');
  *value = 0;
  if (sign == text.size() || text.find_first_not_of("0123456789", sign) != text.npos) return false;
  errno = 0;
  *value = std::strtoll(text.c_str(), nullptr, 10);
  return errno == 0;
}

// strconv.Atoi without its error, as Go's handlers use it.
int lenient_int(const std::string& text) {
  int64_t value = 0;
  parse_int(text, &value);
  return static_cast<int>(std::clamp<int64_t>(value, INT_MIN, INT_MAX));
}

constexpr int64_t kLongestSeconds = INT64_MAX / 1'000'000'000;  // of a Duration

time::Duration seconds_of(int64_t n) { return std::min(n, kLongestSeconds) * time::Second; }

// Lets the server's WriteTimeout begin after the seconds that the profile takes.
void configureWriteDeadline(ResponseWriter& w, Request* r, time::Duration takes) {
  const any key = r->Context().Value(ServerContextKey);
  Server* const* server = key.get<Server*>();
  if (server == nullptr || (*server)->WriteTimeout <= 0) return;
  const time::Time end = time::Now().Add(takes).Add((*server)->WriteTimeout);
  NewResponseController(w).SetWriteDeadline(end);
}

void serveError(ResponseWriter& w, int status, std::string_view text) {
  w.Header().Set("Content-Type", "text/plain; charset=utf-8");
  w.Header().Set("X-Go-Pprof", "1");
  w.Header().Del("Content-Disposition");
  w.WriteHeader(status);
  w.Write(std::string(text) + "\n");
}

// Serves one profile. It has Go's name, because it is on the stack of the goroutine that serves.
class handler {
 public:
  explicit handler(std::string name) : name_(std::move(name)) {}
  void ServeHTTP(ResponseWriter& w, Request* r) const;

 private:
  void serveDeltaProfile(ResponseWriter& w, Request* r, golab::pprof::Profile* p,
                         const std::string& seconds) const;
  std::string name_;
};

void attachment(ResponseWriter& w, const std::string& name) {
  w.Header().Set("Content-Type", "application/octet-stream");
  w.Header().Set("Content-Disposition", "attachment; filename=\"" + name + "\"");
}

void handler::ServeHTTP(ResponseWriter& w, Request* r) const {
  w.Header().Set("X-Content-Type-Options", "nosniff");
  golab::pprof::Profile* p = golab::pprof::Lookup(name_);
  if (p == nullptr) return serveError(w, 404, "Unknown profile");
  if (std::string seconds = r->FormValue("seconds"); !seconds.empty()) {
    return serveDeltaProfile(w, r, p, seconds);
  }
  int debug = lenient_int(r->FormValue("debug"));
  if (debug != 0) {
    w.Header().Set("Content-Type", "text/plain; charset=utf-8");
  } else {
    attachment(w, name_);
  }
  bool begun = false;
  error broken;  // the connection
  golab::pprof::Writer out([&](std::string_view piece) {
    begun = true;
    return broken = w.Write(piece).second;
  });
  out.cpp_names = r->FormValue("names") == "cpp";
  error err = p->WriteTo(out, debug < 0 ? 0 : debug);
  if (err == nullptr || broken != nullptr) return;
  // Aborts the connection, so that the part already sent does not look like a whole profile.
  if (begun) panic(http::ErrAbortHandler);
  serveError(w, 500, err.Error());
}

void handler::serveDeltaProfile(ResponseWriter& w, Request* r, golab::pprof::Profile* p,
                                const std::string& seconds) const {
  int64_t sec = 0;
  if (!parse_int(seconds, &sec) || sec <= 0) {
    return serveError(w, 400, "invalid value for \"seconds\" - must be a positive integer");
  }
  if (!supports_delta(name_)) {
    return serveError(w, 400, "\"seconds\" parameter is not supported for this profile type");
  }
  configureWriteDeadline(w, r, seconds_of(sec));
  if (lenient_int(r->FormValue("debug")) != 0) {
    return serveError(w, 400, "seconds and debug params are incompatible");
  }
  std::string before, after;
  auto into = [](std::string& text) {
    return golab::pprof::Writer([&text](std::string_view piece) -> error {
      text.append(piece);
      return nullptr;
    });
  };
  if (p->WriteTo(into(before), 0) != nullptr) {
    return serveError(w, 500, "failed to collect profile");
  }
  auto timer = time::NewTimer(seconds_of(sec));
  context::Context ctx = r->Context();
  if (select({recv(ctx.Done()), recv(timer.C)}) == 0) {
    timer.Stop();
    return serveError(w, ctx.Err() == context::DeadlineExceeded ? 408 : 500, ctx.Err().Error());
  }
  if (p->WriteTo(into(after), 0) != nullptr) {
    return serveError(w, 500, "failed to collect profile");
  }
  attachment(w, name_ + "-delta");
  error failed = golab::pprof::WriteDelta(
      [&w](std::string_view piece) { return w.Write(piece).second; }, before, after);
  if (failed != nullptr) serveError(w, 500, failed.Error());
}

std::string index_page() {
  std::string page =
      "<html>\n<head>\n<title>/debug/pprof/</title>\n<style>\n.profile-name{\n"
      "\tdisplay:inline-block;\n\twidth:6rem;\n}\n</style>\n</head>\n<body>\n/debug/pprof/\n<br>\n"
      "<p>Set debug=1 as a query parameter to export in legacy text format</p>\n<br>\n"
      "Types of profiles available:\n<table>\n<thead><td>Count</td><td>Profile</td></thead>\n";
  std::map<std::string, int> rows{{"cmdline", 0}, {"profile", 0}, {"symbol", 0}};
  for (golab::pprof::Profile* p : golab::pprof::Profiles()) rows[p->Name()] = p->Count();
  for (const auto& [name, count] : rows) {
    url::URL link;
    link.Path = name;
    link.RawQuery = "debug=1";
    page += "<tr><td>" + std::to_string(count) + "</td><td><a href='" + link.String() + "'>" +
            html::EscapeString(name) + "</a></td></tr>\n";
  }
  page +=
      "</table>\n<a href=\"goroutine?debug=2\">full goroutine stack dump</a>\n<br>\n<p>\n"
      "Profile Descriptions:\n<ul>\n";
  for (const auto& [name, count] : rows) {
    page += "<li><div class=profile-name>" + html::EscapeString(name) + ": </div> " +
            description_of(name) + "</li>\n";
  }
  return page + "</ul>\n</p>\n</body>\n</html>";
}

// Waits for the time, or until the client is gone.
[[gnu::noinline]] void sleep(Request* r, time::Duration d) {
  auto timer = time::NewTimer(d);
  select({recv(timer.C), recv(r->Context().Done())});
  timer.Stop();
}

}  // namespace

[[gnu::noinline]] void Index(ResponseWriter& w, Request* r) {
  constexpr std::string_view prefix = "/debug/pprof/";
  std::string_view path = r->URL.Path;
  if (path.substr(0, prefix.size()) == prefix && path.size() > prefix.size()) {
    return handler(std::string(path.substr(prefix.size()))).ServeHTTP(w, r);
  }
  w.Header().Set("X-Content-Type-Options", "nosniff");
  w.Header().Set("Content-Type", "text/html; charset=utf-8");
  w.Write(index_page());
}

void Cmdline(ResponseWriter& w, Request*) {
  w.Header().Set("X-Content-Type-Options", "nosniff");
  w.Header().Set("Content-Type", "text/plain; charset=utf-8");
  std::string text;
  for (size_t i = 0; i < os::Args.size(); i++) {
    if (i > 0) text += '\0';
    text += os::Args[i];
  }
  w.Write(text);
}

[[gnu::noinline]] void Profile(ResponseWriter& w, Request* r) {
  w.Header().Set("X-Content-Type-Options", "nosniff");
  int64_t sec = 0;
  if (!parse_int(r->FormValue("seconds"), &sec) || sec <= 0) sec = 30;
  configureWriteDeadline(w, r, seconds_of(sec));
  attachment(w, "profile");
  golab::pprof::Writer out(w);
  out.cpp_names = r->FormValue("names") == "cpp";
  if (error err = golab::pprof::StartCPUProfile(out); err != nullptr) {
    return serveError(w, 500, "Could not enable CPU profiling: " + err.Error());
  }
  sleep(r, seconds_of(sec));
  golab::pprof::StopCPUProfile();
}

void Trace(ResponseWriter& w, Request*) {
  w.Header().Set("X-Content-Type-Options", "nosniff");
  serveError(w, 404,
             "No execution trace: golab has no tracer. Where goroutines wait, and for how long: "
             "/debug/pprof/goroutine?debug=2, /debug/pprof/block. Where the processors are used: "
             "/debug/pprof/profile. What the scheduler does: GODEBUG=schedtrace=1000");
}

void Symbol(ResponseWriter& w, Request* r) {
  w.Header().Set("X-Content-Type-Options", "nosniff");
  w.Header().Set("Content-Type", "text/plain; charset=utf-8");
  // Tools only check that this is > 0: there are names.
  std::string text = "num_symbols: 1\n";
  std::string_view rest = r->URL.RawQuery;
  runtime::systemstack([&] {
    while (!rest.empty()) {
      size_t plus = rest.find('+');
      std::string word(rest.substr(0, plus));
      rest = plus == std::string_view::npos ? std::string_view() : rest.substr(plus + 1);
      char* end = nullptr;
      const uintptr_t pc = std::strtoull(word.c_str(), &end, 0);
      if (*end != '\0' || pc == 0) continue;
      std::vector<runtime::StackFrame> frames = runtime::frames_of(&pc, 1, true);
      if (frames.empty() || frames.back().frame->function.empty()) continue;
      text += fmt::Sprintf("%#x %s\n", pc, frames.back().frame->function);
    }
  });
  w.Write(text);
}

http::Handler Handler(std::string name) { return http::Handler(handler(std::move(name))); }

}  // namespace golab::net::http::pprof

namespace golab::glue {

void register_pprof_handlers() {
  using namespace net::http;
  HandleFunc("GET /debug/pprof/", net::http::pprof::Index);
  HandleFunc("GET /debug/pprof/cmdline", net::http::pprof::Cmdline);
  HandleFunc("GET /debug/pprof/profile", net::http::pprof::Profile);
  HandleFunc("GET /debug/pprof/symbol", net::http::pprof::Symbol);
  HandleFunc("GET /debug/pprof/trace", net::http::pprof::Trace);
}

}  // namespace golab::glue
