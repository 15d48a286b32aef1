// green: whoever waits for the mail delivers it in the handler; a goroutine is for the others
// 13  The welcome mail                                                    20 minutes
//
// GET /signup?mail=ann@example.org takes a new customer and sends a welcome mail. A mail server may
// be busy for hours, so that goes on behind the answer; with &wait=yes the answer waits for it.
// Every customer with a good address gets the mail. Still the service grows, by a few a day.
//
// Your task: a day after any number of signups the goroutine count is what it was before the first.
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

const error errNoMailbox = errors::New("550 no such mailbox");
const error errFull = errors::New("452 the mailbox is full");
const error errBusy = errors::New("421 too many mails, try again later");

struct Mail {        // type Mail struct {
  std::string To;    //     To      string
  time::Time Begun;  //     Begun   time.Time
};                   // }

// handOver is the other side, the mail server: nil means that it has the mail.
error handOver(const Mail& mail) {
  std::string name = mail.To.substr(0, mail.To.find('@'));
  if (name == "gone") return errNoMailbox;
  if (name == "full") return errFull;
  if (name == "busy" && time::Since(mail.Begun) < 3 * time::Hour) return errBusy;
  return nullptr;
}

// ------------------------------------------------------------------- yours to change
error deliver(Mail mail) {              // func deliver(mail Mail) error {
  time::Duration pause = time::Second;  //     pause := time.Second
  for (;;) {                            //     for {
    error err = handOver(mail);         //         err := handOver(mail)
    if (!errors::Is(err, errBusy)) return err;
    if (time::Since(mail.Begun) > 6 * time::Hour) return err;
    time::Sleep(pause);                           //         time.Sleep(pause)
    pause = std::min(2 * pause, 1 * time::Hour);  //         pause = min(2*pause, time.Hour)
  }                                               //     }
}

void signupHandler(http::ResponseWriter& w, http::Request* r) {
  Mail mail{r->URL.Query().Get("mail"), time::Now()};
  if (r->URL.Query().Get("wait") != "yes") {
    go([=] { deliver(mail); });
    fmt::Fprintln(w, "welcome");
    return;
  }
  if (error err = deliver(mail); err != nullptr) {
    fmt::Fprintf(w, "welcome, but: %v\n", err);
    return;
  }
  fmt::Fprintln(w, "welcome, see your mail");
}
// -------------------------------------------------------------- please leave as it is

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/signup", signupHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
