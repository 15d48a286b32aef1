// http_answers.cpp: requests to handlers that answer in a special way (http_compare_handlers.cpp).
//
// Each handler is asked by each method, in each version of HTTP: what a server may send depends on
// all three.
#include <iterator>
#include <string_view>

#include "tests/net/http_requests.h"

namespace {

using std::string;
using std::string_view;
using namespace std::string_literals;

const string kNext = "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct Way {
  const char* name;
  string line;    // behind the path
  string fields;  // and the body
};

const string kHello = "Content-Length: 5\r\n\r\nhello";
const string kChunks = "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";

const Way kWays[] = {
    {"GET", " HTTP/1.1\r\nHost: x\r\n", "\r\n"},
    {"HEAD", " HTTP/1.1\r\nHost: x\r\n", "\r\n"},
    {"POST", " HTTP/1.1\r\nHost: x\r\n", kHello},
    {"PUT", " HTTP/1.1\r\nHost: x\r\n", kChunks},
    {"CONNECT", " HTTP/1.1\r\nHost: x\r\n", "\r\n"},
    {"GET close", " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", "\r\n"},
    {"POST close", " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", kHello},
    {"POST long", " HTTP/1.1\r\nHost: x\r\n",
     "Content-Length: 270000\r\n\r\n" + string(270000, 'G')},
    {"POST chunked long", " HTTP/1.1\r\nHost: x\r\n",
     "Transfer-Encoding: chunked\r\n\r\n42000\r\n" + string(0x42000, 'G') + "\r\n0\r\n\r\n"},
    {"POST cut", " HTTP/1.1\r\nHost: x\r\n", "Content-Length: 5000\r\n\r\nhello"},
    {"POST bad chunk", " HTTP/1.1\r\nHost: x\r\n",
     "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\nx\r\n"},
    {"POST expect", " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n", kHello},
    {"POST expect chunked", " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n", kChunks},
    {"POST expect none", " HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n",
     "Content-Length: 5\r\n\r\n"},
    {"GET 1.0", " HTTP/1.0\r\n", "\r\n"},
    {"HEAD 1.0", " HTTP/1.0\r\nConnection: keep-alive\r\n", "\r\n"},
    {"GET 1.0 keep-alive", " HTTP/1.0\r\nConnection: keep-alive\r\n", "\r\n"},
    {"POST 1.0 keep-alive", " HTTP/1.0\r\nConnection: keep-alive\r\n", kHello},
};

constexpr string_view kPaths[] = {
    "/trailers",      "/marked",      "/marked-before",     "/its-trailers",
    "/bad-length",    "/negative-length", "/plus-length",   "/empty-length",
    "/spaced-length", "/long-length", "/short-length",      "/te-gzip",
    "/te-identity",   "/te-chunked",  "/ce-gzip",           "/ce-empty",
    "/type",          "/type-empty",  "/date",              "/blanks",
    "/lines",         "/bad-name",    "/colon-name",        "/close",
    "/Close",         "/keep-alive",  "/close-and",         "/te-and-length",
    "/many",          "/early",       "/continue",          "/200",
    "/204",           "/205",         "/304",               "/304t",
    "/500",           "/999",         "/101",               "/099",
    "/nothing",       "/no-bytes",    "/twice",             "/flush-first",
    "/read-after",    "/read-after-header", "/read-some-after", "/close-body",
    "/duplex",        "/duplex-leaves", "/max-bytes",       "/max-bytes-handler",
    "/max-form",      "/in-time",     "/too-late",          "/too-late-text",
    "/timed-panic",   "/timed-flush", "/error",             "/not-found",
    "/abort",         "/abort-late",  "/panic",             "/hijack",
    "/hijack-late",   "/not-supported", "/sniff",           "/context",
    "/strip/a",       "/strip",       "/strip/a/b",         "/stripe",
    "/form",          "/form-value",
};

