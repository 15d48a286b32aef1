// arch.h: includes the code for this processor. A port is one file for each processor.
#pragma once

#if defined(__x86_64__)
#include "runtime/core/arch_x86_64.h"
#else
#error "golab runs on x86-64. A port is a file beside arch_x86_64.h, with what its head lists."
#endif
