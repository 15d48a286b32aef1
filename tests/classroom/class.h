// class.h: the class's end of a pupil: starts a program in a classroom and gives it orders.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/golab.h"
#include "tests/catch.h"
#include "tests/child.h"

constexpr std::string_view kHour = "3600000000000";

class Class {
 public:
  explicit Class(std::vector<std::string> args, std::vector<std::string> env = {}) {
    int ends[2];
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    env.push_back("GOLAB_CLASSROOM=" + std::to_string(ends[1]));
    child_ = std::make_unique<Child>(args, env);
    ::close(ends[1]);
    socket_ = ends[0];
  }
  Class(const Class&) = delete;
  ~Class() { leave(); }

  // The answer without its line end; behind "bytes N" without the bytes.
  std::string order(std::string text) {
    send(text);
    return read_line();
  }
  void send(std::string text) {
    text += "\n";
    CHECK(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
  }
  // Of an order whose answer is "bytes N".
  std::string bytes(std::string text) {
    std::string head = order(std::move(text));
    if (head.rfind("bytes ", 0) != 0) return "no bytes: " + head;
    return read_bytes(std::stoul(head.substr(6)));
  }
  // The lines of an answer that ends with ".".
  std::vector<std::string> lines(std::string text) {
    send(std::move(text));
    std::vector<std::string> all;
    for (std::string line = read_line(); line != "." && !line.empty(); line = read_line())
      all.push_back(line);
    return all;
  }

  void leave() {
    if (socket_ >= 0) ::close(socket_);
    socket_ = -1;
  }
  Child& child() { return *child_; }

 private:
  bool fill() {
    char piece[1 << 16];
    golab::runtime::entersyscall();
    ssize_t n = ::read(socket_, piece, sizeof piece);
    golab::runtime::exitsyscall();
    if (n > 0) read_.append(piece, static_cast<size_t>(n));
    return n > 0;
  }
  std::string read_line() {
    size_t end;
    while ((end = read_.find('\n')) == read_.npos) {
      if (!fill()) return "";
    }
    std::string line = read_bytes(end);
    read_.erase(0, 1);
    return line;
  }
  std::string read_bytes(size_t n) {
    while (read_.size() < n && fill()) {}
    std::string bytes = read_.substr(0, n);
    read_.erase(0, n);
    return bytes;
  }

  std::unique_ptr<Child> child_;
  int socket_ = -1;
  std::string read_;
};

// A service in a classroom, and a client of its own. It is idle once it is there.
class Service {
 public:
  explicit Service(const std::string& program, std::vector<std::string> env = {}) {
    auto [listener, err] = net::Listen("tcp", "127.0.0.1:0");
    REQUIRE(err == nullptr);
    address_ = listener.Addr().String();
    listener.Close();
    class_ = std::make_unique<Class>(std::vector<std::string>{program, "--addr", address_}, env);
    client_.Transport = http::NewTransport();
    REQUIRE(order("idle 20000") == "idle");
    order("forget");
  }
  ~Service() { client_.CloseIdleConnections(); }

  Class& golab_class() { return *class_; }
  std::string order(std::string text) { return class_->order(std::move(text)); }
  std::string bytes(std::string text) { return class_->bytes(std::move(text)); }
  std::vector<std::string> requests() { return class_->lines("requests"); }
  std::vector<std::string> waits() { return class_->lines("waits"); }
  const std::string& address() const { return address_; }

  std::string get(const std::string& path) const { return fetch(client_, url(path)); }
  // The answer comes later, on the channel.
  Chan<std::string> get_later(const std::string& path) const {
    auto answer = make_chan<std::string>(1);
    go([client = client_, url = url(path), answer] { answer.send(fetch(client, url)); });
    return answer;
  }
  // Until the service has begun so many requests that `begun` may tell.
  bool has_begun(size_t begun) {
    return eventually([&] { return requests().size() == begun; });
  }

 private:
  std::string url(const std::string& path) const { return "http://" + address_ + path; }
  static std::string fetch(const http::Client& client, const std::string& url) {
    auto [resp, err] = client.Get(url);
    if (err != nullptr) return "error: " + err.Error();
    auto [text, read_err] = io::ReadAll(resp->Body);
    resp->Body.Close();
    return text;
  }

  std::string address_;
  std::unique_ptr<Class> class_;
  http::Client client_;
};
