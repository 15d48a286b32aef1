// sample_type.cpp: pprof's rules for the default type and for units.
#include "profiler/analysis/sample_type.h"

#include <algorithm>
#include <cctype>
#include <span>

#include "profiler/formats/shown.h"
#include "runtime/fmt/fmt.h"

namespace golab::profiler {
namespace {

struct Unit {
  const char* name;  // as it is printed
  double factor;
  std::string_view also[3];  // how profiles call it, without an s at the end
};

constexpr Unit kBytes[] = {
    {"B", 1, {"b", "byte"}},
    {"kB", double(1 << 10), {"kb", "kbyte", "kilobyte"}},
    {"MB", double(1 << 20), {"mb", "mbyte", "megabyte"}},
    {"GB", double(1 << 30), {"gb", "gbyte", "gigabyte"}},
    {"TB", double(int64_t{1} << 40), {"tb", "tbyte", "terabyte"}},
    {"PB", double(int64_t{1} << 50), {"pb", "pbyte", "petabyte"}},
};
constexpr Unit kTimes[] = {
    {"ns", 1, {"ns", "nanosecond"}},        {"us", 1e3, {"us", "microsecond"}},
    {"ms", 1e6, {"ms", "millisecond"}},     {"s", 1e9, {"s", "sec", "second"}},
    {"hrs", 3600e9, {"hour", "hr", "hrs"}},
};

const Unit* find_unit(std::span<const Unit> units, std::string_view called) {
  std::string name(called);
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (name.size() > 2 && name.ends_with('s')) name.pop_back();
  for (const Unit& unit : units) {
    for (std::string_view also : unit.also) {
      if (!also.empty() && also == name) return &unit;
    }
  }
  return nullptr;
}

// The largest unit in which the value is at least 1. The smallest one of bytes, or seconds, for
// less.
const Unit& fitting(std::span<const Unit> units, double value) {
  const Unit* best = nullptr;
  for (const Unit& unit : units) {
    if (value / unit.factor >= 1) best = &unit;
  }
  if (best != nullptr) return *best;
  return units.data() == kBytes ? kBytes[0] : *find_unit(kTimes, "s");
}

std::string types_of(const SymbolizedProfile& profile) {
  std::string text;
  for (const ValueType& each : profile.sample_types) {
    text += (text.empty() ? "" : ", ") + shown(each.type);
  }
  return text;
}

std::string described(const SymbolizedProfile& profile) {
  const ValueType& type = profile.sample_types[0];
  return shown(type.type) + " (" + shown(type.unit) + ")";
}

}  // namespace

std::string choose_type(SymbolizedProfile& profile, std::string_view type) {
  std::vector<ValueType>& types = profile.sample_types;
  if (types.empty()) return {};
  auto find = [&](std::string_view name) {
    auto is_it = [name](const ValueType& each) { return each.type == name; };
    return static_cast<size_t>(std::find_if(types.begin(), types.end(), is_it) - types.begin());
  };
  size_t chosen = find(type.empty() ? profile.default_sample_type : type);
  if (chosen == types.size()) {
    if (!type.empty()) {
      return "there is no type " + shown(type) + " in it; there is " + types_of(profile) + ".";
    }
    chosen--;
  }
  types = {types[chosen]};
  for (Sample& sample : profile.samples) sample.values = {sample.values[chosen]};
  return {};
}

std::string not_comparable(const SymbolizedProfile& before, const SymbolizedProfile& after) {
  if (before.sample_types.empty() || after.sample_types.empty()) return {};
  auto is_goroutines = [](const ValueType& type) {
    return type.type == "goroutine" || type.type == "goroutineleak";
  };
  const ValueType &a = before.sample_types[0], &b = after.sample_types[0];
  if (a == b || (is_goroutines(a) && is_goroutines(b))) return {};
  return "one profile has " + described(before) + ", the other " + described(after) +
         ": two types are not compared.";
}

std::pair<double, std::string> scaled(int64_t value, std::string_view unit,
                                      std::string_view wanted) {
  for (std::span<const Unit> units : {std::span<const Unit>(kBytes), {kTimes}}) {
    const Unit* from = find_unit(units, unit);
    if (from == nullptr) continue;
    const double base = static_cast<double>(value) * from->factor;
    const Unit* to = find_unit(units, wanted);
    if (to == nullptr) to = &fitting(units, std::abs(base));
    return {base / to->factor, to->name};
  }
  return {static_cast<double>(value), {}};
}

std::string value_text(int64_t value, std::string_view unit, std::string_view wanted) {
  auto [number, name] = scaled(value, unit, wanted);
  if (name.empty()) return std::to_string(value);
  std::string text = fmt::Sprintf("%.2f", number);
  if (text.ends_with(".00")) text.resize(text.size() - 3);
  if (text == "0" || text == "-0") return "0";
  return text + name;
}

}  // namespace golab::profiler
