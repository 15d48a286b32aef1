// runtime_symbols.cpp: names from runtime/traceback. Tests of the formats do without it.
#include "profiler/formats/stacks.h"

namespace golab::profiler {

SymbolizeStack runtime_symbols() {
  return [](const std::vector<uintptr_t>& pcs) {
    std::vector<std::vector<runtime::Frame>> found(pcs.size());
    for (const runtime::StackFrame& shown : runtime::frames_of(pcs.data(), pcs.size())) {
      found[shown.pc_index].push_back(*shown.frame);
    }
    return found;
  };
}

}  // namespace golab::profiler
