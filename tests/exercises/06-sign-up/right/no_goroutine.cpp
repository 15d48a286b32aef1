// green: the handler waits for the result anyway, so it can do the work itself
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
error signUp(const std::string& name, const std::string& mail) {
  if (error err = checkName(name); err != nullptr) return fmt::Errorf("name: %w", err);
  if (error err = checkMail(mail); err != nullptr) return fmt::Errorf("mail: %w", err);
  return save(name, mail);
}

void signUpHandler(http::ResponseWriter& w, http::Request* r) {
  auto name = r->FormValue("name");
  if (error err = signUp(name, r->FormValue("mail"));
      err != nullptr) {  // if err := <-result; err != nil {
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
