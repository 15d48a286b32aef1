// traceback.cpp: goroutines as text.
#include "runtime/traceback/traceback.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
#include <utility>

#include "runtime/core/godebug.h"
#include "runtime/core/throw.h"
#include "runtime/sched/clock.h"
#include "runtime/sched/parked.h"
#include "runtime/sched/proc.h"
#include "runtime/stop/stop.h"
#include "runtime/strconv/utf8.h"
#include "runtime/traceback/go_functions.h"
#include "runtime/traceback/symbols.h"

namespace golab::runtime {

namespace {

constexpr size_t kFramesInner = 50;  // Go's tracebackInnerFrames and tracebackOuterFrames
constexpr size_t kFramesOuter = 50;

void append_hex(std::string* out, uintptr_t v) {
  char digits[2 * sizeof v];
  auto end = std::to_chars(digits, digits + sizeof digits, v, 16).ptr;
  out->append("0x").append(digits, end);
}

std::string_view status_text(uint32_t status) {
  constexpr std::string_view kTexts[] = {"idle",    "runnable", "running", "syscall",
                                         "waiting", "???",      "dead"};
  return status < std::size(kTexts) ? kTexts[status] : "???";
}

bool exported(std::string_view name_in_runtime) {
  return !name_in_runtime.empty() && name_in_runtime[0] >= 'A' && name_in_runtime[0] <= 'Z';
}

// Go's showframe.
bool shown(std::string_view name, bool top) {
  if (name.empty()) return false;
  if (!name.starts_with("runtime.") || name == "runtime._LostStack") return true;
  if (name == "runtime.gopanic") return !top;
  return exported(name.substr(8));
}

using Put = void (*)(void* to, std::string_view piece);

// A key or a value. Go's crash texts quote by a rule of their own: only what has other characters
// than these, and with few letters after a backslash.
void put_label_text(std::string_view text, Put put, void* to) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_";
  if (text.find_first_not_of(kPlain) == text.npos) return put(to, text);
  put(to, "\"");
  utf8::each_rune(text, [&](char32_t r, std::string_view bytes) {
    constexpr std::string_view kEscaped = "\n\r\t\\\"", kLetters = "nrt\\\"";
    size_t at = r < 0x80 ? kEscaped.find(static_cast<char>(r)) : kEscaped.npos;
    char escape[16] = "";
    if (at != kEscaped.npos)
      std::snprintf(escape, sizeof escape, "\\%c", kLetters[at]);
    else if (r == utf8::RuneError && bytes.size() == 1)  // not UTF-8
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(bytes[0]));
    else if (r < ' ')
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(r));
    else if (r > '~')
      std::snprintf(escape, sizeof escape, r < 0x10000 ? "\\u%04x" : "\\U%08x",
                    static_cast<unsigned>(r));
    put(to, *escape != 0 ? std::string_view(escape) : bytes);
  });
  put(to, "\"");
}

void append_header(std::string* out, const GoroutineRecord& r, const PrintOptions& options) {
  *out += "goroutine " + std::to_string(r.goid);
  if (options.level == TraceLevel::System) {
    *out += " gp=";
    append_hex(out, reinterpret_cast<uintptr_t>(r.gp));
    if (r.m_id >= 0) {
      *out += " m=" + std::to_string(r.m_id) + " mp=";
      append_hex(out, reinterpret_cast<uintptr_t>(r.mp));
    } else {
      *out += " m=nil";
    }
  }
  *out += " [" + goroutine_state(r) + ']';
  if (options.labels && r.labels != nullptr) {
    put_labels(
        *r.labels,
        [](void* to, std::string_view piece) { static_cast<std::string*>(to)->append(piece); },
        out);
  }
  *out += ":\n";
}

std::string_view name_of(const Frame& f, const PrintOptions& options) {
  if (options.cpp_names) return f.cpp_name;
  if (f.function == "runtime.gopanic") return "panic";
  return f.function;
}

void append_place(std::string* out, const Frame& f) {
  *out += '\t';
  *out += f.file.empty() ? "??" : f.file;
  *out += ':' + std::to_string(f.line);
}

