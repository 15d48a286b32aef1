// compare_web.cpp: runs both sides, and hands the requests of the browser on to them.
#include "course/lab/compare_web.h"

#include <cstdlib>
#include <utility>

#include "compare_page.h"  // made from compare_page/
#include "course/lab/address.h"
#include "course/lab/compare.h"
#include "course/lab/output.h"
#include "profiler/endpoints/live_guard.h"
#include "runtime/golab.h"

namespace lab {
namespace {

using profiler::live::guarded;

// What the browser and a side tell each other.
constexpr const char* kAskedFields[] = {"X-Lab-Token"};
constexpr const char* kAnswerFields[] = {"Content-Type", "Content-Disposition"};

// Hands a request on: /exercise/debug/lab/goroutines is /debug/lab/goroutines of that side.
void hand_on(const Service& side, const http::Client& client, http::ResponseWriter& w,
             http::Request* r) {
  const std::string path = r->URL.EscapedPath();
  std::string target = path.substr(path.find('/', 1));
  if (!r->URL.RawQuery.empty()) target += "?" + r->URL.RawQuery;
  auto [request, err] = http::NewRequestWithContext(r->Context(), r->Method, side.url(target));
  if (err != nullptr) return http::Error(w, err.Error(), http::StatusBadRequest);
  for (const char* field : kAskedFields) {
    if (std::string value = r->Header.Get(field); !value.empty()) request.Header.Set(field, value);
  }
  auto [answer, sent] = client.Do(request);
  if (sent != nullptr) return http::Error(w, sent.Error(), http::StatusBadGateway);
  auto [body, read] = io::ReadAll(answer->Body);
  answer->Body.Close();
  if (read != nullptr) return http::Error(w, read.Error(), http::StatusBadGateway);
  for (const char* field : kAnswerFields) {
    if (std::string value = answer->Header.Get(field); !value.empty()) w.Header().Set(field, value);
  }
  w.WriteHeader(answer->StatusCode);
  w.Write(body);
}

// One side of the comparison: its process, and lab's one connection to it.
struct WebSide {
  Service service;
  http::Client client{.Transport = http::NewTransport()};

  WebSide() { client.Transport.get<http::Transport>()->MaxIdleConnsPerHost = 1; }
};

error start(WebSide& side, const Exercise& exercise, bool solution) {
  auto [program, err] = program_of(exercise, solution);
  if (err != nullptr) return err;
  err = side.service.start(program);
  side.service.close_connections();  // a connection is two goroutines there, and not of the page
  return err;
}

void serve_file(http::ResponseWriter& w, http::Request* r) {
  std::string name = r->PathValue("file");
  if (name.empty()) name = "compare.html";
  for (const LiveFile& file : kLiveFiles) {
    if (file.name != name) continue;
    w.Header().Set("Content-Type", file.type);
    w.Write(file.text);
    return;
  }
  http::NotFound(w, r);
}

void add_side(http::ServeMux& mux, const std::string& name, WebSide& side) {
  auto handler = guarded([&side](http::ResponseWriter& w,
                                 http::Request* r) { hand_on(side.service, side.client, w, r); },
                         true);
  mux.HandleFunc("GET /" + name + "/debug/{path...}", handler);
  mux.HandleFunc("POST /" + name + "/debug/{path...}", handler);
}

}  // namespace

int compare_web_command(const std::string& name, const std::string& addr) {
  auto [exercise, err] = find_exercise(name);
  if (err != nullptr) return failed(err, 2);
  auto [chosen, choose_err] = addr.empty() ? choose_page_address(exercise)
                                           : std::pair(ChosenAddress{addr, Claim()}, error());
  if (choose_err != nullptr) return failed(choose_err, 2);
  ::setenv("GOLAB_LOADS", exercise.load_lines().c_str(), 1);  // both sides inherit it
  WebSide broken, fixed;
  for (bool solution : {false, true}) {
    error started = start(solution ? fixed : broken, exercise, solution);
    if (started != nullptr) return failed(started, 2);
  }
  http::ServeMux mux;
  mux.HandleFunc("GET /{$}", guarded(serve_file));
  mux.HandleFunc("GET /{file}", guarded(serve_file));
  add_side(mux, "exercise", broken);
  add_side(mux, "solution", fixed);
  auto [listener, listen_err] = net::Listen("tcp", chosen.address);
  if (listen_err != nullptr) return failed(listen_err, 2);
  print(exercise.name + ", the exercise and the solution: " + url_of(listener.Addr().String()) +
        "/\nCtrl-C ends it.\n");
  http::Server server{.Handler = &mux};
  return failed(server.Serve(listener), 2);
}

}  // namespace lab
