// parser.cpp: Boost.Beast's parser, whose callbacks fill Requests and Responses.
#include "runtime/net/http/parser.h"

#include <charconv>
#include <limits>
#include <optional>

#if defined(__GNUC__) && !defined(__clang__)
// With sanitizers on, GCC 12 takes the copy of an empty boost::optional for an uninitialized one.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/field.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

#include "runtime/net/http/http.h"

namespace golab::net::http {

namespace beast = boost::beast;
using beast::string_view;

namespace {
std::string_view text(string_view s) { return {s.data(), s.size()}; }

// One decimal number that an int64_t holds. Beast also accepts "3, 3", and numbers up to 2^64. A
// proxy that reads such a length differently would see other requests than this server.
bool valid_length(std::string_view digits) {
  int64_t length = 0;
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return false;
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  return ec == std::errc();
}

template <bool is_request>
struct callbacks final : beast::http::basic_parser<is_request> {
  using error_code = beast::error_code;
  using verb = beast::http::verb;
  using name_id = beast::http::field;

  explicit callbacks(typename message_parser<is_request>::message* m) : into(m) {
    // No limits here: the connection limits the header, the handler the body.
    this->header_limit(std::numeric_limits<std::uint32_t>::max());
    this->body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  typename message_parser<is_request>::message* into;
  int hosts = 0;
  bool unsupported = false;
  std::string_view input;  // the bytes being parsed; only a folded value lies elsewhere

  void set_version(int version) {
    into->Proto.assign(version == 11 ? "HTTP/1.1" : "HTTP/1.0");
    into->ProtoMajor = 1;
    into->ProtoMinor = version - 10;
  }

  void on_request_impl(verb, string_view method, string_view target, int version,
                       error_code&) override {
    if constexpr (is_request) {
      into->Method.assign(method.data(), method.size());
      into->RequestURI.assign(target.data(), target.size());
      set_version(version);
    }
  }

  void on_response_impl(int code, string_view reason, int version, error_code&) override {
    if constexpr (!is_request) {
      into->StatusCode = code;
      into->Status = std::to_string(code) + " " + std::string(text(reason));
      set_version(version);
    }
  }

  void on_field_impl(name_id id, string_view name, string_view value, error_code& ec) override {
    // Readers differ about a value folded over two lines, and these fields say where the body ends.
    const bool folded = value.data() < input.data() || value.data() >= input.data() + input.size();
    if (id == name_id::transfer_encoding && (folded || !beast::iequals(value, "chunked"))) {
      unsupported = true;
    }
    if (id == name_id::content_length) {
      const std::string* before = into->Header.find("Content-Length");
      if (folded || !valid_length(text(value)) || (before != nullptr && *before != text(value))) {
        ec = beast::http::error::bad_content_length;
        return;
      }
      if (before != nullptr) return;  // the same length again
    }
    if constexpr (is_request) {
      if (id == name_id::host) {
        if (hosts++ == 0) into->Host.assign(value.data(), value.size());
        return;
      }
    }
    into->Header.Add(text(name), text(value));
  }

  void on_header_impl(error_code&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}
};

}  // namespace

template <bool is_request>
struct message_parser<is_request>::impl {
  std::optional<callbacks<is_request>> beast;
};

template <bool is_request>
message_parser<is_request>::message_parser() : impl_(std::make_unique<impl>()) {}

template <bool is_request>
message_parser<is_request>::~message_parser() = default;

template <bool is_request>
void message_parser<is_request>::start(message* into, bool head) {
  impl_->beast.emplace(into);
  if (head) impl_->beast->skip(true);
}

template <bool is_request>
parse message_parser<is_request>::header(const char* p, size_t n, size_t* used) {
  auto& parser = *impl_->beast;
  *used = 0;
  parser.input = {p, n};
  while (true) {
    beast::error_code ec;
    *used += parser.put(boost::asio::const_buffer(p + *used, n - *used), ec);
    if (ec == beast::http::error::need_more) return parse::more;
    if (ec == beast::http::error::bad_version) return parse::bad_version;
    // Together with a Content-Length the request is malformed, not unsupported.
    if (ec == beast::http::error::bad_transfer_encoding &&
        !parser.into->Header.has("Content-Length")) {
      return parse::unsupported;
    }
    if (ec) return parse::bad;
    if (parser.is_header_done()) return parser.unsupported ? parse::unsupported : parse::ok;
    if (*used == n) return parse::more;
  }
}

template <bool is_request>
bool message_parser<is_request>::chunked() const {
  return impl_->beast->chunked();
}

template <bool is_request>
bool message_parser<is_request>::keep_alive() const {
  return impl_->beast->keep_alive();
}

template <bool is_request>
int64_t message_parser<is_request>::content_length() const {
  auto length = impl_->beast->content_length();
  return length ? static_cast<int64_t>(*length) : -1;
}

template <bool is_request>
int message_parser<is_request>::hosts() const {
  return impl_->beast->hosts;
}

template class message_parser<true>;
template class message_parser<false>;

}  // namespace golab::net::http
