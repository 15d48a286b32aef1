// request.h: in a classroom, the request that a goroutine works for.
//
// net/http gives each request that it serves a record. The goroutine that runs the handler points to
// it, and so does every goroutine that it starts, directly or through others: its descendants. So
// the class sees how many of them worked at once, how much they sent, and how many are left after
// the answer, whatever their functions are called.
//
// A record outlives its request, because a leaked goroutine still points to it. It is never freed:
// a class sends some thousand requests.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/sched/clock.h"

namespace golab::runtime {

struct RequestRecord {
  uint64_t number = 0;  // 1, 2, 3 and so on
  std::string method;
  std::string path;
  int64_t begun = 0;                          // class_time at which the handler was called
  std::atomic<int64_t> ended{-1};             // and returned; -1: it has not
  std::atomic<int32_t> live{0};               // descendants; the handler's goroutine is none
  std::atomic<int32_t> peak{0};               // the highest value of live
  std::atomic<int64_t> sends{0};              // completed sends on channels, by all of them
  std::atomic<int64_t> longest_wait{0};       // ns; the longest time that any of them asked for
  std::atomic<RequestRecord*> next{nullptr};  // the list, in order of number
};

// While it lives, the calling goroutine works for a request: a new one, or (`None`) for none, as
// net/http's own goroutines do. Outside of a classroom it does nothing.
class WorksFor {
 public:
  enum None { kNobody };
  WorksFor(std::string_view method, std::string_view path) {
    if (in_classroom()) [[unlikely]]
      begin(method, path);
  }
  explicit WorksFor(None) {
    if (in_classroom()) [[unlikely]]
      change_to(nullptr);
  }
  ~WorksFor() {
    if (changed_) [[unlikely]]
      end();
  }
  WorksFor(const WorksFor&) = delete;
  WorksFor& operator=(const WorksFor&) = delete;

 private:
  void begin(std::string_view method, std::string_view path);
  void change_to(RequestRecord* r);
  void end();

  bool changed_ = false;
  RequestRecord* mine_ = nullptr;
  RequestRecord* before_ = nullptr;
};

// ---- For the scheduler and for channels, in a classroom ----

void inherit_request(const G* parent, G* child);
void leave_request(G* gp);      // gp ends
void count_send_for_request();  // the calling goroutine has completed a send
void note_wait_for_request(int64_t ns);  // the calling goroutine asks for a timer, or sleeps

// ---- For the class ----

// The oldest that was not forgotten; null: there is none.
const RequestRecord* first_request();
void forget_ended_requests();

}  // namespace golab::runtime
