// go_functions.cpp: the list is part of the program, as text, and is searched where it lies.
#include "runtime/traceback/go_functions.h"

asm(".pushsection .rodata\n"
    "golab_go_functions: .incbin \"" GO_FUNCTIONS
    "\"\n"
    "golab_go_functions_end:\n"
    ".popsection");
extern "C" const char golab_go_functions[], golab_go_functions_end[];

namespace golab::runtime {

bool go_has(std::string_view function) {
  if (function == "runtime._LostStack") return true;
  // A binary search. Every line ends with a newline, and none is empty.
  std::string_view lines(golab_go_functions,
                         static_cast<size_t>(golab_go_functions_end - golab_go_functions));
  while (!lines.empty()) {
    const size_t begin = lines.rfind('\n', lines.size() / 2 - 1) + 1;  // npos + 1 is 0
    const size_t end = lines.find('\n', begin);
    const std::string_view line = lines.substr(begin, end - begin);
    if (line == function) return true;
    lines = function < line ? lines.substr(0, begin) : lines.substr(end + 1);
  }
  return false;
}

}  // namespace golab::runtime
