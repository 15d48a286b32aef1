// reserve_test.cpp: address space for tables, and in which pages it comes.
#include <sys/mman.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "runtime/core/reserve.h"
#include "tests/catch.h"

using namespace golab;

namespace {

// What the kernel was told of the mapping that `at` is in: proc(5), smaps, VmFlags.
std::string flags_of(const void* at) {
  std::ifstream in("/proc/self/smaps");
  bool here = false;
  for (std::string line; std::getline(in, line);) {
    uintptr_t from = 0, to = 0;
    char dash = 0;
    std::istringstream fields(line);
    if (fields >> std::hex >> from >> dash >> to && dash == '-')
      here = reinterpret_cast<uintptr_t>(at) >= from && reinterpret_cast<uintptr_t>(at) < to;
    if (here && line.starts_with("VmFlags:")) return line + " ";
  }
  return "not mapped";
}

}  // namespace

TEST_CASE("a reserved table is zeros, with large pages beyond its small part", "[reserve]") {
  size_t small = GENERATE(size_t{32} << 10, size_t{512} << 10, runtime::kLargePage);
  size_t bytes = 4 * runtime::kLargePage + 5;
  CAPTURE(small);
  auto* at = static_cast<char*>(runtime::reserve(bytes, small));
  REQUIRE(at != nullptr);
  CHECK((reinterpret_cast<uintptr_t>(at) + small) % runtime::kLargePage == 0);
  for (size_t i : {size_t{0}, small - 1, small, bytes - 1}) {
    CHECK(at[i] == 0);
    at[i] = 1;
  }
  if (std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) {
    CHECK(flags_of(at).find(" nh ") != std::string::npos);
    CHECK(flags_of(at + small - 1).find(" nh ") != std::string::npos);
    CHECK(flags_of(at + small).find(" hg ") != std::string::npos);
    CHECK(flags_of(at + bytes - 1).find(" hg ") != std::string::npos);
  }
  munmap(at, bytes);
}

TEST_CASE("a reserved table may be no longer than its small part", "[reserve]") {
  auto* at = static_cast<char*>(runtime::reserve(5000));
  REQUIRE(at != nullptr);
  CHECK(at[4999] == 0);
  if (std::filesystem::exists("/sys/kernel/mm/transparent_hugepage"))
    CHECK(flags_of(at + 4999).find(" nh ") != std::string::npos);
  munmap(at, 5000);
}

TEST_CASE("more than the address space has is not reserved", "[reserve]") {
  CHECK(runtime::reserve(size_t{1} << 60) == nullptr);
}
