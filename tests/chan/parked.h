// parked.h: waiting until goroutines are parked on a channel, so that a test need not guess.
#pragma once

#include "runtime/chan/chan.h"
#include "runtime/die/panic.h"
#include "tests/catch.h"

inline int queue_length(golab::runtime::hchan* c, const golab::runtime::waitq& q) {
  golab::runtime::RuntimeCall rc;
  golab::runtime::lock(&c->lock);
  int n = 0;
  for (auto* sg = q.first; sg != nullptr; sg = sg->next) n++;
  golab::runtime::unlock(&c->lock);
  return n;
}

// True once n goroutines wait to receive from (send to) ch.
inline bool receivers_parked(const golab::glue::ChanRef& ch, int n) {
  return eventually([&] { return queue_length(ch.hchan(), ch.hchan()->recvq) == n; });
}
inline bool senders_parked(const golab::glue::ChanRef& ch, int n) {
  return eventually([&] { return queue_length(ch.hchan(), ch.hchan()->sendq) == n; });
}

// What f panicked with, "" if it did not.
template <typename F>
std::string panic_of(F f) {
  try {
    f();
  } catch (golab::Panic& p) {
    return p.String();
  }
  return "";
}
