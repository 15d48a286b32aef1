// request.cpp: records of requests, and who works for which (see request.h).
#include "runtime/sched/request.h"

#include <utility>

#include "runtime/core/lock.h"
#include "runtime/sched/gmp.h"
#include "runtime/sched/proc.h"

namespace golab::runtime {
namespace {

// The list of records. The class reads it without the lock: a record that is in it stays whole.
struct {
  mutex mu;
  uint64_t count = 0;
  std::atomic<RequestRecord*> first{nullptr};
  RequestRecord* last = nullptr;
} requests;

}  // namespace

void WorksFor::begin(std::string_view method, std::string_view path) {
  auto* r = new RequestRecord;
  r->method = method;
  r->path = path;
  mine_ = r;
  {
    RuntimeCall rc;
    r->begun = class_time();
    lock(&requests.mu);
    r->number = ++requests.count;
    if (requests.last == nullptr)
      requests.first.store(r);
    else
      requests.last->next.store(r);
    requests.last = r;
    unlock(&requests.mu);
  }
  change_to(r);
}

void WorksFor::change_to(RequestRecord* r) {
  changed_ = true;
  before_ = std::exchange(getg()->request, r);
}

void WorksFor::end() {
  getg()->request = before_;
  if (mine_ != nullptr) mine_->ended.store(class_time());
}

void inherit_request(const G* parent, G* child) {
  RequestRecord* r = parent != nullptr ? parent->request : nullptr;
  child->request = r;
  if (r == nullptr) return;
  int32_t live = r->live.fetch_add(1) + 1;
  int32_t peak = r->peak.load();
  while (live > peak && !r->peak.compare_exchange_weak(peak, live)) {}
}

void leave_request(G* gp) {
  if (RequestRecord* r = std::exchange(gp->request, nullptr)) r->live.fetch_sub(1);
}

void count_send_for_request() {
  const G* gp = getg();
  if (gp != nullptr && gp->request != nullptr) gp->request->sends.fetch_add(1);
}

void note_wait_for_request(int64_t ns) {
  const G* gp = getg();
  if (gp == nullptr || gp->request == nullptr) return;
  std::atomic<int64_t>& longest = gp->request->longest_wait;
  int64_t known = longest.load();
  while (ns > known && !longest.compare_exchange_weak(known, ns)) {
  }
}

const RequestRecord* first_request() { return requests.first.load(); }

void forget_ended_requests() {
  RuntimeCall rc;
  lock(&requests.mu);
  RequestRecord* kept = nullptr;
  for (RequestRecord* r = requests.first.exchange(nullptr); r != nullptr; r = r->next.load()) {
    if (r->ended.load() >= 0) continue;
    if (kept == nullptr)
      requests.first.store(r);
    else
      kept->next.store(r);
    kept = r;
  }
  if (kept != nullptr) kept->next.store(nullptr);
  requests.last = kept;
  unlock(&requests.mu);
}

}  // namespace golab::runtime
