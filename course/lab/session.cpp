// session.cpp: waiting for states of the service, by asking its agent.
#include "course/lab/session.h"

#include <signal.h>

#include <algorithm>
#include <sstream>

#include "runtime/golab.h"

namespace lab {
namespace {

constexpr time::Duration kPoll = 200 * time::Microsecond;
constexpr time::Duration kIdlePatience = 20 * time::Millisecond;
// What a signal wakes may be on its way: so often in a row nothing is left to do.
constexpr int kStandsStill = 100;
constexpr int kSlices = 50;
// A load that is as long as this is not looked at request by request.
constexpr int kRecordsMax = 1000;

std::string without_query(const std::string& path) { return path.substr(0, path.find('?')); }

std::string request_text(const RequestLine& line) { return line.method + " " + line.path; }

std::string requests_get(int count, const RequestLine& line) {
  return count == 1 ? "1 request " + request_text(line) + " gets"
                    : std::to_string(count) + " requests " + request_text(line) + " get";
}

int running(const std::vector<RequestRecord>& records) {
  return static_cast<int>(std::count_if(records.begin(), records.end(),
                                        [](const RequestRecord& r) { return r.running(); }));
}

// The number of the request that began last.
int64_t last(const std::vector<RequestRecord>& records) {
  return records.empty() ? 0 : records.back().number;
}

// The line of a program's last words that says why it ended.
std::string reason(const std::string& output) {
  std::string last;
  std::istringstream lines(output);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("panic: ") || line.starts_with("fatal error: ")) return line;
    if (!line.empty()) last = line;
  }
  return last;
}

}  // namespace

error Session::start(const context::Context& ctx, const std::string& program, int procs) {
  error started = service_.start(program, {.procs = procs, .classroom = &classroom_, .ctx = ctx});
  if (started != nullptr) return started;
  service_.close_connections();
  auto [rest, err] = look_after(0);
  at_rest_ = std::move(rest);
  return err;
}

// What runs now is not counted among the requests that come.
error Session::begin() {
  if (error err = classroom_.forget(); err != nullptr) return err;
  auto [records, err] = classroom_.requests();
  forgotten_ = 0;
  for (const RequestRecord& record : records) forgotten_ = std::max(forgotten_, record.number);
  return err;
}

std::pair<std::vector<RequestRecord>, error> Session::records_of(const RequestLine& line) {
  auto [records, err] = classroom_.requests();
  std::erase_if(records, [&](const RequestRecord& record) {
    return record.number <= forgotten_ || record.method != line.method ||
           without_query(record.path) != without_query(line.path);
  });
  return {std::move(records), err};
}

// The agent does not answer: the service has ended, or nobody knows.
void Session::note_end(Exchange& exchange, const error& err) {
  if (!service_.await_end(time::Second)) {
    exchange.err = err;
    return;
  }
  std::string why = reason(service_.output());
  exchange.trouble = "the service ended " + service_.how() + " during " +
                     request_text(exchange.line) + (why.empty() ? "" : ": " + why);
}

void Session::await_begun(Exchange& exchange) {
  time::Time deadline = time::Now().Add(kPatience);
  for (;;) {
    auto [records, err] = records_of(exchange.line);
    if (err != nullptr) return note_end(exchange, err);
    const int begun = static_cast<int>(records.size());
    auto [still, idle_err] = classroom_.idle(kIdlePatience);
    if (idle_err != nullptr) return note_end(exchange, idle_err);
    if (begun >= exchange.line.count && still.idle) return;
    if (time::Now().After(deadline)) {
      gave_up_ = true;
      const int missing = exchange.line.count - begun;
      exchange.trouble =
          missing > 0
              ? requests_get(missing, exchange.line) + " no handler: the service does not take them"
              : "the service does not come to rest after " + request_text(exchange.line);
      return;
    }
    time::Sleep(kPoll);
  }
}

// What the service does at this moment, as far as the open requests are concerned.
struct Session::Moment {
  bool all_begun = false;  // whatever is open stands in a handler: nothing can come from outside
  Stillness still;
};

