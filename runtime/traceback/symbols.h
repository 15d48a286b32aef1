// symbols.h: from a code address to the frames that a Go engineer expects to read there.
//
// Names come from DWARF (dwarf_index.h), without it from ELF symbols (modules.h), and are turned
// into Go's (naming.h). Each address is looked up once, never while the world is stopped. A name is
// kept as long as its library is loaded. If a file cannot be read, the next profile tries again.
//
// Glue and plumbing are left out (naming.h). Plumbing depends on its caller's frame, so it is left
// out rightly only of a whole stack.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace golab::runtime {

// One frame as shown. A physical pc yields several when calls were inlined there, innermost first.
// The texts are views. Code that fills in a Frame keeps its texts alive; those of frames_of() are
// never freed.
struct Frame {
  std::string_view function;     // Go's naming, short: "main.worker", "net/http.(*conn).serve"
  std::string_view system_name;  // the mangled symbol of the ELF file or DWARF linkage name
  std::string_view cpp_name;     // qualified C++ name without parameters, for GOLAB_NAMES=cpp
  std::string_view file;         // absolute
  int line = 0;                  // of the call (or of the leaf's instruction)
  int start_line = 0;            // of the function's declaration
  uintptr_t entry = 0;           // of the physical function; the same for all inlined into it
  bool has_params = false;       // declared parameters (debug=2 then prints "(...)"), else "()"
  auto operator<=>(const Frame&) const = default;
};

struct StackFrame {
  const Frame* frame;  // never freed
  uint32_t pc_index;   // which of the pcs it came from
  bool inlined;        // not the outermost frame of its pc in this stack
};

// The frames of a physical stack, leaf first, without glue and without plumbing that our own code
// called. pcs are return addresses; with leaf_exact the first is that of the instruction itself.
// Code without DWARF yields its bare symbol, code without a symbol a frame without function. Throws
// nothing but bad_alloc. Thread-safe. Needs a big stack (systemstack).
std::vector<StackFrame> frames_of(const uintptr_t* pcs, size_t n, bool leaf_exact = false);

// Was the code at pc compiled with this option? GCC notes its options in the debug information.
// False where nothing is known. Needs a big stack.
bool compiled_with(uintptr_t pc, std::string_view option);

// Why names could not be found: a sentence for each file. They belong into a profile's comments.
// Each is also printed to stderr, once. Needs a big stack.
std::vector<std::string> symbol_problems();

}  // namespace golab::runtime
