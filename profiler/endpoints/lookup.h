// lookup.h: Go's package runtime/pprof: profiles by name, written in one of three forms.
//
//   pprof::Lookup("goroutine")->WriteTo(os::Stdout, 1);  // pprof.Lookup("goroutine").WriteTo(...)
//
//   debug 0        pprof's gzipped protobuf, equal stacks counted
//   debug 1        text, equal stacks counted
//   debug 2, 3 …   text, every goroutine
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"
#include "runtime/pprof/labels.h"

namespace golab::glue {

// Go's io.Writer: anything with a Write(std::string_view) that returns a pair of int and error, or
// a function that takes a piece and returns an error.
class ProfileWriter {
 public:
  template <typename W>
  requires requires(W& w) { w.Write(std::string_view()).second; }
  ProfileWriter(W& w) : write_([&w](std::string_view piece) { return w.Write(piece).second; }) {}
  template <typename F>
  requires std::is_invocable_r_v<error, F, std::string_view> ProfileWriter(F f)
      : write_(std::move(f)) {}
  error operator()(std::string_view piece) const { return write_(piece); }

  bool cpp_names = false;  // C++ spelling instead of Go's: ?names=cpp, or GOLAB_NAMES=cpp for all

 private:
  std::function<error(std::string_view)> write_;
};

}  // namespace golab::glue

namespace golab::runtime::pprof {

using Writer = glue::ProfileWriter;

class Profile {
 public:
  explicit Profile(std::string name) : name_(std::move(name)) {}
  const std::string& Name() const { return name_; }
  // Returns the number of goroutines.
  int Count() const;
  // Takes the profile and writes it. Stops the world for a moment. Parks during another profile,
  // and where `w` parks. The error is w's, or: out of memory, or the world did not stop.
  error WriteTo(const Writer& w, int debug);

 private:
  std::string name_;
};

// Returns null if there is no profile of that name.
Profile* Lookup(std::string_view name);
// Returns all, by name.
std::vector<Profile*> Profiles();

// Writes the difference of two profiles in protobuf form, as ?seconds=N does (formats/delta.h).
error WriteDelta(const Writer& w, std::string_view before, std::string_view after);

}  // namespace golab::runtime::pprof
