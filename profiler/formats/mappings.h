// mappings.h: lists the files whose code is mapped into this process, with their build ids.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/formats/profile.h"

namespace golab::profiler {

using Mappings = std::shared_ptr<const std::vector<Mapping>>;

// Returns the executable lines of /proc/self/maps that have a name, [vdso] and [vsyscall] included.
// The program's own are first: a report takes "File:" and "Build ID:" from the first mapping.
// The list is kept until the loader loads or unloads something. It is empty if /proc cannot be
// read, and the next call tries again. Needs a big stack (systemstack), because it locks.
Mappings read_mappings();

// The same from the text of a maps file. `program` is the program's path in this text.
// build_id_of(start, limit) returns the GNU build id of the image that is loaded there, or "".
using BuildIdOf = std::function<std::string(uint64_t start, uint64_t limit)>;
std::vector<Mapping> parse_mappings(std::string_view maps, std::string_view program,
                                    const BuildIdOf& build_id_of);

// Returns the index of the mapping that holds `address`, or kNone.
uint32_t mapping_of(const std::vector<Mapping>& mappings, uint64_t address);

}  // namespace golab::profiler
