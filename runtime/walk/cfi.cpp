// cfi.cpp: one step up a stack by the unwind tables.
//
// Sources: DWARF 5 section 6.4 (call frame information) and 2.5 (expressions); the Linux Standard
// Base on .eh_frame and .eh_frame_hdr, which say how the tables in memory differ from DWARF's.
#include "runtime/walk/cfi.h"

#include <dlfcn.h>
#include <dwarf.h>

#include <atomic>
#include <cstring>

#include "runtime/walk/images.h"

namespace golab::runtime {

namespace {

// Reads tables. The compiler made them and they are in read-only memory, so only the end of each
// entry is checked.
struct Reader {
  const uint8_t* p;

  template <typename T>
  T raw() {
    T v;
    std::memcpy(&v, p, sizeof v);
    p += sizeof v;
    return v;
  }
  uint64_t uleb() {
    uint64_t v = 0;
    for (int shift = 0;; shift += 7) {
      uint8_t b = *p++;
      if (shift < 64) v |= static_cast<uint64_t>(b & 0x7f) << shift;
      if (b < 0x80) return v;
    }
  }
  int64_t sleb() {
    int64_t v = 0;
    for (int shift = 0;;) {
      uint8_t b = *p++;
      if (shift < 64) v |= static_cast<int64_t>(b & 0x7f) << shift;
      shift += 7;
      if (b < 0x80) return shift < 64 && (b & 0x40) != 0 ? v | -(int64_t{1} << shift) : v;
    }
  }
  uintptr_t encoded(uint8_t encoding) {
    bool relative = (encoding & 0x70) == DW_EH_PE_pcrel;
    uintptr_t base = relative ? reinterpret_cast<uintptr_t>(p) : 0;
    return base + number(encoding & 0x0f);
  }
  uintptr_t number(uint8_t format) {
    switch (format) {
      case DW_EH_PE_absptr:
        return raw<uintptr_t>();
      case DW_EH_PE_uleb128:
        return uleb();
      case DW_EH_PE_udata2:
        return raw<uint16_t>();
      case DW_EH_PE_udata4:
        return raw<uint32_t>();
      case DW_EH_PE_udata8:
        return raw<uint64_t>();
      case DW_EH_PE_sleb128:
        return static_cast<uintptr_t>(sleb());
      case DW_EH_PE_sdata2:
        return static_cast<uintptr_t>(raw<int16_t>());
      case DW_EH_PE_sdata4:
        return static_cast<uintptr_t>(raw<int32_t>());
      case DW_EH_PE_sdata8:
        return static_cast<uintptr_t>(raw<int64_t>());
    }
    return 0;
  }
};

struct Program {  // call frame instructions
  const uint8_t* begin;
  const uint8_t* end;
};

struct Entry {
  Program common;  // of the CIE
  Program own;     // of the FDE
  uint64_t code_align;
  int64_t data_align;
  uint8_t encoding;
  bool signal_frame;
  uintptr_t pc_begin;
  uintptr_t pc_end;
};

// Splits the entry at p into length and body. 64-bit DWARF does not occur in memory.
bool entry_at(const uint8_t* p, Reader* body, const uint8_t** end) {
  Reader r{p};
  auto length = r.raw<uint32_t>();
  if (length == 0 || length == 0xffffffff) return false;
  *end = r.p + length;
  *body = r;
  return true;
}

bool read_cie(const uint8_t* at, Entry* e) {
  Reader r{nullptr};
  const uint8_t* end = nullptr;
  if (!entry_at(at, &r, &end) || r.raw<uint32_t>() != 0) return false;
  auto version = r.raw<uint8_t>();
  const char* augmentation = reinterpret_cast<const char*>(r.p);
  r.p += std::strlen(augmentation) + 1;
  e->code_align = r.uleb();
  e->data_align = r.sleb();
  uint64_t ra = version == 1 ? r.raw<uint8_t>() : r.uleb();
  if (ra != kDwarfPc || (augmentation[0] != 'z' && augmentation[0] != 0)) return false;
  e->encoding = DW_EH_PE_absptr;
  e->signal_frame = false;
  if (augmentation[0] == 'z') {
    uint64_t size = r.uleb();
    const uint8_t* instructions = r.p + size;
    for (const char* a = augmentation + 1; *a != 0; a++) {
      if (*a == 'R') e->encoding = r.raw<uint8_t>();
      if (*a == 'L') r.raw<uint8_t>();
      if (*a == 'S') e->signal_frame = true;
      if (*a == 'P') {
        auto encoding = r.raw<uint8_t>();
        r.encoded(encoding);
      }
    }
    r.p = instructions;
  }
  e->common = {r.p, end};
  return true;
}

bool read_fde(const uint8_t* at, uintptr_t pc, Entry* e) {
  Reader r{nullptr};
  const uint8_t* end = nullptr;
  if (!entry_at(at, &r, &end)) return false;
  const uint8_t* cie = r.p;
  cie -= r.raw<uint32_t>();
  if (cie == r.p - 4 || !read_cie(cie, e)) return false;
  e->pc_begin = r.encoded(e->encoding);
  e->pc_end = e->pc_begin + r.encoded(e->encoding & 0x0f);
  if (pc < e->pc_begin || pc >= e->pc_end) return false;
  uint64_t size = r.uleb();
  r.p += size;
  e->own = {r.p, end};
  return true;
}

// .eh_frame_hdr holds a sorted table of (address of code, address of its FDE).
bool find_entry(uintptr_t pc, Entry* e) {
  dl_find_object object;
  if (_dl_find_object(reinterpret_cast<void*>(pc), &object) != 0 ||
      object.dlfo_eh_frame == nullptr) {
    return false;
  }
  const auto* header = static_cast<const uint8_t*>(object.dlfo_eh_frame);
  constexpr uint8_t kTable = DW_EH_PE_datarel | DW_EH_PE_sdata4;
  if (header[0] != 1 || header[3] != kTable) return false;
  Reader r{header + 4};
  r.encoded(header[1]);
  uint64_t count = r.encoded(header[2]);
  struct Row {
    int32_t code;
    int32_t fde;
  };
  auto base = reinterpret_cast<uintptr_t>(header);
  auto row = [&](uint64_t i) {
    Row v;
    std::memcpy(&v, r.p + i * sizeof v, sizeof v);
    return v;
  };
  uint64_t lo = 0;
  uint64_t hi = count;
  while (lo < hi) {
    uint64_t mid = (lo + hi) / 2;
    if (base + static_cast<intptr_t>(row(mid).code) <= pc)
      lo = mid + 1;
    else
      hi = mid;
  }
  return lo > 0 && read_fde(header + row(lo - 1).fde, pc, e);
}

// Where the caller's value of a register is.
struct Rule {
  enum Kind : uint8_t {
    Same,
    Undefined,
    Offset,
    ValOffset,
    Register,
    Expression,
    ValExpression
  } kind = Same;
  int64_t value = 0;              // offset from the CFA, or register
  const uint8_t* code = nullptr;  // of an expression: its length, then itself
};

struct Row {
  bool signal_frame = false;
  int cfa_register = -1;
  int64_t cfa_offset = 0;
  const uint8_t* cfa_expression = nullptr;
  Rule rules[UnwindState::kRegisters];
};

struct Machine {
  const Entry& entry;
  Row row;
  Row initial;  // after the CIE's instructions: what DW_CFA_restore goes back to
  Row remembered[4];
  int depth = 0;

