// web.cpp: lab as a client of the services it looks at.
#include "course/lab/web.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cctype>

#include "runtime/golab.h"

namespace lab {
namespace {

bool begins_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// host:port, perhaps with a path behind it.
bool looks_like_address(const std::string& text) {
  std::string host = text.substr(0, text.find('/'));
  size_t colon = host.rfind(':');
  if (colon == std::string::npos || colon + 1 == host.size()) return false;
  return std::all_of(host.begin() + static_cast<long>(colon) + 1, host.end(),
                     [](unsigned char c) { return std::isdigit(c); });
}

}  // namespace

bool is_url(const std::string& text) {
  if (begins_with(text, "http://") || begins_with(text, "https://")) return true;
  struct stat file;
  return looks_like_address(text) && ::stat(text.c_str(), &file) != 0;
}

std::string profile_url(const std::string& text, int debug, int seconds) {
  std::string url = text.find("://") == std::string::npos ? "http://" + text : text;
  size_t host = url.find("://") + 3;
  size_t path = std::min(url.find_first_of("/?", host), url.size());
  std::string query;
  if (size_t mark = url.find('?', path); mark != std::string::npos) {
    query = url.substr(mark);
    url.erase(mark);
  }
  if (url.size() - path <= 1) url.replace(path, std::string::npos, "/debug/pprof/goroutine");
  auto add = [&](const char* key, int value) {
    query += (query.empty() ? "?" : "&") + std::string(key) + "=" + std::to_string(value);
  };
  if (debug >= 0) add("debug", debug);
  if (seconds > 0) add("seconds", seconds);
  return url + query;
}

std::pair<std::string, error> get(const http::Client& client, const std::string& url) {
  if (begins_with(url, "https://")) {
    return {"", fmt::Errorf("%s: lab speaks plain HTTP only; fetch it with curl -o FILE", url)};
  }
  auto [resp, err] = client.Get(url);
  if (err != nullptr) return {"", err};
  auto [body, read_err] = io::ReadAll(resp->Body);
  resp->Body.Close();
  if (read_err != nullptr) return {"", fmt::Errorf("%s: %w", url, read_err)};
  if (resp->StatusCode / 100 != 2) {
    return {"", fmt::Errorf("%s answered %s: %s", url, resp->Status, first_line(body))};
  }
  return {body, nullptr};
}

std::pair<std::string, error> read_file_or_url(const std::string& name) {
  if (is_url(name)) return get({.Timeout = 60 * time::Second}, profile_url(name));
  return os::ReadFile(name);
}

error put_load(const Load& load, golab::glue::Func<void(int)> done) {
  http::Client client{.Timeout = 60 * time::Second, .Transport = http::NewTransport()};
  auto answers = make_chan<error>();
  auto next = std::make_shared<std::atomic<int>>(0);
  int clients = std::min(load.clients, load.requests);
  sync::WaitGroup wg;
  for (int i = 0; i < clients; i++) {
    wg.Go([=] {
      while (next->fetch_add(1) < load.requests) {
        auto [req, err] = http::NewRequest(load.method, load.url);
        if (err == nullptr) {
          auto [resp, do_err] = client.Do(req);
          err = do_err;
          if (err == nullptr) {
            err = io::ReadAll(resp->Body).second;
            resp->Body.Close();
          }
          if (err == nullptr && resp->StatusCode / 100 != 2) {
            err = fmt::Errorf("%s %s answered %s", load.method, load.url, resp->Status);
          }
        }
        answers.send(err);
      }
    });
  }
  error first;
  for (int i = 1; i <= load.requests; i++) {
    if (error err = answers.recv(); err != nullptr && first == nullptr) first = err;
    done(i);
  }
  wg.Wait();
  client.CloseIdleConnections();
  return first;
}

}  // namespace lab
