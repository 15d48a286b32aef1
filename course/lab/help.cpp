// help.cpp: CLI11's help with another order and with lines that fit.
#include "course/lab/help.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "course/lab/terminal.h"

namespace lab {
namespace {

constexpr int kColumnsMax = 80;
constexpr int kTextColumn = 20;

struct Group {
  const char* title;
  std::vector<const char*> commands;
};

const std::vector<Group>& teaching_order() {
  static const std::vector<Group> kOrder = {
      {"Begin here", {"demo", "list"}},
      {"Work on an exercise",
       {"run", "url", "hint", "check", "compare", "solution", "reset", "cheatsheet"}},
      {"Look at any service, Go or C++", {"watch", "fetch", "top", "diff"}},
      {"After the exercises", {"hunt", "contention", "report"}},
      {"For the shell, and for authors of exercises", {"completions", "verify-shipped"}},
  };
  return kOrder;
}

int columns() { return std::min(terminal_columns(), kColumnsMax); }

// A name with its meaning, which stands on the same line or, after a long name, on the next.
std::string entry(std::string name, const std::string& text) {
  name = "  " + name.substr(0, name.find_last_not_of(' ') + 1);
  const std::string lines =
      wrapped(text, columns(), std::string(static_cast<size_t>(kTextColumn), ' '));
  const bool beside = text_columns(name) + 2 <= kTextColumn && !lines.empty();
  return beside ? name + lines.substr(name.size()) : name + "\n" + lines;
}

class HelpPage : public CLI::Formatter {
 public:
  HelpPage() { label("SUBCOMMAND", "COMMAND"); }

  std::string make_subcommands(const CLI::App* app, CLI::AppFormatMode) const override {
    if (app->get_parent() != nullptr) return "";
    std::string text;
    for (const Group& group : teaching_order()) {
      text += "\n" + std::string(group.title) + ":\n";
      for (const char* name : group.commands) {
        text += entry(name, app->get_subcommand(name)->get_description());
      }
    }
    return text;
  }

  std::string make_option(const CLI::Option* option, bool positional) const override {
    return entry(make_option_name(option, positional) + make_option_opts(option),
                 make_option_desc(option));
  }

  std::string make_description(const CLI::App* app) const override {
    return filled(app->get_description(), columns()) + "\n";
  }

  std::string make_footer(const CLI::App* app) const override {
    return filled(app->get_footer(), columns());
  }
};

}  // namespace

void use_help_pages(CLI::App& app) { app.formatter(std::make_shared<HelpPage>()); }

}  // namespace lab