std::pair<Session::Moment, error> Session::moment(const Exchange& exchange, const Crowd& crowd,
                                                  bool always) {
  Moment moment;
  const int open = crowd.outstanding();
  auto [before, err] = records_of(exchange.line);
  if (err != nullptr) return {moment, err};
  if (static_cast<int>(before.size()) > kRecordsMax) {
    if (error forget_err = classroom_.forget(); forget_err != nullptr) return {moment, forget_err};
  }
  if (running(before) != open && !always) return {moment, nullptr};
  auto [still, idle_err] = classroom_.idle(kIdlePatience);
  if (idle_err != nullptr) return {moment, idle_err};
  moment.still = still;
  // Only if all open requests stood in their handlers before and still do, nothing can have come from
  // outside in between, and no answer is on its way: then the service waits for the clock.
  auto [after, after_err] = records_of(exchange.line);
  moment.all_begun =
      running(before) == open && running(after) == open && last(before) == last(after);
  return {moment, after_err};
}

void Session::await_answers(Exchange& exchange, const Crowd& crowd, bool until_exit,
                            const Done& done) {
  time::Time progress = time::Now();
  int finished = 0;
  for (int stands_still = 0; stands_still < kStandsStill;) {
    if (crowd.finished() != finished) {
      finished = crowd.finished();
      progress = time::Now();
      if (done) done(finished);
    }
    const bool all = finished == crowd.total();
    if (all && !until_exit) return;

    const bool patient = time::Since(progress) < kPatience;
    auto [now, err] = moment(exchange, crowd, until_exit || !patient);
    if (err != nullptr) return note_end(exchange, err);
    if (now.still.exiting && all) return;
    if (now.still.idle && now.all_begun && !now.still.exiting) {
      auto [stepped, step_err] = classroom_.step();
      if (step_err != nullptr) return note_end(exchange, step_err);
      if (!stepped && !until_exit) {
        exchange.trouble = requests_get(crowd.outstanding(), exchange.line) +
                           " no answer: nothing in the service can go on, and no timer runs";
        return;
      }
      stands_still = stepped ? 0 : stands_still + 1;
    }
    if (!patient) {
      gave_up_ = true;
      return note_silence(exchange, crowd, now.still);
    }
    if (!now.all_begun) time::Sleep(kPoll);
  }
  note_silence(exchange, crowd, {.idle = true, .busy = 0, .exiting = {}});
}

// There was no answer for too long.
void Session::note_silence(Exchange& exchange, const Crowd& crowd, const Stillness& still) {
  if (crowd.finished() == crowd.total()) {
    exchange.trouble =
        "SIGTERM does not end the service: all requests are answered, and it runs on";
    return;
  }
  exchange.trouble = requests_get(crowd.outstanding(), exchange.line) + " no answer: ";
  if (still.exiting) {
    exchange.trouble += "the service is at its end";
  } else if (still.idle) {
    exchange.trouble += "the service waits, whatever time passes";
  } else {
    exchange.trouble += "the service never comes to rest, " + std::to_string(still.busy) +
                        (still.busy == 1 ? " goroutine runs" : " goroutines run");
  }
}

Exchange Session::put(const RequestLine& line, int clients, const Done& done) {
  Exchange exchange;
  exchange.line = line;
  exchange.err = begin();
  if (exchange.err != nullptr) return exchange;
  Crowd crowd(service_.url(line.path), line, clients);
  await_answers(exchange, crowd, false, done);
  crowd.go_home();
  exchange.answers = crowd.answers();
  if (exchange.trouble.empty() && !crowd.failure().empty()) {
    exchange.trouble = requests_get(line.count - static_cast<int>(exchange.answers.size()), line) +
                       " no answer: " + crowd.failure();
  }
  if (!service_.ended()) exchange.err = learn_records(exchange);
  return exchange;
}

// Goroutines may be at work below a request that was answered.
error Session::learn_records(Exchange& exchange) {
  auto [still, idle_err] = classroom_.idle(kPatience);
  if (idle_err != nullptr) return idle_err;
  gave_up_ = gave_up_ || !still.idle;
  error err;
  std::tie(exchange.records, err) = records_of(exchange.line);
  return err == nullptr ? classroom_.add_waits(exchange.records) : err;
}

