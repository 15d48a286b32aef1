// red answers: the number under the lock is lost by a panic as a slot is: nobody counts it down
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
sync::Mutex mu;
sync::Cond room(&mu);  // var room = sync.NewCond(&mu)
int taken = 0;         // guarded by mu

std::string thumbnail(const std::string& image) {
  mu.Lock();
  while (taken == atATime) room.Wait();  // for taken == atATime { room.Wait() }
  taken++;
  mu.Unlock();
  auto small = scale(image);  // small := scale(image)
  mu.Lock();
  taken--;
  mu.Unlock();
  room.Signal();
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
