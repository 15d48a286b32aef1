// debug2_reader.cpp: keeps the goroutines of a dump.
#include "profiler/formats/debug2_reader.h"

#include <utility>

#include "profiler/formats/dump_parser.h"
#include "profiler/formats/log_lines.h"
#include "profiler/formats/reader.h"

namespace golab::profiler {
namespace {

class Collector : public DumpSink {
 public:
  explicit Collector(const ReadLimits& limits) : memory_(limits.memory_bytes_max) {}

  void goroutine(const DumpHeader& header) override {
    memory_.charge(2 * sizeof(DumpedGoroutine) + 4 * kHeapBytes + header.state.size() +
                   header.labels.size());
    DumpedGoroutine& goroutine = goroutines.emplace_back();
    goroutine.goid = header.goid;
    goroutine.state = header.state;
    goroutine.leaked = header.leaked;
    goroutine.locked_to_thread = header.locked_to_thread;
    goroutine.minutes = header.minutes;
    goroutine.labels = header.labels;
  }

  bool frame(std::string_view function, std::string_view arguments,
             std::string_view position) override {
    memory_.charge(2 * sizeof(DumpedFrame) + 3 * kHeapBytes + arguments.size());
    DumpedFrame& frame = goroutines.back().frames.emplace_back();
    frame.arguments = arguments;
    return fill(frame, function, position);
  }

  bool creator(std::string_view function, uint64_t goid, std::string_view position) override {
    DumpedGoroutine& goroutine = goroutines.back();
    goroutine.created_in = goid;
    bool good = fill(goroutine.created_at, function, position);
    goroutine.created_by = std::exchange(goroutine.created_at.function, {});
    return good;
  }

  void elided(int64_t frames) override { goroutines.back().elided = frames; }
  void end() override {}

  std::vector<DumpedGoroutine> goroutines;

 private:
  bool fill(DumpedFrame& frame, std::string_view function, std::string_view position) {
    memory_.charge(function.size() + position.size());
    frame.function = function;
    DumpPosition parsed;
    if (!parse_position(position, parsed)) return false;
    frame.file = parsed.file;
    frame.line = parsed.line;
    frame.offset = parsed.offset;
    frame.pc = parsed.pc;
    return true;
  }

  MemoryAccount memory_;
};

DumpResult read(std::string_view text, const std::string& name, const ReadLimits& limits) {
  Collector collector(limits);
  DumpParser parser(collector);
  size_t number = 0;
  LogLines log([&](std::string_view line) { return parser.line(line, number); });
  const bool whole_lines = text.ends_with('\n');
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    number++;
    log.line(line);
  }
  parser.finish(whole_lines);
  DumpResult result{std::move(collector.goroutines), {}, {}};
  if (result.goroutines.empty()) {
    result.error = name +
                   ": no line like \"goroutine 1 [chan receive]:\" in it. Is this a dump? Fetch "
                   "one from http://HOST/debug/pprof/goroutine?debug=2.";
  } else if (parser.unreadable().count() > 0) {
    result.warning = name + ": " + parser.unreadable().text();
  }
  return result;
}

}  // namespace

DumpResult read_debug2(std::string_view text, const std::string& name, ReadLimits limits) {
  if (text.size() > limits.unpacked_bytes_max) {
    return {{},
            name + ": the dump has " + mebibytes(text.size()) + ", at most " +
                mebibytes(limits.unpacked_bytes_max) +
                " are read. Fetch the counted form (without debug=2): it is a fraction of that.",
            {}};
  }
  try {
    return read(text, name, limits);
  } catch (const Malformed& malformed) {
    return {{}, name + ": " + malformed.what, {}};
  }
}

}  // namespace golab::profiler
