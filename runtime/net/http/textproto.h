// textproto.h: Go's net/textproto: reads the lines and the fields of a message's header.
//
// What counts as a line or a field is Go's rule, not that of the RFC alone: a line may end with LF
// without CR, the last one also with the end of the stream, and a name may have blanks in it (the
// server refuses those later). A value may go on in lines that begin with a blank.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/errors/errors.h"
#include "runtime/net/http/bufio.h"
#include "runtime/net/http/header.h"

namespace golab::net::textproto {

// What became of a header. At most one of the two is set.
struct outcome {
  int code = 0;    // reading failed, with this code (net/fd.h)
  error err = {};  // "malformed MIME header line: ...", errMessageTooLarge
};

extern const error errMessageTooLarge;  // more fields than allowed

class Reader {
 public:
  explicit Reader(bufio::Reader* r) : R(r) {}

  // The next line without its end, valid until the next call. 0 or a code. Parks.
  int ReadLine(std::string_view* line);

  bufio::Reader* R;

 private:
  friend outcome readMIMEHeader(Reader* r, int64_t maxHeaders, http::Header* into);
  int readLineSlice(std::string_view* line);
  outcome readContinuedLineSlice(std::string_view* line);
  int skipSpace();
  void upcomingHeaderKeys();

  std::string buf_;  // a line with what continues it
};

// Adds the fields of a header, at most maxHeaders values, up to the empty line, which is taken.
// Parks. If reading fails before that line, what came before is in *into.
outcome readMIMEHeader(Reader* r, int64_t maxHeaders, http::Header* into);

}  // namespace golab::net::textproto
