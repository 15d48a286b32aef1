// debug1_writer.cpp: one record for each counted stack, in the table's order.
#include "profiler/formats/debug1_writer.h"

#include <cstdio>

#include "profiler/formats/tab_writer.h"
#include "runtime/strconv/utf8.h"

namespace golab::profiler {
namespace {

constexpr size_t kPieceBytes = 16 << 10;

std::string hex(uintptr_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%lx", static_cast<unsigned long>(value));
  return text;
}

struct ShownFrame {
  uintptr_t pc;  // return address − 1
  const runtime::Frame* frame;
};

std::string_view name_of(const runtime::Frame& frame, bool cpp_names) {
  if (cpp_names && !frame.cpp_name.empty()) return frame.cpp_name;
  return frame.function.empty() ? frame.system_name : frame.function;
}

bool is_runtime(std::string_view name) {
  if (name == "runtime._LostStack") return false;  // there is nothing else to show
  return name.starts_with("runtime.") || name.starts_with("internal/runtime/");
}

std::vector<std::string> cells_of(const ShownFrame& shown, const std::string& name) {
  if (name.empty()) return {"#", hex(shown.pc)};
  const runtime::Frame& frame = *shown.frame;
  std::string offset = hex(shown.pc > frame.entry ? shown.pc - frame.entry : 0);
  std::string file(frame.file.empty() ? "?" : frame.file);
  return {"#", hex(shown.pc), name + "+" + offset, file + ":" + std::to_string(frame.line)};
}

// The lines below a record. Runtime frames at the leaf are hidden, unless `all` or there are no
// other frames.
std::string frame_lines(const std::vector<ShownFrame>& stack, bool cpp_names, bool all) {
  std::vector<std::vector<std::string>> rows;
  for (bool show_runtime : {all, true}) {
    bool show = show_runtime, any = false;
    for (const ShownFrame& shown : stack) {
      std::string_view name = name_of(*shown.frame, cpp_names);
      std::string_view go_name = shown.frame->function.empty() ? name : shown.frame->function;
      if (go_name == "runtime.goexit" || (!show && is_runtime(go_name))) continue;
      show = any = true;
      rows.push_back(cells_of(shown, utf8::to_valid(name)));
    }
    if (any) break;
  }
  return aligned(rows);
}

// From the addresses of a record to its last line.
std::string rest_of_record(const StackTable& table, const CountedStack& stack, bool cpp_names,
                           bool all) {
  std::string text;
  std::vector<ShownFrame> frames;
  for (uint32_t index : stack.frames) {
    const PhysicalFrame& physical = table.frames[index];
    std::vector<uintptr_t> pcs = shown_return_pcs(physical);
    for (size_t i = 0; i < pcs.size(); i++) {
      text += " " + hex(pcs[i]);
      frames.push_back({pcs[i] - 1, &physical.frames[i]});
    }
  }
  if (frames.empty()) text += " 0x0";  // pprof refuses a file that has a record without an address
  text += "\n";
  if (stack.labels) text += "# labels: " + labels_text(*stack.labels) + "\n";
  return text + frame_lines(frames, cpp_names, all) + "\n";
}

}  // namespace

void write_debug1(const StackTable& table, const Debug1Options& options, const Sink& sink) {
  int64_t goroutines = 0;
  for (const CountedStack& stack : table.stacks) {
    goroutines = wrapping_add(goroutines, stack.count);
  }
  std::string text = options.name + " profile: total " + std::to_string(goroutines) + "\n";
  for (const CountedStack& stack : table.stacks) {
    text +=
        std::to_string(stack.count) + " @" + rest_of_record(table, stack, options.cpp_names, false);
    if (text.size() > kPieceBytes) sink(text), text.clear();
  }
  sink(text);
}

void write_contention(const StackTable& table, const ContentionOptions& options, const Sink& sink) {
  std::string text = "--- " + options.name + ":\ncycles/second=1000000000\n";
  if (options.sampling_period >= 0)
    text += "sampling period=" + std::to_string(options.sampling_period) + "\n";
  for (const CountedStack& stack : table.stacks) {
    text += std::to_string(stack.delay_ns) + " " + std::to_string(stack.count) + " @" +
            rest_of_record(table, stack, options.cpp_names, true);
    if (text.size() > kPieceBytes) sink(text), text.clear();
  }
  sink(text);
}

void write_heap(const StackTable& table, const HeapOptions& options, const Sink& sink) {
  // values: allocated objects and bytes, those in use.
  auto figures = [](const std::vector<int64_t>& v) {
    return std::to_string(v[2]) + ": " + std::to_string(v[3]) + " [" + std::to_string(v[0]) + ": " +
           std::to_string(v[1]) + "] @";
  };
  std::vector<int64_t> total(4, 0);
  for (const CountedStack& stack : table.stacks) {
    for (size_t i = 0; i < total.size(); i++) total[i] = wrapping_add(total[i], stack.values[i]);
  }
  std::string text =
      "heap profile: " + figures(total) + " heap/" + std::to_string(2 * options.rate) + "\n";
  for (const CountedStack& stack : table.stacks) {
    text += figures(stack.values) + rest_of_record(table, stack, options.cpp_names, false);
    if (text.size() > kPieceBytes) sink(text), text.clear();
  }
  sink(text);
}

}  // namespace golab::profiler
