// red answers: the second send finds the channel closed, and that ends the program
#include "profiler/endpoints/pprof.h"  // _ "net/http/pprof"
#include "runtime/golab.h"

sync::Map<std::string, std::string> accounts;  // mail addresses by name

// checkName and checkMail ask another service, which knows the rules.
error checkName(const std::string& name) {
  time::Sleep(10 * time::Millisecond);
  return name.empty() ? errors::New("it is empty") : nullptr;
}

error checkMail(const std::string& mail) {
  time::Sleep(10 * time::Millisecond);
  return mail.find('@') == std::string::npos ? fmt::Errorf("%q has no @", mail) : nullptr;
}

error save(const std::string& name, const std::string& mail) {
  accounts.Store(name, mail);
  return nullptr;
}

// ------------------------------------------------------------------- yours to change
void signUp(std::string name, std::string mail, SendChan<error> result) {
  if (error err = checkName(name); err != nullptr) {  // if err := checkName(name); err != nil {
    result.send(fmt::Errorf("name: %w", err));        //     result <- fmt.Errorf("name: %w", err)
    return;
  }
  if (error err = checkMail(mail); err != nullptr) {  // if err := checkMail(mail); err != nil {
    result.send(fmt::Errorf("mail: %w", err));        //     result <- fmt.Errorf("mail: %w", err)
  }
  result.send(save(name, mail));  // result <- save(name, mail)
}

void signUpHandler(http::ResponseWriter& w, http::Request* r) {
  auto name = r->FormValue("name");
  auto result = make_chan<error>();  // result := make(chan error)
  Defer closed{[=] { close(result); }};
  go(signUp, name, r->FormValue("mail"), result);  // go signUp(name, r.FormValue("mail"), result)

  if (error err = result.recv(); err != nullptr) {  // if err := <-result; err != nil {
    http::Error(w, err.Error(), http::StatusBadRequest);
    return;
  }
  fmt::Fprintf(w, "welcome, %s\n", name);
}
// -------------------------------------------------------------- please leave as it is

void accountHandler(http::ResponseWriter& w, http::Request* r) {
  auto [mail, ok] = accounts.Load(r->FormValue("name"));
  fmt::Fprintf(w, "has an account: %t\n", ok);
}

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  flag::Parse();
  http::HandleFunc("/signup", signUpHandler);
  http::HandleFunc("/account", accountHandler);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
