// schedtrace.cpp: GODEBUG=schedtrace=N: what the scheduler is at, on stderr, each N milliseconds.
//
// In Go's form. A line for all, or with scheddetail=1 one for each P, M and G, which a dying
// program prints, too. Not here: needspinning, and what mallocing, throwing, preemptoff and dying say.
//
// Nothing is stopped for it: each number is of its own moment, as in Go. It allocates nothing, so a
// thread may print it anywhere.
#include <unistd.h>

#include <charconv>
#include <concepts>
#include <string_view>

#include "runtime/core/godebug.h"
#include "runtime/sched/sched.h"

namespace golab::runtime {
namespace {

int32_t period_ms = 0;
bool detailed = false;
int64_t started = 0;

// Text on its way to stderr.
class Out {
 public:
  ~Out() { flush(); }
  Out& operator<<(std::string_view text) {
    for (char c : text) {
      if (used_ == sizeof text_) flush();
      text_[used_++] = c;
    }
    return *this;
  }
  Out& operator<<(bool value) { return *this << (value ? "true" : "false"); }
  template <std::integral T>
  Out& operator<<(T value) {
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    return *this << std::string_view(digits, static_cast<size_t>(end - digits));
  }
  Out& operator<<(const char* text) { return *this << std::string_view(text); }
  // The id of an M, the goid of a G; "nil" if there is none.
  Out& operator<<(const M* mp) { return mp != nullptr ? *this << mp->id : *this << "nil"; }
  Out& operator<<(const G* gp) { return gp != nullptr ? *this << gp->goid : *this << "nil"; }

 private:
  void flush() {
    for (size_t done = 0; done < used_;) {
      ssize_t n = write(2, text_ + done, used_ - done);
      if (n <= 0) break;
      done += static_cast<size_t>(n);
    }
    used_ = 0;
  }
  char text_[1024];
  size_t used_ = 0;
};

// What others write meanwhile is read as it is.
#define GOLAB_RACY __attribute__((no_sanitize("thread")))

GOLAB_RACY void print_p(Out& out, int32_t i) {
  const P* pp = sched.allp[i];
  out << "  P" << i << ": status=" << pp->status.load() << " schedtick=" << pp->schedtick.load()
      << " syscalltick=" << pp->syscalltick.load() << " m=" << pp->m.load()
      << " runqsize=" << runqlen(pp) << " gfreecnt=" << int32_t{pp->gfree_count}
      << " timerslen=" << pp->timers_len << "\n";
}

GOLAB_RACY void print_m(Out& out, const M* mp) {
  out << "  M" << mp->id << ": p=";
  int32_t p = 0;
  while (p < kMaxProcs && sched.allp[p] != nullptr && sched.allp[p] != mp->p) p++;
  if (mp->p != nullptr && p < kMaxProcs) {
    out << p;
  } else {
    out << "nil";
  }
  const bool blocked = mp->curg == nullptr && mp->state.load() == kMSafe;
  out << " curg=" << static_cast<const G*>(mp->curg) << " mallocing=0 throwing=0 preemptoff= locks="
      << mp->locks.load() << " dying=0 spinning=" << mp->spinning << " blocked=" << blocked
      << " lockedg=" << static_cast<const G*>(mp->lockedg) << "\n";
}

GOLAB_RACY void print_g(Out& out, const G* gp) {
  if (gp->goid == 0) return;  // has never been used
  const uint32_t status = gp->status.load();
  const M* mp = status == _Grunning || status == _Gsyscall ? gp->m : nullptr;
  const bool waited = gp->waitreason != WaitReason::Zero;
  const char* reason = waited ? waitReasonStrings[static_cast<size_t>(gp->waitreason)] : "";
  out << "  G" << gp->goid << ": status=" << status << "("
      << reason << ") m=" << mp
      << " lockedm=" << static_cast<const M*>(gp->lockedm) << "\n";
}

}  // namespace

GOLAB_RACY void schedtrace(bool all) {
  const int64_t now = nanotime();
  if (started == 0) started = now;
  const int32_t procs = sched.gomaxprocs.load();
  Out out;
  out << "SCHED " << (now - started) / 1'000'000 << "ms: gomaxprocs=" << procs
      << " idleprocs=" << sched.npidle.load() << " threads=" << sched.mcount.load()
      << " spinningthreads=" << sched.nmspinning.load()
      << " needspinning=0 idlethreads=" << sched.nmidle << " runqueue=" << sched.runqsize.load();
  if (!all) {
    out << " [ ";
    for (int32_t i = 0; i < procs; i++) out << runqlen(sched.allp[i]) << " ";
    out << "] schedticks=[ ";
    for (int32_t i = 0; i < procs; i++) out << sched.allp[i]->schedtick.load() << " ";
    out << "]\n";
    return;
  }
  out << " gcwaiting=" << (sched.stopping.load() != 0) << " nmidlelocked=" << sched.nmidlelocked
      << " stopwait=0 sysmonwait=" << (sched.sysmonwait.load() != 0) << "\n";
  for (int32_t i = 0; i < procs; i++) print_p(out, i);
  for (const M* mp = sched.allm.load(); mp != nullptr; mp = mp->alllink) print_m(out, mp);
  for (uint32_t i = 0, n = allglen(); i < n; i++) print_g(out, allg(i));
}

void schedtraceinit() {
  period_ms = godebug_number("schedtrace");
  detailed = godebug_number("scheddetail") > 0;
}

bool traces_scheduler() { return period_ms > 0; }

void trace_if_due(int64_t now) {
  static int64_t last = 0;
  if (period_ms <= 0 || (last != 0 && now - last < int64_t{period_ms} * 1'000'000)) return;
  last = now;
  schedtrace(detailed);
}

void trace_the_end() {
  if (period_ms > 0 || detailed) schedtrace(true);
}

}  // namespace golab::runtime
