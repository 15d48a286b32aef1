// main.cpp: the program behind `lab bench`.
#include "course/lab/output.h"
#include "tests/bench/report/bench.h"

int main(int argc, char** argv) {
  return lab::finish(bench::bench_command({argv + 1, argv + argc}));
}