void append_frame(std::string* out, const GoroutineRecord& r, const StackFrame& s,
                  const PrintOptions& options) {
  const Frame& f = *s.frame;
  if (f.function.empty()) {
    *out += "non-Go function\n\tpc=";
    append_hex(out, r.pcs[s.pc_index]);
    *out += '\n';
    return;
  }
  out->append(name_of(f, options)).append(s.inlined || f.has_params ? "(...)\n" : "()\n");
  append_place(out, f);
  uintptr_t pc = r.pcs[s.pc_index];
  bool entry_only = !r.started && f.function != "runtime.goexit";
  if (!s.inlined && !entry_only) {
    *out += " +";
    append_hex(out, pc - f.entry);
  }
  if (options.level == TraceLevel::System && !s.inlined) {
    if (r.cfas != nullptr && r.started) {
      *out += " fp=";
      append_hex(out, r.cfas[s.pc_index]);
      *out += " sp=";
      append_hex(out, s.pc_index > 0 ? r.cfas[s.pc_index - 1] : r.cfas[0] - 2 * sizeof(uintptr_t));
    }
    *out += " pc=";
    append_hex(out, pc);
  }
  *out += '\n';
}

// The frames of a record that `level` shows. `gap` is how many of them lie before the frames that
// the walk did not keep.
std::vector<StackFrame> visible_frames(const GoroutineRecord& r, TraceLevel level, size_t* gap) {
  std::vector<StackFrame> frames = frames_of(r.pcs, r.walk.stored, r.leaf_exact);
  auto filter = [&](bool everything) {
    std::vector<StackFrame> kept;
    *gap = SIZE_MAX;
    for (size_t i = 0; i < frames.size(); i++) {
      if (*gap == SIZE_MAX && frames[i].pc_index >= r.walk.head) *gap = kept.size();
      if (everything || shown(frames[i].frame->function, i == 0)) kept.push_back(frames[i]);
    }
    return kept;
  };
  std::vector<StackFrame> kept = filter(level == TraceLevel::System);
  return kept.empty() ? filter(true) : kept;
}

// The frame that ran the go statement; null if it is not known, or not shown.
const Frame* creator_of(const GoroutineRecord& r, const PrintOptions& options) {
  if (r.gopc == 0 || r.goid == 1) return nullptr;
  std::vector<StackFrame> frames = frames_of(&r.gopc, 1);
  if (frames.empty()) return nullptr;
  const Frame* f = frames[0].frame;
  return options.level == TraceLevel::System || shown(f->function, false) ? f : nullptr;
}

// A line with the place of f, at pc in its function.
void append_place_at(std::string* out, const Frame& f, uintptr_t pc) {
  append_place(out, f);
  *out += " +";
  append_hex(out, pc - f.entry);
  *out += '\n';
}

void append_created_by(std::string* out, const GoroutineRecord& r, const PrintOptions& options) {
  const Frame* creator = creator_of(r, options);
  if (creator == nullptr) return;
  out->append("created by ").append(name_of(*creator, options));
  if (r.parent_goid != 0) *out += " in goroutine " + std::to_string(r.parent_goid);
  *out += '\n';
  append_place_at(out, *creator, r.gopc);
}

void append_ancestor(std::string* out, const Ancestor& a, const PrintOptions& options) {
  *out += "[originating from goroutine " + std::to_string(a.goid) + "]:\n";
  for (const StackFrame& s : frames_of(a.pcs.data(), a.pcs.size())) {
    const Frame& f = *s.frame;
    if (options.level != TraceLevel::System && !shown(f.function, s.pc_index == 0)) continue;
    out->append(name_of(f, options)).append("(...)\n");
    append_place_at(out, f, a.pcs[s.pc_index]);
  }
  if (a.pcs.size() == kAncestorFrames) *out += "...additional frames elided...\n";
  GoroutineRecord created;  // without its creator's number, which the next header has
  created.goid = a.goid;
  created.gopc = a.gopc;
  append_created_by(out, created, options);
}

// Go counts a function's wrappers. In its own library the number is known, and there may be none. A
// wrapper of the program's is always called the first.
std::string wrapper_in(std::string_view creator) {
  std::string name = std::string(creator) + ".gowrap";
  if (!go_has(creator)) return name + '1';
  for (char number = '1'; number <= '9'; number++) {
    if (go_has(name + number)) return name + number;
  }
  return "";
}

// A goroutine that has not run yet and was made by `go f(x)` begins in a function that Go's
// compiler makes for the arguments. It has the line of the go statement.
void append_wrapper(std::string* out, const GoroutineRecord& r, const PrintOptions& options) {
  const Frame* creator = creator_of(r, options);
  std::string name = creator != nullptr ? wrapper_in(creator->function) : "";
  if (name.empty()) return;
  *out += name + "()\n";
  append_place(out, *creator);
  *out += '\n';
}

