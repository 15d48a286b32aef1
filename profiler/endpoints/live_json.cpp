// live_json.cpp: from a snapshot to the JSON of the page.
#include "profiler/endpoints/live_json.h"

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>
#include <vector>

#include "profiler/endpoints/live_catalog.h"

namespace golab::profiler::live {
namespace {

using nlohmann::json;

constexpr size_t kGoroutinesMax = 500;
// A deeper stack is longer in a snapshot of each goroutine.
constexpr size_t kCountedDepthMax = 128;

// What all looks share.
struct Shared {
  std::mutex mutex;  // not one that parks: it is taken on the system stack
  Catalog catalog;
};
Shared& shared() {
  static auto* shared = new Shared;
  return *shared;
}

// A row of a look: stacks of the snapshot that have the same names.
struct Row {
  const std::string* text = nullptr;  // the catalog's
  int64_t count = 0;
  int64_t waited_ns = 0;
  uintptr_t gopc = 0;
};

struct Rows {
  std::vector<Row> rows;
  int64_t apart = 0;
};

// Takes from `apart` what is not the page's: a browser may use the page's connection for a request
// to the program. The goroutine that serves is the program's then, and so is its reader.
void keep_apart_the_page(std::vector<StackRecord>& records, const std::vector<NamedStack>& stacks) {
  int64_t in_program = 0;
  for (size_t i = 0; i < records.size(); i++) {
    const Serves serves = records[i].apart > 0 ? stacks[i].serves() : Serves::nothing;
    if (serves == Serves::program) in_program += records[i].apart;
    if (serves == Serves::program || serves == Serves::nothing) records[i].apart = 0;
  }
  for (size_t i = 0; i < records.size() && in_program > 0; i++) {
    if (records[i].apart == 0 || stacks[i].serves() != Serves::reader) continue;
    const int64_t readers = std::min(records[i].apart, in_program);
    records[i].apart -= readers;
    in_program -= readers;
  }
}

Rows rows_of(std::vector<StackRecord> records, Catalog& catalog) {
  const std::vector<NamedStack> stacks(records.begin(), records.end());
  keep_apart_the_page(records, stacks);
  Rows all;
  std::unordered_map<const std::string*, size_t> places;
  for (size_t i = 0; i < records.size(); i++) {
    const StackRecord& record = records[i];
    all.apart += record.apart;
    if (record.count == record.apart) continue;
    const std::string& text = catalog.text_of(stacks[i]);
    auto [at, is_new] = places.try_emplace(&text, all.rows.size());
    if (is_new) all.rows.push_back({&text});
    Row& row = all.rows[at->second];
    row.count += record.count - record.apart;
    row.waited_ns = std::max(row.waited_ns, record.waited_ns);
    row.gopc = record.gopc;
  }
  return all;
}

void append_row(std::string& out, const Row& row, Catalog& catalog) {
  out += '{' + *row.text + ",\"count\":" + std::to_string(row.count) +
         ",\"waited_ms\":" + std::to_string(row.waited_ns / 1'000'000);
  if (int64_t creator = catalog.creator(row.gopc); creator >= 0) {
    out += ",\"creator\":" + std::to_string(creator);
  }
  out += "},";
}

// Names may be any bytes.
std::string text_of(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string facts_text(const Facts& facts) {
  json loads = json::array();
  for (const Load& load : facts.loads) {
    loads.push_back(
        {{"requests", load.requests}, {"method", load.method}, {"target", load.target}});
  }
  return text_of({{"program", facts.program},
                  {"instance", facts.instance},
                  {"token", facts.token},
                  {"start_ms", facts.start_ms},
                  {"now_ms", facts.now_ms},
                  {"requests", facts.requests},
                  {"gomaxprocs", facts.gomaxprocs},
                  {"threads", facts.threads},
                  {"loads", std::move(loads)}});
}

// A stack of a snapshot of each goroutine.
struct Known {
  bool has_key = false;
  Serves serves = Serves::nothing;
};
std::vector<Known> known_stacks(const Snapshot& snapshot, std::string_view key) {
  std::vector<Known> known;
  for (StackRecord record : snapshot.stacks) {
    record.pcs.resize(std::min(record.pcs.size(), kCountedDepthMax));
    NamedStack stack(record);
    known.push_back({stack.key() == key, stack.serves()});
  }
  return known;
}

// Does this goroutine serve another page, as in a look?
class OtherPages {
 public:
  OtherPages(const Snapshot& snapshot, const std::vector<Known>& stacks,
             const std::vector<uint64_t>& apart)
      : goids_(apart.begin(), apart.end()) {
    if (goids_.empty()) return;
    snapshot.for_each_goroutine([&](const GoroutineSnapshot& g) {
      if (stacks[snapshot.stack_of(g)].serves == Serves::program) goids_.erase(g.goid);
    });
  }
  bool has(const GoroutineSnapshot& g, Serves serves) const {
    if (serves == Serves::page) return goids_.contains(g.goid);
    return serves == Serves::reader && goids_.contains(g.parent_goid);
  }

 private:
  std::set<uint64_t> goids_;
};

}  // namespace

std::string look_json(const Snapshot& snapshot, const Facts& facts) {
  std::string text = facts_text(facts);
  std::lock_guard guard(shared().mutex);
  Catalog& catalog = shared().catalog;
  catalog.begin();
  const Rows all = rows_of(snapshot.stacks, catalog);
  text.back() = ',';  // not the end of the object yet
  text += "\"total\":" + std::to_string(snapshot.total - all.apart) +
          ",\"apart\":" + std::to_string(all.apart) +
          ",\"pause_ns\":" + std::to_string(snapshot.pause_ns) + ",\"stacks\":[";
  for (const Row& row : all.rows) append_row(text, row, catalog);
  if (text.back() == ',') text.pop_back();
  return text + "],\"frames\":[" + catalog.frames_text() + "]}";
}

std::string goroutines_json(const Snapshot& snapshot, std::string_view key,
                            const std::vector<uint64_t>& apart) {
  const std::vector<Known> stacks = known_stacks(snapshot, key);
  const OtherPages others(snapshot, stacks, apart);
  std::vector<const GoroutineSnapshot*> found;
  snapshot.for_each_goroutine([&](const GoroutineSnapshot& g) {
    const Known& stack = stacks[snapshot.stack_of(g)];
    if (stack.has_key && !others.has(g, stack.serves)) found.push_back(&g);
  });
  const size_t count = found.size();
  std::stable_sort(found.begin(), found.end(), [&](auto* a, auto* b) {
    return snapshot.waited_ns(*a) > snapshot.waited_ns(*b);
  });
  found.resize(std::min(count, kGoroutinesMax));
  json rows = json::array();
  for (const GoroutineSnapshot* g : found) {
    rows.push_back({{"id", g->goid},
                    {"waited_ms", snapshot.waited_ns(*g) / 1'000'000},
                    {"creator", g->parent_goid}});
  }
  return text_of({{"count", count}, {"goroutines", std::move(rows)}});
}

}  // namespace golab::profiler::live
