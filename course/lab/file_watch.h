// file_watch.h: tells when a file was saved, by any editor, on any file system.
//
// An editor may write into the file, or write another one and rename it over the file. So the
// directory is watched (inotify), and the name counts, not the inode. Some mounts of containers
// report no events: the file is looked at each half second besides, and its time, size or inode is
// then another one.
#pragma once

#include <string>

#include "runtime/chan/chan.h"
#include "runtime/context/context.h"

namespace lab {

struct FileWatchOptions {
  bool events = true;  // false: only look, as on a file system without events
  int look_every_ms = 500;
};

// One value for each save, from now until ctx ends; saves that nobody has received yet are one. A
// file that is gone is no save, its return is. The watch itself is a goroutine, which ends within
// `look_every_ms` of the end of ctx.
golab::RecvChan<std::string> watch_file(const golab::context::Context& ctx, const std::string& file,
                                        FileWatchOptions options = {});

}  // namespace lab
