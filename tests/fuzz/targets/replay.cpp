// replay.cpp: the main of a fuzz target without libFuzzer: reads every file of these folders once.
//
// usage: fuzz-NAME FOLDER-OR-FILE...      (arguments with a dash are libFuzzer's, and ignored)
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

#include "tests/fuzz/targets/fuzz.h"

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  int read = 0;
  for (int i = 1; i < argc; i++) {
    if (argv[i][0] == '-') continue;
    for (const fs::path& file : files_of(argv[i])) {
      std::ifstream in(file, std::ios::binary);
      const std::string bytes{std::istreambuf_iterator<char>(in), {}};
      std::cerr << file.string() << "\n";  // the last one is the one that failed
      LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
      read++;
    }
  }
  std::cout << read << " files\n";
  return read > 0 ? 0 : 1;
}