void append_frames(std::string* out, const GoroutineRecord& r, const PrintOptions& options) {
  size_t gap = 0;
  std::vector<StackFrame> frames = visible_frames(r, options.level, &gap);
  size_t missing = r.walk.total - r.walk.stored;
  size_t n = frames.size() + missing;
  if (!r.started && n == 1 && frames[0].frame->function == "runtime.goexit")
    append_wrapper(out, r, options);
  bool elide = n > kFramesInner + kFramesOuter;
  size_t inner = elide ? std::min(kFramesInner, gap) : frames.size();
  for (size_t i = 0; i < inner; i++) append_frame(out, r, frames[i], options);
  if (!elide) return;
  size_t outer = std::min(kFramesOuter, missing > 0 ? frames.size() - gap : frames.size());
  *out += "..." + std::to_string(n - inner - outer) + " frames elided...\n";
  for (size_t i = frames.size() - outer; i < frames.size(); i++)
    append_frame(out, r, frames[i], options);
}

}  // namespace

void put_labels(const LabelList& labels, Put put, void* to) {
  for (size_t i = 0; i < labels.size(); i++) {
    put(to, i == 0 ? " {" : ", ");
    put_label_text(labels[i].first, put, to);
    put(to, ": ");
    put_label_text(labels[i].second, put, to);
  }
  if (!labels.empty()) put(to, "}");
}

void describe_goroutine(const G* gp, int64_t now, GoroutineRecord* r) {
  r->goid = gp->goid;
  r->parent_goid = gp->parentGoid;
  r->gp = gp;
  r->status = gp->status.load(std::memory_order_acquire);
  r->waitreason = gp->waitreason;
  r->locked_to_thread = gp->locked_to_thread;
  r->bubble_id = gp->bubble_id;
  r->system = gp->system;
  r->started = gp->started_running;
  r->gopc = gp->gopc;
  const LabelMap* labels = gp->labels.load(std::memory_order_acquire);
  r->labels = labels != nullptr ? &labels->list : nullptr;
  r->ancestors = gp->ancestors != nullptr ? &gp->ancestors->ancestry : nullptr;
  r->waited_ns = gp->waitsince != 0 ? std::max<int64_t>(now - gp->waitsince, 0) : 0;
  const M* mp = gp->m;
  if ((r->status == _Grunning || r->status == _Gsyscall) && mp != nullptr) {
    r->mp = mp;
    r->m_id = mp->id;
  }
}

GoroutineRecord running_goroutine(const uintptr_t* pcs, const WalkResult& walk, bool leaf_exact) {
  GoroutineRecord r;
  const M* mp = getm();
  if (mp != nullptr && mp->curg != nullptr) describe_goroutine(mp->curg, program_time(), &r);
  r.status = _Grunning;
  r.pcs = pcs;
  r.walk = walk;
  r.leaf_exact = leaf_exact;
  return r;
}

PrintOptions default_print_options(TraceLevel level) {
  static const bool cpp = [] {
    const char* names = std::getenv("GOLAB_NAMES");
    return names != nullptr && std::string_view(names) == "cpp";
  }();
  static const bool labels = godebug("tracebacklabels") != "0";
  return {level, cpp, labels};
}

void append_goroutine(std::string* out, const GoroutineRecord& record,
                      const PrintOptions& options) {
  append_header(out, record, options);
  append_stack(out, record, options);
}

void append_stack(std::string* out, const GoroutineRecord& record, const PrintOptions& options) {
  append_frames(out, record, options);
  append_created_by(out, record, options);
  if (record.ancestors == nullptr) return;
  for (const auto& ancestor : *record.ancestors) append_ancestor(out, *ancestor, options);
}

std::string goroutine_state(const GoroutineRecord& r) {
  bool waits = r.status == _Gwaiting && r.waitreason != WaitReason::Zero;
  std::string text(waits ? waitReasonStrings[static_cast<size_t>(r.waitreason)]
                         : status_text(r.status));
  // Where the reason itself does not say it.
  if (waits && r.bubble_id != 0 && isIdleInSynctest(r.waitreason) && !text.ends_with("(durable)"))
    text += " (durable)";
  int64_t minutes = r.waited_ns / 60'000'000'000;
  bool blocked = r.status == _Gwaiting || r.status == _Gsyscall;
  if (blocked && minutes >= 1) text += ", " + std::to_string(minutes) + " minutes";
  if (r.locked_to_thread) text += ", locked to thread";
  if (r.bubble_id != 0) text += ", synctest bubble " + std::to_string(r.bubble_id);
  return text;
}

ShownFunctions shown_functions(const GoroutineRecord& r) {
  const PrintOptions options;
  ShownFunctions names;
  size_t gap = 0;
  for (const StackFrame& s : visible_frames(r, options.level, &gap)) {
    names.functions.push_back(name_of(*s.frame, options));
  }
  if (const Frame* creator = creator_of(r, options)) names.created_by = name_of(*creator, options);
  return names;
}

