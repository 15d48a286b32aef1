// fetch_test.cpp: profiles from where people have them: behind a password, a redirect, a login
// page, at a unix socket, on standard input.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "course/lab/service_url.h"
#include "course/lab/unix_socket.h"
#include "runtime/golab.h"
#include "tests/formats/packed.h"
#include "tests/lab/run.h"

using namespace lab_test;
using golab::go;

namespace {

const std::string kGolden = GOLAB_SOURCE_DIR "/tests/formats/golden/";
const std::string kText =
    "goroutine profile: total 3\n3 @ 0x11 0x21\n#\t0x10\tmain.worker+0x1\t/src/x.go:7\n\n";

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

int listen_on(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener, 5) == 0);
  return listener;
}

std::string answer(const std::string& status, const std::string& fields, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + fields +
         "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A service that answers each request with what a function makes of it.
class Service {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  explicit Service(Answer answers) {
    auto [listener, err] = golab::net::Listen("tcp", "127.0.0.1:0");
    REQUIRE(err == nullptr);
    listener_ = listener;
    go([listener = listener, answers] {
      for (;;) {
        auto [conn, accept_err] = listener.Accept();
        if (accept_err != nullptr) return;
        char buffer[4096];
        auto [n, read_err] = conn.Read(buffer, sizeof buffer);
        conn.Write(answers(std::string(buffer, static_cast<size_t>(n))));
        conn.Close();
      }
    });
  }
  ~Service() { listener_.Close(); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  std::string address() const { return listener_.Addr().String(); }

 private:
  golab::net::Listener listener_;
};

// "u" and "p@w/", and a redirect to the profile at "/".
std::string guarded(const std::string& request) {
  if (request.find("\r\nAuthorization: Basic dTpwQHcv\r\n") == request.npos) {
    return answer("401 Unauthorized", "", "who are you\n");
  }
  if (request.starts_with("GET /old ")) {
    return answer("302 Found", "Location: /debug/pprof/goroutine\r\n", "");
  }
  return answer("200 OK", "Content-Encoding: gzip\r\n", packed(kText));
}

}  // namespace

TEST_CASE("fetch keeps only profiles", "[lab][fetch]") {
  TemporaryDirectory directory;
  const std::string file = directory.path() + "/x.pb.gz";
  for (const auto& [body, why] :
       {std::pair<std::string, const char*>{"<!doctype html><title>Log in</title>",
                                            "a web page (Log in)"},
        {"{\"ok\":true}", "an API's answer"},
        {"hello\n", "It begins with \"hello\""},
        {"<!doctype html><title>Big</title>\n" + std::string(300'000, 'x'), "a web page (Big)"},
        {"", "the file is empty"},
        {file_text(kGolden + "forms/after.pb.gz").substr(0, 400),
         "gzip stream ends in the middle"}}) {
    INFO(why);
    Service service([body = body](const std::string&) { return answer("200 OK", "", body); });
    Ran to_file = run_lab({"fetch", service.address(), "-o", file});
    CHECK(to_file.status == 1);
    CHECK_THAT(to_file.err, Has(why));
    CHECK_FALSE(std::filesystem::exists(file));
    Ran to_stdout = run_lab({"fetch", service.address()});
    CHECK(to_stdout.status == 1);
    CHECK(to_stdout.out == "");
  }
  Service cut([](const std::string&) {
    return answer("200 OK", "",
                  "goroutine profile: total 9\n" + kText.substr(kText.find('\n') + 1));
  });
  Ran part = run_lab({"fetch", cut.address(), "-o", file});
  CHECK(part.status == 0);
  CHECK_THAT(part.err, Has("6 of its 9 goroutines are missing"));
  Service good([](const std::string&) { return answer("200 OK", "", kText); });
  CHECK(run_lab({"fetch", good.address(), "-o", file}).status == 0);
  CHECK(std::filesystem::exists(file));
  CHECK(run_lab({"fetch", good.address()}).out == kText);
}

TEST_CASE("user and password of a URL are sent, kept over a redirect, and not shown",
          "[lab][fetch]") {
  Service service(guarded);
  const std::string host = service.address();
  for (const std::string& url : {"http://u:p%40w%2F@" + host + "/",
                                 "http://u:p%40w%2F@" + host + "/old", "u:p%40w%2F@" + host}) {
    INFO(url);
    Ran top = run_lab({"top", url});
    CHECK(top.status == 0);
    CHECK_THAT(top.out, Has("main.worker"));
    CHECK(run_lab({"watch", url, "-n", "1"}).status == 0);
  }
  for (const std::vector<std::string>& args : std::vector<std::vector<std::string>>{
           {"top", "http://u:sesame@" + host},
           {"fetch", "http://u:sesame@" + host + "/debug/pprof/goroutine", "-o", "/nowhere/x"},
           {"fetch", "http://u:sesame@127.0.0.1:1/", "--debug", "1"},
           {"fetch", "https://u:sesame@" + host + "/", "--debug", "1"},
           {"watch", "http://u:sesame@" + host, "-n", "1"},
           {"diff", "http://u:sesame@" + host, "no-such-file"},
           {"top", "http:/u:sesame@" + host},
           {"top", "x", "http://u:sesame@" + host},
           {"http://u:sesame@" + host},
           {"top", "http://u:sesame/x@" + host},
           {"top", "http://u:ses%zzame/x@" + host + "/%zz"}}) {
    Ran ran = run_lab(args);
    INFO(ran.err);
    CHECK(ran.status != 0);
    CHECK(ran.err.find("sesame") == std::string::npos);
    CHECK(ran.out.find("sesame") == std::string::npos);
  }
  CHECK_THAT(run_lab({"top", host}).err,
             Has("401 Unauthorized: who are you") && Has("http://USER:PASSWORD@HOST"));
}

TEST_CASE("passwords are taken out of texts", "[lab][fetch]") {
  using lab::without_passwords;
  CHECK(without_passwords("get http://a:b@h:1/x: no") == "get http://xxxxx@h:1/x: no");
  CHECK(without_passwords("a:b@h:6060") == "xxxxx@h:6060");
  CHECK(without_passwords("http://a:b@c@h/") == "http://xxxxx@h/");
  CHECK(without_passwords("http://a:b/c@h:1/") == "http://xxxxx@h:1/");
  CHECK(lab::without_credentials("http://a:b/c@h:1/x").url == "http://h:1/x");
  CHECK(without_passwords("http://h:6060/a@b c.txt") == "http://h:6060/a@b c.txt");
  CHECK(without_passwords("me@example.com") == "me@example.com");
}

TEST_CASE("a URL may be short", "[lab][fetch]") {
  using lab::profile_url;
  CHECK(profile_url("h:1") == "http://h:1/debug/pprof/goroutine");
  CHECK(profile_url("http://h:1/", 2) == "http://h:1/debug/pprof/goroutine?debug=2");
  CHECK(profile_url("http://h:1/debug/pprof/heap?gc=1", 1, 5) ==
        "http://h:1/debug/pprof/heap?gc=1&debug=1&seconds=5");
  CHECK(profile_url("unix:/run/app.sock", 1) ==
        "unix:/run/app.sock:/debug/pprof/goroutine?debug=1");
  CHECK(profile_url("unix:/run/app.sock:/debug/pprof/heap") ==
        "unix:/run/app.sock:/debug/pprof/heap");
  CHECK(lab::unix_address("unix:///run/app.sock:/x").socket == "/run/app.sock");
  CHECK(lab::unix_address("unix:///run/app.sock:/x").page == "/x");
}

TEST_CASE("a service may listen on a unix socket", "[lab][fetch]") {
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/app.sock";
  const int listener = listen_on(path);
  std::string request;
  std::thread server([&] {
    for (const std::string& reply :
         {answer("200 OK", "", kText), answer("404 Not Found", "", "Unknown profile\n")}) {
      const int conn = ::accept(listener, nullptr, nullptr);
      char buffer[4096];
      const ssize_t n = ::recv(conn, buffer, sizeof buffer, 0);
      request.assign(buffer, static_cast<size_t>(std::max<ssize_t>(n, 0)));
      ::send(conn, reply.data(), reply.size(), MSG_NOSIGNAL);
      ::close(conn);
    }
  });
  Ran top = run_lab({"top", "unix:" + path});
  CHECK(top.status == 0);
  CHECK_THAT(top.out, Has("main.worker"));
  Ran none = run_lab({"fetch", "unix:" + path + ":/debug/pprof/nope", "--debug", "1"});
  server.join();
  ::close(listener);
  CHECK_THAT(request, Has("GET /debug/pprof/nope?debug=1 HTTP/1.0\r\n"));
  CHECK(none.status == 1);
  CHECK_THAT(none.err, Has("404 Not Found: Unknown profile"));
  CHECK_THAT(run_lab({"top", "unix:/nowhere"}).err, Has("unix:/nowhere: connect: No such file"));
}

TEST_CASE("a unix socket that is silent, or ends too soon, is an error", "[lab][fetch]") {
  golab::context::Context background = golab::context::Background();
  auto [ctx, cancel] = golab::context::WithCancel(background);
  TemporaryDirectory directory;
  const std::string path = directory.path() + "/silent.sock";
  const int listener = listen_on(path);
  auto take = [](std::string_view) { return golab::error(); };
  // The kernel accepts for the listener; nothing is ever sent.
  cancel();
  golab::error err = lab::download_from_socket(ctx, path, "/", {}, take);
  CHECK(err == golab::context::Canceled);
  lab::DownloadLimits impatient;
  impatient.patience = golab::time::Duration(1);
  err = lab::download_from_socket(background, path, "/", impatient, take);
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("no response in time"));
  err = lab::download_from_socket(background, path, "/x y", {}, take);
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("no blanks"));
  for (int waiting = 0; waiting < 2; waiting++) ::close(::accept(listener, nullptr, nullptr));

  std::thread server([listener] {
    const int conn = ::accept(listener, nullptr, nullptr);
    char buffer[4096];
    (void)::recv(conn, buffer, sizeof buffer, 0);
    const std::string reply = "HTTP/1.0 200 OK\r\nContent-Length: 100\r\n\r\nshort";
    ::send(conn, reply.data(), reply.size(), MSG_NOSIGNAL);
    ::close(conn);
  });
  err = lab::download_from_socket(background, path, "/", {}, take);
  server.join();
  ::close(listener);
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), Has("cut off after 5 of 100 bytes"));
}

