// exercise.h: finds the exercises and reads their manifests.
//
// exercises/NN-name/manifest is lines of a word and a value. A line that begins with '#' is a
// comment; so is what stands behind two blanks and a '#'.
//
//   title     First answer wins
//   chapter   1                        1 to 3
//   minutes   15                       how long a student may need
//   addr      127.0.0.1:6060           the port that `lab run` tries first
//   load      20 GET /fastest          requests that make it leak, 4 at a time; may be repeated
//   leak      2 main.ask               goroutines that one request of the first load line leaves
//                                      behind as shipped, and where; one line for each place
//   work      3 GET /fastest           goroutines below one such request at once, at the least
//   results   3 GET /fastest           values sent on channels below one such request, at the least
//   waits     1h GET /report           a goroutine below one such request asks for a wait as long as
//                                      this: a timer, a deadline, a sleep; it need not last so long
//   error     3 GET /fastest?down=eu   requests during which something fails
//   fail      net.Dial 2 GET /x        during that request the 2nd call of net.Dial fails
//   hangup    5 GET /fastest           clients that go away as soon as the handler runs
//   shutdown  2 GET /slow              SIGTERM comes while so many of these run
//   rest      1m                       class time that passes after each part before anything is
//                                      counted; 1m if there is no such line
//   red       left hangup              the gates that are red as shipped; left if there is no such line
//
// All but title, chapter, minutes, addr, rest and red may be repeated. What the gates are is in
// judge.h. `leak` and `red` are promises about the program as shipped, and `lab verify-shipped`
// holds it to them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/errors/errors.h"
#include "runtime/time/duration.h"

namespace lab {

struct PromisedLeak {
  double per_request = 0;
  std::string function;  // "main.worker"
};

// A number of requests, or of something below one of them.
struct RequestLine {
  int count = 0;
  std::string method;
  std::string path;
};

// The runtime makes call number `nth` of this function fail during one request.
struct Failure {
  std::string call;  // "net.Dial"
  int nth = 0;
  std::string method;
  std::string path;
};

// A wait that somebody asks for below one request.
struct WaitLine {
  golab::time::Duration least;
  std::string method;
  std::string path;
};

struct Exercise {
  std::string name;  // "02-worker-pool"
  std::string title;
  int chapter = 0;
  int minutes = 0;
  std::string addr;
  std::vector<RequestLine> loads;
  std::vector<PromisedLeak> leaks;
  std::vector<RequestLine> work;
  std::vector<RequestLine> results;
  std::vector<WaitLine> waits;
  std::vector<RequestLine> errors;
  std::vector<Failure> failures;
  std::vector<RequestLine> hangups;
  std::vector<RequestLine> shutdowns;
  golab::time::Duration rest = golab::time::Minute;
  std::vector<std::string> red;

  // What is wrong with its manifest, empty if nothing is. Such an exercise has a name and no more;
  // it does not keep the others from being used.
  std::string problem;

  // The first load line. Requires a manifest without a problem.
  const RequestLine& load() const { return loads.front(); }
  // All of them, for GOLAB_LOADS (profiler/endpoints/live.h).
  std::string load_lines() const;

  // The gates that its manifest asks for, in the order of judge.h.
  std::vector<std::string> gates() const;

  // Returns the path of the binary.
  std::string program(bool solution) const;
};

// Returns all exercises, in the order of the course.
std::pair<std::vector<Exercise>, golab::error> exercises();
// The same of another directory, for tests.
std::pair<std::vector<Exercise>, golab::error> exercises_in(const std::string& directory);

// By its name, its number or both: 02-worker-pool, worker-pool, 02, 2. The error says what may have
// been meant, or what there is, or what is wrong with its manifest.
std::pair<Exercise, golab::error> find_exercise(const std::string& wanted);

// Reads a manifest's text; `name` is the exercise's. For tests: exercises() does this to each. The
// error begins with file and line and says what is expected there.
std::pair<Exercise, golab::error> parse_manifest(const std::string& name, const std::string& text);

// Returns the path relative to the project's top or to the current directory, if it is below one.
std::string short_path(const std::string& path);

// Where this lab was configured.
std::string top_dir();
std::string build_dir();

}  // namespace lab
