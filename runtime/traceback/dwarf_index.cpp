// dwarf_index.cpp: which functions, inlined ones included, are at an address.
#include "runtime/traceback/dwarf_index.h"

#include <dwarf.h>

#include <algorithm>
#include <filesystem>
#include <tuple>

#include "runtime/traceback/go_functions.h"

namespace golab::runtime {

namespace {

constexpr uint32_t kNoNode = UINT32_MAX;

std::string text(Dwarf_Die* die, unsigned int name) {
  Dwarf_Attribute attr;
  const char* s = dwarf_formstring(dwarf_attr_integrate(die, name, &attr));
  return s == nullptr ? "" : s;
}

int number(Dwarf_Die* die, unsigned int name) {
  Dwarf_Attribute attr;
  Dwarf_Word value = 0;
  if (dwarf_formudata(dwarf_attr_integrate(die, name, &attr), &value) != 0) return 0;
  return static_cast<int>(value);
}

bool refers(Dwarf_Die* die, unsigned int name, Dwarf_Die* to) {
  Dwarf_Attribute attr;
  return dwarf_attr(die, name, &attr) != nullptr && dwarf_formref_die(&attr, to) != nullptr;
}

// The DIE where the function or class was declared first.
Dwarf_Die canonical(Dwarf_Die die) {
  Dwarf_Die next;
  for (int i = 0; i < 16; i++) {
    if (!refers(&die, DW_AT_abstract_origin, &next) && !refers(&die, DW_AT_specification, &next)) {
      break;
    }
    die = next;
  }
  return die;
}

bool is_class(int tag) {
  return tag == DW_TAG_class_type || tag == DW_TAG_structure_type || tag == DW_TAG_union_type;
}
bool is_block(int tag) {
  return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}
bool is_function(int tag) { return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine; }

bool call_operator(Dwarf_Die* type, Dwarf_Die* child) {
  if (dwarf_child(type, child) != 0) return false;
  do {
    if (dwarf_tag(child) == DW_TAG_subprogram &&
        text(child, DW_AT_name).starts_with("operator()")) {
      return true;
    }
  } while (dwarf_siblingof(child, child) == 0);
  return false;
}

// A closure type has no name, or one that no program can spell.
bool is_closure(Dwarf_Die* type) {
  if (!is_class(dwarf_tag(type))) return false;
  std::string name = text(type, DW_AT_name);
  Dwarf_Die child;
  return (name.empty() || name[0] == '<' || name[0] == '(' || name[0] == '$') &&
         call_operator(type, &child);
}

struct Parameters {
  bool receiver = false;  // a `this`
  bool const_receiver = false;
  bool declared = false;  // others
};

Parameters parameters_of(Dwarf_Die* function) {
  Parameters p;
  Dwarf_Die child;
  if (dwarf_child(function, &child) != 0) return p;
  do {
    int tag = dwarf_tag(&child);
    if (tag == DW_TAG_unspecified_parameters) p.declared = true;
    if (tag != DW_TAG_formal_parameter) continue;
    Dwarf_Attribute attr;
    if (dwarf_attr_integrate(&child, DW_AT_artificial, &attr) == nullptr) {
      p.declared = true;
    } else if (!p.receiver) {
      p.receiver = true;
      Dwarf_Die type;  // const? → pointer → const? → class
      if (dwarf_formref_die(dwarf_attr_integrate(&child, DW_AT_type, &attr), &type) == nullptr)
        continue;
      if (dwarf_tag(&type) == DW_TAG_const_type && !refers(&type, DW_AT_type, &type)) continue;
      if (dwarf_tag(&type) == DW_TAG_pointer_type && refers(&type, DW_AT_type, &type)) {
        p.const_receiver = dwarf_tag(&type) == DW_TAG_const_type;
      }
    }
  } while (dwarf_siblingof(&child, &child) == 0);
  return p;
}

void name_by_symbol(const std::string& linkage, FunctionInfo* info) {
  SymbolName symbol = name_of_symbol(linkage.c_str());
  info->go = symbol.go;
  info->cpp = symbol.cpp;
  info->origin = symbol.origin;
}

}  // namespace

std::optional<SymbolName> full_name(const FunctionInfo& function, const char* symbol) {
  if (function.origin != Origin::User || function.cpp.find("::") != std::string::npos) return {};
  SymbolName name = name_of_symbol(symbol);
  if (name.origin == Origin::User || name.origin == Origin::System) return {};
  if (name.origin == Origin::Golab && !go_has(name.go)) name.origin = Origin::Inner;
  return name;
}

// ---- Units and addresses ----

// A DIE that can have code or enclose it. Nodes are in the order of the file: offsets ascend.
struct DwarfIndex::Node {
  Dwarf_Off offset;
  uint32_t parent;  // nearest enclosing node
  uint32_t end;     // one past the last node inside this one
  int tag;
};

struct DwarfIndex::Unit {
  Dwarf_Die die;
  bool walked = false;
  bool named = false;
  bool c_language = false;
  bool lines_only = true;  // no scope is known of any function: -g1
  std::string directory;
  Dwarf_Lines* lines = nullptr;
  size_t line_count = 0;
  Dwarf_Files* files = nullptr;
  std::vector<Node> nodes;
  std::vector<Range> functions;  // sorted; index is that of a node

