// status.cpp: the reason phrases.
#include "runtime/net/http/status.h"

namespace golab::net::http {

namespace {

struct phrase {
  int code;
  std::string_view text;
};

constexpr phrase kPhrases[] = {
    {StatusContinue, "Continue"},
    {StatusSwitchingProtocols, "Switching Protocols"},
    {StatusProcessing, "Processing"},
    {StatusEarlyHints, "Early Hints"},
    {StatusOK, "OK"},
    {StatusCreated, "Created"},
    {StatusAccepted, "Accepted"},
    {StatusNonAuthoritativeInfo, "Non-Authoritative Information"},
    {StatusNoContent, "No Content"},
    {StatusResetContent, "Reset Content"},
    {StatusPartialContent, "Partial Content"},
    {StatusMultipleChoices, "Multiple Choices"},
    {StatusMovedPermanently, "Moved Permanently"},
    {StatusFound, "Found"},
    {StatusSeeOther, "See Other"},
    {StatusNotModified, "Not Modified"},
    {StatusUseProxy, "Use Proxy"},
    {StatusTemporaryRedirect, "Temporary Redirect"},
    {StatusPermanentRedirect, "Permanent Redirect"},
    {StatusBadRequest, "Bad Request"},
    {StatusUnauthorized, "Unauthorized"},
    {StatusPaymentRequired, "Payment Required"},
    {StatusForbidden, "Forbidden"},
    {StatusNotFound, "Not Found"},
    {StatusMethodNotAllowed, "Method Not Allowed"},
    {StatusNotAcceptable, "Not Acceptable"},
    {StatusProxyAuthRequired, "Proxy Authentication Required"},
    {StatusRequestTimeout, "Request Timeout"},
    {StatusConflict, "Conflict"},
    {StatusGone, "Gone"},
    {StatusLengthRequired, "Length Required"},
    {StatusPreconditionFailed, "Precondition Failed"},
    {StatusRequestEntityTooLarge, "Request Entity Too Large"},
    {StatusRequestURITooLong, "Request URI Too Long"},
    {StatusUnsupportedMediaType, "Unsupported Media Type"},
    {StatusRequestedRangeNotSatisfiable, "Requested Range Not Satisfiable"},
    {StatusExpectationFailed, "Expectation Failed"},
    {StatusTeapot, "I'm a teapot"},
    {StatusUnprocessableEntity, "Unprocessable Entity"},
    {StatusTooEarly, "Too Early"},
    {StatusUpgradeRequired, "Upgrade Required"},
    {StatusPreconditionRequired, "Precondition Required"},
    {StatusTooManyRequests, "Too Many Requests"},
    {StatusRequestHeaderFieldsTooLarge, "Request Header Fields Too Large"},
    {StatusInternalServerError, "Internal Server Error"},
    {StatusNotImplemented, "Not Implemented"},
    {StatusBadGateway, "Bad Gateway"},
    {StatusServiceUnavailable, "Service Unavailable"},
    {StatusGatewayTimeout, "Gateway Timeout"},
    {StatusHTTPVersionNotSupported, "HTTP Version Not Supported"},
};

}  // namespace

std::string_view StatusText(int code) {
  for (const phrase& p : kPhrases) {
    if (p.code == code) return p.text;
  }
  return "";
}

}  // namespace golab::net::http
