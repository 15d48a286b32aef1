// service_url.cpp: takes apart what stands for a service.
#include "course/lab/service_url.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>

#include "runtime/net/http/url.h"

namespace lab {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::string_view kProfilePage = "/debug/pprof/goroutine";

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

// True for host:port, perhaps with a path.
bool looks_like_address(std::string_view text) {
  std::string_view host = text.substr(0, text.find('/'));
  const size_t colon = host.rfind(':');
  return colon != host.npos && is_number(host.substr(colon + 1));
}

// Where host and port begin in a URL or an address.
size_t authority_at(std::string_view text) {
  const size_t scheme = text.find("://");
  return scheme == text.npos ? 0 : scheme + 3;
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (size_t k = 0; k < 3; k++) {
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0);
    }
    for (size_t k = 0; k < 4; k++) {
      text += i + k > bytes.size() ? '=' : kDigits[group >> (18 - 6 * k) & 63];
    }
  }
  return text;
}

std::string plain(const std::string& escaped) {
  auto [text, err] = golab::url::PathUnescape(escaped);
  return err == nullptr ? text : escaped;
}

// Where "user:password" ends in what follows a scheme, or npos. A password may have a slash that
// its owner did not escape: then no port is before the slash.
size_t end_of_credentials(std::string_view rest) {
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (size_t sign = authority.rfind('@'); sign != authority.npos) return sign;
  const size_t colon = authority.rfind(':');
  if (colon == authority.npos || authority.starts_with('[') ||
      is_number(authority.substr(colon + 1))) {
    return rest.npos;
  }
  return rest.rfind('@');
}

// One word of a text: an address, or anything else.
std::string word_without_password(std::string_view word) {
  const size_t at = authority_at(word);
  std::string_view rest = word.substr(at);
  const size_t sign = end_of_credentials(rest);
  const bool is_address = at == 0 && rest.substr(0, sign).find(':') == rest.npos;  // a@b.org
  if (sign == rest.npos || is_address) return std::string(word);
  return std::string(word.substr(0, at)) + "xxxxx" + std::string(rest.substr(sign));
}

}  // namespace

bool is_url(const std::string& text) {
  for (std::string_view scheme : {std::string_view("http://"), {"https://"}, kUnix}) {
    if (text.starts_with(scheme)) return true;
  }
  struct stat file;
  return looks_like_address(text) && ::stat(text.c_str(), &file) != 0;
}

std::string profile_url(const std::string& text, int debug, int seconds) {
  std::string url = text, query;
  const bool is_unix = url.starts_with(kUnix);
  if (!is_unix && url.find("://") == std::string::npos) url = "http://" + url;
  const size_t host = is_unix ? kUnix.size() : authority_at(url);
  if (size_t mark = url.find('?', host); mark != std::string::npos) {
    query = url.substr(mark);
    url.erase(mark);
  }
  size_t path = std::min(is_unix ? url.find(":/", host) : url.find('/', host), url.size());
  if (is_unix) {
    if (path == url.size()) url += ":" + std::string(kProfilePage);
  } else if (url.size() - path <= 1) {
    url.replace(path, std::string::npos, kProfilePage);
  }
  auto add = [&](const char* key, int value) {
    query += (query.empty() ? "?" : "&") + std::string(key) + "=" + std::to_string(value);
  };
  if (debug >= 0) add("debug", debug);
  if (seconds > 0) add("seconds", seconds);
  return url + query;
}

Credentials without_credentials(const std::string& url) {
  const size_t at = authority_at(url);
  const std::string rest = url.substr(at);
  const size_t sign = end_of_credentials(rest);
  if (sign == rest.npos) return {url, ""};
  const std::string user = rest.substr(0, std::min(rest.find(':'), sign));
  const std::string password =
      user.size() < sign ? rest.substr(user.size() + 1, sign - user.size() - 1) : "";
  return {url.substr(0, at) + rest.substr(sign + 1),
          "Basic " + base64(plain(user) + ":" + plain(password))};
}

std::string without_passwords(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(" \n\t\"'"), text.size());
    out += word_without_password(text.substr(0, end));
    out += text.substr(end, 1);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

UnixAddress unix_address(const std::string& url) {
  if (!url.starts_with(kUnix)) return {};
  std::string rest = url.substr(kUnix.size());
  if (rest.starts_with("//")) rest.erase(0, 2);
  const size_t page = rest.find(":/");
  return {rest.substr(0, page), page == rest.npos ? "/" : rest.substr(page + 1)};
}

}  // namespace lab
