// status.cpp: the reason phrases.
#include "runtime/net/http/status.h"

namespace golab::net::http {

std::string_view StatusText(int code) {
  switch (code) {
    case StatusContinue:
      return "Continue";
    case StatusSwitchingProtocols:
      return "Switching Protocols";
    case StatusProcessing:
      return "Processing";
    case StatusEarlyHints:
      return "Early Hints";
    case StatusOK:
      return "OK";
    case StatusCreated:
      return "Created";
    case StatusAccepted:
      return "Accepted";
    case StatusNonAuthoritativeInfo:
      return "Non-Authoritative Information";
    case StatusNoContent:
      return "No Content";
    case StatusResetContent:
      return "Reset Content";
    case StatusPartialContent:
      return "Partial Content";
    case StatusMultipleChoices:
      return "Multiple Choices";
    case StatusMovedPermanently:
      return "Moved Permanently";
    case StatusFound:
      return "Found";
    case StatusSeeOther:
      return "See Other";
    case StatusNotModified:
      return "Not Modified";
    case StatusUseProxy:
      return "Use Proxy";
    case StatusTemporaryRedirect:
      return "Temporary Redirect";
    case StatusPermanentRedirect:
      return "Permanent Redirect";
    case StatusBadRequest:
      return "Bad Request";
    case StatusUnauthorized:
      return "Unauthorized";
    case StatusPaymentRequired:
      return "Payment Required";
    case StatusForbidden:
      return "Forbidden";
    case StatusNotFound:
      return "Not Found";
    case StatusMethodNotAllowed:
      return "Method Not Allowed";
    case StatusNotAcceptable:
      return "Not Acceptable";
    case StatusProxyAuthRequired:
      return "Proxy Authentication Required";
    case StatusRequestTimeout:
      return "Request Timeout";
    case StatusConflict:
      return "Conflict";
    case StatusGone:
      return "Gone";
    case StatusLengthRequired:
      return "Length Required";
    case StatusPreconditionFailed:
      return "Precondition Failed";
    case StatusRequestEntityTooLarge:
      return "Request Entity Too Large";
    case StatusRequestURITooLong:
      return "Request URI Too Long";
    case StatusUnsupportedMediaType:
      return "Unsupported Media Type";
    case StatusRequestedRangeNotSatisfiable:
      return "Requested Range Not Satisfiable";
    case StatusExpectationFailed:
      return "Expectation Failed";
    case StatusTeapot:
      return "I'm a teapot";
    case StatusUnprocessableEntity:
      return "Unprocessable Entity";
    case StatusTooEarly:
      return "Too Early";
    case StatusUpgradeRequired:
      return "Upgrade Required";
    case StatusPreconditionRequired:
      return "Precondition Required";
    case StatusTooManyRequests:
      return "Too Many Requests";
    case StatusRequestHeaderFieldsTooLarge:
      return "Request Header Fields Too Large";
    case StatusInternalServerError:
      return "Internal Server Error";
    case StatusNotImplemented:
      return "Not Implemented";
    case StatusBadGateway:
      return "Bad Gateway";
    case StatusServiceUnavailable:
      return "Service Unavailable";
    case StatusGatewayTimeout:
      return "Gateway Timeout";
    case StatusHTTPVersionNotSupported:
      return "HTTP Version Not Supported";
    default:
      return "";
  }
}

}  // namespace golab::net::http
