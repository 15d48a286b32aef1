// headers_last.cpp: golab.h, then every header. Compiled by a test, never linked.
// clang-format off
#include "runtime/golab.h"
#include "tests/setup/every_header.h"
// clang-format on
