// singleflight.h: golang.org/x/sync/singleflight: calls that ask for the same thing share one answer.
//
//   static singleflight::Group group;                      // var group singleflight.Group
//   auto [v, err, shared] = group.Do(key, [=] {            // v, err, shared := group.Do(key,
//     return load(key);                                    //     func() (any, error) {
//   });                                                    //         return load(key) })
//   std::string page = v.as<std::string>();                // page := v.(string)
//
// The function returns a pair of a value and an error: std::pair<any, error>, or any pair that turns
// into one. It runs in the goroutine of the first caller; those that come in the meantime park in
// sync.WaitGroup.Wait until it has ended.
//
// If the function panics, so does every Do that waits for it, with an error whose text is the panic's
// and its stack; errors::Unwrap gives the panic's value, if that was an error. With a DoChan among
// those that wait the program ends, because nobody could recover. If the function ends by Goexit, so
// does every goroutine that waits in Do, and nothing is sent to those of DoChan.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "runtime/chan/chan.h"
#include "runtime/errors/errors.h"
#include "runtime/fmt/any.h"
#include "runtime/sync/func.h"
#include "runtime/sync/mutex.h"

namespace golab::singleflight {

// What DoChan sends.
struct Result {
  any Val;
  error Err;
  bool Shared = false;  // Val went to several callers
};

class Group {
 public:
  using Func = golab::glue::Func<std::pair<any, error>()>;

  Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  // Calls fn and returns what it returns, or waits for such a call with the same key and returns
  // what that returns. Parks in that case. The bool: several callers have got the value.
  std::tuple<any, error, bool> Do(std::string_view key, Func fn);
  // The same, in a goroutine of its own. The channel has room for the result, and is not closed.
  RecvChan<Result> DoChan(std::string_view key, Func fn);
  // The next Do with this key calls its function, also while an earlier call still runs.
  void Forget(std::string_view key);

 private:
  struct call;
  void doCall(std::shared_ptr<call> c, std::string key, Func fn);

  sync::Mutex mu_;
  std::unordered_map<std::string, std::shared_ptr<call>> m_;
};

}  // namespace golab::singleflight
