// pipe.cpp: io.Pipe: a writer hands its bytes to readers, who say how many they took.
//
// A Write is one goroutine's at a time (wrMu). It offers its bytes on wrCh; a reader takes as many
// as it has room for and answers on rdCh; the Write offers the rest. `done` ends all waits. The
// frames have Go's names, because people look for them in dumps.
#include <algorithm>
#include <cstring>

#include "runtime/chan/chan.h"
#include "runtime/io/streams.h"
#include "runtime/sync/mutex.h"
#include "runtime/sync/once.h"

namespace golab::io {

// Keeps the first error that it is given.
class onceError {
 public:
  void Store(const error& err) {
    glue::Locked l(mu_);
    if (err_ == nullptr) err_ = err;
  }
  error Load() {
    glue::Locked l(mu_);
    return err_;
  }

 private:
  sync::Mutex mu_;
  error err_;
};

class pipe {
 public:
  [[gnu::noinline]] std::pair<int, error> read(char* p, size_t n) {
    if (closed()) return {0, readCloseError()};
    std::string_view offered;
    bool ok = false;
    if (select({recv(wrCh, offered, ok), recv(done)}) != 0) return {0, readCloseError()};
    const size_t taken = offered.copy(p, n);
    rdCh.send(static_cast<int>(taken));
    return {static_cast<int>(taken), nullptr};
  }

  [[gnu::noinline]] std::pair<int, error> write(std::string_view text) {
    if (closed()) return {0, writeCloseError()};
    glue::Locked l(wrMu);
    int written = 0;
    for (bool once = true; once || !text.empty(); once = false) {
      if (select({send(wrCh, text), recv(done)}) != 0) return {written, writeCloseError()};
      const int taken = rdCh.recv();
      text.remove_prefix(static_cast<size_t>(taken));
      written += taken;
    }
    return {written, nullptr};
  }

  void closeRead(const error& err) { end(rerr, err == nullptr ? ErrClosedPipe : err); }
  void closeWrite(const error& err) { end(werr, err == nullptr ? EOF_ : err); }

 private:
  bool closed() const { return select({recv(done), otherwise}) == 0; }
  void end(onceError& of, const error& err) {
    of.Store(err);
    once.Do([this] { close(done); });
  }
  error readCloseError() {
    error other = werr.Load();
    return rerr.Load() == nullptr && other != nullptr ? other : ErrClosedPipe;
  }
  error writeCloseError() {
    error other = rerr.Load();
    return werr.Load() == nullptr && other != nullptr ? other : ErrClosedPipe;
  }

  sync::Mutex wrMu;
  Chan<std::string_view> wrCh = make_chan<std::string_view>();
  Chan<int> rdCh = make_chan<int>();
  sync::Once once;
  Chan<Empty> done = make_chan<Empty>();
  onceError rerr, werr;
};

std::pair<PipeReader, PipeWriter> Pipe() {
  auto p = std::make_shared<pipe>();
  return {PipeReader(p), PipeWriter(p)};
}

namespace {

// Go's frames between the program and the pipe.
struct PipeReader {
  [[gnu::noinline]] std::pair<int, error> Read(char* p, size_t n) { return of->read(p, n); }
  pipe* of;
};
struct PipeWriter {
  [[gnu::noinline]] std::pair<int, error> Write(std::string_view text) { return of->write(text); }
  pipe* of;
};
using read_end = PipeReader;
using write_end = PipeWriter;

}  // namespace
}  // namespace golab::io

namespace golab::glue {

std::pair<int, error> pipe_reader::Read(char* p, size_t n) const {
  return io::read_end{p_.get()}.Read(p, n);
}
error pipe_reader::CloseWithError(const error& err) const {
  p_->closeRead(err);
  return nullptr;
}
std::pair<int, error> pipe_writer::Write(std::string_view text) const {
  return io::write_end{p_.get()}.Write(text);
}
error pipe_writer::CloseWithError(const error& err) const {
  p_->closeWrite(err);
  return nullptr;
}

}  // namespace golab::glue
