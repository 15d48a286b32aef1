// log_lines.cpp: prefixes, JSON objects and escapes of logs.
#include "profiler/formats/log_lines.h"

#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "profiler/formats/dump_parser.h"
#include "profiler/formats/reader.h"

namespace golab::profiler {
namespace {

using nlohmann::json;

constexpr int kObjectsMax = 4;            // objects in objects
constexpr size_t kJsonBytesMax = 8 << 20;  // in memory an object takes many times as much

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

void skip(std::string_view text, size_t& at, bool (*kind)(char)) {
  while (at < text.size() && kind(text[at])) at++;
}

// Returns what follows the prefix in `line`, or nothing if the line begins otherwise. A run of
// digits stands for any other one, a run of blanks inside the prefix too.
std::optional<std::string_view> after_prefix(std::string_view line, std::string_view prefix) {
  const size_t body = prefix.find_last_not_of(" \t") + 1;
  size_t at = 0;
  for (size_t i = 0; i < body;) {
    if (at == line.size()) return {};
    const char want = prefix[i], have = line[at];
    if (is_digit(want) ? !is_digit(have) : is_blank(want) ? !is_blank(have) : want != have)
      return {};
    if (auto kind = is_digit(want) ? is_digit : is_blank(want) ? is_blank : nullptr) {
      skip(prefix, i, kind);
      skip(line, at, kind);
    } else {
      i++;
      at++;
    }
  }
  for (size_t i = body; i < prefix.size() && at < line.size() && is_blank(line[at]); i++) at++;
  return line.substr(at);
}

// "#012" is a newline for rsyslog, "#011" a tab.
void undo_rsyslog(std::string& text) {
  size_t to = 0;
  for (size_t at = 0; at < text.size(); to++) {
    std::string_view rest = std::string_view(text).substr(at);
    const char c = rest.starts_with("#012")   ? '\n'
                   : rest.starts_with("#011") ? '\t'
                   : rest.starts_with("#015") ? '\r'
                                              : '\0';
    text[to] = c != '\0' ? c : text[at];
    at += c != '\0' ? 4 : 1;
  }
  text.resize(to);
}

// Undoes the escapes of JSON, logfmt and Go, up to the quote that ends the text.
std::string unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size() && text[i] != '"'; i++) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    unsigned code = 0;
    std::string_view hex = text.substr(i + 1, c == 'u' ? 4 : 2);
    if (c == 'n') {
      out += '\n';
    } else if (c == 't') {
      out += '\t';
    } else if (c == 'r') {
      out += '\r';
    } else if ((c == 'u' || c == 'x') && take_number(hex, code, 16) && code < 0x80) {
      out += static_cast<char>(code);
      i += c == 'u' ? 4 : 2;
    } else {
      if (c != '"' && c != '\\' && c != '/') out += '\\';
      out += c;
    }
  }
  return out;
}

// A string, or the array of bytes that journalctl writes for a text with control characters.
std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string text;
  if (!value.is_array()) return text;
  for (const json& byte : value) {
    if (!byte.is_number_unsigned() || byte > 255) return {};
    text += static_cast<char>(byte.get<int>());
  }
  return text;
}

// The dump "goroutine 7 [" may be the second "goroutine " of a line.
size_t find_header(std::string_view line) {
  constexpr std::string_view kWord = "goroutine ";
  constexpr size_t kHeaderBytesMax = 64 << 10;
  int tries = 64;  // a line of megabytes may be full of this word
  for (size_t at = line.find(kWord); at != line.npos && tries-- > 0;
       at = line.find(kWord, at + 1)) {
    // "\\n" or "#012" may stand before it, and no other word.
    const char before = at == 0 ? ' ' : line[at - 1];
    if (std::isalpha(static_cast<unsigned char>(before)) && before != 'n' && before != 't')
      continue;
    DumpHeader header;
    std::string_view rest = line.substr(at, kHeaderBytesMax);
    if (!take_header(rest, header)) continue;
    if (rest.empty() || std::string_view(" \n\\\"'#").find(rest[0]) != std::string_view::npos)
      return at;
  }
  return line.npos;
}

// "NAME profile: total 5": the name is the last word before.
size_t find_counted(std::string_view line) {
  constexpr std::string_view kMiddle = " profile: total ";
  const size_t middle = line.find(kMiddle);
  if (middle == line.npos || middle == 0) return line.npos;
  std::string_view number = line.substr(middle + kMiddle.size());
  uint64_t total = 0;
  if (!take_number(number, total)) return line.npos;
  const size_t before = line.substr(0, middle).find_last_of(" \t\"'`");
  return before == line.npos ? 0 : before + 1;
}

