// sniff.cpp: guesses a media type from a body's first bytes: the WHATWG's MIME Sniffing, as in Go.
#include <strings.h>

#include <algorithm>

#include "runtime/net/http/http.h"

namespace golab::net::http {

namespace {

using namespace std::string_view_literals;

constexpr size_t kSniffBytes = 512;

constexpr std::string_view kTags[] = {"<!DOCTYPE HTML",
                                      "<HTML",
                                      "<HEAD",
                                      "<SCRIPT",
                                      "<IFRAME",
                                      "<H1",
                                      "<DIV",
                                      "<FONT",
                                      "<TABLE",
                                      "<A",
                                      "<STYLE",
                                      "<TITLE",
                                      "<B",
                                      "<BODY",
                                      "<BR",
                                      "<P",
                                      "<!--"};

// Markup: an opening tag, in any case, and then a blank or '>'.
bool starts_with_tag(std::string_view data, std::string_view tag) {
  return data.size() > tag.size() && strncasecmp(data.data(), tag.data(), tag.size()) == 0 &&
         (data[tag.size()] == ' ' || data[tag.size()] == '>');
}

struct signature {
  std::string_view bytes;
  std::string_view type;
  std::string_view inner = {};  // more bytes, further in
  size_t inner_at = 8;          // of a container, which has four letters and a length before it
  size_t bytes_min = 0;         // shorter data does not count
};

constexpr signature kSignatures[] = {
    {"%PDF-"sv, "application/pdf"sv},
    {"%!PS-Adobe-"sv, "application/postscript"sv},
    {"\xFE\xFF"sv, "text/plain; charset=utf-16be"sv, {}, 0, 4},
    {"\xFF\xFE"sv, "text/plain; charset=utf-16le"sv, {}, 0, 4},
    {"\xEF\xBB\xBF"sv, "text/plain; charset=utf-8"sv, {}, 0, 4},
    {"\x00\x00\x01\x00"sv, "image/x-icon"sv},
    {"\x00\x00\x02\x00"sv, "image/x-icon"sv},
    {"BM"sv, "image/bmp"sv},
    {"GIF87a"sv, "image/gif"sv},
    {"GIF89a"sv, "image/gif"sv},
    {"RIFF"sv, "image/webp"sv, "WEBPVP"sv},
    {"\x89PNG\x0D\x0A\x1A\x0A"sv, "image/png"sv},
    {"\xFF\xD8\xFF"sv, "image/jpeg"sv},
    {"FORM"sv, "audio/aiff"sv, "AIFF"sv},
    {"ID3"sv, "audio/mpeg"sv},
    {"OggS\x00"sv, "application/ogg"sv},
    {"MThd\x00\x00\x00\x06"sv, "audio/midi"sv},
    {"RIFF"sv, "video/avi"sv, "AVI "sv},
    {"RIFF"sv, "audio/wave"sv, "WAVE"sv},
};

// Those that Go tries after MP4.
constexpr signature kLaterSignatures[] = {
    {"\x1A\x45\xDF\xA3"sv, "video/webm"sv},
    {""sv, "application/vnd.ms-fontobject"sv, "LP"sv, 34},
    {"\x00\x01\x00\x00"sv, "font/ttf"sv},
    {"OTTO"sv, "font/otf"sv},
    {"ttcf"sv, "font/collection"sv},
    {"wOFF"sv, "font/woff"sv},
    {"wOF2"sv, "font/woff2"sv},
    {"\x1F\x8B\x08"sv, "application/x-gzip"sv},
    {"PK\x03\x04"sv, "application/zip"sv},
    {"Rar!\x1A\x07\x00"sv, "application/x-rar-compressed"sv},
    {"Rar!\x1A\x07\x01\x00"sv, "application/x-rar-compressed"sv},
    {"\x00\x61\x73\x6D"sv, "application/wasm"sv},
};

template <size_t n>
const signature* find(const signature (&all)[n], std::string_view data) {
  for (const signature& s : all) {
    if (data.size() < s.bytes_min || !data.starts_with(s.bytes)) continue;
    if (s.inner.empty() ||
        (data.size() > s.inner_at && data.substr(s.inner_at).starts_with(s.inner))) {
      return &s;
    }
  }
  return nullptr;
}

bool is_mp4(std::string_view data) {
  if (data.size() < 12) return false;
  const auto* b = reinterpret_cast<const unsigned char*>(data.data());
  const size_t box = size_t{b[0]} << 24 | size_t{b[1]} << 16 | size_t{b[2]} << 8 | size_t{b[3]};
  if (data.size() < box || box % 4 != 0 || data.substr(4, 4) != "ftyp") return false;
  for (size_t at = 8; at < box; at += 4) {
    if (at == 12) continue;  // a version number
    if (data.substr(at, 3) == "mp4") return true;
  }
  return false;
}

}  // namespace

std::string DetectContentType(std::string_view data) {
  data = data.substr(0, kSniffBytes);
  const size_t text = std::min(data.find_first_not_of("\t\n\f\r "), data.size());
  const std::string_view rest = data.substr(text);
  if (rest.starts_with('<')) {
    for (std::string_view tag : kTags) {
      if (starts_with_tag(rest, tag)) return "text/html; charset=utf-8";
    }
  }
  if (rest.starts_with("<?xml")) return "text/xml; charset=utf-8";
  if (const signature* s = find(kSignatures, data)) return std::string(s->type);
  if (is_mp4(data)) return "video/mp4";
  if (const signature* s = find(kLaterSignatures, data)) return std::string(s->type);
  for (char c : rest) {
    const auto b = static_cast<unsigned char>(c);
    if (b <= 0x08 || b == 0x0B || (b >= 0x0E && b <= 0x1A) || (b >= 0x1C && b <= 0x1F)) {
      return "application/octet-stream";
    }
  }
  return "text/plain; charset=utf-8";
}

}  // namespace golab::net::http
