// 14  The thumbnails                                                      20 minutes
//
// Why it got stuck. scale panics on what is no picture, and the panic leaves thumbnail by the side
// door: the line that gives the slot back is never reached. net/http, or here recovered, catches the
// panic, so the service lives on, with one slot less. When the last one is gone, every request waits
// to take a slot, and nobody will give one back.
//
// The change. What must happen however a function ends is deferred, right below what it undoes.
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
auto slots = make_chan<Empty>(atATime);  // var slots = make(chan struct{}, atATime)

std::string thumbnail(const std::string& image) {  // func thumbnail(image string) string {
  slots.send({});                                  //     slots <- struct{}{}
  Defer given{[] { slots.recv(); }};               //     defer func() { <-slots }()
  return scale(image);                             //     return scale(image)
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