// The beginnings of files that the server knows, whole and cut short.
const string kFiles[] = {
    "<!DOCTYPE HTML>", " \t\r\n\f<hTmL ", "<HEAD>", "<SCRIPT ", "<IFRAME>", "<H1>", "<h1 ", "<DIV>",
    "<FONT>", "<TABLE>", "<A>", "<STYLE>", "<TITLE>", "<B>", "<BODY>", "<BR>", "<P>", "<!-->",
    "<!-- x", "<Q>", "  <?xml x", "%PDF-1", "%!PS-Adobe-3", "\xFE\xFF\x61\x62\x63",
    "\xFF\xFE\x61\x62\x63", "\xEF\xBB\xBF\x61\x62", "\0\0\1\0x"s, "\0\0\2\0x"s, "BMx", "GIF87ax",
    "GIF89ax", "RIFF\0\0\0\0WEBPVP8"s, "\x89PNG\x0D\x0A\x1A\x0A\x00"s, "\xFF\xD8\xFF\xE0",
    "FORM\0\0\0\0AIFF"s, "ID3x", "OggS\0x"s, "MThd\0\0\0\6x"s, "RIFF\0\0\0\0AVI x"s,
    "RIFF\0\0\0\0WAVEx"s, "\0\0\0\x18" "ftypmp42\0\0\0\0mp42isom"s, "\0\0\0\x14" "ftypisom\0\0\0\0mp41"s,
    "\0\0\0\x14" "ftypisom\0\0\0\0iso2"s, "\0\0\0\x15" "ftypmp42\0\0\0\0mp42i"s,
    "\x1A\x45\xDF\xA3x", string(34, 'e') + "LPx", string(34, '\0') + "LP", "\0\1\0\0x"s, "OTTOx",
    "ttcfx", "wOFFx", "wOF2x", "\x1F\x8B\x08x", "PK\3\4x", "Rar!\x1A\x07\0x"s, "Rar!\x1A\x07\1\0x"s,
    "\0asmx"s, "text\x1b", "text\x7f\x80", "text\x0b", "text\0"s, "\x0c\x0b"};

// With what a form may come.
constexpr string_view kTypes[] = {
    "",
    "application/x-www-form-urlencoded",
    "Application/X-WWW-Form-Urlencoded ; charset=utf-8",
    "application/x-www-form-urlencoded;",
    "application/x-www-form-urlencoded; ;",
    "application/x-www-form-urlencoded; charset",
    "application/x-www-form-urlencoded; charset=",
    "application/x-www-form-urlencoded; charset=\"a",
    "application/x-www-form-urlencoded; charset=\"a\\\"\\b\"",
    "application/x-www-form-urlencoded; a=1; a=2",
    "application/x-www-form-urlencoded; a=1; A=1",
    "application/x-www-form-urlencoded, x",
    "application",
    "application/",
    "/x",
    ";",
    " ",
    "text plain",
    "text/plain x",
    "text/plain",
    "multipart/form-data",
};

constexpr string_view kForms[] = {"a=1&b=2", "a", "a=%zz&b=2", "a;b=1&c=3", "&&=&a=+%2B", ""};

}  // namespace

