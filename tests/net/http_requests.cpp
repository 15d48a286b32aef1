// http_requests.cpp: the tables of which the requests are made, and the loops that make them.
//
// Behind each request follows a second one, /next: whether it is served, and as what, shows where
// the server sees the end of the first.
#include "tests/net/http_requests.h"

#include <initializer_list>
#include <string_view>

namespace {

using std::string;
using std::string_view;
using namespace std::string_literals;

const string kNext = "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

struct Form {
  const char* name;
  string text;
};

class Collection {
 public:
  void add(const string& kind, const string& name, const string& bytes, bool next = true) {
    all_.push_back({kind + "/" + name, next ? bytes + kNext : bytes, true});
  }
  std::vector<RawRequest> take() { return std::move(all_); }

 private:
  std::vector<RawRequest> all_;
};

// The readable part of a name that is made of the bytes themselves.
string shown(string_view text) {
  string out;
  for (char c : text.substr(0, 40)) {
    const auto b = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (b < ' ' || b >= 0x7f) {
      out += "\\x" + string(1, "0123456789abcdef"[b >> 4]) + "0123456789abcdef"[b & 15];
    } else {
      out += c;
    }
  }
  return text.size() > 40 ? out + "..." : out;
}

void request_lines(Collection& to) {
  const string rest = "\r\nHost: x\r\n\r\n";
  for (string_view method :
       {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "FANCY-1",
        "G@T", "G T", "", "GE\tT", "\x80GET", "CONNECT", "PRI", "!#$%&'*+-.^_`|~", "(GET)"}) {
    to.add("method", shown(method), string(method) + " /a" + rest);
  }
  for (const string& version :
       {"HTTP/1.0"s,  "HTTP/1.1"s,  "HTTP/1.2"s,   "HTTP/1.9"s,          "HTTP/0.9"s,
        "HTTP/2.0"s,  "HTTP/3.0"s,  "HTTP/1"s,     "HTTP/11"s,           "HTTP/1.10"s,
        "HTTP/01.1"s, "HTTP/1.01"s, "http/1.1"s,   "HTTP/1.x"s,          "HTTP/-1.1"s,
        "HTTP/1.1 "s, " HTTP/1.1"s, "HTTP/1.1\t"s, "HTTP/1.1 x"s,        "HTTPS/1.1"s,
        "HTTP 1.1"s,  ""s,          "X"s,          "HTTP/4294967297.1"s, "HTTP/1.4294967297"s,
        "HTTP/1,1"s,  "HTTP/+1.1"s, "HTTP/1.1\0"s}) {
    to.add("version", shown(version), "GET /a " + version + rest);
  }
  for (const string& target : {"/"s,
                               "/a/b?c=d"s,
                               "/a?b?c"s,
                               "/a#b"s,
                               "/%41"s,
                               "/%zz"s,
                               "/%"s,
                               "/a%00b"s,
                               "/a\0b"s,
                               "/\x80"s,
                               "/a b"s,
                               "//a//b"s,
                               "/a/../b"s,
                               "/a;b"s,
                               "*"s,
                               "a"s,
                               "?a"s,
                               ""s,
                               "http://y/a"s,
                               "http://y"s,
                               "http://y:80/a?b"s,
                               "http:///a"s,
                               "http://"s,
                               "HTTP://Y/a"s,
                               "https://y/a"s,
                               "ftp://y/a"s,
                               "http:a"s,
                               "http://u:p@y/a"s,
                               "http://[::1]:80/a"s,
                               "http://[::1/a"s,
                               "http://y:port/a"s,
                               "http://y:99999999999/a"s,
                               "y:80"s,
                               "mailto:a@b"s,
                               "/a\tb"s,
                               "/\"<>\\^`{|}"s,
                               "/a?b=\x7f"s,
                               "1http://y/a"s,
                               "://y/a"s,
                               "http://y%41/a"s,
                               "http://a[b/a"s,
                               "http://[1.2.3.4]/a"s,
                               "http://[x]/a"s,
                               "http://a:b:80/a"s,
                               "http://a:80:80/a"s,
                               "http://[::1]x/a"s,
                               "http://[fe80::1%25e]/a"s,
                               "http://y%c3%a9/a"s,
                               "http://y%25/a"s,
                               "http://u:\"@y/a"s,
                               "http://u:%zz@y/a"s,
                               "http://[::ffff:1.2.3.4]:/a"s}) {
    to.add("target", shown(target), "GET " + target + " HTTP/1.1" + rest);
    to.add("connect", shown(target), "CONNECT " + target + " HTTP/1.1" + rest);
  }
  for (const string& first :
       {"GET /a\r\n"s, "GET\r\n"s, "\r\n"s, "\r\n\r\nGET /a HTTP/1.1\r\n"s,
        "\r\nGET /a HTTP/1.1\r\n"s, "\nGET /a HTTP/1.1\r\n"s, " GET /a HTTP/1.1\r\n"s,
        "GET  /a HTTP/1.1\r\n"s, "GET /a  HTTP/1.1\r\n"s, "GET\t/a HTTP/1.1\r\n"s,
        "GET /a\tHTTP/1.1\r\n"s, "GET /a HTTP/1.1\n"s, "GET /a HTTP/1.1\r"s,
        "GET /a HTTP/1.1\r\r\n"s, "GET /a HTTP/1.1\n\r\n"s, "hello\r\n"s, "\0\r\n"s,
        "\x16\x03\x01\x02\x01\x01\xfc\x03\x03\r\n"s}) {
    to.add("line", shown(first), first + "Host: x\r\n\r\n");
  }
}

void fields(Collection& to) {
  for (const string& field : {"A: b"s,
                              "A:b"s,
                              "A:\tb\t"s,
                              "A:   b   "s,
                              "A:"s,
                              "A: "s,
                              "A : b"s,
                              "A\t: b"s,
                              " A: b"s,
                              "\tA: b"s,
                              ": b"s,
                              "A"s,
                              "A b"s,
                              "A b: c"s,
                              "A: b: c"s,
                              "a-b-C: d"s,
                              "A_b: c"s,
                              "A@: b"s,
                              "A(: b"s,
                              "\x80: b"s,
                              "A: \x80"s,
                              "A: b\0c"s,
                              "A\0: b"s,
                              "A: b\x01"s,
                              "A: b\x7f"s,
                              "A: b\rc"s,
                              "A: b\r"s,
                              "A: b\r\n c"s,
                              "A: b\r\n\tc"s,
                              "A: b\r\n  c\r\n  d"s,
                              "A:\r\n b"s,
                              "A: b\r\n "s,
                              "A: b\r\n \r\nB: c"s,
                              "A: b\nB: c"s,
                              "A: b\n c"s,
                              "A: b\r\nA: c"s,
                              "a: b\r\nA: c"s,
                              "A: b\r\n: c"s,
                              "\r\nA: b"s,
                              "A: \"b"s,
                              "A: b,, ,c"s,
                              "A: =?q?="s,
                              "Connection: a,,b"s,
                              "Connection: "s,
                              "Connection: a b"s,
                              "Connection: \""s,
                              "Connection: ,"s,
                              "Proxy-Connection: a b"s,
                              "Upgrade: websocket"s,
                              "Upgrade: h2c\r\nConnection: Upgrade"s,
                              "Pragma: no-cache"s,
                              "Trailer: A"s,
                              "Trailer: Content-Length"s,
                              "Cookie: a=b; c=d"s,
                              "Content-Type: x"s,
                              "Referer: :"s,
                              "User-Agent: "s}) {
    to.add("field", shown(field), "GET /a HTTP/1.1\r\nHost: x\r\n" + field + "\r\n\r\n");
    to.add("field-first", shown(field), "GET /a HTTP/1.1\r\n" + field + "\r\nHost: x\r\n\r\n");
  }
  for (const string& host : {"Host: x\r\n"s,
                             "Host: x:80\r\n"s,
                             "Host:\r\n"s,
                             "Host: \r\n"s,
                             ""s,
                             "Host: a\r\nHost: b\r\n"s,
                             "Host: a\r\nHost: a\r\n"s,
                             "host: x\r\nHOST: x\r\n"s,
                             "Host: a b\r\n"s,
                             "Host: a/b\r\n"s,
                             "Host: a@b\r\n"s,
                             "Host: a?b\r\n"s,
                             "Host: a#b\r\n"s,
                             "Host: a,b\r\n"s,
                             "Host: [::1]\r\n"s,
                             "Host: [::1\r\n"s,
                             "Host: \x80\r\n"s,
                             "Host: a\0b\r\n"s,
                             "Host: a\tb\r\n"s,
                             "Host: a\r\n b\r\n"s,
                             "Host : x\r\n"s,
                             " Host: x\r\n"s,
                             "Host: a\\b\r\n"s,
                             "Host: \"a\"\r\n"s,
                             "Host: a%41\r\n"s,
                             "Host:\r\nHost: x\r\n"s}) {
    for (string_view version : {"1.1", "1.0"}) {
      to.add("host-" + string(version), shown(host),
             "GET /a HTTP/" + string(version) + "\r\n" + host + "\r\n");
    }
    to.add("host-absolute", shown(host), "GET http://y/a HTTP/1.1\r\n" + host + "\r\n");
  }
  for (size_t bytes : {100u, 4000u, 8000u, 9000u, 12000u, 12200u, 12400u, 20000u, 100000u}) {
    const string size = std::to_string(bytes);
    to.add("long", "value " + size,
           "GET /a HTTP/1.1\r\nHost: x\r\nA: " + string(bytes, 'a') + "\r\n\r\n");
    to.add("long", "name " + size,
           "GET /a HTTP/1.1\r\nHost: x\r\n" + string(bytes, 'A') + ": a\r\n\r\n");
    to.add("long", "target " + size, "GET /" + string(bytes, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    to.add("long", "method " + size, string(bytes, 'A') + " / HTTP/1.1\r\nHost: x\r\n\r\n");
    string many = "GET /a HTTP/1.1\r\nHost: x\r\n";
    while (many.size() < bytes) many += "A: b\r\n";
    to.add("long", "fields " + size, many + "\r\n");
  }
}

// Lengths that wrap, lengths that two readers take for different ones.
const std::initializer_list<string> kLengths = {"5",
                                                "0",
                                                "3",
                                                "9",
                                                "05",
                                                "+5",
                                                "-5",
                                                "-0",
                                                "5 ",
                                                " 5",
                                                "5,5",
                                                "5, 5",
                                                "5,6",
                                                "5;",
                                                "0x5",
                                                "5.0",
                                                "5e0",
                                                "",
                                                "\"5\"",
                                                "five",
                                                "5 5",
                                                "00000000000000000000000000005",
                                                "4294967301",
                                                "2147483653",
                                                "9223372036854775807",
                                                "9223372036854775808",
                                                "18446744073709551614",
                                                "18446744073709551615",
                                                "18446744073709551616",
                                                "18446744073709551621",
                                                "36893488147419103237",
                                                "340282366920938463463374607431768211461",
                                                "\t5",
                                                "5\t",
                                                "٥"};

void lengths(Collection& to) {
  for (const string& length : kLengths) {
    for (string_view method : {"POST", "GET"}) {
      to.add("length-" + string(method), shown(length),
             string(method) + " /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + length +
                 "\r\n\r\nhello");
    }
    to.add("length-1.0", shown(length),
           "POST /a HTTP/1.0\r\nContent-Length: " + length + "\r\n\r\nhello");
    to.add("length-ignored", shown(length),
           "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + "\r\n\r\nhello");
    to.add("length-twice", shown(length),
           "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: " + length +
               "\r\n\r\nhello");
    to.add("length-chunked", shown(length),
           "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + length +
               "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  }
  for (string_view name :
       {"content-length", "CONTENT-LENGTH", "Content_Length", "Content-Length ", "Content-Length\t",
        " Content-Length", "X-Content-Length", "Content\0Length"}) {
    to.add("length-name", shown(name),
           "POST /a HTTP/1.1\r\nHost: x\r\n" + string(name) + ": 5\r\n\r\nhello");
  }
}

void encodings(Collection& to) {
  for (const string& coding : {"chunked"s,
                               "Chunked"s,
                               "CHUNKED"s,
                               " chunked"s,
                               "chunked "s,
                               "chunked\t"s,
                               "\tchunked"s,
                               "chunked,"s,
                               ",chunked"s,
                               "chunked, chunked"s,
                               "gzip, chunked"s,
                               "chunked, gzip"s,
                               "identity"s,
                               "gzip"s,
                               ""s,
                               "chunked;q=1"s,
                               "\"chunked\""s,
                               "xchunked"s,
                               "chunkedx"s,
                               "chunked\0"s,
                               "\x0b"
                               "chunked"s,
                               "chunked\r\nTransfer-Encoding: chunked"s,
                               "chunked\r\nTransfer-Encoding: identity"s,
                               "identity\r\nTransfer-Encoding: chunked"s,
                               "chunked\r\n "s,
                               "\r\n chunked"s,
                               "identity, chunked"s}) {
    const string field = "Transfer-Encoding: " + coding + "\r\n";
    const string body = "\r\n5\r\nhello\r\n0\r\n\r\n";
    for (string_view version : {"1.1", "1.0"}) {
      const string line = "POST /a HTTP/" + string(version) + "\r\nHost: x\r\n";
      to.add("encoding-" + string(version), shown(coding), line + field + body);
      to.add("encoding-length-" + string(version), shown(coding),
             line + field + "Content-Length: 5\r\n" + body);
      to.add("length-encoding-" + string(version), shown(coding),
             line + "Content-Length: 5\r\n" + field + body);
    }
    to.add("encoding-get", shown(coding), "GET /a HTTP/1.1\r\nHost: x\r\n" + field + body);
  }
  for (string_view name : {"transfer-encoding", "Transfer_Encoding", "Transfer-Encoding ",
                           " Transfer-Encoding", "X-Transfer-Encoding", "Transfer-Encoding\t"}) {
    to.add("encoding-name", shown(name),
           "POST /a HTTP/1.1\r\nHost: x\r\n" + string(name) +
               ": chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  }
}

string ones(size_t n, const string& extension) {
  string out;
  for (size_t i = 0; i < n; i++) out += "1" + extension + "\r\nx\r\n";
  return out + "0\r\n\r\n";
}

const Form kChunks[] = {
    {"one", "5\r\nhello\r\n0\r\n\r\n"},
    {"two", "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"},
    {"none", "0\r\n\r\n"},
    {"hex", "A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"},
    {"leading zeros", "0005\r\nhello\r\n000\r\n\r\n"},
    {"sixteen digits", "0000000000000005\r\nhello\r\n0\r\n\r\n"},
    {"seventeen digits", "00000000000000005\r\nhello\r\n0\r\n\r\n"},
    {"twenty zeros", "5\r\nhello\r\n00000000000000000000\r\n\r\n"},
    {"seventeen digits, huge", "10000000000000005\r\nhello\r\n0\r\n\r\n"},
    {"biggest", "ffffffffffffffff\r\nhello\r\n0\r\n\r\n"},
    {"biggest signed", "7fffffffffffffff\r\nhello\r\n0\r\n\r\n"},
    {"negative", "-5\r\nhello\r\n0\r\n\r\n"},
    {"plus", "+5\r\nhello\r\n0\r\n\r\n"},
    {"0x", "0x5\r\nhello\r\n0\r\n\r\n"},
    {"underscore", "0_5\r\nhello\r\n0\r\n\r\n"},
    {"no size", "\r\nhello\r\n0\r\n\r\n"},
    {"no hex", "xyz\r\nhello\r\n0\r\n\r\n"},
    {"space before", " 5\r\nhello\r\n0\r\n\r\n"},
    {"space behind", "5 \r\nhello\r\n0\r\n\r\n"},
    {"tab behind", "5\t\r\nhello\r\n0\r\n\r\n"},
    {"space, extension", "5 ;a\r\nhello\r\n0\r\n\r\n"},
    {"extension", "5;a\r\nhello\r\n0\r\n\r\n"},
    {"extension with value", "5;a=b\r\nhello\r\n0;c=d\r\n\r\n"},
    {"extension quoted", "5;a=\"b\"\r\nhello\r\n0\r\n\r\n"},
    {"extension quoted, end of line", "5;a=\"\r\nhello\r\n0\r\n\r\n"},
    {"extension empty", "5;\r\nhello\r\n0\r\n\r\n"},
    {"extension with spaces", "5 ; a = b\r\nhello\r\n0\r\n\r\n"},
    {"extension strange", "5;@(\x01\xff\r\nhello\r\n0\r\n\r\n"},
    {"extension long", "5;" + string(4000, 'a') + "\r\nhello\r\n0\r\n\r\n"},
    {"extension too long", "5;" + string(5000, 'a') + "\r\nhello\r\n0\r\n\r\n"},
    {"extension at the end", "5\r\nhello\r\n0;a\r\n\r\n"},
    {"bare LF behind size", "5\nhello\r\n0\r\n\r\n"},
    {"bare LF behind data", "5\r\nhello\n0\r\n\r\n"},
    {"bare LF in extension", "5;a\nhello\r\n0\r\n\r\n"},
    {"bare LF at the end", "5\r\nhello\r\n0\n\n"},
    {"bare LF behind last size", "5\r\nhello\r\n0\n\r\n"},
    {"bare LF last", "5\r\nhello\r\n0\r\n\n"},
    {"bare CR behind size", "5\rhello\r\n0\r\n\r\n"},
    {"CR in extension", "5;a\rb\r\nhello\r\n0\r\n\r\n"},
    {"two CRs", "5\r\r\nhello\r\n0\r\n\r\n"},
    {"data too long", "3\r\nhello\r\n0\r\n\r\n"},
    {"data too short", "7\r\nhello\r\n0\r\n\r\n"},
    {"no line end behind data", "5\r\nhello0\r\n\r\n"},
    {"good, then bad", "5\r\nhello\r\nx\r\n0\r\n\r\n"},
    {"good, then no line end", "5\r\nhelloXX3\r\nabc\r\n0\r\n\r\n"},
    {"good, then twenty digits", "5\r\nhello\r\n00000000000000000001\r\nx\r\n0\r\n\r\n"},
    {"trailer", "5\r\nhello\r\n0\r\nA: b\r\n\r\n"},
    {"trailers", "5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n"},
    {"trailer Content-Length", "5\r\nhello\r\n0\r\nContent-Length: 7\r\n\r\n"},
    {"trailer Transfer-Encoding", "5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"},
    {"trailer malformed", "5\r\nhello\r\n0\r\nno colon\r\n\r\n"},
    {"trailer, space before colon", "5\r\nhello\r\n0\r\nA : b\r\n\r\n"},
    {"trailer, first line folded", "5\r\nhello\r\n0\r\n A: b\r\n\r\n"},
    {"trailer folded", "5\r\nhello\r\n0\r\nA: b\r\n c\r\n\r\n"},
    {"trailer with NUL", "5\r\nhello\r\n0\r\nA: b\0c\r\n\r\n"s},
    {"trailer bare LF", "5\r\nhello\r\n0\r\nA: b\n\r\n"},
    {"trailer long", "5\r\nhello\r\n0\r\nA: " + string(3000, 'a') + "\r\n\r\n"},
    {"trailer too long", "5\r\nhello\r\n0\r\nA: " + string(9000, 'a') + "\r\n\r\n"},
    {"one byte each", ones(1000, "")},
    {"short extensions", ones(1000, ";0123456789")},
    {"long extensions", ones(1000, ";" + string(100, 'a'))},
    {"long extensions, few", ones(3, ";" + string(4000, 'a'))},
    {"long extensions, some more", ones(10, ";" + string(4000, 'a'))},
    {"big", "3000\r\n" + string(0x3000, 'x') + "\r\n0\r\n\r\n"},
    {"big, bad end", "3000\r\n" + string(0x3000, 'x') + "XX0\r\n\r\n"},
};

void chunks(Collection& to) {
  for (const Form& form : kChunks) {
    for (string_view path : {"/a", "/ignore", "/some", "/stream"}) {
      to.add("chunks" + string(path), form.name,
             "POST " + string(path) + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" +
                 form.text);
    }
  }
}

void cuts(Collection& to) {
  const Form whole[] = {
      {"get", "GET /a?b HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n"},
      {"length", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"},
      {"chunks",
       "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
      {"trailer",
       "POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nh\r\n0;b\r\nA: "
       "b\r\n\r\n"},
      {"ignored", "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"},
      {"1.0", "POST /a HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"},
  };
  for (const Form& form : whole) {
    for (size_t n = 0; n <= form.text.size(); n++) {
      to.add("cut-" + string(form.name), std::to_string(n), form.text.substr(0, n), false);
    }
  }
}

void connections(Collection& to) {
  for (string_view version : {"1.0", "1.1"}) {
    for (string_view value :
         {"", "close", "keep-alive", "Keep-Alive", "close, keep-alive", "keep-alive, close",
          "Close", "foo", "foo, close", "keep-alive, foo", "upgrade", "closed"}) {
      for (string_view path : {"/a", "/stream", "/length", "/empty", "/ignore"}) {
        for (string_view method : {"GET", "HEAD", "POST"}) {
          string bytes =
              string(method) + " " + string(path) + " HTTP/" + string(version) + "\r\nHost: x\r\n";
          if (!value.empty()) bytes += "Connection: " + string(value) + "\r\n";
          if (method == "POST") bytes += "Content-Length: 2\r\n\r\nab";
          if (method != "POST") bytes += "\r\n";
          to.add("connection-" + string(version),
                 string(method) + " " + string(path) + " " + string(value), bytes);
        }
      }
    }
  }
  for (string_view value : {"100-continue", "100-Continue", "101", "", "100-continue, x", "x"}) {
    for (string_view path : {"/a", "/ignore"}) {
      for (string_view version : {"1.0", "1.1"}) {
        const string head = "POST " + string(path) + " HTTP/" + string(version) +
                            "\r\nHost: x\r\nExpect: " + string(value) + "\r\n";
        const string name = string(value) + " " + string(path) + " " + string(version);
        to.add("expect", name, head + "Content-Length: 5\r\n\r\nhello");
        to.add("expect-chunked", name,
               head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        to.add("expect-none", name, head + "\r\n");
      }
    }
  }
}

void pipelines(Collection& to) {
  const string get = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\n";
  const string post = "POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello";
  const string chunked =
      "POST /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
  const string ignored =
      "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n" + string(50, 'G');
  const string big =
      "POST /ignore HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n" + string(300000, 'G');
  to.add("pipeline", "three", get + post + chunked);
  to.add("pipeline", "chunks first", chunked + get + post);
  to.add("pipeline", "ignored", ignored + get);
  to.add("pipeline", "ignored, chunked", chunked + ignored + chunked);
  to.add("pipeline", "ignored, big", big + get);
  to.add("pipeline", "line ends between", get + "\r\n" + get);
  to.add("pipeline", "line ends behind a post", post + "\r\n" + get);
  to.add("pipeline", "two line ends behind a post", post + "\r\n\r\n" + get);
  to.add("pipeline", "four line ends behind a post", post + "\r\n\r\n\r\n\r\n" + get);
  to.add("pipeline", "more than the length", post + "X" + get);
  to.add("pipeline", "noise", get + "noise\r\n\r\n" + get);
  to.add("pipeline", "a hundred", [&] {
    string all;
    for (int i = 0; i < 100; i++) all += get;
    return all;
  }());
  to.add("pipeline", "smuggled by length and chunks",
         "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\nG");
  to.add("pipeline", "smuggled by a length that wraps",
         "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 18446744073709551615\r\n\r\n" + get);
  to.add(
      "pipeline", "smuggled by a chunk that wraps",
      "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n" +
          get);
}

// The profiler's own handlers: how each takes each method and each parameter.
void pprof(Collection& to) {
  auto add = [&to](const string& line, const string& fields) {
    to.add("pprof", line + (fields.empty() ? "" : " " + shown(fields)),
           line + "\r\nHost: x\r\n" + fields + "Connection: close\r\n\r\n", false);
  };
  for (string_view path :
       {"/debug/pprof", "/debug/pprof/", "/debug/pprof/goroutine", "/debug/pprof/cmdline",
        "/debug/pprof/symbol", "/debug/pprof/nosuch", "/debug/pprof//goroutine", "/debug"}) {
    for (string_view method :
         {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get", "CONNECT"}) {
      add(string(method) + " " + string(path) + " HTTP/1.1", "");
    }
  }
  // Whether there is a length, and with it whether the connection stays, depends on the program for
  // the others.
  for (string_view path :
       {"/debug/pprof", "/debug/pprof/cmdline", "/debug/pprof/symbol", "/debug/pprof/nosuch"}) {
    to.add("pprof-1.0", string(path),
           "GET " + string(path) + " HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false);
  }
  for (string_view query : {"debug=1",
                            "debug=2",
                            "debug=-1",
                            "debug=+1",
                            "debug=%2B1",
                            "debug=%2B-1",
                            "debug=x",
                            "debug=",
                            "debug=99999999999999999999",
                            "debug=-99999999999999999999",
                            "debug=1&debug=0",
                            "debug=0x1",
                            "debug=1_0",
                            "debug= 1",
                            "seconds=0",
                            "seconds=",
                            "seconds=-1",
                            "seconds=x",
                            "seconds=1.5",
                            "seconds=%2B1",
                            "seconds=+1",
                            "seconds=%2B-1",
                            "seconds=%2B",
                            "seconds=01",
                            "seconds=0x1",
                            "seconds=1_0",
                            "seconds=1%00",
                            "seconds=1&debug=1",
                            "seconds=1&debug=x",
                            "seconds=9223372036854775808",
                            "seconds=18446744073709551617"}) {
    add("GET /debug/pprof/goroutine?" + string(query) + " HTTP/1.1", "");
  }
}

}  // namespace

std::vector<RawRequest> raw_requests() {
  Collection all;
  request_lines(all);
  fields(all);
  lengths(all);
  encodings(all);
  chunks(all);
  cuts(all);
  connections(all);
  pipelines(all);
  pprof(all);
  std::vector<RawRequest> requests = all.take();
  for (RawRequest& r : answer_requests()) requests.push_back(std::move(r));
  return requests;
}
