// address.h: where a student's service listens: chosen when it starts, found again by `lab url`.
//
// Many students share one machine. So the port of an exercise's manifest is only the first one that is
// tried, and lessons ask lab for the address. A note, mine/.lab/running/NN-name, keeps the process and
// its address; NN-name.solution is that of the solution. It counts for as long as that process listens
// there.
#pragma once

#include <string>
#include <utility>

#include "course/lab/exercise.h"
#include "runtime/errors/errors.h"

namespace lab {

// Returns an address for a service of this exercise, or of its solution. Tried are the port of the last time, so that the
// address in a student's shell and browser stays right, then the manifest's port and those after it.
// Two labs that choose at the same time never choose the same port. GOLAB_LISTEN names the host, such
// as 0.0.0.0 in a container; without it the host is the manifest's.
std::pair<std::string, golab::error> choose_address(const Exercise& exercise, bool solution);

// Notes that this process is a service of the exercise, or of its solution, at this address.
golab::error note_address(const Exercise& exercise, bool solution, const std::string& address);

// Returns the URL of a service that listens on this address: http://127.0.0.1:6060, also where it
// listens on every address of the machine.
std::string url_of(const std::string& address);

// Returns the URL of the student's service of this exercise; of the solution if only that runs, or if
// it is asked for. Without a name: of the service that was started last. The error says that none runs,
// and how to start one.
std::pair<std::string, golab::error> running_url(const std::string& name, bool solution);

}  // namespace lab
