// parser.h: Boost.Beast's HTTP/1 parser, hidden so that one source file includes Beast.
//
// A parser reads the header of one message. It keeps no bytes: unused ones are passed again, with
// more behind them. It allocates nothing: Beast's parser lives inside this object, and the
// connection's strings are used again for the next message.
#pragma once

#include <cstddef>
#include <cstdint>

namespace golab::net::http {

struct Request;
struct Response;

enum class parse {
  more,         // needs more bytes
  ok,           // the header is complete
  bad,          // malformed
  bad_version,  // neither HTTP/1.0 nor HTTP/1.1
  unsupported,  // a Transfer-Encoding other than chunked
};

template <bool is_request>
class message_parser {
 public:
  message_parser() = default;
  ~message_parser();
  message_parser(const message_parser&) = delete;
  message_parser& operator=(const message_parser&) = delete;

  // Starts a new message, whose header goes into `into`. head: a response to HEAD, without a body.
  void start(Request* into) requires is_request;
  void start(Response* into, bool head) requires(!is_request);

  // Parses header bytes. *used of them were taken.
  parse header(const char* p, size_t n, size_t* used);

  // After the header.
  bool chunked() const;
  bool keep_alive() const;
  int64_t content_length() const;       // -1: not given
  int hosts() const { return hosts_; }  // how many Host fields there were

 private:
  struct impl;
  impl* get() { return reinterpret_cast<impl*>(storage_); }
  const impl* get() const { return reinterpret_cast<const impl*>(storage_); }
  void destroy();
  template <typename... A>
  void emplace(A&&... args);

  static constexpr size_t kStorageBytes = 224;
  alignas(16) unsigned char storage_[kStorageBytes];
  bool live_ = false;
  int hosts_ = 0;
};

using request_parser = message_parser<true>;
using response_parser = message_parser<false>;

}  // namespace golab::net::http
