// live_catalog.cpp: names of stacks, and their text.
#include "profiler/endpoints/live_catalog.h"

#include <algorithm>
#include <cstdio>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>

#include "profiler/analysis/wait_state.h"

namespace golab::profiler::live {
namespace {

// The files that frames have named. Their names are never freed (symbols.h).
struct ShownFiles {
  std::mutex mutex;  // not one that parks: it is taken on the system stack
  std::set<std::string_view> names;
};
ShownFiles& shown_files() {
  static auto* files = new ShownFiles;
  return *files;
}

std::string_view name_of(const runtime::Frame& frame) {
  if (!frame.function.empty()) return frame.function;
  return frame.system_name.empty() ? "[unknown]" : frame.system_name;
}

// The frames of a `go` statement that returns to gopc, innermost first. None if gopc is 0.
std::vector<runtime::StackFrame> creator_of(uintptr_t gopc) {
  return runtime::frames_of(&gopc, gopc != 0 ? 1 : 0);
}

void add_bytes(std::string& text, const void* data, size_t bytes) {
  text.append(static_cast<const char*>(data), bytes);
}

}  // namespace

NamedStack::NamedStack(const StackRecord& record) : gopc(record.gopc) {
  std::vector<uintptr_t> all = record.pcs;
  // The instruction itself, not a return address: the symbolizer subtracts one (stacks.cpp).
  if (record.leaf_exact && !all.empty()) all[0]++;
  frames = runtime::frames_of(all.data(), all.size());
  for (size_t i = 0; i < frames.size(); i++) {
    if (i == 0 || frames[i].pc_index != frames[i - 1].pc_index) {
      pcs.push_back(all[frames[i].pc_index]);
    }
  }
  if (!frames.empty() && frames.back().frame->function == "runtime.goexit") frames.pop_back();
  if (record.labels) {
    LabelSet sorted = *record.labels;
    std::sort(sorted.begin(), sorted.end());
    labels = labels_text(sorted);
  }
}

std::string NamedStack::key() const {
  uint64_t hash = 14695981039346656037u;
  auto mix = [&hash](uint64_t word) { hash = (hash ^ word) * 1099511628211u, hash ^= hash >> 31; };
  for (uintptr_t pc : pcs) mix(pc);
  for (char c : labels) mix(static_cast<unsigned char>(c));
  char text[20];
  std::snprintf(text, sizeof text, "%016lx", static_cast<unsigned long>(hash));
  return text;
}

Serves NamedStack::serves() const {
  if (frames.empty()) {  // not started
    std::vector<runtime::StackFrame> creator = creator_of(gopc);
    bool reader = !creator.empty() &&
                  name_of(*creator[0].frame) == "net/http.(*connReader).startBackgroundRead";
    return reader ? Serves::reader : Serves::nothing;
  }
  std::string_view outermost = name_of(*frames.back().frame);
  if (outermost == "net/http.(*connReader).backgroundRead") return Serves::reader;
  if (outermost != "net/http.(*conn).serve") return Serves::nothing;
  bool in_handler = false;
  for (const runtime::StackFrame& frame : frames) {
    std::string_view name = name_of(*frame.frame);
    if (name.starts_with("profiler/live.")) return Serves::page;
    in_handler |= name == "net/http.serverHandler.ServeHTTP";
  }
  return in_handler ? Serves::program : Serves::page;
}

void Catalog::begin() {
  if (rows_.size() < kRowsMax) return;
  *this = Catalog();
}

const std::string& Catalog::text_of(const NamedStack& stack) {
  std::string identity;
  add_bytes(identity, stack.pcs.data(), stack.pcs.size() * sizeof stack.pcs[0]);
  for (const runtime::StackFrame& shown : stack.frames) {
    add_bytes(identity, &shown.frame, sizeof shown.frame);
  }
  identity += stack.labels;
  auto [at, is_new] = rows_.try_emplace(std::move(identity));
  if (is_new) at->second = make_text(stack);
  return at->second;
}

std::string Catalog::make_text(const NamedStack& stack) {
  std::string numbers;
  std::vector<std::string_view> functions;
  for (const runtime::StackFrame& frame : stack.frames) {
    numbers += (numbers.empty() ? "" : ",") + std::to_string(number_of(frame));
    functions.push_back(name_of(*frame.frame));
  }
  std::string state = wait_state(functions);
  if (state.empty()) state = "runnable";
  return "\"key\":\"" + stack.key() + "\",\"state\":" + json_text(state) +
         ",\"labels\":" + json_text(stack.labels) + ",\"frames\":[" + numbers + "]";
}

int64_t Catalog::creator(uintptr_t gopc) {
  std::vector<runtime::StackFrame> frames = creator_of(gopc);
  return frames.empty() ? -1 : static_cast<int64_t>(number_of(frames[0]));
}

size_t Catalog::number_of(const runtime::StackFrame& shown) {
  auto [at, is_new] = numbers_[shown.inlined].try_emplace(shown.frame, frames_);
  if (!is_new) return at->second;
  const runtime::Frame& frame = *shown.frame;
  const std::string_view name = name_of(frame);
  const std::string_view yes = "true", no = "false";
  frames_text_ += frames_ == 0 ? "" : ",";
  frames_text_ += "{\"function\":" + json_text(name) + ",\"file\":" + json_text(frame.file) +
                  ",\"line\":" + std::to_string(frame.line) + ",\"inlined\":";
  frames_text_ += shown.inlined ? yes : no;
  frames_text_ += ",\"runtime\":";
  frames_text_ += is_runtime_function(name) ? yes : no;
  frames_text_ += '}';
  if (!frame.file.empty()) {  // from here on the page may ask for this file
    std::lock_guard guard(shown_files().mutex);
    shown_files().names.insert(frame.file);
  }
  return frames_++;
}

bool has_shown(std::string_view file) {
  std::lock_guard guard(shown_files().mutex);
  return shown_files().names.contains(file);
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace golab::profiler::live