Exchange Session::hang_up(const RequestLine& line) {
  Exchange exchange;
  exchange.line = line;
  exchange.err = begin();
  if (exchange.err != nullptr) return exchange;
  const std::string request = line.method + " " + line.path +
                              " HTTP/1.1\r\nHost: " + service_.address() +
                              "\r\nContent-Length: 0\r\n\r\n";
  std::vector<net::Conn> connections;
  for (int i = 0; i < line.count; i++) {
    auto [connection, err] = net::Dial("tcp", service_.address());
    if (err == nullptr) err = connection.Write(request).second;
    if (err != nullptr) {
      note_end(exchange, err);
      return exchange;
    }
    connections.push_back(connection);
  }
  await_begun(exchange);
  for (const net::Conn& connection : connections) connection.Close();
  return exchange;
}

Exchange Session::shut_down(const RequestLine& line) {
  Exchange exchange;
  exchange.line = line;
  exchange.err = begin();
  if (exchange.err == nullptr) exchange.err = classroom_.hold();
  if (exchange.err != nullptr) return exchange;
  Crowd crowd(service_.url(line.path), line, line.count);
  await_begun(exchange);
  if (exchange.whole()) {
    error err = classroom_.signal(SIGTERM);
    if (err != nullptr) note_end(exchange, err);
    if (err == nullptr) await_answers(exchange, crowd, true, {});
  }
  crowd.go_home();
  exchange.answers = crowd.answers();
  if (exchange.trouble.empty() && !crowd.failure().empty()) {
    exchange.trouble = requests_get(line.count - static_cast<int>(exchange.answers.size()), line) +
                       " no answer after SIGTERM: " + crowd.failure();
  }
  return exchange;
}

std::string Session::part() {
  classroom_.release();
  if (!service_.await_end(kPatience)) return "it does not end";
  return service_.succeeded() ? "" : "it ended " + service_.how() + ", not with exit status 0";
}

error Session::fail(const Failure& failure) { return classroom_.fail(failure.call, failure.nth); }

// A service with a timer every millisecond has much to do in a day: it gets kPatience for that. What
// it has then, is what it has.
error Session::pass(time::Duration rest) {
  const time::Time deadline = time::Now().Add(kPatience);
  const time::Duration slice = rest / kSlices + 1;
  while (rest > 0 && !gave_up_) {
    auto [idle_again, err] = classroom_.advance(std::min(slice, rest));
    if (err != nullptr) return err;
    rest -= slice;
    gave_up_ = !idle_again || (rest > 0 && time::Now().After(deadline));
  }
  return nullptr;
}

std::pair<Fetched, error> Session::look_after(time::Duration rest) {
  // A service that does not come to rest is looked at all the same: what runs there is seen.
  auto [still, idle_err] = classroom_.idle(kPatience);
  if (idle_err != nullptr) return {Fetched{}, idle_err};
  gave_up_ = gave_up_ || !still.idle;
  if (still.idle) {
    if (error err = pass(rest); err != nullptr) return {Fetched{}, err};
  }
  return look();
}

std::pair<Fetched, error> Session::look() {
  Fetched fetched;
  auto [bytes, err] = classroom_.profile();
  if (err != nullptr) return {std::move(fetched), err};
  fetched.bytes = std::move(bytes);
  profiler::ReadResult read = profiler::read_profile(fetched.bytes, service_.address());
  if (!read) return {std::move(fetched), errors::New(read.error)};
  fetched.profile = std::move(read.profile);
  fetched.goroutines = profiler::total(fetched.profile);
  return {std::move(fetched), nullptr};
}

std::pair<std::vector<profiler::DumpedGoroutine>, error> Session::dump() {
  auto [text, err] = classroom_.dump();
  if (err != nullptr) return {{}, err};
  profiler::DumpResult read = profiler::read_debug2(text, service_.address());
  if (!read) return {{}, errors::New(read.error)};
  return {std::move(read.goroutines), nullptr};
}

std::pair<std::string, error> Session::dump_text_amid(const RequestLine& line) {
  Exchange exchange;
  exchange.line = line;
  if (error err = begin(); err != nullptr) return {"", err};
  Crowd crowd(service_.url(line.path), line, line.count, true);
  await_begun(exchange);
  if (exchange.err != nullptr) return {"", exchange.err};
  return dump_text();
}

std::vector<profiler::DumpedGoroutine> Session::dump_of_panic() const {
  return profiler::read_debug2(service_.output(), service_.address()).goroutines;
}

}  // namespace lab
