// reader.h: reads .gopclntab as Go's debug/gosym does, with every place checked.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct FoundLine {
  std::string function;  // empty: no function is there
  std::string file;
  int line = 0;
  uint64_t begin = 0;  // of the function
  uint64_t end = 0;
};

class TableReader {
 public:
  // Throws std::out_of_range, as all else here, where the table points out of itself.
  TableReader(std::string table, uint64_t text);

  FoundLine at(uint64_t pc) const;
  std::vector<uint64_t> begins() const;  // of all functions, in the order of the table
  std::vector<std::string> files() const;

 private:
  uint64_t number(uint64_t place, int bytes) const;
  std::string text_at(uint64_t place) const;
  uint64_t part(int n) const { return number(32 + 8 * static_cast<uint64_t>(n), 8); }
  uint64_t begin_of(uint64_t function) const { return number(part(4) + 8 * function, 4); }
  int32_t value(uint64_t table, uint64_t begin, uint64_t pc) const;

  std::string table_;
  uint64_t text_;
  uint64_t count_;
};

// A section of an ELF file; empty if there is none of that name. `address`: where it is loaded.
std::string section_of(const std::string& file, const std::string& name,
                       uint64_t* address = nullptr);
