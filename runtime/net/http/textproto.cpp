// textproto.cpp: lines, folded lines, and the fields in them.
#include "runtime/net/http/textproto.h"

#include <algorithm>

#include "runtime/net/http/url.h"

namespace golab::net::textproto {

const error errMessageTooLarge = errors::New("message too large");

namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view trim(std::string_view s) {
  const size_t begin = s.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return s.substr(begin, s.find_last_not_of(kBlanks) - begin + 1);
}

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

outcome malformed(std::string_view what, std::string_view line) {
  return {0, errors::New("malformed MIME header" + std::string(what) + ": " + url::quote(line))};
}

// The server refuses blanks in names, but with a text of its own.
bool valid_name_or_blanks(std::string_view name) {
  if (http::valid_field_name(name)) return true;
  std::string without(name);
  std::erase(without, ' ');
  return !name.empty() && (without.empty() || http::valid_field_name(without));
}

}  // namespace

[[gnu::noinline]] int Reader::ReadLine(std::string_view* line) { return readLineSlice(line); }

[[gnu::noinline]] int Reader::readLineSlice(std::string_view* line) { return R->ReadLine(line); }

// Takes blanks. Returns how many there were.
[[gnu::noinline]] int Reader::skipSpace() {
  char c;
  for (int n = 0;; n++) {
    if (R->ReadByte(&c) != 0) return n;  // the next read of a line says why
    if (c != ' ' && c != '\t') {
      R->UnreadByte();
      return n;
    }
  }
}

// Waits for the first byte of the header.
[[gnu::noinline]] void Reader::upcomingHeaderKeys() { R->Peek(1); }

[[gnu::noinline]] outcome Reader::readContinuedLineSlice(std::string_view* line) {
  if (int code = readLineSlice(line)) return {code};
  if (line->empty()) return {};
  if (line->find(':') == std::string_view::npos) return malformed(": missing colon", *line);
  *line = trim(*line);

  // Mostly the next line is there, and is no continuation. Then this one need not be copied.
  const std::string_view next = R->buffered().substr(0, 2);
  if (next.size() > 1 && (letter(next[0]) || next[0] == '\n' || next == "\r\n")) return {};
  buf_.assign(*line);
  while (skipSpace() > 0) {
    std::string_view more;
    if (int code = readLineSlice(&more)) return {code};
    buf_.append(" ").append(trim(more));
  }
  *line = buf_;
  return {};
}

[[gnu::noinline]] outcome readMIMEHeader(Reader* r, int64_t maxHeaders, http::Header* into) {
  r->upcomingHeaderKeys();
  std::string_view line = r->R->buffered().substr(0, 1);
  if (line == " " || line == "\t") {
    if (int code = r->readLineSlice(&line)) return {code};
    return malformed(" initial line", line);
  }
  for (;;) {
    outcome got = r->readContinuedLineSlice(&line);
    if (got.code != 0 || got.err != nullptr || line.empty()) return got;
    const size_t colon = line.find(':');
    const std::string_view name = line.substr(0, colon);
    std::string_view value = line.substr(colon + 1);
    if (!valid_name_or_blanks(name) || !http::valid_field_value(value)) {
      return malformed(" line", line);
    }
    if (--maxHeaders < 0) return {0, errMessageTooLarge};
    value.remove_prefix(std::min(value.find_first_not_of(kBlanks), value.size()));
    into->Add(name, value);
  }
}

}  // namespace golab::net::textproto
