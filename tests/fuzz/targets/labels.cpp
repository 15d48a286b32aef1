// labels.cpp: labels of any bytes come through the text of debug=1 unchanged.
#include "profiler/formats/stacks.h"
#include "tests/fuzz/targets/fuzz.h"

using namespace golab::profiler;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Keys and values, each behind a byte with its length.
  LabelSet labels;
  std::string_view rest = text_of(data, size);
  auto next = [&rest] {
    if (rest.empty()) return std::string();
    const size_t length = std::min<size_t>(static_cast<unsigned char>(rest[0]) % 16, rest.size() - 1);
    std::string text(rest.substr(1, length));
    rest.remove_prefix(1 + length);
    return text;
  };
  while (!rest.empty() && labels.size() < 20) {
    std::string key = next();
    labels.emplace_back(std::move(key), next());
  }
  const std::string text = "goroutine profile: total 1\n1 @ 0x11\n# labels: " + labels_text(labels) +
                           "\n#\t0x10\tmain.f+0x1\t/x.go:7\n\n";
  const ReadResult result = read_debug1(text, "fuzz", kFuzzLimits);
  must(result.error.empty() && result.warnings.empty() && result.profile.samples.size() == 1,
       "a text with labels is read");
  const std::vector<Label>& found = result.profile.samples[0].labels;
  must(found.size() == labels.size(), "no label is lost");
  for (size_t i = 0; i < found.size(); i++) {
    must(found[i].key == labels[i].first && found[i].str == labels[i].second, "a label stays whole");
  }
  return 0;
}
