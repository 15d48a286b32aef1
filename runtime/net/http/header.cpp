// header.cpp: canonical names, and the list of fields.
#include "runtime/net/http/header.h"

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

bool is_canonical(std::string_view name) {
  bool upper = true;
  for (char c : name) {
    if (upper ? c >= 'a' && c <= 'z' : c >= 'A' && c <= 'Z') return false;
    upper = c == '-';
  }
  return true;
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
    while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
    while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
    if (word.size() == token.size() &&
        std::equal(word.begin(), word.end(), token.begin(),
                   [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 0x20 : x) == y; })) {
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
  used_ = 0;
  for (const field& f : other) add_canonical(f.name, f.value);
  return *this;
}

const std::string* Header::find(std::string_view name) const {
  for (size_t i = 0; i < used_; i++) {
    if (fields_[i].name == name) return &fields_[i].value;
  }
  return nullptr;
}

std::string Header::Get(std::string_view name) const {
  const std::string* value = is_canonical(name) ? find(name) : find(CanonicalHeaderKey(name));
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

void Header::add_canonical(std::string_view name, std::string_view value) {
  if (used_ == fields_.size()) fields_.emplace_back();
  fields_[used_].name.assign(name);
  fields_[used_].value.assign(value);
  used_++;
}

void Header::set_canonical(std::string_view name, std::string_view value) {
  for (size_t i = 0; i < used_; i++) {
    if (fields_[i].name != name) continue;
    fields_[i].value.assign(value);
    // Only the first field of this name stays.
    for (size_t j = i + 1; j < used_;) {
      if (fields_[j].name == name) {
        std::rotate(fields_.begin() + j, fields_.begin() + j + 1, fields_.begin() + used_);
        used_--;
      } else {
        j++;
      }
    }
    return;
  }
  add_canonical(name, value);
}

void Header::Add(std::string_view name, std::string_view value) {
  add_canonical(name, value);
  if (!is_canonical(name)) make_canonical(name, &fields_[used_ - 1].name);
}

void Header::Set(std::string_view name, std::string_view value) {
  if (is_canonical(name)) {
    set_canonical(name, value);
  } else {
    set_canonical(CanonicalHeaderKey(name), value);
  }
}

void Header::Del(std::string_view name) {
  std::string key = CanonicalHeaderKey(name);
  for (size_t i = 0; i < used_;) {
    if (fields_[i].name == key) {
      std::rotate(fields_.begin() + i, fields_.begin() + i + 1, fields_.begin() + used_);
      used_--;
    } else {
      i++;
    }
  }
}

void Header::sort() {
  auto by_name = [](const field& a, const field& b) { return a.name < b.name; };
  std::stable_sort(fields_.begin(), fields_.begin() + used_, by_name);
}

}  // namespace golab::net::http
