// address.h: where a student's service listens: chosen when it starts, found again by `lab url`.
//
// Many students share one machine. So the port of an exercise's manifest is only the first one that
// is tried, and lessons ask lab for the address. Each service has a note with its address:
// mine/.lab/running/NN-name.PID, or NN-name.solution.PID. A note counts for as long as that process
// listens there.
#pragma once

#include <string>
#include <utility>

#include "course/lab/claim.h"
#include "course/lab/exercise.h"
#include "runtime/errors/errors.h"

namespace lab {

// An address that no other lab chooses for as long as the claim is kept.
struct ChosenAddress {
  std::string address;
  Claim claim;
};

// Returns an address for a service of this exercise, or of its solution. It tries the port of the
// last time first, so that the address in a student's shell and browser stays right. Then come the
// manifest's port and those after it. GOLAB_LISTEN names the host, such as 0.0.0.0 in a container;
// without it the host is the manifest's.
std::pair<ChosenAddress, golab::error> choose_address(const Exercise& exercise, bool solution);

// The same for a page about the exercise. It leaves the ports of its services free, so that a
// service that starts again finds its port.
std::pair<ChosenAddress, golab::error> choose_page_address(const Exercise& exercise);

// Notes that this process is a service of the exercise, or of its solution, at this address.
// Deletes the notes of its processes that have ended.
golab::error note_address(const Exercise& exercise, bool solution, const std::string& address);

// Returns the URL of a service that listens on this address: http://127.0.0.1:6060, also where it
// listens on every address of the machine.
std::string url_of(const std::string& address);

// Returns the URL of the student's service of this exercise; of the solution if only that runs, or
// if it is asked for. If several run, it is the one that was started last; without a name, of all
// exercises. The error says that none runs, and how to start one.
std::pair<std::string, golab::error> running_url(const std::string& name, bool solution);

}  // namespace lab
