// diff.h: compares two profiles of one service, stack by stack.
//
// Two stacks are the same if they have the same functions and the same state, if both profiles show
// states. Labels do not count, unless they are asked for. Addresses and lines do not count, so two
// builds of a program can be compared. Runtime functions at the leaf do not count, so the binary
// form and the text form can be compared. Of a dump no runtime function counts, and only the fifty
// innermost frames: it shows no more. If one profile writes type arguments as [...], the other's
// count as the same. A stack without names has its addresses instead of functions.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "profiler/formats/debug2_reader.h"
#include "profiler/formats/profile.h"

namespace golab::profiler {

// The functions of a stack, leaf first. The ProfileDiff owns each name, once for all frames.
using Names = std::vector<const std::string*>;

// Compares the texts: the two may belong to different ProfileDiffs.
bool same_names(const Names& a, const Names& b);

struct StackChange {
  Names functions;     // without runtime functions at the leaf
  std::string labels;  // "tenant=acme, job=7", if asked for
  std::string state;   // "chan receive", empty if unknown

  // The place to look at: the innermost frame of package main, or else the innermost of all.
  // If the profiles differ in its line, the line is that of the more frequent one.
  std::string function;
  std::string file;
  int64_t line = 0;
  bool in_main = false;  // there is a frame of package main

  int64_t before = 0;
  int64_t after = 0;
  int64_t delta() const { return wrapping_sub(after, before); }
};

struct ProfileDiff {
  ValueType type;  // "goroutine", "count"
  int64_t total_before = 0;
  int64_t total_after = 0;
  std::vector<StackChange> stacks;  // the greatest change first, then the most frequent
  std::shared_ptr<std::deque<std::string>> names = std::make_shared<std::deque<std::string>>();
};

struct DiffOptions {
  // Stacks that differ in the line above are different stacks. Requires profiles of one binary.
  bool by_line = false;
  // Stacks with different labels are different stacks.
  bool by_labels = false;
};

ProfileDiff diff(const SymbolizedProfile& before, const SymbolizedProfile& after,
                 DiffOptions options = {});

// Fills in missing states from a dump of the same service.
void add_states(ProfileDiff& diff, const std::vector<DumpedGoroutine>& dump);

// What a profile and a dump both show of a stack: the same text for the same stack.
std::string dump_key(const StackChange& stack);
std::string dump_key(const DumpedGoroutine& goroutine);

struct RenderOptions {
  bool colour = false;     // with ANSI sequences, for terminals
  bool unchanged = false;  // also the stacks that did not change
  size_t rows_max = 0;     // 0: all
};

std::string render_diff(const ProfileDiff& diff, RenderOptions options = {});

// Returns a line of a source file, without indentation. Empty if there is no such line, or if the
// file cannot be source code: a device, or more than 16 MiB.
std::string source_line(const std::string& file, int64_t line);

}  // namespace golab::profiler
