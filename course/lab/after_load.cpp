// after_load.cpp: rest, load, class time, and two looks.
#include "course/lab/after_load.h"

#include <algorithm>

#include "course/lab/session.h"
#include "runtime/golab.h"

namespace lab {

namespace {

// A goroutine that parks a moment after its request was answered shall be a minute old, too.
constexpr time::Duration kRest = 2 * time::Minute;

}  // namespace

std::pair<AfterLoad, error> look_after_load(const Exercise& exercise, const std::string& program) {
  AfterLoad seen;
  Session session;
  error started = session.start(context::Background(), program, 0);
  if (started != nullptr) return {std::move(seen), started};
  auto [rest, rest_err] = session.dump_text();
  if (rest_err != nullptr) return {std::move(seen), rest_err};
  seen.dump_at_rest = std::move(rest);
  for (const RequestLine& line : exercise.loads) {
    Exchange exchange = session.put(line);
    if (exchange.err != nullptr) return {std::move(seen), exchange.err};
  }
  auto [quiet, quiet_err] = session.look_after(std::max(exercise.rest, kRest));
  if (quiet_err != nullptr) return {std::move(seen), quiet_err};
  auto [fetched, fetch_err] = session.service().fetch();
  seen.profile = fetch_err == nullptr ? std::move(fetched) : std::move(quiet);
  session.service().close_connections();
  RequestLine few = exercise.load();
  few.count = Session::kClients;
  auto [dump, dump_err] = session.dump_text_amid(few);
  if (dump_err != nullptr) return {std::move(seen), dump_err};
  seen.dump = std::move(dump);
  return {std::move(seen), nullptr};
}

}  // namespace lab
