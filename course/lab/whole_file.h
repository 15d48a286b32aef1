// whole_file.h: writes a file so that it is there whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "runtime/errors/errors.h"

namespace lab {

// The file is written under another name in the same directory. commit() gives it its name, and
// replaces an older file only then. Without commit() nothing remains. A device or a pipe is written
// directly.
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
  std::string place_;      // name_ with its links followed
  std::string temporary_;  // where it is written; empty if directly
  int fd_ = -1;
};

// Writes a whole file in one call.
golab::error write_whole(const std::string& name, std::string_view bytes);

}  // namespace lab
