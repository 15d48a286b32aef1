// semaphore.cpp: a count, and a queue of those that wait.
#include "runtime/semaphore/semaphore.h"

#include "runtime/die/panic.h"

namespace golab::semaphore {

std::shared_ptr<Weighted> NewWeighted(int64_t n) { return std::make_shared<Weighted>(n); }

[[gnu::noinline]] error Weighted::Acquire(const context::Context& ctx, int64_t n) {
  RecvChan<Empty> done = ctx.Done();
  auto is_done = [&] { return select({recv(done), otherwise}) == 0; };
  mu_.Lock();
  if (is_done()) {
    mu_.Unlock();
    return ctx.Err();
  }
  if (size_ - cur_ >= n && waiters_.empty()) {
    cur_ += n;
    mu_.Unlock();
    return nullptr;
  }
  if (n > size_) {
    mu_.Unlock();
    done.recv();
    return ctx.Err();
  }
  auto ready = make_chan<Empty>();
  auto place = waiters_.insert(waiters_.end(), waiter{n, ready});
  mu_.Unlock();
  if (select({recv(done), recv(ready)}) == 1) {
    if (!is_done()) return nullptr;
    Release(n);  // both came: as if the context had been first
    return ctx.Err();
  }
  glue::Locked lock(mu_);
  if (select({recv(ready), otherwise}) == 0) {
    cur_ -= n;  // its turn came while it gave up
    notifyWaiters();
  } else {
    bool front = place == waiters_.begin();
    waiters_.erase(place);
    if (front && size_ > cur_) notifyWaiters();  // it may have stood in the way of smaller ones
  }
  return ctx.Err();
}

bool Weighted::TryAcquire(int64_t n) {
  glue::Locked lock(mu_);
  bool free = size_ - cur_ >= n && waiters_.empty();
  if (free) cur_ += n;
  return free;
}

void Weighted::Release(int64_t n) {
  glue::Locked lock(mu_);
  cur_ -= n;
  if (cur_ < 0) panic("semaphore: released more than held");
  notifyWaiters();
}

// Stops at the first that does not get enough, also if one behind it would: else a large request
// could wait forever.
void Weighted::notifyWaiters() {
  while (!waiters_.empty() && size_ - cur_ >= waiters_.front().n) {
    cur_ += waiters_.front().n;
    close(waiters_.front().ready);
    waiters_.pop_front();
  }
}

}  // namespace golab::semaphore
