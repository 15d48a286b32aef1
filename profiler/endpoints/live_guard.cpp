// live_guard.cpp: the Host of a request, and the policy of the page.
#include "profiler/endpoints/live_guard.h"

#include <strings.h>

#include <cstdlib>
#include <exception>
#include <istream>
#include <sstream>
#include <string>

namespace golab::profiler::live {
namespace {

using namespace net::http;

bool is_address(const std::string& host) {
  bool v6 = host.find(':') != std::string::npos;
  const char* digits = v6 ? "0123456789abcdefABCDEF:." : "0123456789.";
  return !host.empty() && host.find_first_not_of(digits) == std::string::npos;
}

bool is_allowed_name(const std::string& host) {
  const char* text = std::getenv("GOLAB_LAB_HOST");
  std::istringstream names(text != nullptr ? text : "");
  for (std::string name; std::getline(names >> std::ws, name, ',');) {
    name.erase(name.find_last_not_of(" \t") + 1);
    if (!name.empty() && strcasecmp(name.c_str(), host.c_str()) == 0) return true;
  }
  return false;
}

bool is_allowed(std::string host) {
  if (net::HostPort split = net::SplitHostPort(host); split.err == nullptr) host = split.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return host == "localhost" || is_address(host) || is_allowed_name(host);
}

void set_policy(Header& header) {
  header.Set("X-Content-Type-Options", "nosniff");
  header.Set("Referrer-Policy", "no-referrer");
  header.Set("Cache-Control", "no-store");
  header.Set("Content-Security-Policy",
             "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
             "img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; "
             "frame-ancestors 'self'");
}

}  // namespace

HandlerFunc::function guarded(HandlerFunc::function f, bool keep) {
  return [f, keep](ResponseWriter& w, Request* r) {
    set_policy(w.Header());
    if (!keep) w.Header().Set("Connection", "close");
    if (!is_allowed(r->Host)) {
      Error(w,
            "this name is not allowed here: use the address, or localhost, or start the program "
            "with GOLAB_LAB_HOST=NAME",
            StatusForbidden);
      return;
    }
    try {
      f(w, r);
    } catch (const std::exception& e) {  // no memory, no instant (snapshot.h)
      Error(w, e.what(), StatusInternalServerError);
    }
  };
}

}  // namespace golab::profiler::live
