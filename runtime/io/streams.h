// streams.h: Go's io: readers and writers of any kind, what copies between them, and a pipe.
//
//   auto [n, err] = io::Copy(&text, resp->Body);   // n, err := io.Copy(&text, resp.Body)
//   io::ReadFull(conn, buf, sizeof buf);           // io.ReadFull(conn, buf)
//   io::Copy(io::Discard, io::LimitReader(r, 9));  // io.Copy(io.Discard, io.LimitReader(r, 9))
//   auto [r, w] = io::Pipe();                      // r, w := io.Pipe()
//
// A Reader is made from anything with `std::pair<int, error> Read(char*, size_t)`, a Writer from
// anything with `std::pair<int, error> Write(std::string_view)`: a handle (a Conn, a Body, a File),
// which is copied; a shared_ptr; or a pointer, to something that must outlive it. A pointer to a
// std::string is a Writer that appends.
//
// A call parks if a Read or a Write in it does. A nil Reader or Writer panics as a nil dereference.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"
#include "runtime/io/io.h"

namespace golab {

namespace glue {

template <typename T>
concept reads_into = requires(T& r, char* p, size_t n) {
  { r.Read(p, n) } -> std::convertible_to<std::pair<int, error>>;
};
template <typename T>
concept reads_text = requires(T& r, size_t n) {  // os::File
  { r.Read(n) } -> std::convertible_to<std::pair<std::string, error>>;
};
template <typename T>
concept reads = reads_into<T> || reads_text<T>;
template <typename T>
concept writes = requires(T& w, std::string_view text) {
  { w.Write(text) } -> std::convertible_to<std::pair<int, error>>;
};
template <typename T>
concept reads_at = requires(T& r, char* p, size_t n, int64_t at) {
  { r.ReadAt(p, n, at) } -> std::convertible_to<std::pair<int, error>>;
};

// What the three handles share: the object, and how to call it.
template <typename Call>
class io_handle {
 public:
  io_handle() = default;
  explicit operator bool() const { return call_ != nullptr; }
  friend bool operator==(const io_handle& a, std::nullptr_t) { return a.call_ == nullptr; }

 protected:
  io_handle(std::shared_ptr<void> object, Call* call) : object_(std::move(object)), call_(call) {}
  std::shared_ptr<void> object_;
  Call* call_ = nullptr;
};

// Refers to *p without owning it.
inline std::shared_ptr<void> unowned(void* p) { return {std::shared_ptr<void>(), p}; }

}  // namespace glue

namespace io {

using ReadCall = std::pair<int, error>(void* from, char* p, size_t n);
using WriteCall = std::pair<int, error>(void* to, std::string_view text);
using ReadAtCall = std::pair<int, error>(void* from, char* p, size_t n, int64_t at);

class Reader : public glue::io_handle<ReadCall> {
 public:
  Reader() = default;  // nil
  Reader(std::nullptr_t) {}
  template <glue::reads T>
  requires(!std::is_base_of_v<Reader, T>) Reader(T handle)
      : io_handle(std::make_shared<T>(std::move(handle)), call<T>) {}
  template <glue::reads T>
  Reader(std::shared_ptr<T> r) : io_handle(std::move(r), call<T>) {}
  template <glue::reads T>
  Reader(T* r) : io_handle(glue::unowned(r), call<T>) {}

  // Reads up to n bytes. Returns how many; fewer than 1 come with an error, unless n is 0. EOF_ at
  // the end.
  std::pair<int, error> Read(char* p, size_t n) const;

 private:
  template <typename T>
  static std::pair<int, error> call(void* from, char* p, size_t n);
};

class Writer : public glue::io_handle<WriteCall> {
 public:
  Writer() = default;  // nil
  Writer(std::nullptr_t) {}
  template <glue::writes T>
  requires(!std::is_base_of_v<Writer, T>) Writer(T handle)
      : io_handle(std::make_shared<T>(std::move(handle)), call<T>) {}
  template <glue::writes T>
  Writer(std::shared_ptr<T> w) : io_handle(std::move(w), call<T>) {}
  template <glue::writes T>
  Writer(T* w) : io_handle(glue::unowned(w), call<T>) {}
  Writer(std::string* text);

  // Writes all of `text`, or returns how much and why not all.
  std::pair<int, error> Write(std::string_view text) const;

 private:
  template <typename T>
  static std::pair<int, error> call(void* to, std::string_view text) {
    return static_cast<T*>(to)->Write(text);
  }
};

// A source that is read at any place: something with ReadAt(char*, size_t, int64_t at), or a text.
class ReaderAt : public glue::io_handle<ReadAtCall> {
 public:
  ReaderAt() = default;
  template <glue::reads_at T>
  ReaderAt(std::shared_ptr<T> r) : io_handle(std::move(r), call<T>) {}
  template <glue::reads_at T>
  ReaderAt(T* r) : io_handle(glue::unowned(r), call<T>) {}
  ReaderAt(std::string text);

