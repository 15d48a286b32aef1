// rulers.cpp: two texts, compared above the first ruler and below the second.
#include "course/lab/rulers.h"

#include <algorithm>
#include <span>
#include <sstream>
#include <string_view>
#include <vector>

namespace lab {
namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kOpens = "yours to change";
constexpr std::string_view kCloses = "please leave as it is";

Lines lines_of(const std::string& text) {
  Lines lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    lines.push_back(line);
  }
  while (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

bool is_ruler(const std::string& line, std::string_view words) {
  return line.starts_with("// ---") && line.ends_with(words);
}

// How many lines there are above the first ruler, with it; 0 if there is none.
size_t above(const Lines& lines) {
  auto opens = [](const std::string& line) { return is_ruler(line, kOpens); };
  auto ruler = std::find_if(lines.begin(), lines.end(), opens);
  return ruler == lines.end() ? 0 : static_cast<size_t>(ruler - lines.begin()) + 1;
}

// How many lines there are below the last ruler, with it; 0 if there is none.
size_t below(const Lines& lines) {
  auto closes = [](const std::string& line) { return is_ruler(line, kCloses); };
  auto ruler = std::find_if(lines.rbegin(), lines.rend(), closes);
  return ruler == lines.rend() ? 0 : static_cast<size_t>(ruler - lines.rbegin()) + 1;
}

// How many lines there are above the first line of code.
size_t heading(const Lines& lines) {
  auto is_code = [](const std::string& line) { return !line.empty() && !line.starts_with("//"); };
  return static_cast<size_t>(std::find_if(lines.begin(), lines.end(), is_code) - lines.begin());
}

// Both are the same part of a file. `first` is the number of this part's first line in the student's.
std::string difference(std::span<const std::string> shipped, std::span<const std::string> part,
                       size_t first) {
  size_t same = 0;
  while (same < shipped.size() && same < part.size() && shipped[same] == part[same]) same++;
  if (same == shipped.size() && same == part.size()) return "";
  std::string what = "line " + std::to_string(first + same) + " is outside the rulers and ";
  if (same == shipped.size()) return what + "was added: what you add goes between the rulers";
  return what + "was changed. As shipped it reads: " +
         (shipped[same].empty() ? "(an empty line)" : shipped[same]);
}

std::string missing_ruler(std::string_view words) {
  return "the ruler \"" + std::string(words) +
         "\" is gone: put it back, with nothing of yours outside";
}

}  // namespace

std::string changed_outside_rulers(const std::string& shipped, const std::string& text) {
  const Lines original = lines_of(shipped), lines = lines_of(text);
  const size_t top = above(original), bottom = below(original);
  if (top == 0 || bottom == 0) return "";
  const size_t my_top = above(lines), my_bottom = below(lines);
  if (my_top == 0) return missing_ruler(kOpens);
  if (my_bottom == 0) return missing_ruler(kCloses);
  if (my_top + my_bottom > lines.size()) return "the rulers have changed places";
  std::span all(original), mine(lines);
  const size_t head = std::min(heading(original), top), my_head = std::min(heading(lines), my_top);
  std::string changed = difference(all.subspan(head, top - head),
                                   mine.subspan(my_head, my_top - my_head), my_head + 1);
  if (!changed.empty()) return changed;
  return difference(all.last(bottom), mine.last(my_bottom), lines.size() - my_bottom + 1);
}

}  // namespace lab
