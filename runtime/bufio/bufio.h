// bufio.h: Go's bufio: buffers before a reader and behind a writer, and a Scanner for lines and
// words.
//
//   bufio::Scanner scanner(conn);                     // scanner := bufio.NewScanner(conn)
//   while (scanner.Scan()) use(scanner.Text());       // for scanner.Scan() { use(scanner.Text()) }
//   if (error err = scanner.Err(); err != nullptr)    // if err := scanner.Err(); err != nil {
//
//   auto r = bufio::NewReader(conn);                  // r := bufio.NewReader(conn)
//   auto [line, err] = r.ReadString('\n');            // line, err := r.ReadString('\n')
//
//   bufio::Writer w(conn);                            // w := bufio.NewWriter(conn)
//   fmt::Fprintf(w, "%d\n", n);                       // fmt.Fprintf(w, "%d\n", n)
//   w.Flush();                                        // w.Flush()
//
// A call parks if it reads or writes through. None of these is for several goroutines at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "runtime/errors/errors.h"
#include "runtime/io/streams.h"

namespace golab {

namespace glue {

class bufio_buffer;

// bufio.Reader: a handle, as Go's pointer is. A view that it returns is valid until the next call.
class bufio_reader {
 public:
  bufio_reader(const io::Reader& r, size_t size);

  // What is in the buffer; else what one Read of the source brings.
  std::pair<int, error> Read(char* p, size_t n) const;
  // The next n bytes, which stay. Fewer come with an error; bufio::ErrBufferFull: they have no
  // room.
  std::pair<std::string_view, error> Peek(int n) const;
  std::pair<int, error> Discard(int n) const;  // fewer than n come with an error
  std::pair<char, error> ReadByte() const;
  error UnreadByte() const;  // bufio::ErrInvalidUnreadByte if the last call was no read
  // Up to the first `delim`, and with it. Without one before the end: what there is, and io::EOF_.
  std::pair<std::string, error> ReadString(char delim) const;
  int Buffered() const;
  int Size() const;
  void Reset(const io::Reader& r) const;

 private:
  std::shared_ptr<bufio_buffer> b_;
};

}  // namespace glue

namespace bufio {

extern const error ErrBufferFull;
extern const error ErrNegativeCount;
extern const error ErrInvalidUnreadByte;

using Reader = glue::bufio_reader;
inline Reader NewReader(const io::Reader& r) { return Reader(r, 4096); }
inline Reader NewReaderSize(const io::Reader& r, int size) {
  return Reader(r, size < 16 ? 16 : static_cast<size_t>(size));
}

// After an error all calls return it.
class Writer {
 public:
  explicit Writer(io::Writer w, int size = 4096);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::pair<int, error> Write(std::string_view text) { return write(text, true); }
  // Always by way of the buffer. A large Write into an empty buffer goes through.
  std::pair<int, error> WriteString(std::string_view text) { return write(text, false); }
  error WriteByte(char c);
  error Flush();
  int Buffered() const { return static_cast<int>(buf_.size()); }
  int Available() const { return size_ - Buffered(); }
  int Size() const { return size_; }
  void Reset(io::Writer w);  // forgets what is in the buffer, and the error

 private:
  std::pair<int, error> write(std::string_view text, bool may_go_through);

  io::Writer w_;
  int size_;
  std::string buf_;
  error err_;
};

// ---- Scanner ----

constexpr int MaxScanTokenSize = 64 * 1024;

extern const error ErrTooLong;
extern const error ErrNegativeAdvance;
extern const error ErrAdvanceTooFar;
extern const error ErrBadReadCount;
// A SplitFunc returns it with the last token, if there is one. It is no error of the Scanner.
extern const error ErrFinalToken;

// What a SplitFunc found at the beginning of `data`: how far to go on, a token, an error. Advance 0
// and no token: it needs more.
struct Split {
  int64_t advance = 0;
  std::optional<std::string_view> token;
  error err;
};
using SplitFunc = std::function<Split(std::string_view data, bool atEOF)>;

Split ScanLines(std::string_view data, bool atEOF);  // without the end of line, \n or \r\n
Split ScanWords(std::string_view data, bool atEOF);
Split ScanBytes(std::string_view data, bool atEOF);
Split ScanRunes(std::string_view data, bool atEOF);  // U+FFFD for each byte that is not UTF-8

class Scanner {
 public:
  explicit Scanner(io::Reader r) : r_(std::move(r)) {}
  Scanner(const Scanner&) = delete;
  Scanner& operator=(const Scanner&) = delete;

  // Goes to the next token. False at the end, or at an error: see Err. Panics "bufio.Scan: too many
  // empty tokens without progressing".
  bool Scan();
  std::string Text() const { return std::string(token_); }
  std::string_view Bytes() const { return token_; }  // valid until the next Scan
  error Err() const;                                 // nil at the end of the source
  // The largest token is max bytes, or the capacity that the buffer begins with, whichever is more.
  // Panics "Buffer called after Scan".
  void Buffer(int capacity, int max);
  void Split(SplitFunc split);  // ScanLines if it is not called. Panics "Split called after Scan".

 private:
  bool next_token(bool* found);
  bool fill();
  bool advance(int64_t n);
  void set_err(const error& err);
  bool stop(const error& err);

  io::Reader r_;
  SplitFunc split_ = ScanLines;
  int max_ = MaxScanTokenSize;
  std::string buf_;
  size_t start_ = 0, end_ = 0;
  std::string_view token_;
  error err_;
  int empties_ = 0;
  bool scanned_ = false, done_ = false;
};

}  // namespace bufio
}  // namespace golab