  // Reads n bytes from `at` on. Fewer come with an error.
  std::pair<int, error> ReadAt(char* p, size_t n, int64_t at) const;

 private:
  template <typename T>
  static std::pair<int, error> call(void* from, char* p, size_t n, int64_t at) {
    return static_cast<T*>(from)->ReadAt(p, n, at);
  }
};

extern const error ErrShortWrite;   // a Write took less than it was given, and said nothing
extern const error ErrShortBuffer;  // of ReadAtLeast
extern const error ErrNoProgress;   // many Reads returned neither bytes nor an error

// Copies until the end of src, which is no error, or until one fails. Returns how many bytes.
std::pair<int64_t, error> Copy(const Writer& dst, const Reader& src);
// Copies n bytes. If src ends before, the error is EOF_.
std::pair<int64_t, error> CopyN(const Writer& dst, const Reader& src, int64_t n);
std::pair<std::string, error> ReadAll(const Reader& r);
// Fills p. If src ends in the middle, the error is ErrUnexpectedEOF; at once, it is EOF_.
std::pair<int, error> ReadFull(const Reader& r, char* p, size_t n);
// The same, but `min` bytes are enough. ErrShortBuffer if n < min.
std::pair<int, error> ReadAtLeast(const Reader& r, char* p, size_t n, size_t min);
std::pair<int, error> WriteString(const Writer& w, std::string_view s);

extern const Writer Discard;  // takes everything

// The first n bytes of r; then EOF_.
Reader LimitReader(const Reader& r, int64_t n);
// One after the other.
Reader MultiReader(std::vector<Reader> readers);
// r, and what is read from it is written to w. A Write that fails is an error of the Read.
Reader TeeReader(const Reader& r, const Writer& w);
// Each Write goes to all, in order, until one fails.
Writer MultiWriter(std::vector<Writer> writers);

enum { SeekStart = 0, SeekCurrent = 1, SeekEnd = 2 };

// The n bytes of r from `off` on, as a source of their own.
class SectionReader {
 public:
  SectionReader(ReaderAt r, int64_t off, int64_t n);
  std::pair<int, error> Read(char* p, size_t n);
  std::pair<int, error> ReadAt(char* p, size_t n, int64_t at) const;
  // Errors: "Seek: invalid whence", "Seek: invalid offset".
  std::pair<int64_t, error> Seek(int64_t offset, int whence);
  int64_t Size() const { return limit_ - base_; }

 private:
  ReaderAt r_;
  int64_t base_, off_, limit_;
};
inline std::shared_ptr<SectionReader> NewSectionReader(ReaderAt r, int64_t off, int64_t n) {
  return std::make_shared<SectionReader>(std::move(r), off, n);
}

class pipe;

}  // namespace io

namespace glue {

class pipe_reader {
 public:
  pipe_reader() = default;
  explicit pipe_reader(std::shared_ptr<io::pipe> p) : p_(std::move(p)) {}
  // Parks until a writer comes, or the other end is closed.
  std::pair<int, error> Read(char* p, size_t n) const;
  // Writes fail from now on: with ErrClosedPipe, or with err. They return nil.
  error Close() const { return CloseWithError(nullptr); }
  error CloseWithError(const error& err) const;

 private:
  std::shared_ptr<io::pipe> p_;
};

class pipe_writer {
 public:
  pipe_writer() = default;
  explicit pipe_writer(std::shared_ptr<io::pipe> p) : p_(std::move(p)) {}
  // Parks until readers have taken all of `text`, or the other end is closed.
  std::pair<int, error> Write(std::string_view text) const;
  // Reads return EOF_ from now on, or err. They return nil.
  error Close() const { return CloseWithError(nullptr); }
  error CloseWithError(const error& err) const;

 private:
  std::shared_ptr<io::pipe> p_;
};

}  // namespace glue

namespace io {

using PipeReader = glue::pipe_reader;
using PipeWriter = glue::pipe_writer;

// Two ends without a buffer between them: a Write parks until Reads have taken its bytes. Any
// goroutine may use either end, also to close it while another one waits.
std::pair<PipeReader, PipeWriter> Pipe();

// ---- Implementation ----

template <typename T>
std::pair<int, error> Reader::call(void* from, char* p, size_t n) {
  if constexpr (glue::reads_into<T>) {
    return static_cast<T*>(from)->Read(p, n);
  } else {
    auto [text, err] = static_cast<T*>(from)->Read(n);
    text.copy(p, n);
    return {static_cast<int>(text.size()), err};
  }
}

}  // namespace io
}  // namespace golab
