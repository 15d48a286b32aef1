// header.h: Go's http.Header: the header fields of a message.
//
//   w.Header().Set("Content-Type", "text/plain");   // w.Header().Set("Content-Type", "text/plain")
//   r->Header.Get("Accept")                         // r.Header.Get("Accept")
//   for (auto& [name, value] : r->Header) ...       // one turn per value
//
// Names have their canonical form ("content-type" is "Content-Type"). Fields stand in the order in
// which they came, in a list, because a request has only a few. clear() keeps their strings, so
// that the next request on a connection allocates nothing for them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace golab::net::http {

// "accept-encoding" -> "Accept-Encoding". A name that is not valid stays as it is.
std::string CanonicalHeaderKey(std::string_view name);
// RFC 9110 section 5.
bool valid_field_name(std::string_view name);
bool valid_field_value(std::string_view value);
// Does a comma-separated list have this word? `token` is in lower case; the list need not be.
bool has_token(std::string_view list, std::string_view token);

class Header {
 public:
  struct field {
    std::string name;
    std::string value;
  };

  Header() = default;
  Header(const Header& other) { *this = other; }
  Header(Header&&) = default;
  Header& operator=(const Header& other);
  Header& operator=(Header&&) = default;

  std::string Get(std::string_view name) const;  // the first value, or ""
  std::vector<std::string> Values(std::string_view name) const;
  void Set(std::string_view name, std::string_view value);
  void Add(std::string_view name, std::string_view value);
  void Del(std::string_view name);

  // Get without a copy: nullptr if there is none. `name` must be canonical.
  const std::string* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  int count(std::string_view name) const;                // how many values it has; canonical, too
  void remove(std::string_view name) { remove(name, 0); }  // Del of a canonical name
  size_t size() const { return used_; }
  bool empty() const { return used_ == 0; }
  void clear() { used_ = 0; }
  void sort();  // by name; the values of one name stay in order

  const field* begin() const { return fields_.data(); }
  const field* end() const { return fields_.data() + used_; }

 private:
  void remove(std::string_view key, size_t from);

  std::vector<field> fields_;  // the first used_ ones count
  size_t used_ = 0;
};

}  // namespace golab::net::http
