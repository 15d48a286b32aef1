// diff.h: two profiles of one service, stack by stack.
//
// Two stacks are the same if they have the same functions in the same order and wait in the same
// way. Addresses and lines do not count, so that a program can be compared with its last build. The
// frames are those that a report shows: runtime.gopark, and what is between it and the program's
// code, is left out. So the binary form and the text form can be compared.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/profile.h"

namespace golab::profiler {

// The functions of a stack, leaf first. Each name is kept once, by the ProfileDiff: a small file
// can have a long name in many frames.
using Names = std::vector<const std::string*>;

// Whether they are the same, also if they are of two ProfileDiffs.
bool same_names(const Names& a, const Names& b);

struct StackChange {
  Names functions;     // those that a report shows, leaf first
  std::string labels;  // "tenant=acme, job=7"
  std::string state;   // "chan receive", empty if unknown

  // The place to look at: the innermost frame of package main, or else the innermost frame shown.
  // The line is that of the profile in which the stack is more frequent.
  std::string function;
  std::string file;
  int64_t line = 0;
  bool in_main = false;  // there is a frame of package main

  int64_t before = 0;
  int64_t after = 0;
  int64_t delta() const { return wrapping_sub(after, before); }
};

struct ProfileDiff {
  int64_t total_before = 0;
  int64_t total_after = 0;
  std::vector<StackChange> stacks;  // all, the greatest change first, then the more frequent
  std::shared_ptr<std::deque<std::string>> names = std::make_shared<std::deque<std::string>>();
};

struct DiffOptions {
  // Two lines of one main function make two stacks. Requires two profiles of one binary.
  bool by_line = false;
};

ProfileDiff diff(const SymbolizedProfile& before, const SymbolizedProfile& after,
                 DiffOptions options = {});

// Fills in the states that are missing in the profiles, from a ?debug=2 dump of the same service.
void add_states(ProfileDiff& diff, const std::vector<DumpedGoroutine>& dump);

struct RenderOptions {
  bool colour = false;     // with ANSI sequences, for terminals
  bool unchanged = false;  // also the stacks that did not change
  size_t rows_max = 0;     // 0: all
};

std::string render_diff(const ProfileDiff& diff, RenderOptions options = {});

// Line `line` of a source file without its indentation, tabs as blanks. Empty if there is no such
// file or line, or if it is no file that a person writes: a device, more than 16 MiB.
std::string source_line(const std::string& file, int64_t line);

}  // namespace golab::profiler
