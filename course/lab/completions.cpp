// completions.cpp: one case of a shell script for each command.
#include "course/lab/completions.h"

#include <CLI/CLI.hpp>

namespace lab {
namespace {

// Which words may follow a command: its options and, if it takes one, the exercises.
struct Words {
  std::string command;
  std::string purpose;
  std::string options;
  bool exercise = false;
  bool file = false;
};

std::vector<Words> words_of(const CLI::App& app) {
  std::vector<Words> all;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    Words words{command->get_name(), command->get_description(), "--help", false, false};
    for (const CLI::Option* option : command->get_options()) {
      if (option->get_positional()) {
        const std::string wanted = option->get_name();
        if (wanted == "EXERCISE") words.exercise = true;
        if (wanted == "SHELL") words.options += " bash zsh";
        if (wanted != "EXERCISE" && wanted != "SHELL") words.file = true;
        continue;
      }
      for (const std::string& each : option->get_lnames()) {
        if (each != "help") words.options += " --" + each;
      }
    }
    all.push_back(words);
  }
  return all;
}

std::string names(const std::vector<Words>& all) {
  std::string text;
  for (const Words& words : all) text += (text.empty() ? "" : " ") + words.command;
  return text;
}

// The shell's own words for these: ./lab stands in the project's top, wherever that is.
const char kExercises[] = "$(\"${COMP_WORDS[0]}\" list --names 2>/dev/null)";

std::string bash(const std::vector<Words>& all) {
  std::string text =
      "# Completion of ./lab for bash:  source <(./lab completions bash)\n"
      "_golab() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} options='' exercises='' files=''\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n"
      "    COMPREPLY=($(compgen -W '" +
      names(all) +
      " help test build bench packages --help --version' -- \"$word\"))\n"
      "    return\n"
      "  fi\n"
      "  case ${COMP_WORDS[1]} in\n";
  for (const Words& words : all) {
    text += "    " + words.command + ") options='" + words.options + "'";
    if (words.exercise) text += " exercises=yes";
    if (words.file) text += " files=yes";
    text += " ;;\n";
  }
  text += "    help) options='" + names(all) +
          "' ;;\n"
          "  esac\n"
          "  [ -z \"$exercises\" ] || options=\"$options " +
          std::string(kExercises) +
          "\"\n"
          "  COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
          "  [ -z \"$files\" ] || COMPREPLY+=($(compgen -f -- \"$word\"))\n"
          "}\n"
          "complete -F _golab lab ./lab\n";
  return text;
}

// A description within single quotes and brackets of _describe.
std::string for_zsh(std::string text) {
  for (size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 4) {
    text.replace(at, 1, "'\\''");
  }
  for (size_t at = 0; (at = text.find(':', at)) != std::string::npos; at += 2) {
    text.replace(at, 1, "\\:");
  }
  return text;
}

std::string zsh(const std::vector<Words>& all) {
  std::string text =
      "#compdef lab ./lab\n"
      "# Completion of ./lab for zsh:  source <(./lab completions zsh)\n"
      "_golab() {\n"
      "  local -a commands options exercises\n"
      "  local files=''\n"
      "  commands=(\n";
  for (const Words& words : all) {
    text += "    '" + words.command + ":" + for_zsh(words.purpose) + "'\n";
  }
  text +=
      "    'help:more about a command'\n"
      "    'test:all tests'\n"
      "    'bench:figures beside those of Go and Boost.Fiber'\n"
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  case $words[2] in\n";
  for (const Words& words : all) {
    text += "    " + words.command + ") options=(" + words.options + ")";
    if (words.exercise) text += " exercises=(${(f)\"$($words[1] list --names 2>/dev/null)\"})";
    if (words.file) text += " files=yes";
    text += " ;;\n";
  }
  text += "    help) options=(" + names(all) +
          ") ;;\n"
          "  esac\n"
          "  compadd -- $options $exercises\n"
          "  [[ -z $files ]] || _files\n"
          "}\n"
          "compdef _golab lab ./lab\n";
  return text;
}

}  // namespace

std::string completions(const CLI::App& app, const std::string& shell) {
  const std::vector<Words> all = words_of(app);
  if (shell == "bash") return bash(all);
  if (shell == "zsh") return zsh(all);
  return "";
}

}  // namespace lab
