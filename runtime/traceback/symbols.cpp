// symbols.cpp: from a code address to the frames that a Go engineer expects to read there.
#include "runtime/traceback/symbols.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "runtime/sched/proc.h"
#include "runtime/traceback/modules.h"
#include "runtime/walk/images.h"

namespace golab::runtime {

namespace {

struct Known {
  Frame frame;
  Origin origin;
};

// What is known about one pc: its frames, innermost first.
struct Place {
  std::span<const Known> frames;
  bool settled = false;  // false: looked up again once the module's file can be read
  bool lasting = false;  // settled, and in a module that is never unloaded
};

// Memory for frames and their texts, never freed. They lie side by side, so that a profile touches
// few pages. Not thread-safe: the symbolizer holds its lock.
class Kept {
 public:
  std::pmr::memory_resource* memory() { return &memory_; }

  std::string_view text(std::string_view text) {
    auto known = texts_.find(text);
    if (known != texts_.end()) return *known;
    std::span<const char> copied = list<char>(text);
    return *texts_.emplace(copied.data(), copied.size()).first;
  }
  template <typename T>
  std::span<const T> list(std::span<const T> items) {
    auto* to = static_cast<T*>(memory_.allocate(items.size_bytes(), alignof(T)));
    std::uninitialized_copy(items.begin(), items.end(), to);
    return {to, items.size()};
  }

 private:
  static constexpr size_t kFirstBytes = 32 << 10;  // enough for a small program

  std::pmr::monotonic_buffer_resource memory_{kFirstBytes, std::pmr::new_delete_resource()};
  std::pmr::unordered_set<std::string_view> texts_{&memory_};
};

class Symbolizer {
 public:
  std::vector<StackFrame> frames(const uintptr_t* pcs, size_t n, bool leaf_exact) {
    return whole([&] {
      std::vector<StackFrame> stack;
      Origin caller = Origin::User;  // of the nearest frame that is neither plumbing nor system
      for (size_t i = n; i-- > 0;) {
        const Place& place = this->place(i == 0 && leaf_exact ? pcs[i] : pcs[i] - 1);
        bool inlined = false;
        for (size_t k = place.frames.size(); k-- > 0;) {
          const Known& known = place.frames[k];
          // Where a walk went astray, its last address is no function's.
          if (known.frame.function.empty() && stack.empty() && n > 1) continue;
          if (hidden(known, stack.size(), &caller)) continue;
          stack.push_back({&known.frame, static_cast<uint32_t>(i), inlined});
          inlined = true;
        }
      }
      std::reverse(stack.begin(), stack.end());
      return stack;
    });
  }

  bool compiled_with(uintptr_t pc, std::string_view option) {
    return whole([&] {
      begin();
      Module* module = module_of(pc);
      if (module == nullptr) return false;
      open(*module);
      DwarfIndex* dwarf = module->dwarf();
      return dwarf != nullptr &&
             dwarf->producer(pc - module->bias()).find(option) != std::string::npos;
    });
  }

  std::vector<std::string> problems() {
    return whole([&] {
      begin();
      std::vector<std::string> problems;
      for (auto& module : modules_) {
        if (module->problem().empty()) continue;
        open(*module);  // it may have passed since
        if (!module->problem().empty()) problems.push_back(module->problem());
      }
      return problems;
    });
  }

 private:
  // Calls f, one caller at a time. If it runs out of memory, what it has read of a module may be
  // incomplete. All modules are then dropped, and the next call reads them anew.
  template <typename F>
  std::invoke_result_t<F> whole(F f) {
    std::lock_guard guard(mu_);
    begun_ = false;
    try {
      return f();
    } catch (...) {
      modules_.clear();
      generation_ = {};
      throw;
    }
  }

  // Begins an attempt: brings modules_ up to date with the loader. A call whose places are all
  // lasting does not begin one, because asking the loader is slow.
  void begin() {
    attempt_++;
    LoaderGeneration now = loader_generation();
    if (now == generation_) return;
    std::vector<std::unique_ptr<Module>> mapped = mapped_modules();
    std::vector<const Module*> kept;
    kept.reserve(mapped.size());
    for (auto& module : mapped) {
      auto old = std::find_if(modules_.begin(), modules_.end(), [&](auto& old) {
        return old != nullptr && old->same(*module, now.subs != generation_.subs);
      });
      if (old == modules_.end()) continue;
      module = std::move(*old);
      kept.push_back(module.get());
    }
    modules_ = std::move(mapped);
    generation_ = now;
    std::erase_if(places_, [&](const auto& place) {
      return std::none_of(kept.begin(), kept.end(),
                          [&](const Module* module) { return module->contains(place.first); });
    });
  }

  Module* module_of(uintptr_t pc) {
    for (auto& module : modules_) {
      if (module->contains(pc)) return module.get();
    }
    return nullptr;
  }

