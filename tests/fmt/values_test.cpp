// Goal: values of all kinds print as the same ones do in Go, under every verb.
#include <array>
#include <functional>
#include <map>
#include <regex>
#include <sstream>

#include "runtime/chan/chan.h"
#include "runtime/fmt/fmt.h"
#include "runtime/time/time.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

enum class code : int {};
enum class flag : bool {};
struct reason : std::string {
  using std::string::string;
};
struct pair {
  int a, b;
};
struct Point {
  double X = 0, Y = 0;
};
struct person {
  std::string Name;
  int Age = 0;
  std::vector<std::string> tags;
  std::shared_ptr<pair> pal;
  Point Home;
  time::Duration Wait;
  time::Duration wait;
  error Err;
  any Any;
  Chan<int> ch;
};
struct empty {};
struct celsius {
  double degrees;
  std::string String() const { return fmt::Sprintf("%.1f°C", degrees); }
};
struct failure {
  int n;
  std::string Error() const { return fmt::Sprint("failure ", n); }
};
struct panics {
  std::string Error() const { panic("from Error"); }
};
template <typename T>
struct stack {
  std::vector<T> Items;
};
struct level {
  celsius Deg;
};
class declared;  // and no more

// As values.go does it.
template <typename T>
void show(std::string& out, const T& v) {
  static const std::regex kAddress("0x[0-9a-f]{6,}|[0-9]{9,}|[0-9a-fA-F]{8,}");
  std::istringstream verbs("%v %+v %#v %T %d %x %X %q %s %p %t %e %c %U %b %o");
  for (std::string verb; verbs >> verb;)
    out += verb + "\t" + std::regex_replace(fmt::Sprintf(verb, v), kAddress, "ADDR") + "\n";
}

}  // namespace

// Without the names of fields much of this is different (fields.h).
#if !defined(__clang__) || __clang_major__ >= 18
TEST_CASE("the Go program about values prints the same here", "[fmt]") {
  std::string out;
  auto say = [&](const auto& v) { show(out, v); };
  say(93);
  say(-7);
  say(5U);
  say(uint8_t{200});
  say(code{93});
  say(flag{true});
  say("text");
  say(2.5);
  say(1e10F);
  say(true);
  say(nullptr);
  say(std::vector<int>{1, -2});
  say(std::vector<std::string>{"a", "b c"});
  say(std::vector<unsigned char>{'h', 'i'});
  say(std::array<bool, 2>{true, false});
  say(std::vector<pair>{{1, 2}, {3, 4}});
  say(std::map<std::string, int>{{"a", 1}, {"b", 2}});
  say(std::map<int, std::vector<std::string>>{{1, {"x"}}});
  std::vector<int> none;
  none.reserve(1);  // as in Go, an empty slice that is not nil
  say(none);
  say(pair{1, 2});
  pair one_two{1, 2};
  say(&one_two);
  say(std::vector<pair*>{&one_two});
  say(std::shared_ptr<pair>());
  say(empty{});
  say(Point{1, 2.5});
  person ann;
  ann.Name = "Ann";
  ann.Age = 30;
  ann.tags = {"x"};
  ann.Wait = ann.wait = time::Second;
  ann.Any = 5;
  say(ann);
  person other;
  other.pal = std::make_shared<pair>(one_two);
  other.Any = "s";
  other.ch = make_chan<int>();
  say(other);
  say(make_chan<int>());
  say(Chan<int>());
  say(RecvChan<std::string>());
  say(make_chan<Empty>());
  say(celsius{21});
  say(std::make_shared<celsius>(celsius{21}));
  say(std::vector<celsius>{{1}, {2}});
  say(level{{3}});
  say(panics{});
  say(stack<int>{{1}});
  say(stack<pair>{{{1, 2}}});
  say(1500 * time::Millisecond);
  say(std::vector<any>{1, "a", nullptr, 2.5, pair{1, 2}});
  say(std::map<std::string, any>{{"k", std::vector<int>{1}}});
  std::vector<int> ints{1};
  say(&ints);
  std::map<std::string, int> letters{{"a", 1}};
  say(&letters);
  int n = 5;
  say(&n);
  fmt::Fprintf(out, "%T\n", std::function<std::string(int)>());
  say(reason("why"));
  error fails = std::make_shared<failure>(failure{3});
  for (const error& err : {errors::New("e"), fails})
    fmt::Fprintf(out, "%v|%+v|%T|%x|%q|%s\n", err, err, err, err, err, err);
  using errs = std::vector<error>;
  fmt::Fprintf(out, "%v|%+v|%T|%q|%s\n", errs{fails, nullptr}, errs{fails}, errs{}, errs{fails},
               errs{nullptr});
  fmt::Fprintf(out, "%!|%z|%-+5d|%d|%s\n", 1, 2, "x", 3);
  fmt::Fprintf(out, "%d %d\n", 1);
  fmt::Fprintf(out, "%[1]d %[3]*.[2]*[1]f|%[5]d\n", 12.0, 2, 6);
  fmt::Fprintf(out, "%6v|%-6v|%06d|%6v|%+6d\n", std::vector<int>{1, 2}, pair{1, 2},
               std::vector<int>{-1}, "é", pair{1, 2});
  fmt::Fprintf(out, "%s %d\n", pair{1, 2}, person{}.Home);
  fmt::Fprintf(out, "%5t|%-7t|%q|%x\n", true, false, std::vector<std::string>{"a"}, "hé");
  std::vector<unsigned char> bytes{1, 171};
  fmt::Fprintf(out, "%x %X %#x % x\n", std::vector<std::string>{"ab", "c"}, bytes, bytes, bytes);
  fmt::Fprintf(out, "%08.3f|%+08.3f|% 8.3f|%-8.3f|%8.3g\n", 3.14159, 3.14159, 3.14159, 3.14159,
               3.14159);
  fmt::Fprintln(out, pair{1, 2}, &one_two, std::vector<any>{nullptr}, std::array<int, 0>{}, Empty{},
                code{3});
  fmt::Fprint(out, pair{1, 2}, pair{3, 4}, "a", "b", 1, 2, nullptr, "\n");
  compare_with_golden("fmt/values.txt", out);
}
#endif

TEST_CASE("what is no plain struct prints without its fields", "[fmt]") {
  struct array {
    int a[3];
  };
  class closed {
   public:
    explicit closed(int n) : n_(n) {}
    int n() const { return n_; }

   private:
    int n_;
  };
  struct derived : pair {
    int c;
  };
  CHECK(fmt::Sprint(array{{1, 2, 3}}) == "{main.array}");
  CHECK(fmt::Sprint(closed(1)) == "{main.closed}");
  CHECK(fmt::Sprint(derived{{1, 2}, 3}) == "{main.derived}");
  CHECK(fmt::Sprint(closed(1).n(), pair{1, 2}) == "1 {1 2}");
  struct holder {
    std::shared_ptr<declared> p;
  };
  CHECK(fmt::Sprint(holder(), std::shared_ptr<declared>()) == "{<nil>} <nil>");
}
