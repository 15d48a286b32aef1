// pool.cpp: eight workers and one lock: the program of the lesson "Waiting for each other".
//
// Each job writes a line, which takes a millisecond, and adds a number to the sum, which takes
// none. As it is, the lock is held for both. With -outside, it is held for the sum only.
//
// It writes where the goroutines waited (block.pb.gz, block.txt) and who made them wait
// (mutex.pb.gz, mutex.txt), and says how long the jobs took.
#include "profiler/endpoints/lookup.h"
#include "runtime/golab.h"

sync::Mutex mu;
int64_t sum = 0;
bool outside = false;

void writeLine(int) { time::Sleep(1 * time::Millisecond); }

void enter(int job) {
  if (outside) writeLine(job);
  mu.Lock();                          // mu.Lock()
  Defer unlock{[] { mu.Unlock(); }};  // defer mu.Unlock()
  if (!outside) writeLine(job);
  sum += job;
}

void worker(RecvChan<int> jobs) {
  for (int job : jobs) enter(job);  // for job := range jobs { enter(job) }
}

void writeProfile(const std::string& name, int debug, const std::string& file) {
  auto [out, err] = os::Create(file);
  if (err == nullptr) err = pprof::Lookup(name)->WriteTo(out, debug);
  if (err != nullptr) log::Fatal(err);
  out.Close();
}

int main() {
  auto flag_outside = flag::Bool("outside", false, "write the line before the lock is taken");
  auto n = flag::Int("jobs", 400, "how many `jobs`");
  flag::Parse();
  outside = *flag_outside;
  runtime::SetBlockProfileRate(1);      // runtime.SetBlockProfileRate(1)
  runtime::SetMutexProfileFraction(1);  // runtime.SetMutexProfileFraction(1)

  auto begun = time::Now();
  auto jobs = make_chan<int>();  // jobs := make(chan int)
  sync::WaitGroup workers;
  for (int i = 0; i < 8; i++) workers.Go([=] { worker(jobs); });
  for (int job = 1; job <= *n; job++) jobs.send(job);
  close(jobs);
  workers.Wait();
  fmt::Printf("%d jobs, 8 workers, %v\n", *n, time::Since(begun).Round(10 * time::Millisecond));

  for (const char* name : {"block", "mutex"}) {
    writeProfile(name, 0, std::string(name) + ".pb.gz");
    writeProfile(name, 1, std::string(name) + ".txt");
  }
}