  explicit Machine(const Entry& e) : entry(e) {}

  void rule(uint64_t reg, Rule::Kind kind, int64_t value = 0, const uint8_t* code = nullptr) {
    if (reg < UnwindState::kRegisters) row.rules[reg] = {kind, value, code};
  }
  bool run(Program program, uintptr_t pc);
  bool extended(uint8_t op, Reader* r, uintptr_t* location);
};

const uint8_t* skip_block(Reader* r) {
  const uint8_t* block = r->p;
  uint64_t size = r->uleb();
  r->p += size;
  return block;
}

// Executes the instructions that belong to addresses up to pc.
bool Machine::run(Program program, uintptr_t pc) {
  Reader r{program.begin};
  uintptr_t location = entry.pc_begin;
  while (r.p < program.end && location <= pc) {
    uint8_t op = r.raw<uint8_t>();
    uint8_t low = op & 0x3f;
    switch (op & 0xc0) {
      case DW_CFA_advance_loc:
        location += low * entry.code_align;
        break;
      case DW_CFA_offset:
        rule(low, Rule::Offset, static_cast<int64_t>(r.uleb()) * entry.data_align);
        break;
      case DW_CFA_restore:
        if (low < UnwindState::kRegisters) row.rules[low] = initial.rules[low];
        break;
      default:
        if (!extended(op, &r, &location)) return false;
    }
  }
  return true;
}

bool Machine::extended(uint8_t op, Reader* r, uintptr_t* location) {
  int64_t align = entry.data_align;
  auto offset = [&] { return static_cast<int64_t>(r->uleb()); };
  uint64_t reg = 0;
  switch (op) {
    case DW_CFA_nop:
      return true;
    case DW_CFA_set_loc:
      *location = r->encoded(entry.encoding);
      return true;
    case DW_CFA_advance_loc1:
      *location += r->raw<uint8_t>() * entry.code_align;
      return true;
    case DW_CFA_advance_loc2:
      *location += r->raw<uint16_t>() * entry.code_align;
      return true;
    case DW_CFA_advance_loc4:
      *location += r->raw<uint32_t>() * entry.code_align;
      return true;
    case DW_CFA_offset_extended:
      reg = r->uleb();
      rule(reg, Rule::Offset, offset() * align);
      return true;
    case DW_CFA_offset_extended_sf:
      reg = r->uleb();
      rule(reg, Rule::Offset, r->sleb() * align);
      return true;
    case DW_CFA_val_offset:
      reg = r->uleb();
      rule(reg, Rule::ValOffset, offset() * align);
      return true;
    case DW_CFA_val_offset_sf:
      reg = r->uleb();
      rule(reg, Rule::ValOffset, r->sleb() * align);
      return true;
    case DW_CFA_restore_extended:
      reg = r->uleb();
      if (reg < UnwindState::kRegisters) row.rules[reg] = initial.rules[reg];
      return true;
    case DW_CFA_undefined:
      rule(r->uleb(), Rule::Undefined);
      return true;
    case DW_CFA_same_value:
      rule(r->uleb(), Rule::Same);
      return true;
    case DW_CFA_register:
      reg = r->uleb();
      rule(reg, Rule::Register, offset());
      return true;
    case DW_CFA_remember_state:
      if (depth == 4) return false;
      remembered[depth++] = row;
      return true;
    case DW_CFA_restore_state:
      if (depth == 0) return false;
      row = remembered[--depth];
      return true;
    case DW_CFA_def_cfa:
      row.cfa_expression = nullptr;
      row.cfa_register = static_cast<int>(r->uleb());
      row.cfa_offset = offset();
      return true;
    case DW_CFA_def_cfa_sf:
      row.cfa_expression = nullptr;
      row.cfa_register = static_cast<int>(r->uleb());
      row.cfa_offset = r->sleb() * align;
      return true;
    case DW_CFA_def_cfa_register:
      row.cfa_register = static_cast<int>(r->uleb());
      return true;
    case DW_CFA_def_cfa_offset:
      row.cfa_offset = offset();
      return true;
    case DW_CFA_def_cfa_offset_sf:
      row.cfa_offset = r->sleb() * align;
      return true;
    case DW_CFA_def_cfa_expression:
      row.cfa_expression = skip_block(r);
      return true;
    case DW_CFA_expression:
      reg = r->uleb();
      rule(reg, Rule::Expression, 0, skip_block(r));
      return true;
    case DW_CFA_val_expression:
      reg = r->uleb();
      rule(reg, Rule::ValExpression, 0, skip_block(r));
      return true;
    case DW_CFA_GNU_args_size:
      r->uleb();
      return true;
  }
  return false;
}

struct Stack {
  StackRange main;
  StackRange alternate;
  // Sanitizers do not know that another goroutine's stack may be read, so this uses no memcpy.
  __attribute__((no_sanitize("address", "thread"))) bool read(uintptr_t at,
                                                              uintptr_t* value) const {
    auto inside = [at](StackRange r) { return r.holds(at) && r.hi - at >= sizeof(uintptr_t); };
    if (at % sizeof *value != 0 || !(inside(main) || inside(alternate))) return false;
    *value = *reinterpret_cast<const volatile uintptr_t*>(at);
    return true;
  }
};

// Knows the operations that compilers emit: for realigned stacks, the PLT, and signal frames.
bool evaluate(const uint8_t* block, const UnwindState& regs, const Stack& stack,
              const uintptr_t* cfa, uintptr_t* result) {
  Reader r{block};
  uint64_t size = r.uleb();
  const uint8_t* end = r.p + size;
  uintptr_t values[16];
  int n = 0;
  if (cfa != nullptr) values[n++] = *cfa;
  while (r.p < end) {
    uint8_t op = r.raw<uint8_t>();
    if (n == 16) return false;
    if (op >= DW_OP_lit0 && op <= DW_OP_lit31) {
      values[n++] = op - DW_OP_lit0;
      continue;
    }
    if (op >= DW_OP_breg0 && op <= DW_OP_breg0 + 16) {
      int64_t offset = r.sleb();
      if (!regs.has(op - DW_OP_breg0)) return false;
      values[n++] = regs.r[op - DW_OP_breg0] + static_cast<uintptr_t>(offset);
      continue;
    }
    bool unary = op == DW_OP_deref || op == DW_OP_plus_uconst;
    bool binary = op == DW_OP_plus || op == DW_OP_minus || op == DW_OP_and || op == DW_OP_shl ||
                  op == DW_OP_ge;
    if (n < (binary ? 2 : unary ? 1 : 0)) return false;
    if (binary) n--;
    uintptr_t right = binary ? values[n] : 0;
    switch (op) {
      case DW_OP_const1u:
        values[n++] = r.raw<uint8_t>();
        break;
      case DW_OP_const1s:
        values[n++] = static_cast<uintptr_t>(r.raw<int8_t>());
        break;
      case DW_OP_const2u:
        values[n++] = r.raw<uint16_t>();
        break;
      case DW_OP_const2s:
        values[n++] = static_cast<uintptr_t>(r.raw<int16_t>());
        break;
      case DW_OP_deref:
        if (!stack.read(values[n - 1], &values[n - 1])) return false;
        break;
      case DW_OP_plus_uconst:
        values[n - 1] += r.uleb();
        break;
      case DW_OP_plus:
        values[n - 1] += right;
        break;
      case DW_OP_minus:
        values[n - 1] -= right;
        break;
      case DW_OP_and:
        values[n - 1] &= right;
        break;
      case DW_OP_shl:
        values[n - 1] <<= right & 63;
        break;
      case DW_OP_ge:
        values[n - 1] = values[n - 1] >= right ? 1 : 0;
        break;
      default:
        return false;
    }
  }
  if (n == 0) return false;
  *result = values[n - 1];
  return true;
}

// Finds the caller's value of `reg`. False: unreadable. *known: whether the rule gives a value.
bool apply(const Rule& rule, int reg, const UnwindState& old, const Stack& stack, uintptr_t cfa,
           uintptr_t* value, bool* known) {
  *known = true;
  switch (rule.kind) {
    case Rule::Same:
      *value = old.r[reg];
      *known = old.has(reg) && reg != kDwarfPc;
      return true;
    case Rule::Undefined:
      *known = false;
      return true;
    case Rule::Offset:
      return stack.read(cfa + static_cast<uintptr_t>(rule.value), value);
    case Rule::ValOffset:
      *value = cfa + static_cast<uintptr_t>(rule.value);
      return true;
    case Rule::Register:
      *known = rule.value < UnwindState::kRegisters && old.has(static_cast<int>(rule.value));
      *value = *known ? old.r[rule.value] : 0;
      return true;
    case Rule::Expression:
      return evaluate(rule.code, old, stack, &cfa, value) && stack.read(*value, value);
    case Rule::ValExpression:
      return evaluate(rule.code, old, stack, &cfa, value);
  }
  return false;
}

bool row_at(uintptr_t pc, Row* row) {
  Entry entry;
  if (!find_entry(pc, &entry)) return false;
  Machine machine(entry);
  if (!machine.run(entry.common, UINTPTR_MAX)) return false;
  machine.initial = machine.row;
  if (!machine.run(entry.own, pc)) return false;
  *row = machine.row;
  row->signal_frame = entry.signal_frame;
  return true;
}

// Converts bytes to words. False: not a whole number of words from 1 to max.
bool in_words(int64_t bytes, int64_t max, uint16_t* words) {
  constexpr int64_t kWord = sizeof(uintptr_t);
  if (bytes < kWord || bytes > max * kWord || bytes % kWord != 0) return false;
  *words = static_cast<uint16_t>(bytes / kWord);
  return true;
}

constexpr int kCfaBits = 9, kSavedBits = 6;

bool as_plain(const Row& row, PlainFrame* frame) {
  const Rule& pc = row.rules[kDwarfPc];
  const Rule& fp = row.rules[kDwarfFp];
  if (row.signal_frame || row.cfa_expression != nullptr || pc.kind != Rule::Offset ||
      pc.value != -static_cast<int64_t>(sizeof(uintptr_t)) ||
      row.rules[kDwarfSp].kind != Rule::Same) {
    return false;
  }
  frame->above_fp = row.cfa_register == kDwarfFp;
  if (!frame->above_fp && row.cfa_register != kDwarfSp) return false;
  frame->saved_words = 0;
  return in_words(row.cfa_offset, (1 << kCfaBits) - 1, &frame->cfa_words) &&
         (fp.kind == Rule::Same ||
          (fp.kind == Rule::Offset &&
           in_words(-fp.value, (1 << kSavedBits) - 1, &frame->saved_words)));
}

// The cache of plain_frame. A pc and its frame are one word, so a reader sees a whole entry while
// another thread writes. A place holds the last entry written there; 0 is none.
class PlainFrames {
 public:
  bool find(uintptr_t pc, PlainFrame* frame) const {
    uint64_t word = place(pc).load(std::memory_order_relaxed);
    if (word >> kFrameBits != pc) return false;
    frame->above_fp = (word & 1) != 0;
    frame->cfa_words = word >> 1 & ((1 << kCfaBits) - 1);
    frame->saved_words = word >> (1 + kCfaBits) & ((1 << kSavedBits) - 1);
    return true;
  }
  void keep(uintptr_t pc, const PlainFrame& frame) {
    uint64_t bits = (frame.above_fp ? 1 : 0) | uint64_t{frame.cfa_words} << 1 |
                    uint64_t{frame.saved_words} << (1 + kCfaBits);
    place(pc).store(uint64_t{pc} << kFrameBits | bits, std::memory_order_relaxed);
  }

