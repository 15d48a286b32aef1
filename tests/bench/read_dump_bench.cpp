// read_dump_bench.cpp: how long it takes to count the goroutines of a large dump, and in what
// memory.
//
//   read_dump_bench make FILE N    writes a dump of N goroutines, 500 bytes each
//   read_dump_bench FILE           reads it and prints a line of JSON
//
// dumps/main.go is the same with gostackparse; dumps/compare.sh runs both in turns.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "profiler/formats/profile_reader.h"

namespace {

constexpr size_t kPieceBytes = 256 << 10;

// A pool's workers, its producers, and connections: the addresses differ from goroutine to
// goroutine.
void write_goroutine(std::FILE* file, unsigned n) {
  const unsigned a = 0xc000000 + 64 * n, b = 0xc100000 + 32 * n;
  switch (n % 3) {
    case 0:
      std::fprintf(file,
                   "goroutine %u [chan receive, %u minutes]:\n"
                   "example.com/shop/internal/pool.(*Pool).worker(0x%x, {0x%x, 0x4, 0x8}, 0x0?)\n"
                   "\t/home/build/src/example.com/shop/internal/pool/pool.go:%u +0x4d\n"
                   "example.com/shop/internal/pool.(*Pool).Start.func1()\n"
                   "\t/home/build/src/example.com/shop/internal/pool/pool.go:58 +0x2c\n"
                   "created by example.com/shop/internal/pool.(*Pool).Start in goroutine 1\n"
                   "\t/home/build/src/example.com/shop/internal/pool/pool.go:57 +0x9f\n\n",
                   n + 1, n % 60 + 1, a, b, 39 + n % 7);
      break;
    case 1:
      std::fprintf(file,
                   "goroutine %u [select]:\n"
                   "net/http.(*persistConn).writeLoop(0x%x)\n"
                   "\t/usr/local/go/src/net/http/transport.go:2596 +0xe7\n"
                   "created by net/http.(*Transport).dialConn in goroutine %u\n"
                   "\t/usr/local/go/src/net/http/transport.go:1948 +0x174f\n\n",
                   n + 1, a, n);
      break;
    default:
      std::fprintf(file,
                   "goroutine %u [IO wait]:\n"
                   "internal/poll.runtime_pollWait(0x%x, 0x72)\n"
                   "\t/usr/local/go/src/runtime/netpoll.go:351 +0x85\n"
                   "internal/poll.(*pollDesc).wait(0x%x, 0x%x?, 0x0)\n"
                   "\t/usr/local/go/src/internal/poll/fd_poll_runtime.go:84 +0x27\n"
                   "internal/poll.(*FD).Read(0x%x, {0x%x, 0x1000, 0x1000})\n"
                   "\t/usr/local/go/src/internal/poll/fd_unix.go:165 +0x27a\n"
                   "net.(*conn).Read(0x%x, {0x%x?, 0x40?, 0x0?})\n"
                   "\t/usr/local/go/src/net/net.go:194 +0x45\n"
                   "net/http.(*connReader).backgroundRead(0x%x)\n"
                   "\t/usr/local/go/src/net/http/server.go:691 +0x37\n"
                   "created by net/http.(*connReader).startBackgroundRead in goroutine %u\n"
                   "\t/usr/local/go/src/net/http/server.go:687 +0xba\n\n",
                   n + 1, a, a, b, a, b, a, b, a, n);
  }
}

int make(const char* name, unsigned goroutines) {
  std::FILE* file = std::fopen(name, "w");
  if (file == nullptr) return std::perror(name), 2;
  for (unsigned n = 0; n < goroutines; n++) write_goroutine(file, n);
  return std::fclose(file) == 0 ? 0 : 2;
}

int read(const char* name) {
  std::FILE* file = std::fopen(name, "r");
  if (file == nullptr) return std::perror(name), 2;
  const auto begun = std::chrono::steady_clock::now();
  golab::profiler::ProfileReader reader(name);
  std::vector<char> piece(kPieceBytes);
  while (size_t n = std::fread(piece.data(), 1, piece.size(), file))
    reader.write({piece.data(), n});
  const golab::profiler::ReadResult result = reader.finish();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  std::fclose(file);
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  if (!result) return std::fprintf(stderr, "%s\n", result.error.c_str()), 2;
  std::printf(
      "{\"name\": \"read-dump\", \"seconds\": %.3f, \"goroutines\": %lld, \"unread\": %zu, "
      "\"peak_mib\": %ld}\n",
      seconds.count(), static_cast<long long>(golab::profiler::total(result.profile)),
      result.warnings.size(), usage.ru_maxrss >> 10);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::strcmp(argv[1], "make") == 0) {
    return make(argv[2], static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)));
  }
  if (argc == 2) return read(argv[1]);
  std::fprintf(stderr, "read_dump_bench make FILE N | read_dump_bench FILE\n");
  return 2;
}
