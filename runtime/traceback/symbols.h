// symbols.h: from a code address to the frames that a Go engineer expects to read there.
//
// A profile is a list of addresses until somebody names them. That is done here, outside every stop
// of the world, once per address. What is found is kept as long as the library is loaded that has
// the address. What is not found because a file cannot be read (modules.h) is not kept: the next
// profile tries again. Names come from DWARF (dwarf_index.h) turned into Go's (naming.h), where
// there is none from the ELF symbol table of the module, the kernel's vdso included.
//
// Some frames are left out because Go has nothing like them: glue, and the standard library's
// plumbing where our own code called it. Whether std::invoke was called by the runtime or by the
// user shows only in the frame below it, so that can be decided for a whole stack only: frames_of
// does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace golab::runtime {

// One frame as shown. A physical pc yields several when calls were inlined there, innermost first.
// The texts are views: who fills in a Frame keeps them alive. Those of symbolize() and frames_of()
// stay for ever.
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

// The frames at pc, glue removed (see naming.h): empty if everything at pc is glue. `pc` is the
// address of the instruction itself: callers pass return address − 1. Never fails: code without
// DWARF yields its bare symbol, code without a symbol a frame without function. Kept by pc; the
// first call reads the program's DWARF index (tens of milliseconds); thread-safe; needs a big stack
// (systemstack). The frames stay for ever.
std::span<const Frame> symbolize(uintptr_t pc);

// One frame of a stack; `frame` stays valid for ever.
struct StackFrame {
  const Frame* frame;
  uint32_t pc_index;  // which of the pcs it came from
  bool inlined;       // in this stack; frame->inlined may differ where the physical frame is hidden
};

// The frames of a physical stack, leaf first: pcs are return addresses, but the first is an address
// of the instruction itself if leaf_exact. Plumbing between our own code and the user's is left
// out.
std::vector<StackFrame> frames_of(const uintptr_t* pcs, size_t n, bool leaf_exact = false);

// Was the code at pc compiled with this option? GCC notes its options in the debug information; false
// where nothing is known. Needs a big stack.
bool compiled_with(uintptr_t pc, std::string_view option);

// Where the physical function at pc begins; 0 if nothing is known there.
uintptr_t function_entry(uintptr_t pc);

// What kept names from being found, a sentence for each file: empty if nothing did. Each is also
// said on stderr, once. They belong into a profile's comments. Needs a big stack.
std::vector<std::string> symbol_problems();

}  // namespace golab::runtime