  struct Closure {
    int line;
    int column;
    std::string linkage;  // orders closures on one line where there is no column (Clang)
    Dwarf_Off offset;
    // The abstract and each concrete instance of a function have a type for the same closure: two
    // types at one place are one closure.
    auto place() const {
      std::string_view name = column == 0 ? std::string_view(linkage) : std::string_view();
      return std::make_tuple(line, column, name.size(), name);
    }
  };
  std::unordered_map<const char*, std::string> paths;  // by the name in the line table
  std::unordered_map<std::string, Dwarf_Off> by_linkage;
  std::unordered_map<Dwarf_Off, std::string> linkage_of_declaration;
  std::unordered_map<Dwarf_Off, std::vector<Closure>> closures;  // by enclosing function

  std::string path(const char* name) const {
    if (name == nullptr) return "";
    std::filesystem::path p = name[0] == '/' ? name : directory + '/' + name;
    return p.lexically_normal().string();
  }
  const Node* node_at(Dwarf_Off offset) const {
    auto it = std::lower_bound(nodes.begin(), nodes.end(), offset,
                               [](const Node& n, Dwarf_Off o) { return n.offset < o; });
    return it != nodes.end() && it->offset == offset ? &*it : nullptr;
  }
  size_t row_behind(Dwarf_Addr address) const;
  DwarfFrame line_at(Dwarf_Addr address) const;
  const std::string* kept_path(const char* name);
  bool row_at(size_t row, DwarfRow* found);
};

// The number of the first row above the address.
size_t DwarfIndex::Unit::row_behind(Dwarf_Addr address) const {
  size_t lo = 0;
  size_t hi = line_count;
  Dwarf_Addr at = 0;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (dwarf_lineaddr(dwarf_onesrcline(lines, mid), &at) == 0 && at <= address) {
      lo = mid + 1;
    } else {
      hi = mid;
    }
  }
  return lo;
}

// The last row at or below the address. Line 0 is code of no line: the row before it is used.
DwarfFrame DwarfIndex::Unit::line_at(Dwarf_Addr address) const {
  DwarfFrame frame;
  for (size_t i = row_behind(address); i-- > 0 && frame.line == 0;) {
    Dwarf_Line* line = dwarf_onesrcline(lines, i);
    bool end = false;
    if (dwarf_lineendsequence(line, &end) != 0 || end) break;
    dwarf_lineno(line, &frame.line);
    frame.file = path(dwarf_linesrc(line, nullptr, nullptr));
  }
  return frame;
}

const std::string* DwarfIndex::Unit::kept_path(const char* name) {
  if (name == nullptr) return nullptr;
  auto [known, added] = paths.try_emplace(name);
  if (added) known->second = path(name);
  return &known->second;
}

