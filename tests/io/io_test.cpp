// Goal: io and bufio copy, split, limit, buffer and fail as Go's packages do.
#include <memory>

#include "runtime/bufio/bufio.h"
#include "runtime/golab.h"
#include "runtime/io/streams.h"
#include "tests/golden_lines.h"

namespace {

std::string out;  // what the golden program prints so far

template <typename... A>
void say(const A&... a) {
  fmt::Fprintln(out, a...);
}

// Takes so many bytes, then fails.
struct Limited {
  int room = 0;
  error err;
  std::string got;
  std::pair<int, error> Write(std::string_view text) {
    const int n = std::min(static_cast<int>(text.size()), room);
    got += text.substr(0, static_cast<size_t>(n));
    room -= n;
    return {n, n < static_cast<int>(text.size()) ? err : error()};
  }
};
Limited limited(int room, error err = nullptr) { return {room, std::move(err), ""}; }

// One byte at a time, then an error, perhaps together with the last byte.
struct Slow {
  std::string text;
  error err;
  bool with;
  std::pair<int, error> Read(char* p, size_t n) {
    if (text.empty() || n == 0) return {0, err};
    *p = text[0];
    text.erase(0, 1);
    return {1, with && text.empty() ? err : error()};
  }
};
io::Reader slow(std::string text, error err, bool with) {
  return std::make_shared<Slow>(Slow{std::move(text), std::move(err), with});
}

struct Nothing {
  std::pair<int, error> Read(char*, size_t) { return {0, nullptr}; }
};

const error broken = errors::New("broken");

io::Reader text(std::string s) { return io::NopCloser(std::move(s)); }

void copies() {
  for (const io::Reader& src :
       {text("hello"), text(""), slow("abc", io::EOF_, false), slow("abc", io::EOF_, true),
        slow("abc", broken, false), slow("abc", broken, true)}) {
    std::string b;
    auto [n, err] = io::Copy(&b, src);
    say(n, err, b);
  }
  for (int room : {0, 3, 5}) {
    for (const error& fails : {error(), broken}) {
      Limited w = limited(room, fails);
      auto [n, err] = io::Copy(&w, slow("hello", io::EOF_, false));
      say(n, err, w.got);
      w = limited(room, fails);
      auto [m, err2] = io::Copy(&w, io::LimitReader(text("hello"), 9));
      say(m, err2, w.got);
    }
  }
  for (int64_t wanted : {0, 3, 5, 6}) {
    std::string b;
    auto [n, err] = io::CopyN(&b, text("hello"), wanted);
    say(n, err, b);
  }
  auto [n, err] = io::CopyN(io::Discard, slow("abc", broken, false), 5);
  say(n, err);
  auto [all, err2] = io::ReadAll(slow("abc", broken, true));
  say(all, err2);
  auto [many, err3] =
      io::ReadAll(io::MultiReader({text("ab"), text(""), slow("cd", io::EOF_, true), text("ef")}));
  say(many, err3);
}

std::string_view got(const char* buf, int n) { return {buf, static_cast<size_t>(n)}; }

void reads() {
  struct {
    size_t n, min;
    io::Reader r;
  } cases[] = {{3, 3, text("hello")},
               {5, 5, text("hello")},
               {6, 6, text("hello")},
               {6, 6, text("")},
               {0, 0, text("")},
               {3, 4, text("hello")},
               {9, 2, text("hello")},
               {4, 4, slow("abc", broken, false)},
               {3, 3, slow("abc", broken, true)}};
  char buf[16];
  for (auto& c : cases) {
    auto [n, err] = io::ReadAtLeast(c.r, buf, c.n, c.min);
    say(n, err, got(buf, n));
  }
  io::Reader l = io::LimitReader(text("hello"), 3);
  for (int i = 0; i < 3; i++) {
    auto [n, err] = l.Read(buf, 2);
    say(n, err, got(buf, n));
  }
  for (int room : {9, 3}) {
    Limited w = limited(room, broken);
    auto [all, err] = io::ReadAll(io::TeeReader(text("hello"), &w));
    say(all, err, w.got);
  }
  Limited a = limited(9), b = limited(3), c = limited(9);
  auto [n, err] = io::MultiWriter({&a, &b, &c}).Write("hello");
  say(n, err, a.got, b.got, c.got);
  b = limited(9);
  auto [m, err2] = io::WriteString(io::MultiWriter({&a, &b}), "hey");
  say(m, err2, a.got, b.got);
}

void sections() {
  auto s = io::NewSectionReader(std::string("0123456789"), 2, 5);
  say(s->Size());
  char buf[3];
  for (int i = 0; i < 3; i++) {
    auto [n, err] = s->Read(buf, 3);
    say(n, err, got(buf, n));
  }
  for (int64_t at : {0, 3, 4, 5, -1}) {
    auto [n, err] = s->ReadAt(buf, 3, at);
    say(n, err, got(buf, n));
  }
  const std::pair<int64_t, int> places[] = {{1, io::SeekStart},  {1, io::SeekCurrent},
                                            {-1, io::SeekEnd},   {9, io::SeekStart},
                                            {-9, io::SeekCurrent}, {0, 7}};
  for (auto [to, whence] : places) {
    auto [n, err] = s->Seek(to, whence);
    say(n, err);
  }
  auto [n, err] = io::NewSectionReader(std::string("01"), 1, 5)->Read(buf, 3);
  say(n, err);
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  say(io::NewSectionReader(std::string("01"), 1, kMax)->Size() == kMax - 1);
}

void pipe_ends() {
  using End = void (*)(io::PipeReader, io::PipeWriter);
  const End ends[] = {
      [](io::PipeReader, io::PipeWriter w) { w.CloseWithError(broken); },
      [](io::PipeReader r, io::PipeWriter) { r.CloseWithError(broken); },
      [](io::PipeReader, io::PipeWriter w) { w.CloseWithError(nullptr); },
      [](io::PipeReader r, io::PipeWriter) { r.Close(); },
      [](io::PipeReader r, io::PipeWriter w) {
        w.CloseWithError(broken);
        w.Close();
        r.CloseWithError(io::EOF_);
      },
      [](io::PipeReader r, io::PipeWriter w) {
        r.CloseWithError(broken);
        w.CloseWithError(io::EOF_);
      },
  };
  for (End end : ends) {
    auto [r, w] = io::Pipe();
    end(r, w);
    char buf[3];
    auto [n, err] = r.Read(buf, 3);
    auto [m, err2] = w.Write("x");
    say(n, err, m, err2);
  }
}

void pipes() {
  auto [r, w] = io::Pipe();
  auto wrote = make_chan<std::string>(1);
  go([w = w, wrote] {
    auto [n, err] = w.Write("hello");
    wrote.send(fmt::Sprint(n, " ", err));
    w.Write("");
    w.Close();
  });
  char buf[3];
  for (int i = 0; i < 5; i++) {
    auto [n, err] = r.Read(buf, 3);
    say(n, err, got(buf, n));
  }
  say(wrote.recv());
  say(w.Close(), r.Close());
  auto [n, err] = w.Write("x");
  say(n, err);
  auto [m, err2] = r.Read(buf, 3);
  say(m, err2);
  pipe_ends();

  auto done = make_chan<std::string>();
  std::tie(r, w) = io::Pipe();
  go([w = w, done] {
    auto [n, err] = w.Write("hello");
    done.send(fmt::Sprint(n, " ", err));
  });
  io::ReadFull(r, buf, 3);
  r.CloseWithError(broken);
  say(done.recv());
  std::tie(r, w) = io::Pipe();
  go([r = r, done] {
    char own[3];
    auto [n, err] = r.Read(own, 3);
    done.send(fmt::Sprint(n, " ", err));
  });
  w.CloseWithError(broken);
  say(done.recv());
}

void scan(bufio::Scanner& s) {
  while (s.Scan()) fmt::Fprintf(out, "%q ", s.Text());
  fmt::Fprintf(out, "%q %v\n", s.Text(), s.Err());
}

using Splitter = bufio::Split (*)(std::string_view, bool);

void splits() {
  using namespace std::string_literals;
  for (const std::string& s :
       {""s, "\n"s, "a"s, "a\n"s, "a\nb"s, "a\r\nb\r"s, "\r\n\r\n"s, "a\n\nb\n"s, "\xff\n"s}) {
    int i = 0;
    for (Splitter split :
         {bufio::ScanLines, bufio::ScanWords, bufio::ScanBytes, bufio::ScanRunes}) {
      bufio::Scanner scanner(slow(s, io::EOF_, i++ % 2 == 0));
      scanner.Split(split);
      scan(scanner);
    }
  }
  for (const std::string& s :
       {" one  two\tthree\u2003four\n "s, "h\u00e9\u4e16\U0001f600\xe4\xb8"s, "\xf0\x9f\x98"s,
        "\xed\xa0\x80"s, "\xe0\x80"s}) {
    for (Splitter split : {bufio::ScanWords, bufio::ScanRunes}) {
      bufio::Scanner scanner(slow(s, io::EOF_, false));
      scanner.Split(split);
      scan(scanner);
    }
  }
}

bufio::Split split_of(int64_t advance, std::optional<std::string_view> token, error err) {
  bufio::Split s;
  s.advance = advance;
  s.token = token;
  s.err = std::move(err);
  return s;
}

void odd_splits() {
  const bufio::SplitFunc splits[] = {
      [](std::string_view, bool) { return split_of(-1, {}, nullptr); },
      [](std::string_view data, bool) {
        return split_of(static_cast<int64_t>(data.size()) + 1, {}, nullptr);
      },
      [](std::string_view, bool) { return split_of(0, {}, broken); },
      [](std::string_view, bool) { return split_of(0, {}, bufio::ErrFinalToken); },
      [](std::string_view, bool) { return split_of(0, "t", bufio::ErrFinalToken); },
      [](std::string_view, bool) { return split_of(0, "", bufio::ErrFinalToken); },
  };
  for (const auto& split : splits) {
    bufio::Scanner s(text("abc"));
    s.Split(split);
    scan(s);
  }
  auto panics = [](auto f) {
    try {
      f();
      say("<nil>");
    } catch (Panic& p) {
      say(p.String());
    }
  };
  bufio::Scanner s(text("abc"));
  s.Scan();
  panics([&] { s.Split(bufio::ScanWords); });
  panics([&] { s.Buffer(0, 1); });
  bufio::Scanner empties(text(""));
  empties.Split([](std::string_view, bool) { return split_of(0, "", nullptr); });
  panics([&] {
    while (empties.Scan()) {
    }
  });
}

void scanners() {
  splits();
  bufio::Scanner fails(slow("a\nb", broken, false)), stands{io::Reader(Nothing())};
  scan(fails);
  scan(stands);
  for (size_t n : {65534, 65535, 65536, 65537}) {
    bufio::Scanner s(text(std::string(n, 'x') + "\ny\n"));
    int tokens = 0;
    while (s.Scan()) tokens++;
    say(n, tokens, s.Err(), s.Err() == bufio::ErrTooLong);
  }
  for (auto [capacity, max] :
       {std::pair(0, 3), std::pair(0, 4), std::pair(10, 3), std::pair(0, 0)}) {
    bufio::Scanner s(text("abc\nde\n"));
    s.Buffer(capacity, max);
    scan(s);
  }
  odd_splits();
}

void readers() {
  auto r = bufio::NewReaderSize(
      slow("line one\nline two is longer than the buffer\nend", io::EOF_, false), 16);
  say(r.Size(), r.Buffered());
  for (int i = 0; i < 4; i++) {
    auto [s, err] = r.ReadString('\n');
    fmt::Fprintf(out, "%q %v\n", s, err);
  }
  r = bufio::NewReaderSize(text("0123456789abcdefghij"), 16);
  for (int n : {3, 16, 17, -1, 0}) {
    auto [p, err] = r.Peek(n);
    fmt::Fprintf(out, "%q %v %d\n", p, err, r.Buffered());
  }
  say(r.UnreadByte());
  auto [c, err] = r.ReadByte();
  error first = r.UnreadByte(), second = r.UnreadByte();
  say(std::string(1, c), err, first, second);
  for (int n : {2, 0, -1, 16, 9}) {
    auto [d, err2] = r.Discard(n);
    say(d, err2, r.Buffered());
  }
  auto [none, err3] = r.ReadByte();
  say(static_cast<int>(none), err3);
  r.Reset(text("abc"));
  auto [p, err4] = r.Peek(5);
  fmt::Fprintf(out, "%q %v\n", p, err4);
  char buf[2];
  for (int i = 0; i < 3; i++) {
    auto [n, err5] = r.Read(buf, 2);
    say(n, err5, got(buf, n));
  }
  r.Reset(Nothing());
  auto [zero, err6] = r.ReadByte();
  say(static_cast<int>(zero), err6);
  r.Reset(slow("ab", broken, true));
  for (int i = 0; i < 2; i++) {
    auto [s, err7] = r.ReadString('x');
    say(s, err7);
  }
}

void writers() {
  for (auto [room, err] : {std::pair(99, error()), std::pair(10, error()), std::pair(10, broken),
                           std::pair(0, broken)}) {
    Limited to = limited(room, err);
    bufio::Writer w(&to, 8);
    for (const char* s : {"abc", "defgh", "ij", "0123456789ABCDEF", "k"}) {
      auto [n, err2] = w.WriteString(s);
      say(n, err2, w.Buffered(), w.Available(), to.got);
      auto [m, err3] = w.Write(s);
      say(m, err3, w.Buffered(), w.Available(), to.got);
    }
    error byte = w.WriteByte('z'), flush = w.Flush();
    say(byte, flush, w.Buffered(), to.got, w.Size());
    w.Reset(limited(9));
    flush = w.Flush();
    say(flush, w.Buffered());
  }
}

}  // namespace

