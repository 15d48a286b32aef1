// lookup.h: Go's package runtime/pprof: profiles by name, written in any of their forms.
//
//   pprof::Lookup("goroutine")->WriteTo(os::Stdout, 1);   //
//   pprof.Lookup("goroutine").WriteTo(os.Stdout, 1)
//
// debug 0: pprof's gzipped protobuf. 1: text, equal stacks counted. 2 and more: text, every
// goroutine.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/errors/errors.h"

namespace golab::runtime::pprof {

// Where a profile goes. Reports a failure by its own means.
using Writer = std::function<error(std::string_view)>;

class Profile {
 public:
  explicit Profile(std::string name) : name_(std::move(name)) {}
  const std::string& Name() const { return name_; }
  // How many samples it has now: goroutines, for "goroutine".
  int Count() const;
  // Takes the profile and writes it. Stops the world for a moment; parks while another profile is
  // taken and wherever `w` does. The error is w's.
  error WriteTo(const Writer& w, int debug);
  // The same to anything with Write(std::string_view) that answers a pair of int and error.
  template <typename W>
  requires requires(W& w) { w.Write(std::string_view()).second; }
  error WriteTo(W& w, int debug) {
    return WriteTo(Writer([&w](std::string_view piece) { return w.Write(piece).second; }), debug);
  }

 private:
  std::string name_;
};

// Null if there is no profile of that name.
Profile* Lookup(std::string_view name);
// All of them, by name.
std::vector<Profile*> Profiles();

// The delta between two profiles `before` and `after` (protobuf form), as ?seconds=N answers it.
error WriteDelta(const Writer& w, std::string_view before, std::string_view after);

}  // namespace golab::runtime::pprof

namespace golab {
namespace pprof = runtime::pprof;
}
