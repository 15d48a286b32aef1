// program_file.h: an ELF program on disk: which functions it has, and how it gets one more section.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "profiler/pclntab/pclntab.h"
#include "runtime/errors/errors.h"

namespace golab::profiler {

// The functions that begin at or above .text, under Go's names: those of the debug information with
// their lines, and of the symbols those that it does not know. The error says what the file lacks.
std::pair<PclnProgram, error> read_program(const std::string& path);

// Puts a section that is not loaded behind all others. What is in the file stays where it is, but
// for the table of sections and their names. Refuses a second section of that name.
error add_section(const std::string& path, const std::string& name, const std::string& bytes);

}  // namespace golab::profiler
