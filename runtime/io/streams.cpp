// streams.cpp: copying, and readers and writers made of others.
#include "runtime/io/streams.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "runtime/die/panic.h"

namespace golab::io {

const error ErrShortWrite = errors::New("short write");
const error ErrShortBuffer = errors::New("short buffer");
const error ErrNoProgress = errors::New("multiple Read calls return no data or error");

namespace {

const error errInvalidWrite = errors::New("invalid write result");
const error errWhence = errors::New("Seek: invalid whence");
const error errOffset = errors::New("Seek: invalid offset");

[[noreturn]] void nil_dereference() {
  runtime::panic_runtime_error("invalid memory address or nil pointer dereference", true);
}

struct TextAt {
  std::string text;
  std::pair<int, error> ReadAt(char* p, size_t n, int64_t at) {
    if (at < 0) return {0, errors::New("strings.Reader.ReadAt: negative offset")};
    if (static_cast<uint64_t>(at) >= text.size()) return {0, EOF_};
    const size_t have = text.copy(p, n, static_cast<size_t>(at));
    return {static_cast<int>(have), have < n ? EOF_ : error()};
  }
};

struct discard {
  std::pair<int, error> Write(std::string_view text) { return {static_cast<int>(text.size()), {}}; }
};

struct LimitedReader {
  Reader R;
  int64_t N;
  std::pair<int, error> Read(char* p, size_t n) {
    if (N <= 0) return {0, EOF_};
    n = static_cast<size_t>(std::min<uint64_t>(n, static_cast<uint64_t>(N)));
    auto [got, err] = R.Read(p, n);
    N -= got;
    return {got, err};
  }
};

struct multiReader {
  std::vector<Reader> readers;
  size_t at = 0;
  std::pair<int, error> Read(char* p, size_t n) {
    for (; at < readers.size(); at++) {
      auto [got, err] = readers[at].Read(p, n);
      const bool ended = err == EOF_;
      if (got > 0 || !ended) {
        if (!ended) return {got, err};
        const bool last = ++at == readers.size();
        return {got, last ? err : error()};
      }
    }
    return {0, EOF_};
  }
};

struct teeReader {
  Reader r;
  Writer w;
  std::pair<int, error> Read(char* p, size_t n) {
    auto [got, err] = r.Read(p, n);
    if (got > 0) {
      auto [written, failed] = w.Write({p, static_cast<size_t>(got)});
      if (failed != nullptr) return {written, failed};
    }
    return {got, err};
  }
};

struct multiWriter {
  std::vector<Writer> writers;
  std::pair<int, error> Write(std::string_view text) {
    for (const Writer& w : writers) {
      auto [n, err] = w.Write(text);
      if (err != nullptr) return {n, err};
      if (n != static_cast<int>(text.size())) return {n, ErrShortWrite};
    }
    return {static_cast<int>(text.size()), nullptr};
  }
};

}  // namespace

const Writer Discard = discard();

std::pair<int, error> Reader::Read(char* p, size_t n) const {
  if (call_ == nullptr) nil_dereference();
  return call_(object_.get(), p, n);
}

Writer::Writer(std::string* text)
    : io_handle(glue::unowned(text), [](void* to, std::string_view more) {
        static_cast<std::string*>(to)->append(more);
        return std::pair(static_cast<int>(more.size()), error());
      }) {}

std::pair<int, error> Writer::Write(std::string_view text) const {
  if (call_ == nullptr) nil_dereference();
  return call_(object_.get(), text);
}

ReaderAt::ReaderAt(std::string text)
    : ReaderAt(std::make_shared<TextAt>(TextAt{std::move(text)})) {}

std::pair<int, error> ReaderAt::ReadAt(char* p, size_t n, int64_t at) const {
  if (call_ == nullptr) nil_dereference();
  return call_(object_.get(), p, n, at);
}

std::pair<int64_t, error> Copy(const Writer& dst, const Reader& src) {
  constexpr size_t kBytes = 32 << 10;
  const auto buf = std::make_unique<char[]>(kBytes);
  int64_t written = 0;
  for (;;) {
    auto [got, read_err] = src.Read(buf.get(), kBytes);
    if (got > 0) {
      auto [put, write_err] = dst.Write({buf.get(), static_cast<size_t>(got)});
      if (put < 0 || put > got) {
        put = 0;
        if (write_err == nullptr) write_err = errInvalidWrite;
      }
      written += put;
      if (write_err != nullptr) return {written, write_err};
      if (put != got) return {written, ErrShortWrite};
    }
    if (read_err != nullptr) return {written, read_err == EOF_ ? error() : read_err};
  }
}

std::pair<int64_t, error> CopyN(const Writer& dst, const Reader& src, int64_t n) {
  auto [written, err] = Copy(dst, LimitReader(src, n));
  if (written == n) return {n, nullptr};
  if (written < n && err == nullptr) err = EOF_;
  return {written, err};
}

std::pair<std::string, error> ReadAll(const Reader& r) {
  std::string text;
  auto [n, err] = Copy(&text, r);
  return {std::move(text), err};
}

std::pair<int, error> ReadAtLeast(const Reader& r, char* p, size_t n, size_t min) {
  if (n < min) return {0, ErrShortBuffer};
  size_t have = 0;
  error err;
  while (have < min && err == nullptr) {
    auto [got, failed] = r.Read(p + have, n - have);
    have += static_cast<size_t>(got);
    err = failed;
  }
  if (have >= min)
    err = nullptr;
  else if (have > 0 && err == EOF_)
    err = ErrUnexpectedEOF;
  return {static_cast<int>(have), err};
}

std::pair<int, error> ReadFull(const Reader& r, char* p, size_t n) {
  return ReadAtLeast(r, p, n, n);
}

std::pair<int, error> WriteString(const Writer& w, std::string_view s) { return w.Write(s); }

Reader LimitReader(const Reader& r, int64_t n) {
  return std::make_shared<LimitedReader>(LimitedReader{r, n});
}
Reader MultiReader(std::vector<Reader> readers) {
  return std::make_shared<multiReader>(multiReader{std::move(readers)});
}
Reader TeeReader(const Reader& r, const Writer& w) {
  return std::make_shared<teeReader>(teeReader{r, w});
}
Writer MultiWriter(std::vector<Writer> writers) {
  return std::make_shared<multiWriter>(multiWriter{std::move(writers)});
}

// ---- SectionReader ------------------------------------------------------------------------------

SectionReader::SectionReader(ReaderAt r, int64_t off, int64_t n)
    : r_(std::move(r)), base_(off), off_(off), limit_(std::numeric_limits<int64_t>::max()) {
  // A section that would end after the last possible byte ends there.
  if (off <= limit_ - n) limit_ = off + n;
}

std::pair<int, error> SectionReader::Read(char* p, size_t n) {
  if (off_ >= limit_) return {0, EOF_};
  n = static_cast<size_t>(std::min<uint64_t>(n, static_cast<uint64_t>(limit_ - off_)));
  auto [got, err] = r_.ReadAt(p, n, off_);
  off_ += got;
  return {got, err};
}

std::pair<int, error> SectionReader::ReadAt(char* p, size_t n, int64_t at) const {
  if (at < 0 || at >= Size()) return {0, EOF_};
  at += base_;
  const auto left = static_cast<uint64_t>(limit_ - at);
  if (n <= left) return r_.ReadAt(p, n, at);
  auto [got, err] = r_.ReadAt(p, static_cast<size_t>(left), at);
  return {got, err == nullptr ? EOF_ : err};
}

std::pair<int64_t, error> SectionReader::Seek(int64_t offset, int whence) {
  switch (whence) {
    case SeekStart:
      offset += base_;
      break;
    case SeekCurrent:
      offset += off_;
      break;
    case SeekEnd:
      offset += limit_;
      break;
    default:
      return {0, errWhence};
  }
  if (offset < base_) return {0, errOffset};
  off_ = offset;
  return {offset - base_, nullptr};
}

}  // namespace golab::io
