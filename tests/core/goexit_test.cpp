// Goal: Goexit in a Defer ends the panic because of which it runs, whoever waits for that panic, and
// the goroutine ends as by any Goexit. (Where nobody waits for it: tests/dies/panics_test.cpp too.)
#include <memory>
#include <stdexcept>
#include <string>

#include "runtime/golab.h"
#include "tests/catch.h"

namespace {

struct Speaks {
  std::string* trail;
  std::string what;
  ~Speaks() { *trail += what + " "; }
};

// What f leaves in the trail, in a goroutine of its own. "left" is there if it did not return.
template <typename F>
std::string trail_of(F f) {
  std::string trail;
  auto done = make_chan<bool>();
  go([&, done] {
    Defer last{[=] { close(done); }};
    std::string end = "left";
    Defer how{[&] { trail += end; }};
    f(&trail);
    end = "returned";
  });
  done.recv();
  return trail;
}

}  // namespace

TEST_CASE("Goexit in a Defer goes past whoever would catch the panic", "[goexit][panic]") {
  CHECK(trail_of([](std::string* trail) {
          try {
            Speaks outer{trail, "outer"};
            [&] {
              Speaks middle{trail, "middle"};
              Defer leave{[&] {
                Speaks inside{trail, "inside"};
                *trail += "goexit ";
                runtime::Goexit();
              }};
              Speaks inner{trail, "inner"};
              panic("gone");
            }();
          } catch (Panic&) {
            *trail += "caught ";
          }
          *trail += "goes on ";
        }) == "inner goexit inside middle outer left");
}

TEST_CASE("Goexit in a Defer runs the Defers that are left", "[goexit][panic][defer]") {
  auto steps = [](std::string* trail) {
    Defer one{[=] { *trail += "1 "; }};
    Defer two{[=] { *trail += "2 "; }};
    Defer leave{[=] { runtime::Goexit(); }};
    Defer three{[=] { *trail += "3 "; }};
    panic("gone");
  };
  SECTION("nobody waits for the panic") { CHECK(trail_of(steps) == "3 2 1 left"); }
  SECTION("a catch block waits for it") {
    CHECK(trail_of([=](std::string* trail) {
            try {
              steps(trail);
            } catch (Panic&) {
              *trail += "caught ";
            }
          }) == "3 2 1 left");
  }
  SECTION("two of them call Goexit") {
    for (bool caught : {false, true}) {
      auto twice = [](std::string* trail) {
        Defer one{[=] { *trail += "1 "; }};
        Defer again{[=] { runtime::Goexit(); }};
        Defer leave{[=] { runtime::Goexit(); }};
        panic("gone");
      };
      CHECK(trail_of([=](std::string* trail) {
              if (!caught) return twice(trail);
              try {
                twice(trail);
              } catch (Panic&) {
                *trail += "caught ";
              }
            }) == "1 left");
    }
  }
}

TEST_CASE("Goexit goes through catch blocks that ask what they caught", "[goexit][panic]") {
  CHECK(trail_of([](std::string* trail) {
          try {
            [] {
              Defer leave{[] { runtime::Goexit(); }};
              panic("gone");
            }();
          } catch (...) {
            *trail += "looked ";
            runtime::panic_caught();  // does not return
            *trail += "caught ";
          }
        }) == "looked left");
}

TEST_CASE("Goexit deep below a Defer ends all of that Defer", "[goexit][panic][defer]") {
  for (bool caught : {false, true}) {
    auto deep = [](std::string* trail) {
      Defer leave{[=] {
        Defer inner{[=] {
          Defer innermost{[] { runtime::Goexit(); }};
          *trail += "a ";
        }};
        *trail += "b ";
      }};
      panic("gone");
    };
    CHECK(trail_of([=](std::string* trail) {
            if (!caught) return deep(trail);
            try {
              deep(trail);
            } catch (Panic&) {
              *trail += "caught ";
            }
          }) == "b a left");
  }
}

TEST_CASE("a panic in a Defer may end by Goexit, and the older one with it", "[goexit][panic]") {
  for (bool caught : {false, true}) {
    auto nested = [](std::string* trail) {
      Defer outer{[=] {
        try {
          Defer leave{[] { runtime::Goexit(); }};
          panic("second");
        } catch (Panic&) {
          *trail += "caught second ";
        }
        *trail += "goes on ";
      }};
      panic("first");
    };
    CHECK(trail_of([=](std::string* trail) {
            if (!caught) return nested(trail);
            try {
              nested(trail);
            } catch (Panic&) {
              *trail += "caught first ";
            }
          }) == "left");
  }
}

TEST_CASE("Goexit goes past a catch block in the function of its Defer", "[goexit][panic]") {
  CHECK(trail_of([](std::string* trail) {
          Defer outside{[=] { *trail += "outside "; }};
          try {
            Defer first{[=] { *trail += "first "; }};
            Defer leave{[] { runtime::Goexit(); }};
            Defer last{[=] { *trail += "last "; }};
            panic("gone");
          } catch (Panic&) {
            *trail += "caught ";
          }
          *trail += "goes on ";
        }) == "last first outside left");
}

TEST_CASE("a goroutine that Goexit took out of a panic leaves nothing behind", "[goexit][panic]") {
  auto alive = std::make_shared<int>(0);
  for (int i = 0; i < 200; i++) {
    trail_of([=](std::string*) {
      std::shared_ptr<int> held = alive;
      Defer leave{[held] { runtime::Goexit(); }};
      panic(held);
    });
    trail_of([=](std::string*) {
      try {
        std::shared_ptr<int> held = alive;
        [&] {
          Defer leave{[held] { runtime::Goexit(); }};
          panic(held);
        }();
      } catch (Panic&) {}
    });
    // What is left of a frame that has the catch block and the Defer holds the value of the panic no
    // more, and its Defers have run.
    trail_of([=](std::string*) {
      try {
        Defer leave{[] { runtime::Goexit(); }};
        panic(std::shared_ptr<int>(alive));
      } catch (Panic&) {}
    });
  }
  CHECK(eventually([&] { return alive.use_count() == 1; }));
  // And panics are what they were.
  try {
    panic("later");
  } catch (Panic& p) {
    CHECK(p.String() == "later");
    CHECK(std::uncaught_exceptions() == 0);
  }
}

TEST_CASE("wg.Go counts a function as done that Goexit took out of a panic", "[goexit][waitgroup]") {
  sync::WaitGroup wg;
  for (int i = 0; i < 20; i++) {
    wg.Go([] {
      Defer leave{[] { runtime::Goexit(); }};
      panic("gone");
    });
  }
  wg.Wait();
  CHECK(eventually([] { return runtime::NumGoroutine() == 1; }));
}
