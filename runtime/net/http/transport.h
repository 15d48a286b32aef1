// transport.h: the client's connections: dialled when needed, kept while they are good for another
// request.
//
// Unlike Go's, a connection here has no goroutines of its own: the goroutine that calls Do writes
// the request and reads the response. So a body that is not closed leaks a connection (a file
// descriptor), but no goroutines; Go leaks two with it.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/core/lock.h"
#include "runtime/net/http/bufio.h"
#include "runtime/net/http/http.h"
#include "runtime/net/http/parser.h"
#include "runtime/net/netfd.h"

namespace golab::net::http {

// One connection of a client.
class persistConn final : public bufio::source {
 public:
  persistConn(std::string where, std::shared_ptr<net::conn> c)
      : key(std::move(where)), socket(std::move(c)) {}
  io_result Read(void* p, size_t n) override { return socket->Read(p, n); }
  bool usable() const;  // still open, and nothing came unasked

  std::string key;  // host:port
  std::shared_ptr<net::conn> socket;
  bufio::Reader br{this};
  response_parser parser;
  int64_t idle_since = 0;
};

// One call of Do.
struct round {
  const Request* req = nullptr;
  std::string body;
  context::Context ctx;
  int64_t deadline = 0;  // nanotime; 0: none
};

class Transport : public std::enable_shared_from_this<Transport> {
 public:
  int MaxIdleConnsPerHost = 2;
  time::Duration IdleConnTimeout = 90 * time::Second;

  std::pair<std::shared_ptr<Response>, error> RoundTrip(const round& r);
  void CloseIdleConnections();
  void put_idle(std::shared_ptr<persistConn> pc);

 private:
  std::shared_ptr<persistConn> get_idle(const std::string& key);
  std::pair<std::shared_ptr<persistConn>, error> dial(const round& r, const std::string& key);
  std::pair<std::shared_ptr<Response>, error> exchange(const round& r,
                                                       const std::shared_ptr<persistConn>& pc,
                                                       bool* nothing_came);

  runtime::mutex mu_;
  std::map<std::string, std::vector<std::shared_ptr<persistConn>>> idle_;
};

}  // namespace golab::net::http
