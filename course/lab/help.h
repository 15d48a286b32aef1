// help.h: the pages of `./lab help`: as wide as the terminal, the commands in the order in which a
// student meets them.
#pragma once

namespace CLI {
class App;
}

namespace lab {

// Before any command is added: commands take it over from the program.
void use_help_pages(CLI::App& app);

}  // namespace lab
