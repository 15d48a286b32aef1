// status.cpp: the reason phrases.
#include "runtime/net/http/status.h"

#include <ostream>  // Beast's header needs it

#include <boost/beast/http/status.hpp>

namespace golab::net::http {

// Beast's, but for those that it words otherwise, does not know, or that are not Go's.
std::string_view StatusText(int code) {
  switch (code) {
    case StatusEarlyHints:
      return "Early Hints";
    case StatusRequestEntityTooLarge:
      return "Request Entity Too Large";
    case StatusRequestURITooLong:
      return "Request URI Too Long";
    case StatusRequestedRangeNotSatisfiable:
      return "Requested Range Not Satisfiable";
    case StatusTeapot:
      return "I'm a teapot";
    case StatusTooEarly:
      return "Too Early";
    case 444:
    case 499:
    case 599:
      return "";
  }
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(code));
  if (known == boost::beast::http::status::unknown) return "";
  const auto text = boost::beast::http::obsolete_reason(known);
  return {text.data(), text.size()};
}

}  // namespace golab::net::http
