// hunt_rule.cpp: recursive descent, one function for each line of the grammar.
#include "course/lab/hunt_rule.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "course/lab/suggest.h"
#include "runtime/fmt/fmt.h"

namespace lab {
namespace {

using golab::error;
namespace fmt = golab::fmt;

using Predicate = std::function<bool(const Group&)>;

struct Word {
  std::string text;  // of a text in quotes, without these
  bool quoted = false;
  int column = 1;
};

// What is wrong, and where in the line.
struct Wrong {
  int column;
  std::string what;
};

bool is_word_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
}

std::vector<Word> words_of(const std::string& line) {
  std::vector<Word> words;
  for (size_t at = 0; at < line.size();) {
    const char c = line[at];
    const int column = static_cast<int>(at) + 1;
    if (c == '#') break;
    size_t end = at + 1;
    if (c == ' ' || c == '\t' || c == '\r') {
      at = end;
      continue;
    }
    if (c == '"') {
      end = line.find('"', at + 1);
      if (end == std::string::npos) throw Wrong{column, "expected a \" that ends this text"};
      words.push_back({line.substr(at + 1, end - at - 1), true, column});
      at = end + 1;
      continue;
    }
    if (is_word_character(c)) {
      while (end < line.size() && is_word_character(line[end])) end++;
    } else if ((c == '>' || c == '<' || c == '=') && end < line.size() && line[end] == '=') {
      end++;
    }
    words.push_back({line.substr(at, end - at), false, column});
    at = end;
  }
  return words;
}

class Parser {
 public:
  explicit Parser(const std::string& line) : words_(words_of(line)), end_(line.size() + 1) {}

  bool empty() const { return words_.empty(); }

  Predicate rule() {
    expect("flag");
    expect("if");
    Predicate all = either();
    if (at_ < words_.size()) fail({"and", "or"}, "the end of the line");
    return all;
  }

 private:
  Predicate either() {
    Predicate left = both();
    while (take("or")) {
      left = [left, right = both()](const Group& group) { return left(group) || right(group); };
    }
    return left;
  }

  Predicate both() {
    Predicate left = one();
    while (take("and")) {
      left = [left, right = one()](const Group& group) { return left(group) && right(group); };
    }
    return left;
  }

  Predicate one() {
    if (take("not")) return [inner = one()](const Group& group) { return !inner(group); };
    if (!take("(")) return fact();
    Predicate inner = either();
    expect(")");
    return inner;
  }

  Predicate fact() {
    if (take("stack")) return text_fact([](const Group& group) { return group.stack; });
    if (take("state")) {
      return text_fact([](const Group& group) { return std::vector{group.state}; });
    }
    if (take("creator")) {
      return text_fact([](const Group& group) { return std::vector{group.creator}; });
    }
    if (take("growth")) return compare([](const Group& group) { return group.growth; }, false);
    if (take("count")) return compare([](const Group& group) { return group.count; }, false);
    if (take("age")) return compare([](const Group& group) { return group.age_s; }, true);
    fail({"growth", "count", "age", "state", "stack", "creator", "not"}, "\"(\"");
  }

  Predicate text_fact(std::function<std::vector<std::string>(const Group&)> texts) {
    const bool whole = take("is");
    if (!whole && !take("has")) fail({"is", "has"}, "");
    if (at_ == words_.size() || !words_[at_].quoted) fail({}, "a text in \"quotes\"");
    const std::string text = words_[at_++].text;
    const std::string pattern = whole ? text : "*" + text + "*";
    return [texts = std::move(texts), pattern](const Group& group) {
      std::vector<std::string> all = texts(group);
      return std::any_of(all.begin(), all.end(),
                         [&](const std::string& each) { return matches(pattern, each); });
    };
  }

  Predicate compare(std::function<int64_t(const Group&)> value, bool duration) {
    static const std::vector<std::string> kCompares = {">=", ">", "<=", "<", "=="};
    if (at_ == words_.size() ||
        std::find(kCompares.begin(), kCompares.end(), words_[at_].text) == kCompares.end()) {
      fail(kCompares, "");
    }
    const std::string how = words_[at_++].text;
    const int64_t limit = number(duration);
    return [value = std::move(value), how, limit](const Group& group) {
      const int64_t is = value(group);
      if (how == ">=") return is >= limit;
      if (how == ">") return is > limit;
      if (how == "<=") return is <= limit;
      if (how == "<") return is < limit;
      return is == limit;
    };
  }

  // A whole number; of a duration the seconds.
  int64_t number(bool duration) {
    const char* expected = duration ? "a time like 30s, 1m or 2h" : "a whole number";
    if (at_ == words_.size() || words_[at_].quoted) fail({}, expected);
    std::string digits = words_[at_].text;
    int64_t unit = 1;
    if (duration) {
      const char letter = digits.back();
      unit = letter == 's' ? 1 : letter == 'm' ? 60 : letter == 'h' ? 3600 : 0;
      digits.pop_back();
    }
    const bool all_digits = digits.find_first_not_of("0123456789") == std::string::npos;
    if (digits.empty() || digits.size() > 12 || !all_digits || unit == 0) fail({}, expected);
    at_++;
    return std::stoll(digits) * unit;
  }

  bool take(const char* text) {
    if (at_ == words_.size() || words_[at_].quoted || words_[at_].text != text) return false;
    at_++;
    return true;
  }

  void expect(const char* text) {
    if (!take(text)) fail({text}, "");
  }

  // Says which words may stand here, or what else.
  [[noreturn]] void fail(const std::vector<std::string>& words, const std::string& other) const {
    std::string expected;
    for (size_t i = 0; i < words.size(); i++) {
      const bool last = i + 1 == words.size() && other.empty();
      expected += (i == 0 ? "" : last ? " or " : ", ") + ("\"" + words[i] + "\"");
    }
    if (!other.empty()) expected += (words.empty() ? "" : " or ") + other;
    if (at_ == words_.size()) {
      throw Wrong{static_cast<int>(end_), "expected " + expected + "; the line ends here"};
    }
    const Word& found = words_[at_];
    std::string meant = found.quoted ? "" : did_you_mean(found.text, words);
    throw Wrong{found.column, "expected " + expected + ", not \"" + found.text + "\"" + meant};
  }

  std::vector<Word> words_;
  size_t at_ = 0;
  size_t end_;
};

}  // namespace

std::pair<std::vector<Rule>, error> parse_rules(const std::string& file, const std::string& text) {
  std::vector<Rule> rules;
  std::istringstream lines(text);
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    number++;
    try {
      Parser parser(line);
      if (!parser.empty()) rules.push_back({number, parser.rule()});
    } catch (const Wrong& wrong) {
      return {{}, fmt::Errorf("%s:%d:%d: %s", file, number, wrong.column, wrong.what)};
    }
  }
  if (rules.empty()) {
    return {{},
            fmt::Errorf("%s:%d:1: expected a rule, for example: flag if growth >= 10", file,
                        number + 1)};
  }
  return {rules, nullptr};
}

bool matches(const std::string& pattern, const std::string& text) {
  size_t p = 0, t = 0;
  size_t star = std::string::npos, resume = 0;  // the last '*', and where it has come to
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      p++, t++;
    } else if (star != std::string::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') p++;
  return p == pattern.size();
}

}  // namespace lab
