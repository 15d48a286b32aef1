// lookup.h: Go's package runtime/pprof: profiles by name, written in one of three forms.
//
//   pprof::Lookup("goroutine")->WriteTo(os::Stdout, 1);  // pprof.Lookup("goroutine").WriteTo(...)
//
//   debug 0        pprof's gzipped protobuf, equal stacks counted
//   debug 1        text, equal stacks counted
//   debug 2, 3 …   goroutine: text, every goroutine. The others: as debug 1
//
//   goroutine      where every goroutine stands, at one instant
//   block          where goroutines waited, and for how long (runtime::SetBlockProfileRate)
//   mutex          who held locks that others waited for (runtime::SetMutexProfileFraction)
//   heap           what holds memory (runtime/heap/mprof.h)
//   allocs         the same samples, shown by what was ever allocated
//   threadcreate   how many threads there are; as in Go, without their stacks
//
// A profile of the program's own counts what is open, by where it was opened:
//
//   auto* conns = pprof::NewProfile("example.com/conns");  // conns := pprof.NewProfile(…)
//   conns->Add(c, 0);                                      // conns.Add(c, 0)     at its opening
//   conns->Remove(c);                                      // conns.Remove(c)     at its end
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
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
  // How a profile of the runtime's is counted and written.
  struct BuiltIn {
    int (*count)();
    error (*write)(const Writer& w, int debug);
  };
  Profile(std::string name, BuiltIn built_in) : name_(std::move(name)), built_in_(built_in) {}

  const std::string& Name() const { return name_; }
  // Returns the number of goroutines, of threads, of different stacks (block, mutex; heap, allocs:
  // and sizes), or of values.
  int Count() const;
  // Takes the profile and writes it. `goroutine` stops the world for a moment. Parks during another
  // profile, and where `w` parks. The error is w's, or: out of memory, or the world did not stop.
  error WriteTo(const Writer& w, int debug);

  // Counts a value, known by its address, under the stack of this call; skip leaves out that many
  // frames, 0 none. Panics "pprof: Profile.Add of duplicate value", and "pprof: Add called on
  // built-in Profile NAME".
  void Add(const void* value, int skip);
  // Does nothing if the value is not there.
  void Remove(const void* value);

 private:
  std::string name_;
  BuiltIn built_in_;
  mutable std::mutex mu_;
  std::map<const void*, std::vector<uintptr_t>> values_;  // where each was added
};

// Returns null if there is no profile of that name.
Profile* Lookup(std::string_view name);
// Returns all, by name.
std::vector<Profile*> Profiles();
// Makes a profile. It stays. By convention a name begins with an import path and a slash.
// Panics "pprof: NewProfile with empty name" and "pprof: NewProfile name already in use: NAME".
Profile* NewProfile(std::string name);

// Lookup("heap")->WriteTo(w, 0). The error, also of that: this program is linked without the library
// `heap`, so its allocations are not known.
error WriteHeapProfile(const Writer& w);

// Writes the difference of two profiles in protobuf form, as ?seconds=N does (formats/delta.h).
error WriteDelta(const Writer& w, std::string_view before, std::string_view after);

}  // namespace golab::runtime::pprof
