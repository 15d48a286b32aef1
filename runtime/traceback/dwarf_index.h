// dwarf_index.h: which functions, inlined ones included, are at an address, by one module's DWARF.
//
// libdw cannot find the function at an address: its scopes are lexical, and a lambda's entry (DIE)
// lies in the function that the lambda is written in, although its code is elsewhere. So each unit
// (a translation unit) is walked once, when the first address in it is asked for. The walk keeps
// functions, inlined calls, and what can enclose them.
//
// Names. A DIE with code points to an abstract instance (DW_AT_abstract_origin), that one to a
// declaration inside a class (DW_AT_specification). The last DIE of that chain is where the
// function was declared, and its parents are the scope. A closure type is inside its function.
// Clang may leave that function's DIE empty; then the closure's linkage name, which contains the
// function's, identifies it.
//
// Not thread-safe, because libdw is not: symbols.cpp holds a lock. After an exception (bad_alloc)
// it may be incomplete, and only be destroyed.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/traceback/naming.h"

namespace golab::runtime {

struct FunctionInfo {
  std::string go;
  std::string cpp;
  std::string linkage;  // mangled; empty where the compiler wrote none
  Origin origin = Origin::User;
  bool has_params = false;
  int line = 0;  // of the declaration
  bool closure = false;
};

// A source that is compiled with lines only (-g1) has functions without their namespaces. Their
// symbols have them. Empty if the function's name is whole.
std::optional<SymbolName> full_name(const FunctionInfo& function, const char* symbol);

// One function at an address. In a list the innermost comes first, the physical one last.
struct DwarfFrame {
  const FunctionInfo* function = nullptr;
  std::string file;
  int line = 0;
};

// A part of a function's code without a gap. What the compiler thinks is never run (".cold") is
// often apart.
struct DwarfCode {
  Dwarf_Addr lo = 0;
  Dwarf_Addr hi = 0;
  const FunctionInfo* function = nullptr;
};

// From this address on the code belongs to this line.
struct DwarfRow {
  Dwarf_Addr address = 0;
  const std::string* file = nullptr;  // as long as the index lives
  int line = 0;
};

class DwarfIndex {
 public:
  explicit DwarfIndex(Dwarf* dwarf);
  ~DwarfIndex();

  // Empty if the DWARF does not cover the address. *entry is where the physical function begins.
  std::vector<DwarfFrame> frames(Dwarf_Addr address, Dwarf_Addr* entry);
  // For a table of the whole file: the code of every function, sorted by address, and the lines of
  // one such part. Code that was inlined there has the line of the call in the function itself. The
  // first row is at the beginning of the code.
  std::vector<DwarfCode> all_code();
  std::vector<DwarfRow> rows_of(const DwarfCode& code);

  std::string producer(Dwarf_Addr address);  // the compiler and its options, of the unit there

 private:
  struct Unit;
  struct Node;
  struct Range {
    Dwarf_Addr lo;
    Dwarf_Addr hi;
    uint32_t index;
  };

  static const Range* find(const std::vector<Range>& ranges, Dwarf_Addr address);
  std::vector<DwarfRow> inlined_calls(Unit& unit, const Range& function, std::vector<Range>* where);
  static void add_ranges(Dwarf_Die* die, uint32_t index, std::vector<Range>* out);
  Unit* unit_at(Dwarf_Addr address);
  Unit& unit_of(Dwarf_Die* die);
  void walk(Unit& unit);
  static void walk_children(Unit& unit, Dwarf_Die* die, uint32_t parent);
  bool parent_of(Dwarf_Die* die, Dwarf_Die* parent);

  const FunctionInfo& describe(Dwarf_Die* die);
  FunctionInfo describe_first(Dwarf_Die* first, Dwarf_Die* die);
  FunctionInfo describe_closure(Dwarf_Die* closure, const std::string& linkage);
  FunctionInfo describe_plain(Dwarf_Die* canonical, Dwarf_Die* die);
  bool scope_only_in_symbol(Dwarf_Die* canonical, const std::string& linkage);
  bool scope_of(Dwarf_Die* die, Scope* scope);
  bool enclosing_function(Dwarf_Die* closure, const std::string& linkage, Dwarf_Die* function);
  int closure_number(Dwarf_Die* closure, Dwarf_Die* enclosing);
  void index_names(Unit& unit);
  void index_functions(Unit& unit);
  void index_closures(Unit& unit);

  Dwarf* dwarf_;
  std::vector<std::unique_ptr<Unit>> units_;
  std::vector<Range> unit_ranges_;
  std::map<Dwarf_Off, uint32_t> unit_by_offset_;
  std::unordered_map<Dwarf_Off, FunctionInfo> functions_;  // by canonical DIE
};

}  // namespace golab::runtime
