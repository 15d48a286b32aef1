// Goal: what fmt prints is what Go's fmt prints, also for wrong formats.
#include "runtime/fmt/fmt.h"

#include <map>

#include "runtime/time/time.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

struct celsius {
  double degrees;
  std::string String() const { return fmt::Sprintf("%.1f°C", degrees); }
};
struct broken {
  std::string Error() const { panic("from Error"); }
};
struct pair {
  int a, b;
};

struct sink {
  std::string text;
  std::pair<int, error> Write(std::string_view s) {
    text += s;
    return {static_cast<int>(s.size()), nullptr};
  }
};

}  // namespace

TEST_CASE("the Go program about formats prints the same here", "[fmt]") {
  std::string out;
  using bytes = std::vector<unsigned char>;
  bytes hi = {'h', 'i'};
  std::vector<int> ints = {1, 2};
  std::vector<std::string> ab = {"a", "b"}, quoted = {"a b", "c"};
  std::map<std::string, int> m = {{"b", 2}, {"a", 1}};
  fmt::Fprintln(out, 1e6, 123456789.0, 1e20, 1e21, 100000.0, 2097152.0, 0.0001, 0.00001);
  fmt::Fprintf(out, "%v %g %.3g %.10g %6.2f|%-8.1f|%08.3f|%+.1e|%e %G\n", 1e6, 123456789.0, 100.0,
               1e5, 3.14159, 2.55, -3.14159, 12345.678, 1e100, 1e-10);
  fmt::Fprintf(out, "%v %s %x %X % x %#x %q %+q\n", hi, hi, "hello", "hi", "abc", "abc", "a\"b\n",
               "é");
  fmt::Fprintf(out, "%5d|%-5d|%05d|%+d|%x|%X|%#x|%b|%o|%c|%q|%U\n", 42, 42, -42, 42, 255, 255, 255,
               5, 8, 'x', 'x', 'x');
  fmt::Fprintf(out, "%d %s %!\n", "hi", 5);
  fmt::Fprintf(out, "%d\n");
  fmt::Fprintf(out, "%d\n", 1, 2, "x");
  fmt::Fprintf(out, "%z %", 3);
  fmt::Fprintln(out);
  fmt::Fprintf(out, "%[2]d %[1]d %[3]d\n", 1, 2);
  fmt::Fprintf(out, "%*d|%-*d|%.*f\n", 5, 1, 5, 2, 2, 3.14159);
  fmt::Fprintf(out, "%v %d %v %v\n", ints, ints, ab, m);
  fmt::Fprintf(out, "%t %v %d %6t|\n", true, false, true, true);
  fmt::Fprintf(out, "%10s|%-10s|%.2s|%q\n", "abc", "abc", "abcdef", quoted);
  fmt::Fprintln(out, "a", 1, 2, "b", 3.0, nullptr, true);
  fmt::Fprint(out, "a", 1, 2, "b", "c", 3.0, "\n");
  fmt::Fprintf(out, "%v %d %s\n", nullptr, nullptr, nullptr);
  fmt::Fprintf(out, "%T %T %T %T %T\n", 1, "x", 2.5, ab, fmt::Errorf("x %w", fmt::Errorf("y")));
  fmt::Fprintf(out, "%s %v\n", error(), error());
  fmt::Fprintf(out, "%6.3d|%x|%X\n", 5, -255, "hi");
  fmt::Fprintf(out, "%08b|%3c|%-4q|%#q\n", 5, 'x', 'y', "abc");
  fmt::Fprintf(out, "%v %v\n", 0.1F, 16777216.0F);
  fmt::Fprintf(out, "%!d %%|%5%|%w\n", 5);
  fmt::Fprintf(out, "%t\n", 1);
  fmt::Fprintf(out, "% d|% d|%+v\n", 5, -5, "x");
  fmt::Fprintf(out, "%s\n", std::vector<error>{fmt::Errorf("e1"), nullptr});
  fmt::Fprintf(out, "%g %g %v\n", 1e300, 5e-324, 0.0);
  fmt::Fprintf(out, "%q %+q %q|%5s|%-5q|%.3s|\n", "\u0378\u0600", "\u0378", U'\u180e', "\x80\x80",
               "é", "\xffé\xff\xff");
  fmt::Fprintf(out, "%d %d\n", fmt::Sprintf("%.2000f", 1.5).size(),
               fmt::Sprintf("%2000.1000e", 1.5).size());
  compare_with_golden("fmt/golden.txt", out);
}

TEST_CASE("Error and String come before a value's own form", "[fmt]") {
  CHECK(fmt::Sprintf("%v %s %q", celsius{21.5}, celsius{0}, celsius{1}) ==
        "21.5°C 0.0°C \"1.0°C\"");
  CHECK(fmt::Sprint(time::Duration(1500) * time::Millisecond) == "1.5s");
  CHECK(fmt::Sprintf("%d", 2 * time::Microsecond) == "2000");
  celsius on_heap{5};
  CHECK(fmt::Sprint(&on_heap) == "5.0°C");
  CHECK(fmt::Sprint(std::shared_ptr<celsius>()) == "<nil>");
  SECTION("a panic in them is shown, not passed on") {
    CHECK(fmt::Sprintf("%v", broken{}) == "%!v(PANIC=Error method: from Error)");
  }
}

TEST_CASE("an any prints what it holds", "[fmt][any]") {
  CHECK(fmt::Sprint(any(5), any("x"), any()) == "5x<nil>");
  CHECK(fmt::Sprintf("%T %T %T", any(celsius{1}), any(pair{1, 2}), any(std::vector<int>{1})) ==
        "main.celsius main.pair []int");
  CHECK(any(1) == any(1));
  CHECK_FALSE(any(1) == any(1L));
  CHECK(any("a") == any(std::string("a")));
  CHECK(any(7).as<int>() == 7);
  CHECK(any("x").get<int>() == nullptr);
  SECTION("a wrong assertion panics as Go's does") {
    try {
      any("x").as<int>();
      FAIL("no panic");
    } catch (Panic& p) {
      CHECK(p.String() == "interface conversion: interface {} is string, not int");
    }
  }
}

TEST_CASE("Errorf wraps what %w names, one or several", "[fmt][errors]") {
  error base = errors::New("base"), other = errors::New("other");
  error one = fmt::Errorf("open %s: %w", "a.txt", base);
  CHECK(one.Error() == "open a.txt: base");
  CHECK(errors::Unwrap(one) == base);
  error two = fmt::Errorf("%w and %w", base, other);
  CHECK(errors::Is(two, base));
  CHECK(errors::Is(two, other));
  CHECK(errors::Unwrap(two) == nullptr);
  SECTION("%v does not wrap") { CHECK_FALSE(errors::Is(fmt::Errorf("x: %v", base), base)); }
}

TEST_CASE("Fprintf writes to whatever has Write", "[fmt]") {
  sink s;
  fmt::Fprintf(s, "%d", 1);
  fmt::Fprintf(&s, "%d", 2);
  auto shared = std::make_shared<sink>();
  auto [n, err] = fmt::Fprintln(shared, "three");
  CHECK(s.text == "12");
  CHECK(shared->text == "three\n");
  CHECK(n == 6);
  CHECK(err == nullptr);
}