// False for a row that has no line of its own.
bool DwarfIndex::Unit::row_at(size_t row, DwarfRow* found) {
  Dwarf_Line* line = dwarf_onesrcline(lines, row);
  bool end = false;
  if (dwarf_lineendsequence(line, &end) != 0 || end || dwarf_lineno(line, &found->line) != 0 ||
      found->line == 0) {
    return false;
  }
  dwarf_lineaddr(line, &found->address);
  found->file = kept_path(dwarf_linesrc(line, nullptr, nullptr));
  return true;
}

DwarfIndex::DwarfIndex(Dwarf* dwarf) : dwarf_(dwarf) {
  Dwarf_CU* cu = nullptr;
  Dwarf_Die die;
  uint8_t type = 0;
  while (dwarf_get_units(dwarf_, cu, &cu, nullptr, &type, &die, nullptr) == 0) {
    if (type != DW_UT_compile || dwarf_tag(&die) != DW_TAG_compile_unit) continue;
    auto index = static_cast<uint32_t>(units_.size());
    units_.push_back(std::make_unique<Unit>());
    units_.back()->die = die;
    unit_by_offset_[dwarf_dieoffset(&die)] = index;
    add_ranges(&die, index, &unit_ranges_);
  }
  std::sort(unit_ranges_.begin(), unit_ranges_.end(),
            [](const Range& a, const Range& b) { return a.lo < b.lo; });
}

DwarfIndex::~DwarfIndex() = default;

