// http_fixture.h: a server on a free port for one test, and a client that speaks raw bytes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>

#include "runtime/chan/chan.h"
#include "runtime/sched/go.h"
#include "runtime/sched/proc.h"
#include "runtime/fmt/fmt.h"
#include "runtime/log/log.h"
#include "runtime/net/http/http.h"
#include "runtime/sync/mutex.h"
#include "tests/catch.h"

namespace fixture {

using namespace golab;

// What the server logs, line by line, without date and time.
struct log_lines {
  sync::Mutex mu;
  std::string text;
  std::pair<int, error> Write(std::string_view s) {
    mu.Lock();
    text += s;
    mu.Unlock();
    return {static_cast<int>(s.size()), nullptr};
  }
};

// Serves `mux` until it goes out of scope; by then every goroutine that it started must be gone.
class test_server {
 public:
  test_server() : logger(log_writer(), "", 0) {
    REQUIRE(eventually([] { return runtime::NumGoroutine() == 1; }));  // what earlier tests left
    before = 1;
    server.Handler = &mux;
    server.ErrorLog = &logger;
  }
  ~test_server() {
    server.Close();
    if (started) done.recv();
    CHECK(eventually([&] { return runtime::NumGoroutine() == before; }));
  }

  void start() {
    auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
    REQUIRE(err == nullptr);
    addr = ln.Addr().String();
    started = true;
    go([srv = &server, l = ln, d = done] { d.send(srv->Serve(l)); });
  }
  std::string url(std::string_view path) const { return "http://" + addr + std::string(path); }
  std::string logged() const {
    lines->mu.Lock();
    std::string text = lines->text;
    lines->mu.Unlock();
    return text;
  }

  http::ServeMux mux;
  http::Server server;
  std::string addr;
  Chan<error> done = make_chan<error>(1);
  int before = 0;
  bool started = false;
  std::shared_ptr<log_lines> lines = std::make_shared<log_lines>();
  log::Logger logger;

 private:
  glue::Writer log_writer() { return glue::make_writer(*lines); }
};

// One connection of a client that sends what it likes.
class raw_client {
 public:
  explicit raw_client(const std::string& addr) {
    auto [c, err] = net::Dial("tcp", addr);
    REQUIRE(err == nullptr);
    conn = c;
    conn.SetDeadline(time::Now().Add(20 * time::Second));
  }
  ~raw_client() { conn.Close(); }

  bool send(std::string_view data) { return conn.Write(data).second == nullptr; }

  // Everything until the server closes.
  std::string rest() {
    std::string out = std::move(buffer_);
    buffer_.clear();
    while (fill()) {}
    out += buffer_;
    buffer_.clear();
    return out;
  }

  // One answer: its head, and a body of Content-Length bytes or of chunks as they came.
  std::string answer(bool head_only = false) {
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return take(buffer_.size());
    }
    end += 4;
    if (head_only) return take(end);
    std::string head = buffer_.substr(0, end);
    if (head.find("Transfer-Encoding: chunked") != std::string::npos) {
      size_t last;
      while ((last = buffer_.find("\r\n0\r\n\r\n", end - 2)) == std::string::npos) {
        if (!fill()) return take(buffer_.size());
      }
      return take(last + 7);
    }
    const size_t at = head.find("Content-Length: ");
    const size_t length = at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
    while (buffer_.size() < end + length) {
      if (!fill()) return take(buffer_.size());
    }
    return take(end + length);
  }

  bool closed_by_server() { return buffer_.empty() && !fill() && last == io::EOF_; }

  net::Conn conn;
  error last;

 private:
  bool fill() {
    char buf[4096];
    auto [n, err] = conn.Read(buf, sizeof buf);
    buffer_.append(buf, static_cast<size_t>(n));
    last = err;
    return err == nullptr;
  }
  std::string take(size_t n) {
    std::string out = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return out;
  }
  std::string buffer_;
};

// Sends these bytes on a connection of their own; what came back until the server closed.
inline std::string ask(const std::string& addr, std::string_view bytes) {
  raw_client c(addr);
  c.send(bytes);
  return c.rest();
}

// The Date line says nothing.
inline std::string without_date(std::string text) {
  for (size_t at; (at = text.find("Date: ")) != std::string::npos;) {
    text.erase(at, text.find("\r\n", at) + 2 - at);
  }
  return text;
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

}  // namespace fixture
