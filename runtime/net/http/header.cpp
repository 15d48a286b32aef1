// header.cpp: canonical names, and the list of fields.
#include "runtime/net/http/header.h"

#include <strings.h>

#include <algorithm>

namespace golab::net::http {

namespace {

// A character of a token, of which field names are made (RFC 9110 section 5.6.2).
constexpr bool is_token(unsigned char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

void make_canonical(std::string_view name, std::string* out) {
  out->assign(name);
  if (!valid_field_name(name)) return;
  bool upper = true;
  for (char& c : *out) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 0x20);
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 0x20);
    upper = c == '-';
  }
}

}  // namespace

bool valid_field_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), is_token);
}

bool valid_field_value(std::string_view value) {
  return std::none_of(value.begin(), value.end(),
                      [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; });
}

bool has_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    std::string_view word = list.substr(0, comma);
    list.remove_prefix(std::min(comma + 1, list.size()));
    word.remove_prefix(std::min(word.find_first_not_of(" \t"), word.size()));
    word = word.substr(0, word.find_last_not_of(" \t") + 1);
    if (word.size() == token.size() && strncasecmp(word.data(), token.data(), word.size()) == 0) {
      return true;
    }
  }
  return false;
}

std::string CanonicalHeaderKey(std::string_view name) {
  std::string out;
  make_canonical(name, &out);
  return out;
}

Header& Header::operator=(const Header& other) {
  if (this == &other) return *this;
  clear();
  for (const field& f : other) Add(f.name, f.value);
  return *this;
}

const std::string* Header::find(std::string_view name) const {
  for (size_t i = 0; i < used_; i++) {
    if (fields_[i].name == name) return &fields_[i].value;
  }
  return nullptr;
}

int Header::count(std::string_view name) const {
  return static_cast<int>(
      std::count_if(begin(), end(), [&](const field& f) { return f.name == name; }));
}

std::string Header::Get(std::string_view name) const {
  const std::string* value = find(CanonicalHeaderKey(name));
  return value != nullptr ? *value : std::string();
}

std::vector<std::string> Header::Values(std::string_view name) const {
  std::string key = CanonicalHeaderKey(name);
  std::vector<std::string> out;
  for (const field& f : *this) {
    if (f.name == key) out.push_back(f.value);
  }
  return out;
}

void Header::Add(std::string_view name, std::string_view value) {
  if (used_ == fields_.size()) fields_.emplace_back();
  field& f = fields_[used_++];
  make_canonical(name, &f.name);
  f.value.assign(value);
}

void Header::Set(std::string_view name, std::string_view value) {
  const std::string key = CanonicalHeaderKey(name);
  for (size_t i = 0; i < used_; i++) {
    if (fields_[i].name != key) continue;
    fields_[i].value.assign(value);
    return remove(key, i + 1);
  }
  Add(key, value);
}

void Header::Del(std::string_view name) { remove(CanonicalHeaderKey(name), 0); }

void Header::remove(std::string_view key, size_t from) {
  const auto end = fields_.begin() + used_;
  const auto rest =
      std::remove_if(fields_.begin() + from, end, [&](const field& f) { return f.name == key; });
  used_ -= static_cast<size_t>(end - rest);
}

void Header::sort() {
  auto by_name = [](const field& a, const field& b) { return a.name < b.name; };
  std::stable_sort(fields_.begin(), fields_.begin() + used_, by_name);
}

}  // namespace golab::net::http
