// mime.cpp: reads a Content-Type.
#include "runtime/net/http/mime.h"

#include <algorithm>

#include "runtime/net/http/header.h"

namespace golab::mime {

const error ErrInvalidMediaParameter = errors::New("mime: invalid media parameter");

namespace {

constexpr std::string_view kSpecial = "()<>@,;:\\\"/[]?=";
constexpr std::string_view kSpace = " \t\n\v\f\r";

std::string_view trim(std::string_view s) {
  const size_t begin = s.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return s.substr(begin, s.find_last_not_of(kSpace) - begin + 1);
}

void skip_space(std::string_view* s) {
  s->remove_prefix(std::min(s->find_first_not_of(kSpace), s->size()));
}

std::string_view take_token(std::string_view* s) {
  size_t n = 0;
  while (n < s->size() && net::http::valid_field_name(s->substr(n, 1))) n++;
  const std::string_view token = s->substr(0, n);
  s->remove_prefix(n);
  return token;
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

// A token, or a text in quotes. Returns false if there is none.
bool take_value(std::string_view* s, std::string* value) {
  if (!s->starts_with('"')) {
    *value = take_token(s);
    return !value->empty();
  }
  for (size_t i = 1; i < s->size(); i++) {
    const char c = (*s)[i];
    if (c == '"') {
      s->remove_prefix(i + 1);
      return true;
    }
    // A backslash before a letter is one: old browsers send paths of Windows so.
    if (c == '\\' && i + 1 < s->size() && kSpecial.find((*s)[i + 1]) != kSpecial.npos) {
      *value += (*s)[++i];
      continue;
    }
    if (c == '\r' || c == '\n') return false;
    *value += c;
  }
  return false;
}

// ";NAME=VALUE". Returns false, and takes nothing, if there is none.
bool take_param(std::string_view* s, std::string* name, std::string* value) {
  std::string_view rest = *s;
  if (!rest.starts_with(';')) return false;
  rest.remove_prefix(1);
  skip_space(&rest);
  *name = lower(take_token(&rest));
  skip_space(&rest);
  if (name->empty() || !rest.starts_with('=')) return false;
  rest.remove_prefix(1);
  skip_space(&rest);
  value->clear();
  if (!take_value(&rest, value)) return false;
  *s = rest;
  return true;
}

const char* wrong_type(std::string_view s) {
  if (take_token(&s).empty()) return "mime: no media type";
  if (s.empty()) return nullptr;
  if (!s.starts_with('/')) return "mime: expected slash after first token";
  s.remove_prefix(1);
  if (take_token(&s).empty()) return "mime: expected token after slash";
  return s.empty() ? nullptr : "mime: unexpected content after media subtype";
}

}  // namespace

MediaType ParseMediaType(std::string_view v) {
  const std::string_view base = v.substr(0, v.find(';'));
  MediaType out{lower(trim(base)), {}, nullptr};
  if (const char* wrong = wrong_type(out.type)) return {"", {}, errors::New(wrong)};
  v.remove_prefix(base.size());
  for (skip_space(&v); !v.empty(); skip_space(&v)) {
    std::string name, value;
    if (!take_param(&v, &name, &value)) {
      if (trim(v) == ";") break;  // a semicolon at the end says nothing
      return {out.type, {}, ErrInvalidMediaParameter};
    }
    auto [at, added] = out.params.emplace(name, value);
    if (!added && at->second != value) {
      return {"", {}, errors::New("mime: duplicate parameter name")};
    }
  }
  return out;
}

}  // namespace golab::mime
