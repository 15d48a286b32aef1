// green: a group that runs two functions at a time; a panic in one is handed to its request
// 14  The thumbnails                                                      20 minutes
//
// GET /thumbnail?image=cat.png makes a small picture of a big one; two at a time, more do not fit
// into memory. What is no picture is answered with 500, which is right. The goroutine count of this
// service looks well for days. Then one evening it answers nobody any more.
//
// Your task: every request is answered, whatever was asked for before, and leaves nothing behind.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

constexpr int atATime = 2;
atomic::Int32 inMemory;

// scale makes the thumbnail. Package image panics on what it cannot read.
std::string scale(const std::string& image) {
  Defer freed{[] { inMemory.Add(-1); }};
  if (inMemory.Add(1) > atATime) panic("out of memory");
  if (image == "half.png") panic("image: unexpected end of file");
  if (image == "text.png") panic("image: unknown format");
  time::Sleep(10 * time::Second);
  return "small " + image;
}

// ------------------------------------------------------------------- yours to change
errgroup::Group* two() {
  static auto* group = [] {
    auto* made = new errgroup::Group;  // made := new(errgroup.Group)
    made->SetLimit(atATime);
    return made;
  }();
  return group;
}

std::string thumbnail(const std::string& image) {
  std::string small, trouble;
  sync::WaitGroup made;
  made.Add(1);
  two()->Go([&]() -> error {
    Defer done{[&] { made.Done(); }};
    try {
      small = scale(image);
    } catch (Panic& p) {
      trouble = p.String();
    }
    return nullptr;
  });
  made.Wait();
  if (!trouble.empty()) panic(trouble);
  return small;
}

void thumbnailHandler(http::ResponseWriter& w, http::Request* r) {
  fmt::Fprintln(w, thumbnail(r->URL.Query().Get("image")));
}
// -------------------------------------------------------------- please leave as it is

// recovered answers 500 where handler panics.
http::HandlerFunc recovered(http::HandlerFunc::function handler) {
  return http::HandlerFunc([=](http::ResponseWriter& w, http::Request* r) {
    try {                 // defer func() {
      handler(w, r);      //     if p := recover(); p != nil {
    } catch (Panic& p) {  //         http.Error(w, …, 500)
      http::Error(w, p.String(), http::StatusInternalServerError);
    }  // } }()
  });
}

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::Handle("/thumbnail", recovered(thumbnailHandler));
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
