// reader.cpp: the header, then by halving to the function, then step by step to the line.
#include "tests/pclntab/reader.h"

#include <elf.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

TableReader::TableReader(std::string table, uint64_t text) : table_(std::move(table)), text_(text) {
  const std::string begin("\xf0\xff\xff\xff\0\0\x01\x08", 8);
  if (table_.substr(0, 8) != begin) throw std::out_of_range("no table of Go 1.18");
  count_ = number(8, 8);
}

uint64_t TableReader::number(uint64_t place, int bytes) const {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(table_.at(place + i))) << (8 * i);
  }
  return value;
}

std::string TableReader::text_at(uint64_t place) const {
  std::string text;
  while (table_.at(place) != 0) text += table_.at(place++);
  return text;
}

int32_t TableReader::value(uint64_t table, uint64_t begin, uint64_t pc) const {
  uint64_t place = part(3) + table;
  auto varint = [&] {
    uint32_t number = 0;
    for (int shift = 0;; shift += 7) {
      auto byte = static_cast<unsigned char>(table_.at(place++));
      number |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
  };
  int32_t value = -1;
  for (uint64_t at = begin;;) {
    uint32_t change = varint();
    if (change == 0 && at != begin) return -1;
    value += static_cast<int32_t>((change & 1) != 0 ? ~(change >> 1) : change >> 1);
    at += varint();
    if (pc < at) return value;
  }
}

FoundLine TableReader::at(uint64_t address) const {
  FoundLine found;
  const uint64_t pc = address - text_;
  if (count_ == 0 || address < text_ || pc < begin_of(0) || pc >= begin_of(count_)) return found;
  uint64_t low = 0, high = count_;
  while (high - low > 1) {
    uint64_t middle = (low + high) / 2;
    (begin_of(middle) <= pc ? low : high) = middle;
  }
  found.begin = text_ + begin_of(low);
  found.end = text_ + begin_of(low + 1);
  const uint64_t entry = part(4) + number(part(4) + 8 * low + 4, 4);
  if (text_ + number(entry, 4) != found.begin) throw std::out_of_range("list and entry differ");
  found.function = text_at(part(0) + number(entry + 4, 4));
  int32_t file = value(number(entry + 20, 4), begin_of(low), pc);
  found.line = value(number(entry + 24, 4), begin_of(low), pc);
  if (file >= 0)
    found.file = text_at(part(2) + number(part(1) + 4 * static_cast<uint64_t>(file), 4));
  return found;
}

std::vector<uint64_t> TableReader::begins() const {
  std::vector<uint64_t> all;
  for (uint64_t i = 0; i < count_; i++) all.push_back(text_ + begin_of(i));
  return all;
}

std::vector<std::string> TableReader::files() const {
  std::vector<std::string> all;
  uint64_t place = part(2);
  for (uint64_t i = 0; i < number(16, 8); i++) {
    all.push_back(text_at(place));
    place += all.back().size() + 1;
  }
  return all;
}

std::string section_of(const std::string& file, const std::string& name, uint64_t* address) {
  std::ifstream in(file, std::ios::binary);
  const std::string all{std::istreambuf_iterator<char>(in), {}};
  Elf64_Ehdr header;
  all.copy(reinterpret_cast<char*>(&header), sizeof header);
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  all.copy(reinterpret_cast<char*>(sections.data()), sections.size() * sizeof(Elf64_Shdr),
           header.e_shoff);
  for (const Elf64_Shdr& section : sections) {
    if (all.c_str() + sections.at(header.e_shstrndx).sh_offset + section.sh_name != name) continue;
    if (address != nullptr) *address = section.sh_addr;
    return all.substr(section.sh_offset, section.sh_size);
  }
  return "";
}
