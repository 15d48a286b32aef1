// completions.h: `lab completions bash|zsh`: what the shell offers after ./lab and Tab.
//
// Made from the command line that lab itself reads, so that no command can be forgotten.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lab {

// A script for the shell to source: the commands, their options, and where a command takes an
// exercise, the names of these. `exercises` are asked for anew at each Tab by `lab list --names`.
// Empty for another shell.
std::string completions(const CLI::App& app, const std::string& shell);

}  // namespace lab
