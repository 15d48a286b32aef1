// http_differences.h: where this server's response differs from Go's on purpose, and why.
//
// For http_compare_test.cpp. An entry names a request of http_requests.cpp, or with a '*' at its
// end all requests that begin so. An entry that no request needs fails the test. This server's
// response must contain `ours`, so an entry for a refusal allows nothing else.
#pragma once

#include <string_view>

struct AcceptedDifference {
  std::string_view request;
  std::string_view ours;
  std::string_view reason;
};

inline constexpr std::string_view kRefused = "400 Bad Request";
inline constexpr std::string_view kCut = "Connection: close";

inline constexpr std::string_view kVersion =
    "HTTP/1.2 to 1.9 do not exist. Go takes them for 1.1; one day they may end a body otherwise.";
inline constexpr std::string_view kBareLF =
    "A line ends with CR LF here. Go takes LF alone, which a proxy in front may take for a part of "
    "the line.";
inline constexpr std::string_view kFold =
    "White space at the end of a value is not part of it (RFC 9110 section 5.5). Go keeps what "
    "folding adds.";
inline constexpr std::string_view kList =
    "The field is a list of words (RFC 9110 section 7.6.1), and this is none. Go ignores what it "
    "cannot read.";
inline constexpr std::string_view kFirstFault =
    "Refused by both. This parser names the fault it comes to first, Go looks for the Host field "
    "first.";
inline constexpr std::string_view kLengthAndChunks =
    "With a length and chunks, a proxy and this server may see different ends of the body, and one "
    "request "
    "is hidden in another. RFC 9112 section 6.1 lets a server refuse that; Go takes the chunks.";
inline constexpr std::string_view kOldChunks =
    "HTTP/1.0 has no Transfer-Encoding: RFC 9112 section 6.1 calls such a framing faulty. Go "
    "ignores the field "
    "and takes the length.";
inline constexpr std::string_view kTrailerName =
    "No field has such a name, not in a trailer either. Go lets a space through there.";

inline constexpr AcceptedDifference kAcceptedDifferences[] = {
    {"version/HTTP/1.2", "505 HTTP Version Not Supported", kVersion},
    {"version/HTTP/1.9", "505 HTTP Version Not Supported", kVersion},
    {"connect/", kRefused, "The target is empty. Go takes it, for CONNECT only."},
    {R"(line/GET /a HTTP/1.1\n)", kRefused, kBareLF},
    {R"(line/GET /a HTTP/1.1\n\r\n)", kRefused, kBareLF},
    {R"(field/A: b\nB: c)", kRefused, kBareLF},
    {R"(field/A: b\n c)", kRefused, kBareLF},
    {R"(field-first/A: b\nB: c)", kRefused, kBareLF},
    {R"(field-first/A: b\n c)", kRefused, kBareLF},
    {"chunks/a/bare LF last", kCut, kBareLF},
    {"chunks/ignore/bare LF last", kCut, kBareLF},
    {"chunks/some/bare LF last", kCut, kBareLF},
    {"chunks/stream/bare LF last", kCut, kBareLF},
    {"chunks/a/trailer bare LF", kCut, kBareLF},
    {"chunks/ignore/trailer bare LF", kCut, kBareLF},
    {"chunks/some/trailer bare LF", kCut, kBareLF},
    {"chunks/stream/trailer bare LF", kCut, kBareLF},
    {R"(field/A: b\r\n )", R"("A": "b")", kFold},
    {R"(field/A: b\r\n \r\nB: c)", R"("A": "b")", kFold},
    {R"(field-first/A: b\r\n )", R"("A": "b")", kFold},
    {R"(field-first/A: b\r\n \r\nB: c)", R"("A": "b")", kFold},
    {"field/Connection: a b", kRefused, kList},
    {"field/Connection: \"", kRefused, kList},
    {"field/Proxy-Connection: a b", kRefused, kList},
    {"field-first/Connection: a b", kRefused, kList},
    {"field-first/Connection: \"", kRefused, kList},
    {"field-first/Proxy-Connection: a b", kRefused, kList},
    {R"(host-1.1/Host : x\r\n)", "400 Bad Request: invalid header name", kFirstFault},
    {R"(host-absolute/Host : x\r\n)", "400 Bad Request: invalid header name", kFirstFault},
    {"length-chunked/*", kRefused, kLengthAndChunks},
    {"encoding-length-1.1/*", kRefused, kLengthAndChunks},
    {"length-encoding-1.1/*", kRefused, kLengthAndChunks},
    {"pipeline/smuggled by length and chunks", kRefused, kLengthAndChunks},
    {"encoding-length-1.0/*", kCut, kOldChunks},
    {"length-encoding-1.0/*", kCut, kOldChunks},
    {"encoding-1.0/*", "501 Not Implemented", kOldChunks},
    {"chunks/a/trailer, space before colon", kCut, kTrailerName},
    {"chunks/ignore/trailer, space before colon", kCut, kTrailerName},
    {"chunks/some/trailer, space before colon", kCut, kTrailerName},
    {"chunks/stream/trailer, space before colon", kCut, kTrailerName},
};
