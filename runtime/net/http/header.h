// header.h: the header fields of a message: Go's http.Header.
//
//   w.Header().Set("Content-Type", "text/plain");   // w.Header().Set("Content-Type", "text/plain")
//   for (auto& [name, value] : r->Header) ...       // one turn per value
//
// Names are kept in their canonical form ("content-type" is "Content-Type"), in the order in which
// they came. A linear list and not a map: a request has a handful of fields. Cleared fields keep
// their strings, so that a connection that serves the same client again allocates nothing for them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace golab::net::http {

// "accept-encoding" -> "Accept-Encoding". A name with a character that no field has stays as it is.
std::string CanonicalHeaderKey(std::string_view name);
// What a field's name, and what its value, may be made of (RFC 9110 section 5).
bool valid_field_name(std::string_view name);
bool valid_field_value(std::string_view value);
// Whether a comma-separated list has that word (lower case).
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

  // Without a copy: nullptr if there is none. `name` must be canonical.
  const std::string* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  size_t size() const { return used_; }
  bool empty() const { return used_ == 0; }
  void clear() { used_ = 0; }
  // Set and Add for a name that is canonical already.
  void set_canonical(std::string_view name, std::string_view value);
  void add_canonical(std::string_view name, std::string_view value);
  void sort();  // by name; the values of one name stay in order

  const field* begin() const { return fields_.data(); }
  const field* end() const { return fields_.data() + used_; }

 private:
  std::vector<field> fields_;  // the first used_ ones count
  size_t used_ = 0;
};

}  // namespace golab::net::http
