// http_compare_handlers.cpp: see goserver/main.go, line by line.
#include "tests/net/http_compare_handlers.h"

#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/errors/unsupported.h"

using namespace golab;

namespace {

// What handlers and the server's log said, for the next request to /said.
struct notes {
  sync::Mutex mu;
  std::string text;

  std::pair<int, error> Write(std::string_view p) {
    std::string line(p);
    if (line.starts_with("http: panic serving")) line = "http: panic serving\n";
    const size_t place = line.find(" from ");  // function (file:line): not the same as in Go
    if (line.starts_with("http: ") && place != std::string::npos) line.resize(place);
    if (place != std::string::npos) line += " from PLACE\n";
    mu.Lock();
    text += line;
    mu.Unlock();
    return {static_cast<int>(p.size()), nullptr};
  }
  std::string take() {
    mu.Lock();
    std::string all = std::move(text);
    text.clear();
    mu.Unlock();
    return all;
  }
};

notes said;

void note(const std::string& what, const error& err) {
  said.Write(what + ": " + (err == nullptr ? "<nil>" : err.Error()) + "\n");
}

void wrote(const std::string& what, const std::pair<int, error>& outcome) {
  note(what + " " + std::to_string(outcome.first), outcome.second);
}

// A writer that can do nothing else, and one that says what it wraps.
struct plain : http::ResponseWriter {
  explicit plain(http::ResponseWriter& to) : w(to) {}
  http::Header& Header() override { return w.Header(); }
  void WriteHeader(int code) override { w.WriteHeader(code); }
  std::pair<int, error> Write(std::string_view data) override { return w.Write(data); }
  http::ResponseWriter& w;
};

struct wrapper : plain {
  using plain::plain;
  http::ResponseWriter* Unwrap() override { return &w; }
};

std::string values(http::Header m) {
  m.sort();
  std::string out;
  for (const auto& [name, value] : m) out += fmt::Sprintf("%q: %q\n", name, value);
  return out;
}

std::string values(const url::Values& m) {
  std::string out;
  for (const auto& [name, all] : m) {
    for (const std::string& value : all) out += fmt::Sprintf("%q: %q\n", name, value);
  }
  return out;
}

http::HandlerFunc setting(std::string name, std::string value) {
  return http::HandlerFunc([=](http::ResponseWriter& w, http::Request*) {
    w.Header().Set(name, value);
    wrote("write", w.Write("five\n"));
  });
}

http::HandlerFunc status(int code, std::string body) {
  return http::HandlerFunc([=](http::ResponseWriter& w, http::Request*) {
    w.Header().Set("X-A", "1");
    w.WriteHeader(code);
    wrote("write", w.Write(body));
  });
}

void read_all(const std::string& what, http::Request* r) {
  auto [body, err] = io::ReadAll(r->Body);
  note(what + " " + std::to_string(body.size()), err);
}

int number(http::Request* r, std::string_view key) {
  return std::atoi(r->URL.Query().Get(key).c_str());
}

std::string text_of(const error& err) { return err == nullptr ? "<nil>" : err.Error(); }

void answers(http::ResponseWriter& w, http::Request* r) {
  w.Header().Set("X-A", "1");
  w.WriteHeader(201);
  w.WriteHeader(202);
  w.Write("answered " + r->URL.Path + " " + r->URL.RawQuery);
}

void trailers(http::ResponseWriter& w, http::Request*) {
  w.Header().Set("Trailer", "X-B, Content-Length, x-a");
  w.Header().Add("Trailer", "X-Unset");
  w.Header().Set("X-A", "before");
  w.Write("body");
  w.Header().Set("X-A", "after");
  w.Header().Set("X-B", "b");
  w.Header().Set("X-Late", "not announced");
  w.Header().Set(std::string(http::TrailerPrefix) + "X-Marked", "marked");
}

void hijack(http::ResponseWriter& w, http::Request*) {
  auto [conn, buf, err] = w.Hijack();
  if (err != nullptr) return note("hijack", err);
  note("again", w.Hijack().err);
  wrote("write", w.Write("x"));
  w.WriteHeader(200);
  auto [line, line_err] = buf->ReadString('\n');
  fmt::Fprintf(*buf, "HTTP/1.0 200 OK\r\n\r\nread %q %v\n", line, line_err);
  std::string rest;
  error rest_err;
  char some[512];
  while (rest_err == nullptr) {
    int n;
    std::tie(n, rest_err) = buf->Read(some, sizeof some);
    rest.append(some, static_cast<size_t>(n));
  }
  if (rest_err == io::EOF_) rest_err = nullptr;
  fmt::Fprintf(*buf, "rest %q %v\n", rest, rest_err);
  note("flush", buf->Flush());
  conn.Close();
}

void not_supported(http::ResponseWriter& w, http::Request*) {
  plain bare(w);
  http::ResponseController c(bare);
  note("flush", c.Flush());
  note("hijack", c.Hijack().err);
  error err = c.SetReadDeadline({});
  note("read deadline", err);
  auto yes = [](bool b) { return b ? std::string("true") : std::string("false"); };
  note(yes(errors::Is(err, http::ErrNotSupported)) + " " +
           yes(errors::Is(err, errors::ErrUnsupported)) + " " + yes(err == http::ErrNotSupported),
       c.EnableFullDuplex());
  wrapper around(w);
  http::ResponseController inner(around);
  note("write deadline", inner.SetWriteDeadline(time::Now().Add(time::Hour)));
  note("flush", inner.Flush());
}

std::string describe(http::Request* r, const std::string& body, const error& err) {
  std::string out =
      fmt::Sprintf("%q %q %s host=%q path=%q query=%q length=%d te=[", r->Method, r->RequestURI,
                   r->Proto, r->Host, r->URL.Path, r->URL.RawQuery, r->ContentLength);
  for (const std::string& coding : r->TransferEncoding) out += fmt::Sprintf("%q", coding);
  out += "]\n";
  http::Header fields = r->Header;
  fields.sort();
  for (const auto& [name, value] : fields) out += fmt::Sprintf("%q: %q\n", name, value);
  return out + fmt::Sprintf("body %q %s\n", body, err == nullptr ? "<nil>" : err.Error());
}

void serve_some(http::ResponseWriter& w, http::Request* r) {
  char some[2];
  size_t got = 0;
  error err;
  while (got < sizeof some && err == nullptr) {
    auto [n, failed] = r->Body.Read(some + got, sizeof some - got);
    got += static_cast<size_t>(n);
    err = failed;
  }
  if (got == sizeof some) err = nullptr;
  if (got == 1 && err == io::EOF_) err = io::ErrUnexpectedEOF;
  w.Write(describe(r, std::string(some, got), err));
}

std::map<std::string, http::Handler> make_handlers() {
  using W = http::ResponseWriter;
  using R = http::Request;
  std::map<std::string, http::Handler> all;
  auto on = [&all](const char* path, http::HandlerFunc f) { all[path] = std::move(f); };
  auto handle = [&all](const char* path, http::Handler h) { all[path] = std::move(h); };
  auto func = [](http::HandlerFunc::function f) { return http::HandlerFunc(std::move(f)); };

  on("/said", func([](W& w, R*) { w.Write(said.take()); }));
  on("/trailers", func(trailers));
  on("/marked", func([](W& w, R*) {
       w.Write("body");
       w.Flush();
       w.Header().Set(std::string(http::TrailerPrefix) + "X-Marked", "marked");
     }));
  on("/marked-before", func([](W& w, R*) {
       w.Header().Set(std::string(http::TrailerPrefix) + "X-Marked", "marked");
       w.Write("body");
     }));
  on("/its-trailers", func([](W& w, R* r) {
       auto [body, err] = io::ReadAll(r->Body);
       note("body", err);
       w.Write(body + "\n" + values(r->Trailer) + values(r->Header));
     }));
  on("/form", func([](W& w, R* r) {
       const error err = r->ParseForm();
       w.Write(text_of(err) + "\nform\n" + values(r->Form) + "post\n" + values(r->PostForm));
     }));
  on("/form-value", func([](W& w, R* r) {
       w.Write(r->FormValue("a") + "," + r->PostFormValue("a") + "," + r->FormValue("b"));
     }));
  on("/bad-length", setting("Content-Length", "five"));
  on("/negative-length", setting("Content-Length", "-5"));
  on("/plus-length", setting("Content-Length", "+5"));
  on("/empty-length", setting("Content-Length", ""));
  on("/spaced-length", setting("Content-Length", " 5"));
  on("/long-length", setting("Content-Length", "9"));
  on("/short-length", setting("Content-Length", "3"));
  on("/te-gzip", setting("Transfer-Encoding", "gzip"));
  on("/te-identity", setting("Transfer-Encoding", "identity"));
  on("/te-chunked", setting("Transfer-Encoding", "chunked"));
  on("/ce-gzip", setting("Content-Encoding", "gzip"));
  on("/ce-empty", setting("Content-Encoding", ""));
  on("/type", setting("Content-Type", "x/y"));
  on("/type-empty", setting("Content-Type", ""));
  on("/date", setting("Date", "today"));
  on("/blanks", setting("X-A", " \ta b\t "));
  on("/lines", setting("X-A", "\r\na\r\nb: c\n"));
  on("/bad-name", setting("X A", "b"));
  on("/colon-name", setting("X-A:", "b"));
  on("/close", setting("Connection", "close"));
  on("/Close", setting("Connection", "Close"));
  on("/keep-alive", setting("Connection", "keep-alive"));
  on("/close-and", setting("Connection", "upgrade, close"));
  on("/te-and-length", func([](W& w, R*) {
       w.Header().Set("Transfer-Encoding", "gzip");
       w.Header().Set("Content-Length", "5");
       wrote("write", w.Write("five\n"));
     }));
  on("/many", func([](W& w, R*) {
       for (const char* name : {"X-B", "x-a", "X-C", "X-B", "Accept", "X_d"}) {
         w.Header().Add(name, name);
       }
     }));
  on("/early", func([](W& w, R* r) {
       w.Header().Set("Link", "</a>");
       w.Header().Set("Content-Length", "9");
       w.WriteHeader(103);
       w.Header().Del("Content-Length");
       w.WriteHeader(102);
       read_all("body", r);
       w.Write("late");
     }));
  on("/continue", func([](W& w, R* r) {
       w.WriteHeader(100);
       read_all("body", r);
       w.Write("read");
     }));
  on("/200", status(200, "five\n"));
  on("/204", status(204, "five\n"));
  on("/205", status(205, "five\n"));
  on("/304", status(304, "five\n"));
  on("/304t", func([](W& w, R*) {
       w.Header().Set("Content-Type", "x/y");
       w.Header().Set("Content-Length", "5");
       w.WriteHeader(304);
     }));
  on("/500", status(500, ""));
  on("/999", status(999, "five\n"));
  on("/101", func([](W& w, R*) {
       w.Header().Set("Connection", "Upgrade");
       w.Header().Set("Upgrade", "x");
       w.WriteHeader(101);
     }));
  on("/099", status(99, ""));
  on("/status", func([](W& w, R* r) { w.WriteHeader(number(r, "code")); }));
  on("/nothing", func([](W&, R*) {}));
  on("/no-bytes", func([](W& w, R*) { wrote("write", w.Write("")); }));
  on("/twice", func([](W& w, R*) {
       w.WriteHeader(200);
       w.WriteHeader(500);
       w.Write("twice");
       w.WriteHeader(100);
     }));
  on("/bytes", func([](W& w, R* r) {
       for (int left = number(r, "n"); left > 0; left--) w.Write("x");
     }));
  on("/pieces", func([](W& w, R* r) {
       for (int i = 0; i < 4; i++) w.Write(std::string(static_cast<size_t>(number(r, "n")), 'x'));
     }));
  on("/flush-first", func([](W& w, R*) {
       note("flush", http::NewResponseController(w).Flush());
       w.Header().Set("X-A", "too late");
       w.Write("body");
     }));
  on("/read-after", func([](W& w, R* r) {
       w.Write("body");
       w.Flush();
       read_all("after", r);
     }));
  on("/read-after-header", func([](W& w, R* r) {
       w.WriteHeader(200);
       read_all("after", r);
       w.Write("body");
     }));
  on("/read-some-after", func([](W& w, R* r) {
       std::string some;
       error err;
       while (some.size() < 2 && err == nullptr) {
         char c[2];
         int n;
         std::tie(n, err) = r->Body.Read(c, 2 - some.size());
         some.append(c, static_cast<size_t>(n));
       }
       if (some.size() == 2) err = nullptr;
       if (some.size() == 1 && err == io::EOF_) err = io::ErrUnexpectedEOF;
       note(fmt::Sprintf("before %q", some), err);
       w.Write("body");
       w.Flush();
       read_all("after", r);
     }));
  on("/close-body", func([](W& w, R* r) {
       note("close", r->Body.Close());
       read_all("closed", r);
       note("close", r->Body.Close());
       w.Write("body");
     }));
  on("/duplex", func([](W& w, R* r) {
       note("duplex", http::NewResponseController(w).EnableFullDuplex());
       w.Write("body");
       w.Flush();
       read_all("after", r);
       w.Write("more");
     }));
  on("/duplex-leaves", func([](W& w, R*) {
       http::NewResponseController(w).EnableFullDuplex();
       w.Write("body");
       w.Flush();
     }));
  on("/max-bytes", func([](W& w, R* r) {
       r->Body = http::MaxBytesReader(w, r->Body, 3);
       auto [body, err] = io::ReadAll(r->Body);
       if (const auto* too_long = errors::As<http::MaxBytesError>(err)) {
         note("limit", errors::New(std::to_string(too_long->Limit)));
       }
       note(body, err);
       char c;
       note("again", r->Body.Read(&c, 1).second);
       w.Write("body");
     }));
  handle("/max-bytes-handler", http::MaxBytesHandler(func([](W& w, R* r) {
                                                       read_all("body", r);
                                                       http::Error(w, "done", 413);
                                                     }),
                                                     3));
  on("/max-form", func([](W& w, R* r) {
       r->Body = http::MaxBytesReader(w, r->Body, 3);
       note("form", r->ParseForm());
       w.Write(values(r->Form));
     }));
  handle("/in-time", http::TimeoutHandler(func(answers), time::Hour, ""));
  handle("/too-late", http::TimeoutHandler(func([](W& w, R* r) {
                                             w.Header().Set("X-A", "lost");
                                             w.Write("lost");
                                             r->Context().Done().recv();
                                           }),
                                           time::Millisecond, ""));
  handle("/too-late-text",
         http::TimeoutHandler(func([](W&, R* r) { r->Context().Done().recv(); }),
                              time::Millisecond, "too late"));
  handle("/timed-panic", http::TimeoutHandler(func([](W&, R*) { panic(http::ErrAbortHandler); }),
                                              time::Hour, ""));
  handle("/timed-flush", http::TimeoutHandler(func([](W& w, R* r) {
                                                http::ResponseController c(w);
                                                note("flush", c.Flush());
                                                note("hijack", c.Hijack().err);
                                                read_all("body", r);
                                              }),
                                              time::Hour, ""));
  handle("/semicolons", http::AllowQuerySemicolons(func([](W& w, R* r) {
           note("form", r->ParseForm());
           w.Write(r->URL.RawQuery + "\n" + values(r->Form));
         })));
  on("/error", func([](W& w, R*) {
       w.Header().Set("Content-Length", "1");
       w.Header().Set("Content-Type", "x/y");
       w.Header().Set("Content-Encoding", "gzip");
       w.Header().Set("Etag", "e");
       http::Error(w, "wrong", 500);
     }));
  on("/not-found", func(http::NotFound));
  on("/redirect", func([](W& w, R* r) {
       http::Redirect(w, r, r->URL.Query().Get("to"), 302);
     }));
  on("/redirect/", func([](W& w, R* r) {
       w.Header().Set("Content-Type", "x/y");
       http::RedirectHandler("../a?b=/../c", 301).ServeHTTP(w, r);
     }));
  on("/abort", func([](W& w, R*) {
       w.Write("lost");
       panic(http::ErrAbortHandler);
     }));
  on("/abort-late", func([](W& w, R*) {
       w.Write("kept");
       w.Flush();
       w.Write(std::string(3000, 'x'));
       panic(http::ErrAbortHandler);
     }));
  on("/panic", func([](W& w, R*) {
       w.Write("lost");
       panic("boom");
     }));
  on("/hijack", func(hijack));
  on("/hijack-late", func([](W& w, R*) {
       w.WriteHeader(202);
       w.Flush();
       wrapper around(w);
       auto [conn, buf, err] = http::NewResponseController(around).Hijack();
       note("hijack", err);
       fmt::Fprintf(*buf, "raw");
       buf->Flush();
       conn.Close();
     }));
  on("/flood", func([](W& w, R*) {
       const std::string data(1 << 20, '\0');
       while (w.Write(data).second == nullptr) {}
     }));
  on("/flush-flood", func([](W& w, R*) {
       const std::string data(1000, '\0');
       do w.Write(data);
       while (w.FlushError() == nullptr);
     }));
  handle("/timed-wait", http::TimeoutHandler(
                            func([](W&, R* r) { r->Context().Done().recv(); }), time::Hour, ""));
  handle("/timed-read",
         http::TimeoutHandler(func([](W&, R* r) { read_all("body", r); }), time::Hour, ""));
  handle("/limited-read",
         http::MaxBytesHandler(func([](W&, R* r) { read_all("body", r); }), 1000));
  on("/hijack-read", func([](W& w, R*) {
       auto [conn, buf, err] = w.Hijack();
       char c;
       buf->Read(&c, 1);
       conn.Close();
     }));
  on("/not-supported", func(not_supported));
  on("/sniff", func([](W& w, R* r) { w.Write(io::ReadAll(r->Body).first); }));
  on("/context", func([](W& w, R* r) {
       const any server = r->Context().Value(http::ServerContextKey);
       const any addr = r->Context().Value(http::LocalAddrContextKey);
       std::string text = server.get<http::Server*>() != nullptr ? "true" : "false";
       const auto* local = addr.get<net::Addr>();
       text += " " + (local != nullptr ? local->Network() : "none");
       text += " " + text_of(r->Context().Err()) + " " + http::ServerContextKey->String() + " " +
               http::LocalAddrContextKey->String();
       w.Write(text);
     }));
  for (const char* path : {"/strip/a", "/strip", "/strip/a/b", "/stripe"}) {
    handle(path, http::StripPrefix("/strip", func([](W& w, R* r) {
                                     w.Write(fmt::Sprintf("%q %q", r->URL.Path, r->URL.RawPath));
                                   })));
  }
  return all;
}

}  // namespace

namespace {
const std::map<std::string, http::Handler>& compared_handlers() {
  static const auto* all = new std::map<std::string, http::Handler>(make_handlers());
  return *all;
}
}  // namespace

void serve_compared(http::ResponseWriter& w, http::Request* r) {
  const std::string path = r->URL.Path;
  if (auto special = compared_handlers().find(path); special != compared_handlers().end()) {
    special->second.ServeHTTP(w, r);
  } else if (path.starts_with("/debug")) {
    http::DefaultServeMux->ServeHTTP(w, r);
  } else if (path == "/ignore") {
    w.Write(describe(r, "", nullptr));
  } else if (path == "/some") {
    serve_some(w, r);
  } else if (path == "/length") {
    w.Header().Set("Content-Length", "5");
    w.Write("five\n");
  } else if (path == "/empty") {
    w.WriteHeader(204);
  } else {
    auto [body, err] = io::ReadAll(r->Body);
    w.Write(describe(r, body, err));
    if (path != "/stream") return;
    w.Flush();
    w.Write("more\n");
  }
}

glue::Writer said_writer() { return glue::make_writer(said); }
