// wording.h: from stacks that were counted at some time to a profile with names. For runtime/pprof
// only.
#pragma once

#include <string>
#include <vector>

#include "profiler/formats/pprof_writer.h"
#include "profiler/formats/stacks.h"

namespace golab::runtime::pprof {

// The protobuf form. Parks while another profile is put into words. Mappings and comments of the
// options are filled in here.
std::string in_protobuf(const std::vector<profiler::StackRecord>& stacks,
                        profiler::PprofOptions options);

// The stack of what could not be recorded.
void lostProfileEvent();

}  // namespace golab::runtime::pprof
