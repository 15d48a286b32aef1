// whole_file.h: a file that is there whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "runtime/errors/errors.h"

namespace lab {

// Is written beside its place and takes it by commit(). Until then the file that was there before
// stays; without a commit nothing of the new one remains. A device or a pipe is written directly.
class WholeFile {
 public:
  explicit WholeFile(std::string name) : name_(std::move(name)) {}
  ~WholeFile();
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;

  golab::error open();
  golab::error write(std::string_view bytes);
  golab::error commit();

 private:
  golab::error cannot_write(int why) const;

  std::string name_;
  std::string place_;      // where it is to be: name_ with its links followed
  std::string temporary_;  // where it is written; empty if directly
  int fd_ = -1;
};

// All at once.
golab::error write_whole(const std::string& name, std::string_view bytes);

}  // namespace lab
