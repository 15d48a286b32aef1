// squares_test.cpp: squares_test.go in C++: a test of a sum that is right.
#include <vector>

#include "runtime/golab.h"
#include "tests/catch.h"

void worker(Chan<int> jobs, Chan<int> results) {
  for (int n : jobs) results.send(n * n);
}

// Adds up the squares of the numbers. Three workers compute them.
int sum_of_squares(const std::vector<int>& numbers) {
  auto jobs = make_chan<int>(), results = make_chan<int>(numbers.size());
  for (int i = 0; i < 3; i++) go(worker, jobs, results);
  for (int n : numbers) jobs.send(n);
  int sum = 0;
  for (size_t i = 0; i < numbers.size(); i++) sum += results.recv();
  return sum;
}

TEST_CASE("squares are added up") { CHECK(sum_of_squares({1, 2, 3, 4}) == 30); }
