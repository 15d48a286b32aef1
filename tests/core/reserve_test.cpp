// reserve_test.cpp: address space for tables.
#include <sys/mman.h>

#include <vector>

#include "runtime/core/reserve.h"
#include "tests/catch.h"

using namespace golab;

TEST_CASE("a reserved table is zeros, and memory only where it was touched", "[reserve]") {
  constexpr size_t kBytes = (size_t{64} << 20) + 5;
  auto* at = static_cast<char*>(runtime::reserve(kBytes));
  REQUIRE(at != nullptr);
  for (size_t i : {size_t{0}, kBytes - 1}) {
    CHECK(at[i] == 0);
    at[i] = 1;
  }
  constexpr size_t kPage = 4096;
  std::vector<unsigned char> in_memory((kBytes + kPage - 1) / kPage);
  REQUIRE(mincore(at, kBytes, in_memory.data()) == 0);
  CHECK((in_memory.front() & 1) != 0);
  CHECK((in_memory.back() & 1) != 0);
  CHECK((in_memory[in_memory.size() / 2] & 1) == 0);
  munmap(at, kBytes);
}

TEST_CASE("more than the address space has is not reserved", "[reserve]") {
  CHECK(runtime::reserve(size_t{1} << 60) == nullptr);
}
