// symbols.cpp: from a code address to the frames that a Go engineer expects to read there.
#include "runtime/traceback/symbols.h"

#include <memory>
#include <memory_resource>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "runtime/core/proc.h"
#include "runtime/traceback/modules.h"

namespace golab::runtime {

namespace {

// Everything known about one pc: all frames, so that frames_of can decide about them in their
// stack, and those that symbolize answers.
struct Place {
  std::span<const Frame> all;
  std::span<const Origin> origins;
  std::span<const Frame> shown;
};

// What was found is never given up, and lies side by side: while DWARF is read, the heap is full of
// other things, and a profile that names two dozen places would look at a page for each. Not
// thread-safe: the symbolizer holds its lock.
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
  const Place& place(uintptr_t pc) {
    std::lock_guard guard(mu_);
    auto known = places_.find(pc);
    if (known != places_.end()) return known->second;
    systemstack_takes_long();  // the first place of a source file reads all names in it
    return places_.emplace(pc, look_up(pc)).first->second;
  }

  uintptr_t entry(uintptr_t pc) {
    std::lock_guard guard(mu_);
    Module* module = module_of(pc);
    if (module == nullptr) return 0;
    if (DwarfIndex* dwarf = module->dwarf()) {
      Dwarf_Addr entry = dwarf->function_entry(pc - module->bias());
      if (entry != 0) return entry + module->bias();
    }
    const Module::Symbol* symbol = module->symbol(pc);
    return symbol == nullptr ? 0 : symbol->address;
  }

  bool compiled_with(uintptr_t pc, std::string_view option) {
    std::lock_guard guard(mu_);
    Module* module = module_of(pc);
    DwarfIndex* dwarf = module != nullptr ? module->dwarf() : nullptr;
    return dwarf != nullptr &&
           dwarf->producer(pc - module->bias()).find(option) != std::string::npos;
  }

 private:
  // A library may have been loaded since: so a pc that nobody claims makes us look again, if it is
  // not in the first page, where no code is.
  Module* module_of(uintptr_t pc) {
    for (int pass = 0; pass < 2 && pc >= 4096; pass++) {
      for (auto& module : modules_) {
        if (module->contains(pc)) return module.get();
      }
      if (pass == 0) add_new_modules();
    }
    return nullptr;
  }

  void add_new_modules() {
    for (auto& module : mapped_modules()) {
      bool known = false;
      for (auto& old : modules_) known |= old->same(*module);
      if (!known) modules_.push_back(std::move(module));
    }
  }

  Place look_up(uintptr_t pc) {
    std::vector<Frame> all, shown;
    std::vector<Origin> origins;
    Module* module = module_of(pc);
    if (module == nullptr || !add_dwarf(*module, pc, &all, &origins)) {
      add_symbol(module, pc, &all, &origins);
    }
    bool ours = false;  // is what stands outside of this frame ours or glue?
    for (size_t i = all.size(); i-- > 0;) {
      if (!hidden(origins[i], &ours)) shown.insert(shown.begin(), all[i]);
    }
    // Where the physical function itself is left out, what was inlined into it stands for it.
    if (!shown.empty()) shown.back().inlined = false;
    std::span<const Frame> kept = kept_.list(all);  // mostly all are shown
    return {kept, kept_.list(origins), shown.size() == all.size() ? kept : kept_.list(shown)};
  }

  bool add_dwarf(Module& module, uintptr_t pc, std::vector<Frame>* all,
                 std::vector<Origin>* origins) {
    DwarfIndex* dwarf = module.dwarf();
    if (dwarf == nullptr) return false;
    Dwarf_Addr entry = 0;
    std::vector<DwarfFrame> frames = dwarf->frames(pc - module.bias(), &entry);
    const Module::Symbol* symbol = module.symbol(entry + module.bias());
    for (size_t i = 0; i < frames.size(); i++) {
      const FunctionInfo& function = *frames[i].function;
      Frame frame;
      frame.function = kept_.text(function.go);
      frame.system_name = function.linkage;
      frame.inlined = i + 1 < frames.size();
      if (!frame.inlined && symbol != nullptr) frame.system_name = symbol->name;
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
    const Module::Symbol* symbol = module == nullptr ? nullptr : module->symbol(pc);
    if (symbol != nullptr) {
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

 public:
  // To be asked from the outermost frame inwards.
  static bool hidden(Origin origin, bool* ours) {
    if (origin == Origin::Plumbing && *ours) return true;
    *ours = origin == Origin::Glue || origin == Origin::Golab;
    return origin == Origin::Glue;
  }

 private:
  std::mutex mu_;
  std::vector<std::unique_ptr<Module>> modules_;
  Kept kept_;
  std::pmr::unordered_map<uintptr_t, Place> places_{kept_.memory()};
};

// Never destroyed: goroutines may still ask while the process ends.
Symbolizer& symbolizer() {
  static auto* s = new Symbolizer;
  return *s;
}

}  // namespace

std::span<const Frame> symbolize(uintptr_t pc) { return symbolizer().place(pc).shown; }

std::vector<StackFrame> frames_of(const uintptr_t* pcs, size_t n, bool leaf_exact) {
  std::vector<StackFrame> stack;
  bool ours = false;
  for (size_t i = n; i-- > 0;) {
    const Place& place = symbolizer().place(i == 0 && leaf_exact ? pcs[i] : pcs[i] - 1);
    bool inlined = false;
    for (size_t k = place.all.size(); k-- > 0;) {
      if (Symbolizer::hidden(place.origins[k], &ours)) continue;
      stack.push_back({&place.all[k], static_cast<uint32_t>(i), inlined});
      inlined = true;
    }
  }
  return {stack.rbegin(), stack.rend()};
}

bool compiled_with(uintptr_t pc, std::string_view option) {
  return symbolizer().compiled_with(pc, option);
}

uintptr_t function_entry(uintptr_t pc) { return symbolizer().entry(pc); }

}  // namespace golab::runtime
