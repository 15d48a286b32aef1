// headers_first.cpp: every header, then golab.h. Compiled by a test, never linked.
// clang-format off
#include "tests/setup/every_header.h"
#include "runtime/golab.h"
// clang-format on
