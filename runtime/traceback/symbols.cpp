// symbols.cpp: from a code address to the frames that a Go engineer expects to read there.
#include "runtime/traceback/symbols.h"

#include <unistd.h>

#include <algorithm>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "runtime/sched/proc.h"
#include "runtime/walk/images.h"
#include "runtime/traceback/modules.h"

namespace golab::runtime {

namespace {

// What is known about one pc: all frames, for frames_of, and those that symbolize returns.
struct Place {
  std::span<const Frame> all;
  std::span<const Origin> origins;
  std::span<const Frame> shown;
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
    std::span<const char> copied = copy(text.data(), text.size());
    return *texts_.emplace(copied.data(), copied.size()).first;
  }
  template <typename T>
  std::span<const T> list(const std::vector<T>& items) {
    return copy(items.data(), items.size());
  }

 private:
  static constexpr size_t kFirstBytes = 32 << 10;  // enough for a small program

  template <typename T>
  std::span<const T> copy(const T* from, size_t n) {
    auto* to = static_cast<T*>(memory_.allocate(n * sizeof(T), alignof(T)));
    std::uninitialized_copy_n(from, n, to);
    return {to, n};
  }

  std::pmr::monotonic_buffer_resource memory_{kFirstBytes, std::pmr::new_delete_resource()};
  std::pmr::unordered_set<std::string_view> texts_{&memory_};
};

class Symbolizer {
 public:
  std::span<const Frame> shown(uintptr_t pc) {
    std::lock_guard guard(mu_);
    begun_ = false;
    return whole([&] { return place(pc).shown; });
  }

  std::vector<StackFrame> frames(const uintptr_t* pcs, size_t n, bool leaf_exact) {
    std::lock_guard guard(mu_);
    begun_ = false;
    return whole([&] { return look_up_frames(pcs, n, leaf_exact); });
  }

  uintptr_t entry(uintptr_t pc) {
    std::lock_guard guard(mu_);
    return whole([&] { return look_up_entry(pc); });
  }

  bool compiled_with(uintptr_t pc, std::string_view option) {
    std::lock_guard guard(mu_);
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
    std::lock_guard guard(mu_);
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
  // If f runs out of memory, what it has read of a module may be incomplete. All modules are then
  // dropped, and the next call reads them anew.
  template <typename F>
  std::invoke_result_t<F> whole(F f) {
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

  std::vector<StackFrame> look_up_frames(const uintptr_t* pcs, size_t n, bool leaf_exact) {
    std::vector<StackFrame> stack;
    bool ours = false;
    for (size_t i = n; i-- > 0;) {
      const Place& place = this->place(i == 0 && leaf_exact ? pcs[i] : pcs[i] - 1);
      bool inlined = false;
      for (size_t k = place.all.size(); k-- > 0;) {
        if (hidden(place.origins[k], &ours)) continue;
        stack.push_back({&place.all[k], static_cast<uint32_t>(i), inlined});
        inlined = true;
      }
    }
    return {stack.rbegin(), stack.rend()};
  }

  uintptr_t look_up_entry(uintptr_t pc) {
    begin();
    Module* module = module_of(pc);
    if (module == nullptr) return 0;
    open(*module);
    if (DwarfIndex* dwarf = module->dwarf()) {
      Dwarf_Addr entry = dwarf->function_entry(pc - module->bias());
      if (entry != 0) return entry + module->bias();
    }
    std::optional<ElfSymbol> symbol = module->symbol(pc);
    return symbol ? symbol->address : 0;
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
    Place found = look_up(module, pc);
    found.settled = settled;
    found.lasting = settled && never_unloaded(pc);
    return places_[pc] = found;
  }

  Place look_up(Module* module, uintptr_t pc) {
    std::vector<Frame> all, shown;
    std::vector<Origin> origins;
    if (module == nullptr || !add_dwarf(*module, pc, &all, &origins)) {
      add_symbol(module, pc, &all, &origins);
    }
    bool ours = false;  // is the frame that called this one ours or glue?
    for (size_t i = all.size(); i-- > 0;) {
      if (!hidden(origins[i], &ours)) shown.insert(shown.begin(), all[i]);
    }
    // If the physical function is hidden, the outermost function inlined into it takes its place.
    if (!shown.empty()) shown.back().inlined = false;
    std::span<const Frame> kept = kept_.list(all);  // mostly all are shown
    return {kept, kept_.list(origins), shown.size() == all.size() ? kept : kept_.list(shown), false,
            false};
  }

  bool add_dwarf(Module& module, uintptr_t pc, std::vector<Frame>* all,
                 std::vector<Origin>* origins) {
    DwarfIndex* dwarf = module.dwarf();
    if (dwarf == nullptr) return false;
    Dwarf_Addr entry = 0;
    std::vector<DwarfFrame> frames = dwarf->frames(pc - module.bias(), &entry);
    std::optional<ElfSymbol> symbol = module.symbol(entry + module.bias());
    for (size_t i = 0; i < frames.size(); i++) {
      const FunctionInfo& function = *frames[i].function;
      Frame frame;
      frame.function = kept_.text(function.go);
      frame.system_name = function.linkage;
      frame.inlined = i + 1 < frames.size();
      if (!frame.inlined && symbol) frame.system_name = symbol->name;
      if (frame.system_name.empty()) frame.system_name = function.cpp;
      frame.system_name = kept_.text(frame.system_name);
      frame.cpp_name = kept_.text(function.cpp);
      frame.file = kept_.text(frames[i].file);
      frame.line = frames[i].line;
      frame.start_line = function.line;
      frame.entry = entry + module.bias();
      frame.has_params = function.has_params;
      all->push_back(frame);
      origins->push_back(function.origin);
    }
    return !frames.empty();
  }

  void add_symbol(Module* module, uintptr_t pc, std::vector<Frame>* all,
                  std::vector<Origin>* origins) {
    Frame frame;
    Origin origin = Origin::System;
    std::optional<ElfSymbol> symbol;
    if (module != nullptr) symbol = module->symbol(pc);
    if (symbol) {
      SymbolName name = name_of_symbol(symbol->name);
      frame.function = kept_.text(name.go);
      frame.cpp_name = kept_.text(name.cpp);
      frame.system_name = kept_.text(symbol->name);
      frame.entry = symbol->address;
      frame.has_params = true;  // unknown: "(...)" claims nothing
      origin = name.origin;
    }
    all->push_back(frame);
    origins->push_back(origin);
  }

  // Requires: called from the outermost frame inwards.
  static bool hidden(Origin origin, bool* ours) {
    if (origin == Origin::Plumbing && *ours) return true;
    *ours = origin == Origin::Glue || origin == Origin::Golab;
    return origin == Origin::Glue;
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

std::span<const Frame> symbolize(uintptr_t pc) { return symbolizer().shown(pc); }

std::vector<StackFrame> frames_of(const uintptr_t* pcs, size_t n, bool leaf_exact) {
  return symbolizer().frames(pcs, n, leaf_exact);
}

bool compiled_with(uintptr_t pc, std::string_view option) {
  return symbolizer().compiled_with(pc, option);
}

uintptr_t function_entry(uintptr_t pc) { return symbolizer().entry(pc); }

std::vector<std::string> symbol_problems() { return symbolizer().problems(); }

}  // namespace golab::runtime
