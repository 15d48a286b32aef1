// mappings.cpp: reads /proc/self/maps (proc(5)), and build ids from the loaded images.
//
// A build id comes from memory, not from the file: the program may have been rebuilt meanwhile.
#include "profiler/formats/mappings.h"

#include <fcntl.h>
#include <link.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
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

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  std::string_view word = line.substr(0, line.find(' '));
  line.remove_prefix(word.size());
  return word;
}

bool parse_hex(std::string_view text, uint64_t& value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Reads a line of the maps file. Returns false if a profile does not list it.
bool parse_line(std::string_view line, Mapping& mapping) {
  std::string_view range = take_word(line), permissions = take_word(line);
  std::string_view offset = take_word(line);
  take_word(line);  // device
  take_word(line);  // inode
  line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
  constexpr std::string_view kDeleted = " (deleted)";
  if (line.ends_with(kDeleted)) line.remove_suffix(kDeleted.size());

  size_t dash = range.find('-');
  if (permissions.size() < 3 || permissions[2] != 'x' || line.empty() || dash == range.npos) {
    return false;
  }
  mapping.file = line;
  return parse_hex(range.substr(0, dash), mapping.start) &&
         parse_hex(range.substr(dash + 1), mapping.limit) && parse_hex(offset, mapping.offset);
}

struct Image {  // the code of a loaded ELF image
  uint64_t start, limit;
  std::string build_id;
};

int add_image(dl_phdr_info* info, size_t, void* images) {
  std::string build_id = runtime::build_id_of(*info);
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    uint64_t start = info->dlpi_addr + header.p_vaddr;
    static_cast<std::vector<Image>*>(images)->push_back({start, start + header.p_memsz, build_id});
  }
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
    if (!parse_line(line, mapping)) continue;
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
  std::string program(4096, '\0');
  ssize_t length = ::readlink("/proc/self/exe", program.data(), program.size());
  if (length <= 0) return {};
  program.resize(static_cast<size_t>(length));
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