// The value at "/log/original"; null if there is none.
const json* at_path(const json& object, std::string_view path) {
  if (path.empty()) return nullptr;
  const json* at = &object;
  while (!path.empty()) {
    path.remove_prefix(1);
    const std::string key(path.substr(0, path.find('/')));
    path.remove_prefix(key.size());
    if (!at->is_object()) return nullptr;
    const auto found = at->find(key);
    if (found == at->end()) return nullptr;
    at = &*found;
  }
  return at;
}

// The first text in an object, or in the objects in it, in which something of ours begins. Also
// where: `path`. (A key with a slash is passed over.)
std::string find_text(const json& object, std::string& path, int depth) {
  for (const auto& [key, value] : object.items()) {
    if (key.find('/') != key.npos) continue;
    const size_t before = path.size();
    path += '/' + key;
    std::string text;
    if (value.is_object()) {
      if (depth > 0) text = find_text(value, path, depth - 1);
    } else if (text = text_of(value); find_start(text).kind == Start::None) {
      text.clear();
    }
    if (!text.empty()) return text;
    path.resize(before);
  }
  return {};
}

// True if this line can be the second of a profile whose first line was of `kind`.
bool follows(Start kind, std::string_view line) {
  if (kind == Start::Dump) {  // "main.(*pool).run(0xc000)": no log has such lines
    if (line.starts_with("panic(")) return true;
    const size_t open = line.find('(');
    return line.ends_with(')') && open != line.npos && open > 0 &&
           line.substr(0, open).find('.') != line.npos &&
           line.substr(0, line.rfind('(')).find_first_of(" \t") == line.npos;
  }
  uint64_t number = 0;
  return take_number(line, number) && line.find(" @ 0x") != line.npos;
}

}  // namespace

FoundStart find_start(std::string_view line) {
  if (size_t at = find_header(line); at != line.npos) return {Start::Dump, at};
  if (line.find("profile: ") != line.npos) {
    if (size_t at = find_counted(line); at != line.npos) return {Start::Counted, at};
    size_t at = line.find("heap profile: ");
    if (at != line.npos && line.find(" @ heap", at) != line.npos) return {Start::Heap, at};
  }
  for (const char* head : {"--- contention:", "--- mutex:"}) {
    if (size_t at = line.find(head); at != line.npos) return {Start::Contention, at};
  }
  return {};
}

void LogLines::line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.starts_with('{') && json(line)) return;
  if (begun_ == Start::None) {
    FoundStart found = find_start(line);
    if (found.kind != Start::None) begin(line, found);
    return;
  }
  std::optional<std::string_view> rest = after_prefix(line, level().prefix);
  if (std::exchange(level().just_begun, false) && !rest.has_value() && follows(begun_, line)) {
    level().prefix.clear();
    rest = line;
  }
  std::string changed;
  // rsyslog writes something before each line; without it, "#012" is the program's own.
  if (rest.has_value() && !level().prefix.empty() && rest->find("#01") != line.npos) {
    changed = *rest;
    undo_rsyslog(changed);
    if (changed.find('\n') != changed.npos && depth_ < kDepthMax) return pieces(changed);
    rest = changed;
  }
  if (rest.has_value() && take_(*rest)) return;
  // A dump of another writer, or one that begins later in the line.
  FoundStart found = find_start(line);
  if (found.kind != Start::None && (found.at > 0 || !rest.has_value())) return begin(line, found);
}

void LogLines::begin(std::string_view line, FoundStart found) {
  if (found.kind == Start::None) return;
  std::string_view text = line.substr(found.at);
  std::string changed(text);
  if (found.at > 0) undo_rsyslog(changed);
  if (changed.find('\n') == changed.npos && text.find("\\n") != text.npos) {
    std::string lines = unescaped(text);
    if (lines.find('\n') != lines.npos) changed = std::move(lines);  // else it was in a label
  }
  if (changed.find('\n') != changed.npos && depth_ < kDepthMax) return pieces(changed);
  const Start before = begun_;
  if (begun_ == Start::None) begun_ = found.kind;
  level().prefix = line.substr(0, found.at);
  level().just_begun = true;
  if (!take_(changed)) begun_ = before;  // a sentence about a goroutine, for example
}

// Reads a text that was one line of the log.
void LogLines::pieces(std::string_view text) {
  depth_++;
  while (!text.empty()) {
    std::string_view piece = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    line(piece);
  }
  depth_--;
}

// Returns false if the line is no JSON object with a text of ours.
bool LogLines::json(std::string_view line) {
  if (depth_ == kDepthMax || line.size() > kJsonBytesMax) return false;
  const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  if (!object.is_object()) return false;
  if (const nlohmann::json* known = at_path(object, level().json_path); known != nullptr) {
    pieces(text_of(*known));
    return true;
  }
  std::string path;
  std::string text = find_text(object, path, kObjectsMax);
  if (text.empty()) return begun_ == Start::None;
  level().json_path = path;
  pieces(text);
  return true;
}

}  // namespace golab::profiler
