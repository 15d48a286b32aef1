// main.cpp: gives a program that was just linked Go's own line table.
//
// usage: pclntab PROGRAM
//
// If it fails, it removes the program: a build must not take one without the table for finished.
#include <cstdio>
#include <iostream>

#include "profiler/pclntab/program_file.h"

namespace {

golab::error give_line_table(const std::string& path) {
  auto [program, err] = golab::profiler::read_program(path);
  if (err != nullptr) return err;
  return golab::profiler::add_section(path, ".gopclntab", golab::profiler::encode_pclntab(program));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: pclntab PROGRAM\n";
    return 2;
  }
  golab::error err = give_line_table(argv[1]);
  if (err == nullptr) return 0;
  std::cerr << "pclntab: " << err.Error() << "\n";
  std::remove(argv[1]);
  return 1;
}
