// profile_reader.h: reads a profile of any form, piece by piece as it comes from a file or a
// service.
//
//   ProfileReader reader("profile.pb.gz");
//   reader.write(piece);                       // as often as there are pieces
//   ReadResult result = reader.finish();
//
//   pprof's protobuf          kept until it is complete
//   the text of ?debug=1      goroutine, threadcreate, heap, block, mutex, custom profiles
//   a dump                    ?debug=2, a panic, SIGQUIT; counted as it comes, so it may have any size
//
// Each of them may be packed by gzip or be UTF-16; a text may stand anywhere in a log. Any bytes
// are safe. A text is read as far as it can be; what is missing is said in the result's warnings.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "profiler/formats/profile.h"

namespace golab::profiler {

class ProfileReader {
 public:
  // `name` is the file's name or URL, for messages.
  explicit ProfileReader(std::string name, ReadLimits limits = {});
  ~ProfileReader();
  ProfileReader(const ProfileReader&) = delete;
  ProfileReader& operator=(const ProfileReader&) = delete;

  void write(std::string_view piece);
  // True if nothing that comes now can make it a profile.
  bool failed() const;
  // True once the form is known: what came so far is, or begins, a profile or a dump.
  bool recognised() const;
  ReadResult finish();

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace golab::profiler
