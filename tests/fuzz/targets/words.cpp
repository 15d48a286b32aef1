// words.cpp: durations, times, quoted strings and flags: what is parsed is printed so that it parses
// to the same again.
#include <tuple>

#include "runtime/flag/flag.h"
#include "runtime/strconv/strconv.h"
#include "runtime/time/time.h"
#include "tests/fuzz/targets/fuzz.h"

using namespace golab;

namespace {

void duration(std::string_view text) {
  auto [d, err] = time::ParseDuration(text);
  if (err != nullptr) return;
  auto [again, wrong] = time::ParseDuration(d.String());
  must(wrong == nullptr && again == d, "a duration that was printed parses to the same");
}

void quoted(std::string_view text) {
  const std::string quote = strconv::Quote(text);
  std::string_view rest = quote;
  auto back = strconv::take_quoted(rest);
  must(back == std::string(text) && rest.empty(), "Quote loses nothing");
  strconv::take_quoted(text);
}

// A layout, a newline, and a value.
void moment(std::string_view text) {
  const std::string_view layout = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), layout.size() + 1));
  time::Now().Format(layout);
  auto [t, err] = time::Parse(layout, text);
  if (err == nullptr) t.Format(layout);
  for (std::string_view known : {time::RFC3339Nano, time::RFC1123Z, time::ANSIC}) {
    auto [at, none] = time::Parse(known, text);
    if (none != nullptr) continue;
    auto [again, wrong] = time::Parse(known, at.Format(known));
    must(wrong == nullptr && again.Equal(at), "a time that was printed parses to the same");
  }
}

// An argument on each line.
void arguments(std::string_view text) {
  std::vector<std::string> args;
  while (!text.empty()) {
    args.emplace_back(text.substr(0, text.find('\n')));
    text.remove_prefix(std::min(text.size(), args.back().size() + 1));
  }
  flag::FlagSet flags("fuzz", flag::ContinueOnError);
  struct Nowhere {
    std::pair<int, error> Write(std::string_view text) {
      return {static_cast<int>(text.size()), nullptr};
    }
  } nowhere;
  flags.SetOutput(nowhere);
  flags.Bool("b", false, "a bool");
  flags.Int("i", 0, "an int");
  flags.Uint("u", 0, "an unsigned");
  flags.Float64("f", 0, "a float");
  flags.String("s", "", "a string");
  flags.Duration("d", 0, "a duration");
  error err = flags.Parse(args);
  must(flags.NArg() <= static_cast<int>(args.size()), "no argument is made up");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = text_of(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0: duration(text); break;
    case 1: quoted(text); break;
    case 2: moment(text); break;
    default: arguments(text);
  }
  return 0;
}
