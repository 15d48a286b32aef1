// mappings.h: the files whose code is mapped into this process, with their build ids.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "profiler/formats/profile.h"

namespace golab::profiler {

using Mappings = std::shared_ptr<const std::vector<Mapping>>;

// The executable lines of /proc/self/maps, the program's own first: a report takes its "File:" and
// "Build ID:" from the first mapping. Nameless lines are left out; [vdso] and [vsyscall] are kept.
// Kept until the loader loads or unloads something; where /proc cannot be read there are none, and
// the next call tries again. Needs a big stack (systemstack), as it locks.
Mappings read_mappings();

// The same from the text of a maps file. `program` is the program's path as the text has it;
// build_id_of(start, limit) gives the GNU build id of what is loaded there in hex, or "".
using BuildIdOf = std::function<std::string(uint64_t start, uint64_t limit)>;
std::vector<Mapping> parse_mappings(std::string_view maps, std::string_view program,
                                    const BuildIdOf& build_id_of);

// The index of the mapping that holds `address`, kNone if none does.
uint32_t mapping_of(const std::vector<Mapping>& mappings, uint64_t address);

}  // namespace golab::profiler