TEST_CASE("the Go program about io and bufio prints the same here", "[io]") {
  out.clear();
  copies();
  reads();
  sections();
  pipes();
  scanners();
  readers();
  writers();
  compare_with_golden("io/golden.txt", out);
}

TEST_CASE("a pipe's waits have Go's frames", "[io][frames]") {
  auto [r, w] = io::Pipe();
  go([r = r] {
    char byte;
    r.Read(&byte, 1);
  });
  auto waits = [](const std::string& stack) {
    return eventually([&] {
      std::string all = runtime::StackText(true), functions;
      for (const std::string& line : lines_of(all)) {
        if (line.empty() || line[0] == '\t') continue;
        functions += line.substr(0, line.rfind('(')) + "\n";
      }
      return functions.find(stack) != std::string::npos;
    });
  };
  CHECK(waits("io.(*pipe).read\nio.(*PipeReader).Read\nmain."));
  w.Write("x");
  go([w = w] { w.Write("x"); });
  CHECK(waits("io.(*pipe).write\nio.(*PipeWriter).Write\nmain."));
  r.Close();
}

TEST_CASE("several goroutines write to one pipe, each its bytes in one piece", "[io]") {
  auto [r, w] = io::Pipe();
  sync::WaitGroup wg;
  for (char c : {'a', 'b', 'c', 'd'}) {
    wg.Go([w = w, c] {
      for (int i = 0; i < 50; i++) w.Write(std::string(10, c));
    });
  }
  go([&wg, w = w] {
    wg.Wait();
    w.Close();
  });
  auto [all, err] = io::ReadAll(r);
  CHECK(err == nullptr);
  REQUIRE(all.size() == 2000);
  int torn = 0;
  for (size_t i = 0; i < all.size(); i += 10) {
    if (all.substr(i, 10) != std::string(10, all[i])) torn++;
  }
  CHECK(torn == 0);
}

