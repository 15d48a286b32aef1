// mappings.cpp: reads /proc/self/maps (proc(5)), and build ids from the loaded images.
//
// A build id comes from memory, not from the file: the program may have been rebuilt meanwhile.
#include "profiler/formats/mappings.h"

#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <mutex>

#include "runtime/walk/images.h"

namespace golab::profiler {
namespace {

// Empty if it cannot be read to its end.
std::string read_whole_file(const char* path) {
  std::string text;
  int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  char buffer[16 << 10];
  ssize_t n = 0;
  while ((n = ::read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR)) {
    if (n > 0) text.append(buffer, static_cast<size_t>(n));
  }
  ::close(fd);
  return n == 0 ? text : "";
}

// Reads a line of the maps file. Returns false if a profile does not list it.
bool parse_line(const std::string& line, Mapping& mapping) {
  char permissions[5] = "";
  int name = 0;
  int read = std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n",
                         &mapping.start, &mapping.limit, permissions, &mapping.offset, &name);
  if (read != 4 || permissions[2] != 'x' || name == 0) return false;
  mapping.file = line.substr(static_cast<size_t>(name));
  constexpr std::string_view kDeleted = " (deleted)";
  if (mapping.file.ends_with(kDeleted)) mapping.file.resize(mapping.file.size() - kDeleted.size());
  return !mapping.file.empty();
}

struct Image {  // the code of a loaded ELF image
  uint64_t start, limit;
  std::string build_id;
};

int add_image(dl_phdr_info* info, size_t, void* images) {
  std::string build_id = runtime::build_id_of(*info);
  runtime::each_code_range(*info, [&](uintptr_t start, uintptr_t limit) {
    static_cast<std::vector<Image>*>(images)->push_back({start, limit, build_id});
  });
  return 0;
}

}  // namespace

std::vector<Mapping> parse_mappings(std::string_view maps, std::string_view program,
                                    const BuildIdOf& build_id_of) {
  std::vector<Mapping> mappings;
  while (!maps.empty()) {
    std::string_view line = maps.substr(0, maps.find('\n'));
    maps.remove_prefix(std::min(line.size() + 1, maps.size()));
    Mapping mapping;
    if (!parse_line(std::string(line), mapping)) continue;
    // [vdso] has a build id, but no file.
    if (mapping.file[0] != '[') mapping.build_id = build_id_of(mapping.start, mapping.limit);
    mappings.push_back(std::move(mapping));
  }
  std::stable_partition(mappings.begin(), mappings.end(),
                        [&](const Mapping& mapping) { return mapping.file == program; });
  return mappings;
}

namespace {

std::vector<Mapping> read_mappings_anew() {
  std::vector<Image> images;
  dl_iterate_phdr(add_image, &images);
  auto build_id_of = [&](uint64_t start, uint64_t limit) -> std::string {
    for (const Image& image : images) {
      if (image.start < limit && start < image.limit) return image.build_id;
    }
    return {};
  };
  std::error_code failed;
  std::string program = std::filesystem::read_symlink("/proc/self/exe", failed);
  if (failed) return {};
  constexpr std::string_view kDeleted = " (deleted)";
  if (program.ends_with(kDeleted)) program.resize(program.size() - kDeleted.size());
  return parse_mappings(read_whole_file("/proc/self/maps"), program, build_id_of);
}

}  // namespace

Mappings read_mappings() {
  static std::mutex mu;
  static runtime::LoaderGeneration known;
  static auto& mappings = *new Mappings;  // outlives static destruction
  std::lock_guard guard(mu);
  // The generation is taken first: if something is loaded during the reading, the next call reads
  // again. Code that is mapped without the loader shows up when something is loaded.
  if (runtime::LoaderGeneration now = runtime::loader_generation();
      mappings == nullptr || mappings->empty() || !(now == known)) {
    mappings = std::make_shared<const std::vector<Mapping>>(read_mappings_anew());
    known = now;
  }
  return mappings;
}

uint32_t mapping_of(const std::vector<Mapping>& mappings, uint64_t address) {
  for (size_t i = 0; i < mappings.size(); i++) {
    if (address >= mappings[i].start && address < mappings[i].limit)
      return static_cast<uint32_t>(i);
  }
  return kNone;
}

}  // namespace golab::profiler
