// fetch.h: `lab fetch`: saves the profile of a service.
#pragma once

#include <string>

namespace lab {

struct FetchOptions {
  std::string url;
  std::string file;  // empty or "-": standard output
  int debug = 0;
  int seconds = 0;
};

// 0: the profile is there. 1: the service refused, or what it sent is no profile. 2: wrong usage,
// or the file cannot be written.
int fetch_command(const FetchOptions& options);

}  // namespace lab
