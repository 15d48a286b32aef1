// Goal: files and environment as Go's os has them, errors with operation and path.
#include "runtime/os/os.h"

#include <unistd.h>

#include "runtime/golab.h"
#include "tests/catch.h"

TEST_CASE("a file is written and read back whole", "[os]") {
  auto [dir, dir_err] = os::MkdirTemp("", "golab-os-");
  REQUIRE(dir_err == nullptr);
  std::string path = dir + "/a.txt";
  std::string text(200000, 'x');
  CHECK(os::WriteFile(path, text, 0644) == nullptr);
  auto [back, err] = os::ReadFile(path);
  CHECK(err == nullptr);
  CHECK((back == text));
  CHECK(os::MkdirAll(dir + "/b/c", 0755) == nullptr);
  CHECK(os::Remove(dir + "/b/c") == nullptr);
  CHECK(os::Remove(dir + "/b") == nullptr);
  CHECK(os::Remove(path) == nullptr);
  CHECK(os::Remove(dir) == nullptr);
}

TEST_CASE("what fails says the operation, the path and why", "[os]") {
  auto [text, err] = os::ReadFile("/nosuch");
  REQUIRE(err != nullptr);
  CHECK(err.Error() == "open /nosuch: no such file or directory");
  CHECK(errors::Is(err, os::ErrNotExist));
  CHECK_FALSE(errors::Is(err, os::ErrPermission));
  REQUIRE(errors::As<os::PathError>(err) != nullptr);
  CHECK(errors::As<os::PathError>(err)->Path == "/nosuch");
}

TEST_CASE("a write that blocks leaves the processor to others", "[os]") {
  int procs = runtime::GOMAXPROCS(1);
  int fds[2];
  REQUIRE(::pipe(fds) == 0);
  os::File in(fds[1]), out(fds[0]);
  auto written = make_chan<int>();
  // More than a pipe holds: the writer can only go on while this goroutine reads.
  go([=] { written.send(in.Write(std::string(1 << 20, 'x')).first); });
  size_t got = 0;
  while (got < 1 << 20) got += out.Read(64 * 1024).first.size();
  CHECK(written.recv() == 1 << 20);
  in.Close();
  CHECK(out.Read(1).second != nullptr);
  out.Close();
  runtime::GOMAXPROCS(procs);
}

TEST_CASE("arguments and environment", "[os]") {
  CHECK_FALSE(os::Args.empty());
  CHECK(os::Setenv("GOLAB_TEST", "1") == nullptr);
  CHECK(os::Getenv("GOLAB_TEST") == "1");
  CHECK_FALSE(os::LookupEnv("GOLAB_NO_SUCH").second);
}
