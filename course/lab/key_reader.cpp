// key_reader.cpp: termios, and a goroutine that reads.
#include "course/lab/key_reader.h"

#include <unistd.h>

#include <cerrno>

#include "runtime/golab.h"
#include "runtime/sched/proc.h"

namespace lab {
namespace {

// -1 and EINTR are for the caller's loop; errno is read before the goroutine can change threads.
ssize_t read_key(char* key, int* why) {
  golab::runtime::entersyscall();
  ssize_t n = ::read(0, key, 1);
  *why = errno;
  golab::runtime::exitsyscall();
  return n;
}

}  // namespace

KeyReader::KeyReader() : keys_(make_chan<char>(16)) {
  terminal_ = ::tcgetattr(0, &before_) == 0;
  take();
  go([keys = keys_] {
    for (;;) {
      char key = 0;
      int why = 0;
      ssize_t n = read_key(&key, &why);
      if (n < 0 && why == EINTR) continue;
      if (n <= 0) break;
      keys.send(key);
    }
    close(keys);
  });
}

void KeyReader::take() {
  if (!terminal_) return;
  termios each_key = before_;
  each_key.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  each_key.c_cc[VMIN] = 1;
  each_key.c_cc[VTIME] = 0;
  ::tcsetattr(0, TCSANOW, &each_key);
}

void KeyReader::restore() {
  if (terminal_) ::tcsetattr(0, TCSANOW, &before_);
}

}  // namespace lab