std::string format_dump(const GoroutineDump& dump, const PrintOptions& options) {
  std::string out;
  for (const GoroutineRecord& r : dump.records) {
    if (!out.empty()) out += '\n';
    append_goroutine(&out, r, options);
  }
  return out;
}

// ---- Taking everything down ---------------------------------------------------------------------

namespace {

// Collects records into memory that was allocated before the world stopped. It counts what does not
// fit, so that the next try allocates enough.
struct Collector {
  Collector(size_t goroutines, size_t pcs, bool with_addresses)
      : addresses(with_addresses), room(pcs) {
    dump.records.reserve(goroutines);
    dump.pcs.resize(addresses ? 2 * pcs : pcs);
  }

  void add(const G* gp, int64_t now, SelfFrame self) {
    goroutines_wanted++;
    GoroutineRecord r;
    describe_goroutine(gp, now, &r);
    const StoppedStack* stopped =
        r.status == _Grunning && self.pc == 0 ? stopped_stack(gp) : nullptr;
    WalkBuffer buffer;
    buffer.pcs = dump.pcs.data() + used;
    buffer.max = static_cast<uint32_t>(std::min<size_t>(room - used, kStackTraceMax));
    buffer.tail = std::min(buffer.max, kStackTraceTail);
    if (addresses && stopped == nullptr) buffer.cfas = buffer.pcs + room;
    if (self.pc != 0) {
      r.walk = walk_from(self.pc, self.fp, gp->stack_lo, gp->stack_hi, buffer);
    } else if (stopped != nullptr) {
      r.walk = stopped->walk();
      r.leaf_exact = stopped->leaf_exact;
      if (stopped->depth <= buffer.max) std::copy_n(stopped->pcs, stopped->depth, buffer.pcs);
    } else {
      r.walk = r.status == _Grunning ? lost_stack(gp, buffer) : walk_stack(gp, buffer);
    }
    // In a stopped world only the caller runs. Go calls the others runnable.
    if (stopped != nullptr) r.status = _Grunnable;
    uint32_t wanted = std::min(r.walk.total, kStackTraceMax);
    pcs_wanted += wanted;
    if (wanted > buffer.max || dump.records.size() == dump.records.capacity()) return;
    r.pcs = buffer.pcs;
    r.cfas = buffer.cfas;
    used += r.walk.stored;
    dump.records.push_back(r);
  }

  GoroutineDump dump;
  const bool addresses;  // also where each frame begins, `room` words after its pc
  const size_t room;     // pcs
  size_t used = 0;
  size_t goroutines_wanted = 0, pcs_wanted = 0;
};

void collect(Collector* collector, SelfFrame self, bool system) {
  int64_t now = program_time();
  const G* running = self.pc != 0 ? getg() : nullptr;
  if (running != nullptr) collector->add(running, now, self);
  for (uint32_t i = 0, n = allglen(); i < n; i++) {
    const G* gp = allg(i);
    uint32_t status = gp->status.load(std::memory_order_acquire);
    if (gp == running || status == _Gidle || status == _Gdead || (gp->system && !system)) continue;
    collector->add(gp, now, {});
  }
}

// Labels and ancestors may be freed from here on, so the records get copies. In a world that stays
// stopped nothing is freed.
void copy_mortals(GoroutineDump* dump) {
  std::map<const LabelList*, const LabelList*> copies;
  for (GoroutineRecord& r : dump->records) {
    if (r.ancestors != nullptr) r.ancestors = &dump->ancestors.emplace_back(*r.ancestors);
    if (r.labels == nullptr) continue;
    const LabelList*& copy = copies[r.labels];
    if (copy == nullptr) copy = &dump->labels.emplace_back(*r.labels);
    r.labels = copy;
  }
}

}  // namespace

GoroutineDump dump_goroutines(SelfFrame self, bool world_stopped, bool system) {
  size_t goroutines = allglen() + 64;
  size_t pcs = goroutines * 16 + 2 * kStackTraceMax;
  KeepLabels keep;
  while (true) {
    Collector c(goroutines, pcs, system);
    if (!world_stopped && !stopTheWorld())
      panic_runtime_error("no dump: a thread does not leave the runtime");
    collect(&c, self, system);
    if (!world_stopped) startTheWorld();
    if (c.dump.records.size() == c.goroutines_wanted) {
      if (!world_stopped) copy_mortals(&c.dump);
      return std::move(c.dump);
    }
    goroutines = c.goroutines_wanted + c.goroutines_wanted / 8 + 64;
    pcs = c.pcs_wanted + c.pcs_wanted / 8 + 2 * kStackTraceMax;
  }
}

}  // namespace golab::runtime
