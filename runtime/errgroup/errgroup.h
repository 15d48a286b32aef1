// errgroup.h: golang.org/x/sync/errgroup: goroutines that work on one task, and its first error.
//
//   auto [g, ctx] = errgroup::WithContext(parent);    // g, ctx := errgroup.WithContext(parent)
//   for (auto url : urls) {                           // for _, url := range urls {
//     g->Go([=, ctx = ctx] {                          //     g.Go(func() error {
//       return fetch(ctx, url);                       //         return fetch(ctx, url)
//     });                                             //     })
//   }                                                 // }
//   error err = g->Wait();                            // err := g.Wait()
//
// ctx is cancelled when a function first returns an error, and when Wait returns. A function that
// does not look at ctx runs on, and Wait waits for it.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "runtime/chan/chan.h"
#include "runtime/context/context.h"
#include "runtime/core/mistake.h"
#include "runtime/errors/errors.h"
#include "runtime/sync/func.h"
#include "runtime/sync/once.h"
#include "runtime/sync/waitgroup.h"

namespace golab::errgroup {
class Group;
}
namespace golab::glue {
void run_in_group(errgroup::Group* g, const Func<error()>& f);
}

namespace golab::errgroup {

// A Group made without WithContext (`errgroup::Group g;`) cancels nothing.
class Group {
 public:
  Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Calls f in a new goroutine. Parks while the limit is reached.
  void Go(golab::glue::Func<error()> f);
  template <typename F, typename... A>  // a mistake, see core/mistake.h
  requires(sizeof...(A) > 0 ||
           !std::is_convertible_v<F, golab::glue::Func<error()>>) void Go(F&&, A&&...) {
    static_assert(
        golab::glue::mistake<F, A...>,
        "g->Go(f): f takes no arguments and returns an error: g->Go([=] { return f(x); })");
  }
  // As Go, if the limit allows it at once; else returns false. Never parks.
  bool TryGo(golab::glue::Func<error()> f);
  // Parks until all functions have returned. Returns the first error. A function that panics ends
  // the program.
  error Wait();
  // At most n functions run at a time; any number if n < 0. Panics "errgroup: modify limit …" if
  // functions are running.
  void SetLimit(int n);

 private:
  friend std::pair<std::shared_ptr<Group>, context::Context> WithContext(
      const context::Context& ctx);
  friend void golab::glue::run_in_group(Group* g, const golab::glue::Func<error()>& f);

  golab::glue::Func<void(error)> cancel_;
  sync::WaitGroup wg_;
  Chan<Empty> sem_;  // one element per running function; nil: no limit
  sync::Once errOnce_;
  error err_;
};

[[nodiscard]] std::pair<std::shared_ptr<Group>, context::Context> WithContext(
    const context::Context& ctx);

}  // namespace golab::errgroup
