// trial.cpp: the parts, one after the other.
#include "course/lab/trial.h"

#include <algorithm>
#include <memory>

#include "runtime/golab.h"

namespace lab {
namespace {

using profiler::LeakVerdict;
using profiler::StuckGroup;

// The program's own goroutines at its end, but for main itself: nothing of them may be left.
std::vector<StuckGroup> own_goroutines(const LeakVerdict& all,
                                       const std::vector<profiler::DumpedGoroutine>& dump) {
  LeakVerdict own = all;
  std::erase_if(own.leaked, [](const profiler::LeakedStack& leaked) {
    const profiler::Names& functions = leaked.stack.functions;
    // main itself, or the goroutine that ends the program in its place.
    auto ends = [](const std::string* name) { return *name == "main.main" || *name == "os.Exit"; };
    return !leaked.stack.in_main || std::any_of(functions.begin(), functions.end(), ends);
  });
  return profiler::stuck_groups(own, dump);
}

class Run {
 public:
  Run(const context::Context& ctx, const Exercise& exercise, const std::string& program, int procs)
      : ctx_(ctx), exercise_(exercise), program_(program), procs_(procs) {}

  Trial all() {
    Trial trial;
    trial.procs = procs_;
    load(trial);
    if (!exercise_.hangups.empty()) hangup(trial);
    if (!exercise_.errors.empty() || !exercise_.failures.empty()) errors(trial);
    if (!exercise_.shutdowns.empty()) shutdown(trial);
    if (ctx_.Err() != nullptr) trial.err = ctx_.Err();
    return trial;
  }

 private:
  // A service that no part has spoilt. False if there is none.
  bool fresh(Trial& trial) {
    if (session_ != nullptr) return true;
    if (over_ || ctx_.Err() != nullptr || trial.err != nullptr || !trial.refused.empty()) {
      return false;
    }
    session_ = std::make_unique<Session>();
    rest_ = {};
    error err = session_->start(ctx_, program_, procs_);
    if (err == nullptr) {
      rest_ = session_->at_rest();
      return true;
    }
    session_ = nullptr;
    trial.refused = err.Error();
    return false;
  }

  // What the exchange leaves the part with. False if the part cannot go on.
  bool add(Part& part, Trial& trial, Exchange exchange) {
    part.exchanges.push_back(std::move(exchange));
    const Exchange& seen = part.exchanges.back();
    if (seen.err != nullptr) trial.err = seen.err;
    if (!seen.trouble.empty()) part.trouble = seen.trouble;
    return seen.whole();
  }

  // Class time passes; then the service is looked at, and what is there is compared with before.
  void count(Part& part, Trial& trial, bool whole) {
    if (trial.err != nullptr) return spoil();
    auto [after, err] = whole ? session_->look_after(exercise_.rest) : session_->look();
    if (err != nullptr) {
      if (part.trouble.empty()) part.trouble = err.Error();
      part.stuck = profiler::panicked(session_->dump_of_panic());
      return spoil();
    }
    LeakVerdict verdict = judged(after, exercise_.load().count);
    part.profile = after.bytes;
    part.dump = session_->dump_text().first;
    if (verdict.leaks) {
      (whole ? part.left : part.stuck) =
          profiler::stuck_groups(verdict, profiler::read_debug2(part.dump, "the dump").goroutines);
    }
    if (whole) part.verdict = verdict;
    if (!whole || verdict.leaks) spoil();
  }

  LeakVerdict judged(const Fetched& after, int requests) const {
    return profiler::judge(rest_.profile, after.profile, requests, {.without_connections = true});
  }

  void spoil() {
    over_ = over_ || session_->gave_up();
    session_ = nullptr;
  }

  void load(Trial& trial) {
    if (!fresh(trial)) return;
    Part part;
    part.gate = "left";
    bool whole = true;
    for (const RequestLine& line : load_lines()) {
      whole = whole && add(part, trial, session_->put(line));
    }
    count(part, trial, whole);
    trial.parts.push_back(std::move(part));
  }

  // The load, and one request of each kind that the gate of work asks about and the load has not.
  std::vector<RequestLine> load_lines() const {
    std::vector<RequestLine> lines = exercise_.loads;
    auto ask = [&](const std::string& method, const std::string& path) {
      bool there = std::any_of(lines.begin(), lines.end(), [&](const RequestLine& known) {
        return known.method == method && known.path == path;
      });
      if (!there) lines.push_back({1, method, path});
    };
    for (const RequestLine& line : exercise_.work) ask(line.method, line.path);
    for (const RequestLine& line : exercise_.results) ask(line.method, line.path);
    for (const WaitLine& line : exercise_.waits) ask(line.method, line.path);
    return lines;
  }

  void hangup(Trial& trial) {
    if (!fresh(trial)) return;
    Part part;
    part.gate = "hangup";
    bool whole = true;
    for (const RequestLine& line : exercise_.hangups) {
      whole = whole && add(part, trial, session_->hang_up(line));
    }
    count(part, trial, whole);
    trial.parts.push_back(std::move(part));
  }

  void errors(Trial& trial) {
    if (!fresh(trial)) return;
    Part part;
    part.gate = "errors";
    bool whole = true;
    for (const RequestLine& line : exercise_.errors) {
      whole = whole && add(part, trial, session_->put(line));
    }
    for (const Failure& failure : exercise_.failures) {
      if (!whole) break;
      trial.err = session_->fail(failure);
      if (trial.err != nullptr) break;
      whole = add(part, trial, session_->put({1, failure.method, failure.path}));
    }
    count(part, trial, whole);
    // A failure that nobody ran into would hit the next part.
    if (session_ != nullptr && !exercise_.failures.empty()) spoil();
    trial.parts.push_back(std::move(part));
  }

  void shutdown(Trial& trial) {
    for (const RequestLine& line : exercise_.shutdowns) {
      if (!fresh(trial)) return;
      Part part;
      part.gate = "shutdown";
      bool whole = add(part, trial, session_->shut_down(line));
      if (!whole) {
        count(part, trial, false);
      } else {
        end(part, trial);
      }
      if (session_ != nullptr) spoil();
      trial.parts.push_back(std::move(part));
    }
  }

  // The service stands at its end: nothing of its own may be left, and it must go in peace.
  void end(Part& part, Trial& trial) {
    auto [after, err] = session_->look();
    auto [dump, dump_err] = session_->dump();
    if (err != nullptr || dump_err != nullptr) {
      trial.err = err != nullptr ? err : dump_err;
      return;
    }
    part.left = own_goroutines(profiler::judge({}, after.profile, 1), dump);
    part.trouble = session_->part();
  }

  const context::Context& ctx_;
  const Exercise& exercise_;
  const std::string& program_;
  const int procs_;
  std::unique_ptr<Session> session_;
  Fetched rest_;
  bool over_ = false;  // a part took so long that no other one is begun
};

}  // namespace

Trial try_program(const context::Context& ctx, const Exercise& exercise, const std::string& program,
                  int procs) {
  return Run(ctx, exercise, program, procs).all();
}

}  // namespace lab
