// dump_counter.cpp: each frame of a dump is looked up once as it is written.
#include "profiler/formats/dump_counter.h"

#include <algorithm>

#include "runtime/strconv/strconv.h"

namespace golab::profiler {
namespace {

constexpr size_t kGoidBytes = 48;  // of a number in its table, while that grows

// "job: \"import #7\", tenant: acme", as ?debug=2 writes labels.
std::vector<Label> parse_labels(std::string_view text) {
  auto word = [&text](std::string_view end) {
    if (auto quoted = strconv::take_quoted(text)) return *quoted;
    std::string plain(text.substr(0, text.find(end)));
    text.remove_prefix(plain.size());
    return plain;
  };
  std::vector<Label> labels;
  while (!text.empty()) {
    Label label;
    label.key = word(": ");
    take(text, ": ");
    label.str = word(", ");
    labels.push_back(std::move(label));
    if (!take(text, ", ")) break;
  }
  return labels;
}

}  // namespace

bool GoidSet::insert(uint64_t goid) {
  if (2 * size_ >= places_.size()) grow();
  const size_t mask = places_.size() - 1;
  size_t at = SeededHash()(goid) & mask;
  while (places_[at] != 0) {
    if (places_[at] == goid) return false;
    at = (at + 1) & mask;
  }
  places_[at] = goid;
  size_++;
  return true;
}

void GoidSet::grow() {
  std::vector<uint64_t> old(std::max<size_t>(64, 2 * places_.size()));
  old.swap(places_);
  size_ = 0;
  for (uint64_t goid : old) {
    if (goid != 0) insert(goid);
  }
}

void GoidSet::clear() {
  places_.clear();
  size_ = 0;
}

void DumpCounter::goroutine(const DumpHeader& header) {
  is_g0_ = header.goid == 0;
  if (is_g0_) return;
  if (begins_ || !goids_.insert(header.goid)) {
    another_dump(header.line_number);
    goids_.insert(header.goid);
  }
  memory_.charge(kGoidBytes);
  header_key_ = header.state;
  header_key_ += '\n';
  header_key_ += header.labels;
  auto [it, fresh] = headers_.try_emplace(header_key_, static_cast<uint32_t>(headers_.size()));
  if (fresh) {
    memory_.charge(2 * header_key_.size() + 8 * kHeapBytes);
    header_texts_.push_back(&it->first);
  }
  const uint32_t known = it->second;
  stack_.assign(1, known);
}

void DumpCounter::another_dump(size_t line) {
  begins_ = false;
  if (dump_.goroutines > largest_.goroutines) largest_ = std::move(dump_);
  dump_ = {};
  dump_.line = line;
  dumps_++;
  goids_.clear();
}

bool DumpCounter::frame(std::string_view function, std::string_view, std::string_view position) {
  if (is_g0_) return true;
  // The stack pointers of a crash dump differ from goroutine to goroutine.
  position = position.substr(0, position.find(" fp=0x"));
  place_key_ = function;
  place_key_ += '\n';
  place_key_ += position;
  auto known = places_.find(place_key_);
  if (known == places_.end()) {
    memory_.charge(2 * place_key_.size() + 8 * kHeapBytes);
    known = places_.emplace(place_key_, Place{}).first;
    DumpPosition parsed;
    known->second.readable = parse_position(position, parsed);
    known->second.location = enter(function, parsed);
  }
  stack_.push_back(known->second.location);
  if (stack_.size() > deepest_) {
    memory_.charge(2 * sizeof(uint32_t));
    deepest_ = stack_.size();
  }
  return known->second.readable;
}

uint32_t DumpCounter::enter(std::string_view function, const DumpPosition& position) {
  std::string key(function);
  key += '\n';
  key += position.file;
  auto [known, fresh] =
      functions_.try_emplace(key, static_cast<uint32_t>(profile_.functions.size()));
  if (fresh) {
    memory_.charge(2 * sizeof(Function) + 4 * key.size() + 8 * kHeapBytes);
    profile_.functions.push_back(
        {std::string(function), std::string(function), std::string(position.file), 0});
  }
  memory_.charge(2 * sizeof(Location) + sizeof(Line) + 2 * kHeapBytes);
  Location location;
  location.address = position.pc;
  location.lines.push_back({known->second, position.line, 0});
  profile_.locations.push_back(std::move(location));
  return static_cast<uint32_t>(profile_.locations.size() - 1);
}

void DumpCounter::end() {
  if (is_g0_) return;
  auto found = dump_.counts.find(stack_);
  if (found == dump_.counts.end()) {
    memory_.charge(sizeof(Sample) + stack_.size() * (kFrameBytes + sizeof(uint32_t)) +
                   8 * kHeapBytes);
    found = dump_.counts.emplace(stack_, 0).first;
  }
  found->second++;
  dump_.goroutines++;
}

SymbolizedProfile DumpCounter::take_profile() {
  if (dump_.goroutines > largest_.goroutines) std::swap(largest_, dump_);
  profile_.sample_types = {{"goroutine", "count"}};
  profile_.period_type = profile_.sample_types[0];
  profile_.period = 1;
  std::vector<std::pair<const std::vector<uint32_t>*, int64_t>> sorted;
  for (const auto& [key, count] : largest_.counts) sorted.emplace_back(&key, count);
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : *a.first < *b.first;
  });
  for (const auto& [key, count] : sorted) add_sample(*key, count);
  charge_reports(profile_, memory_);
  return std::move(profile_);
}

void DumpCounter::add_sample(const std::vector<uint32_t>& key, int64_t count) {
  Sample sample;
  sample.locations.assign(key.begin() + 1, key.end());
  sample.values = {count};
  const std::string& header = *header_texts_[key[0]];
  const size_t end = header.find('\n');
  sample.state = header.substr(0, end);
  memory_.charge(sample.state.size());
  sample.labels = parse_labels(std::string_view(header).substr(end + 1));
  sample.has_labels = !sample.labels.empty();
  for (const Label& label : sample.labels) {
    memory_.charge(sizeof label + label.key.size() + label.str.size());
  }
  profile_.samples.push_back(std::move(sample));
}

std::string DumpCounter::several_text() const {
  if (dumps_ < 2) return {};
  return std::to_string(dumps_) +
         " dumps are in it; the largest is counted, which begins in line " +
         std::to_string(largest_.line) + ".";
}

}  // namespace golab::profiler
