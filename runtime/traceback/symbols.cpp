// symbols.cpp: from a code address to the frames that a Go engineer expects to read there.
#include "runtime/traceback/symbols.h"

#include <mutex>
#include <unordered_map>

#include "runtime/core/proc.h"
#include "runtime/traceback/modules.h"

namespace golab::runtime {

namespace {

// Everything known about one pc: all frames, so that frames_of can decide about them in their
// stack, and those that symbolize answers.
struct Place {
  std::vector<Frame> all;
  std::vector<Origin> origins;
  std::vector<Frame> shown;
};

class Symbolizer {
 public:
  const Place& place(uintptr_t pc) {
    std::lock_guard guard(mu_);
    auto& slot = places_[pc];
    if (slot == nullptr) {
      systemstack_takes_long();  // the first place of a source file reads all names in it
      slot = std::make_unique<Place>(look_up(pc));
    }
    return *slot;
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
    Place place;
    Module* module = module_of(pc);
    if (module == nullptr || !add_dwarf(*module, pc, &place)) add_symbol(module, pc, &place);
    bool ours = false;  // is what stands outside of this frame ours or glue?
    for (size_t i = place.all.size(); i-- > 0;) {
      if (hidden(place.origins[i], &ours)) continue;
      place.shown.insert(place.shown.begin(), place.all[i]);
    }
    // Where the physical function itself is left out, what was inlined into it stands for it.
    if (!place.shown.empty()) place.shown.back().inlined = false;
    return place;
  }

  static bool add_dwarf(Module& module, uintptr_t pc, Place* place) {
    DwarfIndex* dwarf = module.dwarf();
    if (dwarf == nullptr) return false;
    Dwarf_Addr entry = 0;
    std::vector<DwarfFrame> frames = dwarf->frames(pc - module.bias(), &entry);
    const Module::Symbol* symbol = module.symbol(entry + module.bias());
    for (size_t i = 0; i < frames.size(); i++) {
      const FunctionInfo& function = *frames[i].function;
      Frame frame;
      frame.function = function.go;
      frame.system_name = function.linkage;
      frame.inlined = i + 1 < frames.size();
      if (!frame.inlined && symbol != nullptr) frame.system_name = symbol->name;
      if (frame.system_name.empty()) frame.system_name = function.cpp;
      frame.cpp_name = function.cpp;
      frame.file = std::move(frames[i].file);
      frame.line = frames[i].line;
      frame.start_line = function.line;
      frame.entry = entry + module.bias();
      frame.has_params = function.has_params;
      place->all.push_back(std::move(frame));
      place->origins.push_back(function.origin);
    }
    return !frames.empty();
  }

  static void add_symbol(Module* module, uintptr_t pc, Place* place) {
    Frame frame;
    Origin origin = Origin::System;
    const Module::Symbol* symbol = module == nullptr ? nullptr : module->symbol(pc);
    if (symbol != nullptr) {
      SymbolName name = name_of_symbol(symbol->name);
      frame.function = name.go;
      frame.cpp_name = name.cpp;
      frame.system_name = symbol->name;
      frame.entry = symbol->address;
      frame.has_params = true;  // unknown: "(...)" claims nothing
      origin = name.origin;
    }
    place->all.push_back(std::move(frame));
    place->origins.push_back(origin);
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
  std::unordered_map<uintptr_t, std::unique_ptr<Place>> places_;
};

// Never destroyed: goroutines may still ask while the process ends.
Symbolizer& symbolizer() {
  static auto* s = new Symbolizer;
  return *s;
}

}  // namespace

const std::vector<Frame>& symbolize(uintptr_t pc) { return symbolizer().place(pc).shown; }

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

uintptr_t function_entry(uintptr_t pc) { return symbolizer().entry(pc); }

}  // namespace golab::runtime