std::vector<RawRequest> answer_requests() {
  std::vector<RawRequest> all;
  auto add = [&all](const string& kind, const string& name, const string& bytes) {
    all.push_back({"answer" + kind + "/" + name, bytes + kNext, true});
  };
  for (const Way& way : kWays) {
    const string method(way.name, string_view(way.name).find(' ') == string_view::npos
                                      ? string_view(way.name).size()
                                      : string_view(way.name).find(' '));
    for (string_view path : kPaths) {
      // A client that has closed its half counts as gone: that ends a request's context.
      const bool stays = path == "/context" || path.find("-time") != path.npos ||
                         path.find("/timed") != path.npos || path.find("/too-late") != path.npos;
      const bool never_whole = string_view(way.name).find("cut") != string_view::npos ||
                               string_view(way.name).find("none") != string_view::npos;
      if (stays && never_whole) continue;
      add("-" + method, string(path) + " " + way.name,
          method + " " + string(path) + way.line + way.fields);
      all.back().closes = !stays;
    }
  }
  const string host = " HTTP/1.1\r\nHost: x\r\n";
  for (size_t file = 0; file < std::size(kFiles); file++) {
    for (size_t n = 1; n <= kFiles[file].size(); n++) {
      add("-sniff", std::to_string(file) + " " + std::to_string(n),
          "POST /sniff" + host + "Content-Length: " + std::to_string(n) + "\r\n\r\n" +
              kFiles[file].substr(0, n));
    }
  }
  for (string_view type : kTypes) {
    const string field = type.empty() ? "" : "Content-Type: " + string(type) + "\r\n";
    for (string_view form : kForms) {
      const string body =
          "Content-Length: " + std::to_string(form.size()) + "\r\n\r\n" + string(form);
      add("-form", string(type) + " " + string(form),
          "POST /form?a=0&%zz" + host + field + body);
    }
    add("-form", string(type) + " GET", "GET /form?" + string(kForms[0]) + host + field + "\r\n");
    add("-form", string(type) + " cut",
        "PATCH /form" + host + field + "Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\nx");
  }
  for (string_view trailer :
       {"A: b\r\n", "A: b\r\nA: c\r\n", "a: b\r\nX-B: c\r\n", "Content-Length: 3\r\n",
        "A: b\n", "A : b\r\n", "A: b\r\n c\r\n", "\x01: b\r\n", "no colon\r\n"}) {
    for (string_view announced :
         {"", "Trailer: A\r\n", "Trailer: a, x-b\r\nTrailer: X-C\r\n", "Trailer:\r\n",
          "Trailer: Content-Length\r\n", "Trailer: transfer-encoding, A\r\n", "Trailer: Trailer\r\n"}) {
      add("-trailer", string(announced) + string(trailer),
          "POST /its-trailers" + host + string(announced) +
              "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n" + string(trailer) + "\r\n");
    }
  }
  for (int code = 200; code < 600; code++) {
    const string number = std::to_string(code);
    add("-status", number, "GET /status?code=" + number + host + "\r\n");
  }
  for (string_view n : {"0", "1", "2047", "2048", "2049", "4000", "4096", "5000"}) {
    for (string_view path : {"/bytes?n=", "/pieces?n="}) {
      for (string_view method : {"GET ", "HEAD "}) {
        add("-size", string(method) + string(path) + string(n),
            string(method) + string(path) + string(n) + host + "\r\n");
      }
    }
  }
  for (string_view to : {"b", "/b", "../b", "/b/../c/", "?q", "b?x=/../y", "//h/b", "http://h/b",
                         "b%20c", "b\"<>&'", "/%C3%A9\xC3\xA9", "", "b#c", "%zz", "/a//b"}) {
    string escaped;
    for (char c : to) {
      const auto b = static_cast<unsigned char>(c);
      escaped += "%"s + "0123456789abcdef"[b >> 4] + "0123456789abcdef"[b & 15];
    }
    for (string_view method : {"GET", "HEAD", "POST"}) {
      add("-redirect", string(method) + " " + string(to),
          string(method) + " /redirect?to=" + escaped + host + "\r\n");
    }
  }
  for (string_view query : {"a;b", "a=1;b=2", "a=1&b=2", "a=%3B;b"}) {
    add("-semicolons", string(query), "GET /semicolons?" + string(query) + host + "\r\n");
    add("-semicolons", "form " + string(query), "GET /form?" + string(query) + host + "\r\n");
  }
  for (string_view method : {"GET", "POST"}) {
    add("-redirect", string(method) + " typed", string(method) + " /redirect/" + host + "\r\n");
  }
  for (string_view body : {"", "hello"}) {
    add("-options", "* " + string(body),
        "OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
            "\r\n\r\n" + string(body));
  }
  add("-options", "* long",
      "OPTIONS * HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n" + string(5000, 'x'));
  add("-preface", "HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  add("-preface", "HTTP/2 with a field", "PRI * HTTP/2.0\r\nA: b\r\n\r\nSM\r\n\r\n");
  return all;
}
