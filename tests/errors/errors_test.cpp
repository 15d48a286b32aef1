// Goal: errors compare, wrap and are found as Go's are.
#include "runtime/errors/errors.h"

#include "runtime/die/panic.h"
#include "runtime/fmt/fmt.h"
#include "tests/catch.h"

using namespace golab;

namespace {

struct not_found {
  std::string name;
  std::string Error() const { return name + " not found"; }
  bool operator==(const not_found&) const = default;
};
struct no_equality {
  std::string Error() const { return "same text"; }
  int unused = 0;
};
struct timed_out {
  std::string Error() const { return "timed out"; }
  bool Timeout() const { return true; }
};
struct layer {
  error inner;
  std::string Error() const { return "layer: " + inner.Error(); }
  error Unwrap() const { return inner; }
};
struct anything {
  std::string Error() const { return "anything"; }
  bool Is(const error& target) const { return target.Error() == "wanted"; }
};

error nothing_wrong() { return nullptr; }

}  // namespace

TEST_CASE("nil is the error that says nothing went wrong", "[errors]") {
  CHECK(nothing_wrong() == nullptr);
  CHECK_FALSE(nothing_wrong());
  CHECK(error() == error());
  CHECK(errors::New("x") != nullptr);
  SECTION("its text is a nil dereference") { CHECK_THROWS_AS(error().Error(), Panic); }
}

TEST_CASE("errors are equal as Go's interface values are", "[errors]") {
  error a = errors::New("x"), copy = a;
  CHECK(a == copy);
  CHECK_FALSE(a == errors::New("x"));
  CHECK(error(not_found{"bob"}) == error(not_found{"bob"}));
  CHECK_FALSE(error(not_found{"bob"}) == error(not_found{"eve"}));
  CHECK(error(timed_out{}) == error(timed_out{}));
  CHECK_FALSE(error(no_equality{}) == error(no_equality{}));
  SECTION("a pointer is compared by identity") {
    auto p = std::make_shared<not_found>(not_found{"bob"});
    CHECK(error(p) == error(p));
    CHECK_FALSE(error(p) == error(not_found{"bob"}));
    CHECK_FALSE(error(p) == error(std::make_shared<not_found>(not_found{"bob"})));
  }
}

TEST_CASE("Is and As look through what an error wraps", "[errors]") {
  error base = errors::New("base");
  error deep = layer{layer{fmt::Errorf("here: %w", base)}};
  CHECK(errors::Is(deep, base));
  CHECK_FALSE(errors::Is(deep, errors::New("base")));
  CHECK(errors::Is(deep, deep));
  error found = layer{errors::Join(base, not_found{"eve"})};
  REQUIRE(errors::As<not_found>(found) != nullptr);
  CHECK(errors::As<not_found>(found)->name == "eve");
  CHECK(errors::As<timed_out>(found) == nullptr);
  not_found copy;
  CHECK(errors::As(found, &copy));
  CHECK(copy.name == "eve");
  CHECK(errors::Unwrap(deep) != nullptr);
  CHECK(errors::Unwrap(base) == nullptr);
  SECTION("an Is of its own counts") {
    CHECK(errors::Is(layer{anything{}}, errors::New("wanted")));
    CHECK_FALSE(errors::Is(layer{anything{}}, errors::New("other")));
  }
  SECTION("nil is found nowhere but in nil") {
    CHECK(errors::Is(nullptr, nullptr));
    CHECK_FALSE(errors::Is(deep, nullptr));
    CHECK_FALSE(errors::Is(nullptr, base));
  }
}

TEST_CASE("Join puts one error on a line and leaves nil out", "[errors]") {
  CHECK(errors::Join(errors::New("a"), nullptr, errors::New("b")).Error() == "a\nb");
  CHECK(errors::Join(error(), error()) == nullptr);
  CHECK(errors::Unwrap(errors::Join(errors::New("a"))) == nullptr);
}

TEST_CASE("only an error that says so is a timeout", "[errors]") {
  CHECK(error(timed_out{}).Timeout());
  CHECK_FALSE(error(not_found{"x"}).Timeout());
  CHECK_FALSE(error(layer{timed_out{}}).Timeout());
}

TEST_CASE("%T names the type behind an error", "[errors][fmt]") {
  CHECK(fmt::Sprintf("%T %T", errors::New("x"), fmt::Errorf("y: %w", errors::New("x"))) ==
        "*errors.errorString *fmt.wrapError");
  CHECK(fmt::Sprintf("%T", error(not_found{"x"})) == "main.not_found");
  CHECK(fmt::Sprintf("%T", error(std::make_shared<not_found>())) == "*main.not_found");
}
