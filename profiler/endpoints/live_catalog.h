// live_catalog.h: stacks and frames in the words of the page's JSON, each put into words once.
//
// A look has mostly the stacks of the look before. Their names, lines and states are the same, and
// only how many goroutines have them is new. So the text of a stack is kept.
//
// A stack is found by its addresses and by the frames that the symbolizer knows for these: both are
// the same only if all names are the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "profiler/formats/stacks.h"
#include "runtime/traceback/symbols.h"

namespace golab::profiler::live {

// page: waits for the next request, or answers one of the page's. program: is in the program's
// handler. reader: watches for the end of the client, for another goroutine that serves.
enum class Serves { nothing, page, program, reader };

// A stack with its names. Needs a big stack, as frames_of() does.
struct NamedStack {
  explicit NamedStack(const StackRecord& record);

  std::vector<runtime::StackFrame> frames;  // leaf first, without goexit
  std::vector<uintptr_t> pcs;               // of those that have frames, leaf first
  std::string labels;                       // as debug=1 writes them
  uintptr_t gopc = 0;                       // of one of its creators

  // Stands for the same stack in each run of the same binary.
  std::string key() const;
  // What a goroutine with this stack does for a connection of the server's.
  Serves serves() const;
};

class Catalog {
 public:
  // Forgets all if it has become too large. What was returned before is then no longer valid.
  void begin();

  // Returns the members of a stack that stay the same: key, state, labels, frames. Equal stacks
  // have the same address here, until begin().
  const std::string& text_of(const NamedStack& stack);
  // Returns the number of the function with the `go` statement that returns to gopc, or -1.
  int64_t creator(uintptr_t gopc);
  // All frames that have a number, in that order: the elements of an array.
  const std::string& frames_text() const { return frames_text_; }

 private:
  static constexpr size_t kRowsMax = 4096;

  size_t number_of(const runtime::StackFrame& frame);
  std::string make_text(const NamedStack& stack);

  std::unordered_map<std::string, std::string> rows_;
  std::unordered_map<const runtime::Frame*, size_t> numbers_[2];  // of frames, of inlined frames
  size_t frames_ = 0;
  std::string frames_text_;
};

// True if a look has shown a frame in this file.
bool has_shown(std::string_view file);

// A text as JSON. Names may be any bytes.
std::string json_text(std::string_view text);

}  // namespace golab::profiler::live