// A range that starts at 0 is of a function that the linker dropped.
void DwarfIndex::add_ranges(Dwarf_Die* die, uint32_t index, std::vector<Range>* out) {
  Dwarf_Addr base = 0;
  Dwarf_Addr lo = 0;
  Dwarf_Addr hi = 0;
  for (ptrdiff_t at = 0; (at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0;) {
    if (lo != 0 && lo < hi) out->push_back({lo, hi, index});
  }
}

const DwarfIndex::Range* DwarfIndex::find(const std::vector<Range>& ranges, Dwarf_Addr address) {
  auto it = std::upper_bound(ranges.begin(), ranges.end(), address,
                             [](Dwarf_Addr a, const Range& r) { return a < r.lo; });
  if (it == ranges.begin() || address >= (--it)->hi) return nullptr;
  return &*it;
}

DwarfIndex::Unit* DwarfIndex::unit_at(Dwarf_Addr address) {
  const Range* range = find(unit_ranges_, address);
  if (range == nullptr) return nullptr;
  walk(*units_[range->index]);
  return units_[range->index].get();
}

DwarfIndex::Unit& DwarfIndex::unit_of(Dwarf_Die* die) {
  Dwarf_Die cu;
  dwarf_diecu(die, &cu, nullptr, nullptr);
  auto it = unit_by_offset_.find(dwarf_dieoffset(&cu));
  Unit& unit = *units_[it == unit_by_offset_.end() ? 0 : it->second];
  walk(unit);
  return unit;
}

void DwarfIndex::walk(Unit& unit) {
  if (unit.walked) return;
  unit.walked = true;
  unit.directory = text(&unit.die, DW_AT_comp_dir);
  int language = dwarf_srclang(&unit.die);
  unit.c_language = language == DW_LANG_C || language == DW_LANG_C89 || language == DW_LANG_C99 ||
                    language == DW_LANG_C11 || language == DW_LANG_Mips_Assembler;
  if (dwarf_getsrclines(&unit.die, &unit.lines, &unit.line_count) != 0) unit.line_count = 0;
  if (dwarf_getsrcfiles(&unit.die, &unit.files, nullptr) != 0) unit.files = nullptr;
  walk_children(unit, &unit.die, kNoNode);
  std::sort(unit.functions.begin(), unit.functions.end(),
            [](const Range& a, const Range& b) { return a.lo < b.lo; });
}

// A declaration tells a method's class, so it becomes a node. It is not entered: it has no code.
void DwarfIndex::walk_children(Unit& unit, Dwarf_Die* outer, uint32_t parent) {
  Dwarf_Die die;
  if (dwarf_child(outer, &die) != 0) return;
  do {
    int tag = dwarf_tag(&die);
    if (is_block(tag)) walk_children(unit, &die, parent);
    if (tag == DW_TAG_namespace || is_class(tag)) unit.lines_only = false;
    if (tag != DW_TAG_namespace && !is_class(tag) && !is_function(tag)) continue;
    auto index = static_cast<uint32_t>(unit.nodes.size());
    unit.nodes.push_back({dwarf_dieoffset(&die), parent, index + 1, tag});
    if (tag == DW_TAG_subprogram) {
      if (dwarf_hasattr(&die, DW_AT_declaration) != 0) continue;
      add_ranges(&die, index, &unit.functions);
    }
    walk_children(unit, &die, index);
    unit.nodes[index].end = static_cast<uint32_t>(unit.nodes.size());
  } while (dwarf_siblingof(&die, &die) == 0);
}

std::vector<DwarfFrame> DwarfIndex::frames(Dwarf_Addr address, Dwarf_Addr* entry) {
  std::vector<DwarfFrame> result;
  Unit* unit = unit_at(address);
  const Range* range = unit == nullptr ? nullptr : find(unit->functions, address);
  if (range == nullptr) return result;

  std::vector<Dwarf_Die> chain(1);  // outermost first
  const Node& host = unit->nodes[range->index];
  dwarf_offdie(dwarf_, host.offset, &chain[0]);
  for (uint32_t i = range->index + 1; i < host.end;) {
    Dwarf_Die die;
    const Node& node = unit->nodes[i];
    if (node.tag == DW_TAG_inlined_subroutine &&
        dwarf_offdie(dwarf_, node.offset, &die) != nullptr && dwarf_haspc(&die, address) == 1) {
      chain.push_back(die);
      i++;
    } else {
      i = node.end;
    }
  }

  *entry = range->lo;
  Dwarf_Addr pc = 0;
  if (dwarf_entrypc(&chain[0], &pc) == 0 && pc >= range->lo && pc <= address) *entry = pc;
  DwarfFrame position = unit->line_at(address);
  for (size_t i = chain.size(); i-- > 0;) {
    position.function = &describe(&chain[i]);
    result.push_back(position);
    auto file = static_cast<size_t>(number(&chain[i], DW_AT_call_file));
    position.line = number(&chain[i], DW_AT_call_line);
    position.file = unit->files == nullptr
                        ? ""
                        : unit->path(dwarf_filesrc(unit->files, file, nullptr, nullptr));
  }
  return result;
}

std::vector<DwarfCode> DwarfIndex::all_code() {
  std::vector<DwarfCode> all;
  for (auto& unit : units_) {
    walk(*unit);
    for (const Range& range : unit->functions) {
      Dwarf_Die die;
      if (dwarf_offdie(dwarf_, unit->nodes[range.index].offset, &die) == nullptr) continue;
      all.push_back({range.lo, range.hi, &describe(&die)});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const DwarfCode& a, const DwarfCode& b) { return a.lo < b.lo; });
  return all;
}

// The calls that were inlined into the function itself, not into one of these. Their ranges go,
// sorted, to `where`; an index there is that of a call.
std::vector<DwarfRow> DwarfIndex::inlined_calls(Unit& unit, const Range& function,
                                                std::vector<Range>* where) {
  std::vector<DwarfRow> calls;
  const uint32_t end = unit.nodes[function.index].end;
  for (uint32_t i = function.index + 1; i < end; i = unit.nodes[i].end) {
    Dwarf_Die die;
    if (unit.nodes[i].tag != DW_TAG_inlined_subroutine || unit.files == nullptr ||
        dwarf_offdie(dwarf_, unit.nodes[i].offset, &die) == nullptr) {
      continue;
    }
    add_ranges(&die, static_cast<uint32_t>(calls.size()), where);
    auto file = static_cast<size_t>(number(&die, DW_AT_call_file));
    const char* name = dwarf_filesrc(unit.files, file, nullptr, nullptr);
    calls.push_back({0, unit.kept_path(name), number(&die, DW_AT_call_line)});
  }
  std::sort(where->begin(), where->end(),
            [](const Range& a, const Range& b) { return a.lo < b.lo; });
  return calls;
}

std::vector<DwarfRow> DwarfIndex::rows_of(const DwarfCode& code) {
  std::vector<DwarfRow> rows;
  Unit* unit = unit_at(code.lo);
  const Range* function = unit == nullptr ? nullptr : find(unit->functions, code.lo);
  if (function == nullptr) return rows;
  std::vector<Range> where;
  const std::vector<DwarfRow> calls = inlined_calls(*unit, *function, &where);
  std::vector<DwarfRow> own;  // what the line table says
  const size_t end = unit->row_behind(code.hi - 1);
  for (size_t i = unit->row_behind(code.lo); i > 0 && i <= end; i++) {
    DwarfRow row;
    if (unit->row_at(i - 1, &row)) own.push_back(row);
  }
  std::vector<Dwarf_Addr> changes(1, code.lo);
  for (const DwarfRow& row : own) changes.push_back(std::max(row.address, code.lo));
  for (const Range& range : where) changes.insert(changes.end(), {range.lo, range.hi});
  std::sort(changes.begin(), changes.end());

  auto next = own.begin();
  DwarfRow now;
  for (Dwarf_Addr at : changes) {
    while (next != own.end() && next->address <= at) now = *next++;
    if (at < code.lo || at >= code.hi) continue;
    const Range* inlined = find(where, at);
    DwarfRow row = inlined == nullptr ? now : calls[inlined->index];
    row.address = at;
    if (row.file == nullptr) continue;
    if (!rows.empty() && rows.back().address == at) rows.pop_back();
    rows.push_back(row);
  }
  if (!rows.empty()) rows.front().address = code.lo;
  return rows;
}

std::string DwarfIndex::producer(Dwarf_Addr address) {
  Unit* unit = unit_at(address);
  return unit == nullptr ? "" : text(&unit->die, DW_AT_producer);
}

// ---- Names ----

bool DwarfIndex::parent_of(Dwarf_Die* die, Dwarf_Die* parent) {
  const Unit& unit = unit_of(die);
  const Node* node = unit.node_at(dwarf_dieoffset(die));
  if (node == nullptr || node->parent == kNoNode) return false;
  return dwarf_offdie(dwarf_, unit.nodes[node->parent].offset, parent) != nullptr;
}

const FunctionInfo& DwarfIndex::describe(Dwarf_Die* die) {
  Dwarf_Die first = canonical(*die);
  auto [it, fresh] = functions_.try_emplace(dwarf_dieoffset(&first));
  FunctionInfo& known = it->second;  // stays where it is while others are added
  if (!fresh) return known;
  known = describe_first(&first, die);
  if (known.origin == Origin::Golab && !go_has(known.go)) known.origin = Origin::Inner;
  return known;
}

FunctionInfo DwarfIndex::describe_first(Dwarf_Die* first, Dwarf_Die* die) {
  FunctionInfo info;
  std::string linkage = text(die, DW_AT_linkage_name);
  Dwarf_Die type;
  if (!parent_of(first, &type) || !is_closure(&type)) {
    info = describe_plain(first, die);
  } else if (text(first, DW_AT_name).starts_with("operator()")) {
    if (linkage.empty()) {
      Unit& unit = unit_of(first);
      index_names(unit);
      linkage = unit.linkage_of_declaration[dwarf_dieoffset(first)];
    }
    info = describe_closure(&type, linkage);
    info.has_params = parameters_of(first).declared;
  } else {  // a closure's destructor or its conversion to a function pointer: Go has neither
    info = describe_plain(first, die);
    info.origin = Origin::Glue;
  }
  info.linkage = std::move(linkage);
  return info;
}

// True if the function is in a namespace or a class, but the debug information does not say so: it
// is that of -g1.
bool DwarfIndex::scope_only_in_symbol(Dwarf_Die* first, const std::string& linkage) {
  Dwarf_Die parent;
  return !parent_of(first, &parent) &&
         (linkage.starts_with("_ZN") || linkage.starts_with("_ZS") || linkage.starts_with("_ZZ"));
}

FunctionInfo DwarfIndex::describe_plain(Dwarf_Die* first, Dwarf_Die* die) {
  FunctionInfo info;
  std::string name = text(die, DW_AT_name);
  Scope scope;
  bool method = scope_of(die, &scope);
  const std::string linkage = text(die, DW_AT_linkage_name);
  info.line = number(die, DW_AT_decl_line);
  info.origin = origin_of(scope.namespaces);
  // Who writes `auto [ctx, cancel] = …` does not write the pair's destructor.
  if (info.origin == Origin::Plumbing && name.starts_with('~')) info.origin = Origin::Glue;
  Parameters parameters = parameters_of(first);
  info.has_params = parameters.declared || parameters.receiver;
  bool global = scope.namespaces.empty() && !method;
  if (global && (name == "main" || name == "__real_main" || name == "__wrap_main")) {
    info.go = "main.main";
    info.cpp = name;
    info.has_params = false;
  } else if (name.empty() || (global && scope_only_in_symbol(first, linkage))) {
    name_by_symbol(linkage, &info);
  } else if (global && (unit_of(first).c_language || name.starts_with("__") ||
                        name.starts_with("_GLOBAL__"))) {
    SymbolName symbol = name_of_symbol(name.c_str());
    info.go = info.cpp = name;
    info.origin = symbol.origin == Origin::Glue ? Origin::Glue : Origin::System;
  } else if (global && (name.starts_with("operator new") || name.starts_with("operator delete"))) {
    // Whoever replaces them, they are the library's.
    info.go = go_identifier(name);
    info.cpp = name;
    info.origin = name.starts_with("operator delete") ? Origin::Glue : Origin::System;
  } else {
    info.go = go_function(scope, name, parameters.receiver && !parameters.const_receiver);
    info.cpp = cpp_function(scope, name);
    // An inlined or local function of which no more is known: not shown if ours called it.
    if (global && linkage.empty() && unit_of(first).lines_only) info.origin = Origin::Plumbing;
  }
  return info;
}

// Go's rule: the n-th function literal in f is f.funcn, the m-th in that one f.funcn.m.
FunctionInfo DwarfIndex::describe_closure(Dwarf_Die* closure, const std::string& linkage) {
  FunctionInfo info;
  info.closure = true;
  info.line = number(closure, DW_AT_decl_line);
  Dwarf_Die function;
  if (!enclosing_function(closure, linkage, &function)) {
    if (linkage.starts_with("_ZZ")) {
      name_by_symbol(linkage, &info);
      return info;
    }
    Scope scope;  // the initializer of a variable or member
    scope_of(closure, &scope);
    std::string n = std::to_string(closure_number(closure, nullptr));
    info.origin = origin_of(scope.namespaces);
    info.go = go_function(scope, "init", false) + ".func" + n;
    info.cpp = cpp_function(scope, "{lambda#" + n + "}");
    return info;
  }
  const FunctionInfo& outer = describe(&function);
  std::string n = std::to_string(closure_number(closure, &function));
  info.origin = outer.origin;
  info.go = outer.go + (outer.closure ? "." : ".func") + n;
  info.cpp = outer.cpp + "::{lambda#" + n + "}";
  return info;
}

// Returns true if the function is a member of a class. Functions on the way up (those that enclose
// a local class) are not part of the scope, and neither are their classes.
bool DwarfIndex::scope_of(Dwarf_Die* from, Scope* scope) {
  Dwarf_Die die = canonical(*from);
  Dwarf_Die parent;
  std::string linkage = text(from, DW_AT_linkage_name);
  bool local = false;
  while (parent_of(&die, &parent)) {
    int tag = dwarf_tag(&parent);
    die = canonical(parent);
    if (tag == DW_TAG_namespace) {
      std::string name = text(&parent, DW_AT_name);
      Dwarf_Attribute attr;
      bool hidden = name.empty() || dwarf_attr(&parent, DW_AT_export_symbols, &attr) != nullptr;
      if (!hidden) scope->namespaces.insert(scope->namespaces.begin(), name);
    } else if (is_class(tag) && !local) {
      std::string name = text(&die, DW_AT_name);
      if (!name.empty()) scope->classes.insert(scope->classes.begin(), name);
    } else if (is_function(tag)) {
      local = true;
      if (text(&die, DW_AT_name).empty() && !enclosing_function(&die, linkage, &die)) break;
    }
  }
  return !scope->classes.empty();
}

// Finds the function in whose body a closure type or a local class stands.
bool DwarfIndex::enclosing_function(Dwarf_Die* inner, const std::string& linkage,
                                    Dwarf_Die* function) {
  Dwarf_Die parent;
  if (is_class(dwarf_tag(inner)) && parent_of(inner, &parent) && is_function(dwarf_tag(&parent))) {
    *function = canonical(parent);
    if (!text(function, DW_AT_name).empty()) return true;
  }
  // _ZZN4Pool3RunEvENKUlvE_clEv is _ZZ, the function _ZN4Pool3RunEv without its _Z, E, the rest.
  if (!linkage.starts_with("_ZZ")) return false;
  Unit& unit = unit_of(inner);
  index_names(unit);
  for (size_t end = linkage.rfind('E'); end != std::string::npos && end > 3;
       end = linkage.rfind('E', end - 1)) {
    auto it = unit.by_linkage.find("_Z" + linkage.substr(3, end - 3));
    if (it != unit.by_linkage.end() && dwarf_offdie(dwarf_, it->second, function) != nullptr)
      return true;
  }
  return false;
}

// The number of a closure among those of `enclosing`, in the order of the source, from 1.
int DwarfIndex::closure_number(Dwarf_Die* closure, Dwarf_Die* enclosing) {
  Unit& unit = unit_of(closure);
  index_names(unit);
  Dwarf_Die parent;
  Dwarf_Off key = 0;
  if (enclosing != nullptr) {
    key = dwarf_dieoffset(enclosing);
  } else if (parent_of(closure, &parent)) {
    key = dwarf_dieoffset(&parent);
  }
  const std::vector<Unit::Closure>& all = unit.closures[key];
  int n = 0;
  for (size_t i = 0; i < all.size(); i++) {
    if (i == 0 || all[i].place() != all[i - 1].place()) n++;
    if (all[i].offset == dwarf_dieoffset(closure)) break;
  }
  return std::max(n, 1);
}

void DwarfIndex::index_names(Unit& unit) {
  if (unit.named) return;
  unit.named = true;  // set first: enclosing_function calls this again
  index_functions(unit);
  index_closures(unit);
}

void DwarfIndex::index_functions(Unit& unit) {
  Dwarf_Die die;
  Dwarf_Attribute attr;
  for (const Node& node : unit.nodes) {
    if (node.tag != DW_TAG_subprogram || dwarf_offdie(dwarf_, node.offset, &die) == nullptr)
      continue;
    const char* linkage = dwarf_formstring(dwarf_attr(&die, DW_AT_linkage_name, &attr));
    Dwarf_Die first = canonical(die);
    if (linkage != nullptr) {
      unit.by_linkage.emplace(linkage, dwarf_dieoffset(&first));
      unit.linkage_of_declaration.emplace(dwarf_dieoffset(&first), linkage);
    } else if (node.parent == kNoNode) {
      std::string name = text(&die, DW_AT_name);
      unit.by_linkage.emplace("_Z" + std::to_string(name.size()) + name, dwarf_dieoffset(&first));
    }
  }
}

void DwarfIndex::index_closures(Unit& unit) {
  Dwarf_Die die;
  for (const Node& node : unit.nodes) {
    if (!is_class(node.tag) || dwarf_offdie(dwarf_, node.offset, &die) == nullptr) continue;
    Dwarf_Die call;
    if (!is_closure(&die) || !call_operator(&die, &call)) continue;
    std::string linkage = unit.linkage_of_declaration[dwarf_dieoffset(&call)];
    Dwarf_Die function;
    Dwarf_Off key = 0;
    if (enclosing_function(&die, linkage, &function)) {
      key = dwarf_dieoffset(&function);
    } else if (!linkage.starts_with("_ZZ")) {
      key = node.parent == kNoNode ? 0 : unit.nodes[node.parent].offset;
    } else {
      continue;
    }
    unit.closures[key].push_back(
        {number(&die, DW_AT_decl_line), number(&die, DW_AT_decl_column), linkage, node.offset});
  }
  for (auto& [key, list] : unit.closures) {
    std::sort(list.begin(), list.end(),
              [](const Unit::Closure& a, const Unit::Closure& b) { return a.place() < b.place(); });
  }
}

}  // namespace golab::runtime