  bool open(Module& module) {
    if (module.settled()) return true;
    systemstack_takes_long();
    bool settled = module.open(attempt_);
    const std::string& problem = module.problem();
    if (!problem.empty() && said_.insert(problem).second) {
      std::string line = "golab: " + problem + ".\n";
      [[maybe_unused]] ssize_t n = ::write(2, line.data(), line.size());
    }
    return settled;
  }

  const Place& place(uintptr_t pc) {
    auto known = places_.find(pc);
    if (known != places_.end() && known->second.lasting) return known->second;
    if (!std::exchange(begun_, true)) {
      begin();
      known = places_.find(pc);
    }
    if (known != places_.end() && known->second.settled) return known->second;
    Module* module = module_of(pc);
    bool settled = module != nullptr && open(*module);
    if (known != places_.end() && !settled) return known->second;
    systemstack_takes_long();  // the first place of a source file reads all names in it
    std::vector<Known> found;
    if (module != nullptr) found = by_dwarf(*module, pc);
    const bool has_dwarf = module != nullptr && module->dwarf() != nullptr;
    if (found.empty()) found.push_back(by_symbol(module, pc, has_dwarf));
    return places_[pc] = {kept_.list<Known>(found), settled, settled && never_unloaded(pc)};
  }

  std::vector<Known> by_dwarf(Module& module, uintptr_t pc) {
    std::vector<Known> found;
    DwarfIndex* dwarf = module.dwarf();
    if (dwarf == nullptr) return found;
    Dwarf_Addr entry = 0;
    std::vector<DwarfFrame> frames = dwarf->frames(pc - module.bias(), &entry);
    std::optional<ElfSymbol> symbol = module.symbol(entry + module.bias());
    for (size_t i = 0; i < frames.size(); i++) {
      const FunctionInfo& function = *frames[i].function;
      Frame frame;
      frame.function = kept_.text(function.go);
      frame.system_name = function.linkage;
      if (i + 1 == frames.size() && symbol) frame.system_name = symbol->name;
      if (frame.system_name.empty()) frame.system_name = function.cpp;
      frame.system_name = kept_.text(frame.system_name);
      frame.cpp_name = kept_.text(function.cpp);
      frame.file = kept_.text(frames[i].file);
      frame.line = frames[i].line;
      frame.start_line = function.line;
      frame.entry = entry + module.bias();
      frame.has_params = function.has_params;
      Origin origin = function.origin;
      if (i + 1 == frames.size() && symbol) {
        if (std::optional<SymbolName> full = full_name(function, symbol->name)) {
          frame.function = kept_.text(full->go);
          frame.cpp_name = kept_.text(full->cpp);
          origin = full->origin;
        }
      }
      found.push_back({frame, origin});
    }
    return found;
  }

  Known by_symbol(const Module* module, uintptr_t pc, bool has_dwarf) {
    std::optional<ElfSymbol> symbol;
    if (module != nullptr) symbol = module->symbol(pc);
    // In a module with debug information only the linker's jumps into libraries have no name.
    if (!symbol) return {{}, has_dwarf ? Origin::Glue : Origin::System};
    SymbolName name = name_of_symbol(symbol->name);
    Frame frame;
    frame.function = kept_.text(name.go);
    frame.cpp_name = kept_.text(name.cpp);
    frame.system_name = kept_.text(symbol->name);
    frame.entry = symbol->address;
    frame.has_params = true;  // unknown: "(...)" claims nothing
    return {frame, name.origin};
  }

  // Requires: called from the outermost frame inwards; `below` frames are shown below this one.
  static bool hidden(const Known& known, size_t below, Origin* caller) {
    if (known.origin != Origin::Plumbing && known.origin != Origin::System) {
      *caller = known.origin;
      return known.origin == Origin::Glue || known.origin == Origin::Inner;
    }
    if (*caller == Origin::User) return false;
    // A goroutine may run a C function: go(usleep, 1000). Below that are goexit, and glue.
    return below > 1 || known.origin != Origin::System || *caller != Origin::Glue;
  }

  std::mutex mu_;
  uint64_t attempt_ = 0;
  bool begun_ = false;           // this attempt
  LoaderGeneration generation_;  // of modules_
  std::vector<std::unique_ptr<Module>> modules_;
  std::unordered_set<std::string> said_;
  Kept kept_;
  std::pmr::unordered_map<uintptr_t, Place> places_{kept_.memory()};
};

// Never destroyed: goroutines may still need it while the process ends.
Symbolizer& symbolizer() {
  static auto* s = new Symbolizer;
  return *s;
}

}  // namespace

std::vector<StackFrame> frames_of(const uintptr_t* pcs, size_t n, bool leaf_exact) {
  return symbolizer().frames(pcs, n, leaf_exact);
}

bool compiled_with(uintptr_t pc, std::string_view option) {
  return symbolizer().compiled_with(pc, option);
}

std::vector<std::string> symbol_problems() { return symbolizer().problems(); }

}  // namespace golab::runtime
