// Prints one line per rule about channels, select, contexts, wait groups, mutexes and timers.
#include "tests/semantics/semantics.h"

int main() {
  semantics::channels();
  semantics::selects();
  semantics::contexts();
  semantics::groups();
  semantics::mutexes();
  semantics::timers();
  semantics::goroutines();
}
