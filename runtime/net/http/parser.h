// parser.h: Boost.Beast's HTTP/1 parser, hidden so that one source file includes Beast.
//
// A parser reads the header of one message after the other. It keeps no bytes: unused ones are passed
// again, with more behind them. It allocates nothing for a message: Beast's parser is made anew in
// the same place, and the connection's strings are used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>

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
  using message = std::conditional_t<is_request, Request, Response>;

  message_parser();
  ~message_parser();

  // Starts a new message, whose header goes into `into`. head: a response to HEAD, without a body.
  void start(message* into, bool head = false);

  // Parses header bytes. *used of them were taken.
  parse header(const char* p, size_t n, size_t* used);

  // After the header.
  bool chunked() const;
  bool keep_alive() const;
  int64_t content_length() const;  // -1: not given
  int hosts() const;               // how many Host fields there were

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

using request_parser = message_parser<true>;
using response_parser = message_parser<false>;

}  // namespace golab::net::http
