// die.h: the ways in which a program ends badly, and the text it leaves on stderr. For runtime/core
// only.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/core/panic.h"
#include "runtime/core/stop.h"

namespace golab {

void run_defers(runtime::G* gp);

namespace runtime {

// One call of panic(): what it was given, where it happened, and the panic it came on top of.
struct PanicRecord : std::enable_shared_from_this<PanicRecord> {
  static constexpr uint32_t kMaxDepth = 256;

  std::shared_ptr<PanicValue> value;
  std::shared_ptr<PanicRecord> link;  // older
  uint64_t goid = 0;
  uint32_t depth = 0;
  uint32_t elided = 0;  // of a deeper stack, whose both ends these are (both_ends)
  uintptr_t pcs[kMaxDepth];
  bool recovered = false;  // somebody caught it before the next was raised
  bool dying = false;      // nobody will: its Defers run on top of it
  G* raiser = nullptr;     // whose G::panics points here, until this is gone

  ~PanicRecord();
};

// The running goroutine's own stack, from its caller on if `skip` is 1.
void take_stack(int skip, PanicRecord* record);

std::string panic_stack(const PanicRecord& record);
// "panic: first\n\tpanic: second\n", the oldest first.
std::string panic_chain_text(const PanicRecord& newest);
[[noreturn]] void die_fatal(const char* text, bool runtime_fault);
[[noreturn]] void die_deadlock(const char* text);

}  // namespace runtime
}  // namespace golab
