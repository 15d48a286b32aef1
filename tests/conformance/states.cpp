// states.cpp: one goroutine in every state that a program can put it in, as Go's program states has
// them, under its names. Left out: iter.Pull's coroutine.
//
// Go's compiler inlines nothing into the function of a `go` statement; so it is here.
#include <unistd.h>

#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"
#include "runtime/pprof/labels.h"
#include "runtime/syscall/syscall.h"
#include "runtime/traceback/stack.h"

Chan<int> recvChan = make_chan<int>(), sendChan = make_chan<int>(), lockedChan = make_chan<int>(),
          labelChan = make_chan<int>(), selectA = make_chan<int>(), selectB = make_chan<int>();
Chan<int> nilChan;
sync::WaitGroup wg;
sync::Mutex mu, condMu;
sync::RWMutex rwHeldW, rwHeldR;  // held for writing, for reading
auto cond = sync::NewCond(&condMu);
net::Conn idleConn, sharedConn, far1, far2;
int pipeFD = -1;

void stateChanReceive() { recvChan.recv(); }
void stateChanReceiveNil() { nilChan.recv(); }
void stateChanSend() { sendChan.send(1); }
void stateChanSendNil() { nilChan.send(1); }
void stateSelect() { select({recv(selectA), send(selectB, 1)}); }
void stateSelectNoCases() { select({}); }
void stateSleep() { time::Sleep(time::Hour); }
void stateWaitGroup() { wg.Wait(); }
void stateMutexLock() { mu.Lock(); }
void stateRWMutexRLock() { rwHeldW.RLock(); }
void stateRWMutexLock() { rwHeldR.Lock(); }
void stateIOWait() {
  char byte;
  idleConn.Read(&byte, 1);
}
void stateIOWaitShared() {
  char byte;
  sharedConn.Read(&byte, 1);
}
void stateSemacquire() {
  char byte;
  sharedConn.Read(&byte, 1);
}
void stateSyscall() {
  char byte;
  runtime::entersyscall();
  syscall::Read(pipeFD, &byte, 1);
  runtime::exitsyscall();
}
void stateBusy() {
  static volatile unsigned long spin;
  for (;;) spin = spin + 1;
}
void stateLeaked() { make_chan<int>().recv(); }
void stateTimeAfter() { time::After(time::Hour).recv(); }
void stateTicker() {
  auto t = time::NewTicker(time::Hour);
  t.C.recv();
  t.C.recv();
}
void stateCondWait() {
  condMu.Lock();
  cond.Wait();
}
void labelledChild() { labelChan.recv(); }
void stateLabels() {
  auto labels = pprof::Labels("tenant", "acme", "job", "import #7");
  pprof::Do(context::Background(), labels, [](context::Context) {
    go(labelledChild);
    labelChan.recv();
  });
}
void stateWithArg(Chan<int> c) { c.recv(); }
void stateLocked() {
  runtime::LockOSThread();
  lockedChan.recv();
}
// A select with one case is no select.
void selectOne() { select({recv(recvChan)}); }
void selectOneSend() { select({send(sendChan, 1)}); }
void selectOneNil() { select({recv(nilChan)}); }
void selectNil() { select({recv(nilChan), send(nilChan, 1)}); }
void inGroup() {
  errgroup::Group g;
  g.Go([]() -> error {
    recvChan.recv();
    return nullptr;
  });
  g.Wait();
}

// Both ends of a connection.
std::pair<net::Conn, net::Conn> pair() {
  auto [l, err] = net::Listen("tcp", "127.0.0.1:0");
  auto c = net::Dial("tcp", l.Addr().String()).first;
  auto s = l.Accept().first;
  l.Close();
  return {c, s};
}

// Dumps all stacks just after it has started goroutines that had no time to run.
void fresh(http::ResponseWriter& w, http::Request*) {
  go(stateChanReceive);
  go(stateWithArg, recvChan);
  w.Write(runtime::StackText(true));
}

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6061", "listen on `host:port`");
  auto busy = flag::Bool("busy", true, "keep a goroutine in a busy loop");
  flag::Parse();
  wg.Add(1);
  mu.Lock();
  rwHeldW.Lock();
  rwHeldR.RLock();
  std::tie(idleConn, far1) = pair();
  std::tie(sharedConn, far2) = pair();
  int p[2];
  if (pipe(p) != 0) log::Fatal("no pipe");
  pipeFD = p[0];

  go(stateChanReceive);
  go(stateChanReceiveNil);
  go(stateChanSend);
  go(stateChanSendNil);
  go(stateSelect);
  go(stateSelectNoCases);
  go(stateSleep);
  go(stateTimeAfter);
  go(stateTicker);
  go(stateWaitGroup);
  go(stateMutexLock);
  go(stateRWMutexRLock);
  go(stateRWMutexLock);
  go(stateCondWait);
  go(stateIOWait);
  go(stateIOWaitShared);
  time::Sleep(10 * time::Millisecond);
  go(stateSemacquire);
  go(stateSyscall);
  go(stateLabels);
  go(stateLocked);
  go(stateLeaked);
  go([] { recvChan.recv(); });
  time::AfterFunc(time::Hour, [] { log::Print("never"); });
  if (*busy) go(stateBusy);
  go(selectOne);
  go(selectOneSend);
  go(selectOneNil);
  go(selectNil);
  go(inGroup);

  http::HandleFunc("/fresh", fresh);
  log::Printf("listening on %s", *addr);
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