TEST_CASE("top and diff read any form, also from standard input", "[lab][fetch]") {
  const std::string lab = GOLAB_BUILD_DIR "/course/lab";
  for (const char* form : {".pb.gz", ".debug1.txt", ".debug2.txt"}) {
    INFO(form);
    Ran top = run_lab({"top", kGolden + "forms/after" + form, "--cum"});
    CHECK(top.status == 0);
    CHECK(top.err == "");
    CHECK_THAT(top.out, Has("main.waitFor"));
    const std::string piped =
        lab + " diff " + kGolden + "forms/before.pb.gz - < " + kGolden + "forms/after" + form;
    Ran diff = run_program("/bin/sh", {"-c", piped});
    CHECK(diff.status == 0);
    CHECK_THAT(diff.out, Has("goroutines: 8 before, 17 after: +9") && Has("main.waitFor"));
  }
  Ran types = run_lab({"diff", kGolden + "forms/before.pb.gz", kGolden + "forms/heap.pb.gz"});
  CHECK(types.status == 2);
  CHECK_THAT(types.err, Has("two types are not compared"));
  CHECK_THAT(run_lab({"top", kGolden + "forms/heap.debug1.txt"}).out, Has("Type: inuse_space"));
  CHECK_THAT(run_lab({"top", kGolden + "forms/heap.pb.gz", "--type", "alloc_objects"}).out,
             Has("Type: alloc_objects"));
}

TEST_CASE("what is missing in a profile is said beside the report", "[lab][fetch]") {
  TemporaryDirectory directory;
  std::ofstream(directory.path() + "/cut.txt")
      << "goroutine profile: total 9\n" + kText.substr(kText.find('\n') + 1);
  Ran ran = run_lab({"top", "cut.txt"}, directory.path());
  CHECK(ran.status == 0);
  CHECK_THAT(ran.out, Has("main.worker"));
  CHECK_THAT(ran.err, Has("lab: cut.txt: 6 of its 9 goroutines are missing"));
}
