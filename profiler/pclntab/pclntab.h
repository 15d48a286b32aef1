// pclntab.h: Go's own table of functions and lines, the section .gopclntab of a Go program.
//
// go tool pprof, go tool objdump and other tools for Go programs look up an address in this table
// before they look anywhere else. To them a program of ours with such a table is a Go program.
//
// The format is that of Go 1.18. Later readers take it, too (tried with 1.26 and 1.27), and the Go
// 1.19 of Debian takes no newer one. Go's debug/gosym reads it:
//
//   header     magic, sizes, and where each part below begins
//   names      of functions, each ended by a zero byte
//   cu         for each number of a file the place of its name
//   files      their names, each ended by a zero byte
//   pc tables  two numbers for each change: by how much the value grows, and for how many bytes of
//              code it then holds
//   functions  sorted: where each begins, and its entry; the end of the last one; then the entries
//
// Addresses are relative to the beginning of the ELF section .text, and are not negative.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace golab::profiler {

// From this address to that of the next row the code belongs to this line.
struct PclnRow {
  uint64_t address = 0;
  int32_t file = -1;  // a number in PclnProgram::files; -1 if it is not known
  int32_t line = 0;
};

// A function's code without a gap. A function in two parts stands here twice.
struct PclnFunction {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string name;           // Go's: "main.worker"
  std::vector<PclnRow> rows;  // sorted; empty, or the first one is at `begin`
};

struct PclnProgram {
  uint64_t text = 0;               // where .text begins
  std::vector<std::string> files;  // each once, with absolute paths
  // Sorted by address; no two overlap, and none begins below .text.
  std::vector<PclnFunction> functions;
};

// Inlined calls are no functions of the table. Code that was inlined belongs to the line of the
// call.
std::string encode_pclntab(const PclnProgram& program);

}  // namespace golab::profiler
