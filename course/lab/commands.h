// commands.h: the commands around the judge, added to lab's command line.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lab {

class StudentCommands {
 public:
  explicit StudentCommands(CLI::App& app);
  ~StudentCommands();
  StudentCommands(const StudentCommands&) = delete;
  StudentCommands& operator=(const StudentCommands&) = delete;

  // The command that was given, if it is one of these: its exit status.
  std::optional<int> dispatch() const;

 private:
  struct Arguments;
  CLI::App& app_;
  std::unique_ptr<Arguments> a_;
};

// `./lab` alone on a terminal.
int watch_mode_command();

}  // namespace lab