 private:
  static constexpr int kFrameBits = 1 + kCfaBits + kSavedBits;
  static_assert(kFrameBits == 16);  // a pc in user space has 47 bits
  static constexpr int kPlacesLog2 = 10;

  std::atomic<uint64_t>& place(uintptr_t pc) const {
    return places_[pc * 0x9e3779b97f4a7c15 >> (64 - kPlacesLog2)];
  }
  mutable std::atomic<uint64_t> places_[1 << kPlacesLog2] = {};
};
constinit PlainFrames plain_frames;

}  // namespace

bool plain_frame(uintptr_t pc, PlainFrame* frame) {
  if (plain_frames.find(pc, frame)) return true;
  Row row;
  if (!row_at(pc, &row) || !as_plain(row, frame)) return false;
  if (never_unloaded(pc)) plain_frames.keep(pc, *frame);
  return true;
}

UnwindStep unwind_step(UnwindState* state, bool* exact, StackRange main, StackRange alternate) {
  Row row;
  if (!row_at(state->r[kDwarfPc] - (*exact ? 0 : 1), &row)) return UnwindStep::Failed;
  Stack stack{main, alternate};
  uintptr_t cfa = 0;
  if (row.cfa_expression != nullptr) {
    if (!evaluate(row.cfa_expression, *state, stack, nullptr, &cfa)) return UnwindStep::Failed;
  } else {
    if (row.cfa_register < 0 || row.cfa_register >= UnwindState::kRegisters ||
        !state->has(row.cfa_register)) {
      return UnwindStep::Failed;
    }
    cfa = state->r[row.cfa_register] + static_cast<uintptr_t>(row.cfa_offset);
  }
  if (row.rules[kDwarfPc].kind == Rule::Undefined) return UnwindStep::End;
  UnwindState caller;
  for (int reg = 0; reg < UnwindState::kRegisters; reg++) {
    uintptr_t value = 0;
    bool known = false;
    if (!apply(row.rules[reg], reg, *state, stack, cfa, &value, &known)) return UnwindStep::Failed;
    if (known) caller.set(reg, value);
  }
  if (row.rules[kDwarfSp].kind == Rule::Same) caller.set(kDwarfSp, cfa);
  if (!caller.has(kDwarfPc) || caller.r[kDwarfPc] == 0) return UnwindStep::End;
  *state = caller;
  *exact = row.signal_frame;
  return UnwindStep::Ok;
}

}  // namespace golab::runtime
