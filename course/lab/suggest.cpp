// suggest.cpp: the distance of two words in single mistakes of typing.
#include "course/lab/suggest.h"

#include <algorithm>

namespace lab {
namespace {

// The least number of letters to change, add, leave out or swap that make one word of the other.
size_t mistakes(const std::string& a, const std::string& b) {
  std::vector<std::vector<size_t>> cost(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); i++) cost[i][0] = i;
  for (size_t j = 0; j <= b.size(); j++) cost[0][j] = j;
  for (size_t i = 1; i <= a.size(); i++) {
    for (size_t j = 1; j <= b.size(); j++) {
      size_t changed = cost[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      cost[i][j] = std::min({changed, cost[i - 1][j] + 1, cost[i][j - 1] + 1});
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string nearest(const std::string& word, const std::vector<std::string>& known) {
  constexpr size_t kLettersMax = 64;  // no word of ours is as long
  constexpr size_t kBeginning = 3;    // letters that are enough to begin a word with
  if (word.empty() || word.size() > kLettersMax) return "";
  std::string best;
  size_t least = std::max<size_t>(word.size() / 3, 1) + 1;
  for (const std::string& candidate : known) {
    bool begins = word.size() >= kBeginning && candidate.compare(0, word.size(), word) == 0;
    size_t distance = begins ? 1 : mistakes(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

std::string did_you_mean(const std::string& word, const std::vector<std::string>& known) {
  std::string found = nearest(word, known);
  return found.empty() ? "" : "; did you mean \"" + found + "\"?";
}

}  // namespace lab