TEST_CASE("a nil reader and a nil writer panic where they are used", "[io]") {
  char byte;
  CHECK_THROWS_AS(io::Reader().Read(&byte, 1), Panic);
  CHECK_THROWS_AS(io::Copy(io::Writer(), text("x")), Panic);
}

TEST_CASE("files, connections and buffers are readers and writers", "[io]") {
  SECTION("a file is read, and what is printed to a buffer arrives when it is flushed") {
    auto [dir, err] = os::MkdirTemp("", "io_test");
    REQUIRE(err == nullptr);
    const std::string name = dir + "/numbers";
    auto [to, create_err] = os::Create(name);
    REQUIRE(create_err == nullptr);
    bufio::Writer w(to);
    for (int i = 0; i < 3; i++) fmt::Fprintf(w, "%d\n", i);
    CHECK(os::ReadFile(name).first.empty());
    CHECK(w.Flush() == nullptr);
    to.Close();
    auto [from, open_err] = os::Open(name);
    REQUIRE(open_err == nullptr);
    bufio::Scanner lines(from);
    int sum = 0;
    while (lines.Scan()) sum += std::stoi(lines.Text());
    CHECK(sum == 3);
    CHECK(lines.Err() == nullptr);
    from.Close();
    os::Remove(name);
    os::Remove(dir);
  }
  SECTION("a connection echoes") {
    auto [l, err] = net::Listen("tcp", "127.0.0.1:0");
    REQUIRE(err == nullptr);
    go([l = l] {
      auto [conn, accept_err] = l.Accept();
      if (accept_err == nullptr) io::Copy(conn, conn);
      conn.Close();
    });
    auto [conn, dial_err] = net::Dial("tcp", l.Addr().String());
    REQUIRE(dial_err == nullptr);
    std::string copy;
    io::WriteString(io::MultiWriter({conn, &copy}), "hello");
    conn.CloseWrite();
    auto [echo, read_err] = io::ReadAll(io::TeeReader(conn, &copy));
    CHECK(read_err == nullptr);
    CHECK(echo == "hello");
    CHECK(copy == "hellohello");
    conn.Close();
    l.Close();
  }
}
