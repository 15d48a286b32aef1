// symbols.h: from a code address to the frames that a Go engineer expects to read there.
//
// Names come from DWARF (dwarf_index.h), without it from ELF symbols (modules.h), and are turned
// into Go's (naming.h). Each address is looked up once, never while the world is stopped. A name is
// kept as long as its library is loaded. If a file cannot be read, the next profile tries again.
//
// Glue and plumbing are left out (naming.h). Plumbing depends on its caller's frame, so only
// frames_of, which sees a whole stack, decides about it rightly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace golab::runtime {

// One frame as shown. A physical pc yields several when calls were inlined there, innermost first.
// The texts are views. Code that fills in a Frame keeps its texts alive; those of symbolize() and
// frames_of() are never freed.
struct Frame {
  std::string_view function;     // Go's naming, short: "main.worker", "net/http.(*conn).serve"
  std::string_view system_name;  // the mangled symbol of the ELF file or DWARF linkage name
  std::string_view cpp_name;     // qualified C++ name without parameters, for GOLAB_NAMES=cpp
  std::string_view file;         // absolute
  int line = 0;                  // of the call (or of the leaf's instruction)
  int start_line = 0;            // of the function's declaration
  uintptr_t entry = 0;           // of the physical function; the same for all inlined into it
  bool inlined = false;          // not the outermost frame of its pc
  bool has_params = false;       // declared parameters (debug=2 then prints "(...)"), else "()"
};

// The frames at pc without glue: empty if everything at pc is glue. `pc` is the address of the
// instruction: callers pass return address − 1. Code without DWARF yields its bare symbol, code
// without a symbol a frame without function. Throws nothing but bad_alloc. Thread-safe. Needs a big
// stack (systemstack). The frames are never freed.
std::span<const Frame> symbolize(uintptr_t pc);

struct StackFrame {
  const Frame* frame;
  uint32_t pc_index;  // which of the pcs it came from
  bool inlined;       // in this stack; frame->inlined may differ where the physical frame is hidden
};

// The frames of a physical stack, leaf first, without glue and without plumbing that our own code
// called. pcs are return addresses; with leaf_exact the first is that of the instruction itself.
std::vector<StackFrame> frames_of(const uintptr_t* pcs, size_t n, bool leaf_exact = false);

// Was the code at pc compiled with this option? GCC notes its options in the debug information.
// False where nothing is known. Needs a big stack.
bool compiled_with(uintptr_t pc, std::string_view option);

// Where the physical function at pc begins; 0 if nothing is known there.
uintptr_t function_entry(uintptr_t pc);

// Why names could not be found: a sentence for each file. They belong into a profile's comments.
// Each is also printed to stderr, once. Needs a big stack.
std::vector<std::string> symbol_problems();

}  // namespace golab::runtime
