// crowd.h: clients that send the same request again and again, so many at a time.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "course/lab/exercise.h"
#include "runtime/context/context.h"
#include "runtime/sync/sync.h"

namespace lab {

struct Answer {
  int status = 0;
  std::string body;
  bool operator==(const Answer&) const = default;
};

class Crowd {
 public:
  // Each client is a goroutine with a connection of its own, closed when there is nothing more to ask
  // for. One that stays asks once, and keeps its connection until go_home().
  Crowd(const std::string& url, const RequestLine& line, int clients, bool stays = false);
  ~Crowd() { go_home(); }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

  int total() const { return total_; }
  // Requests that came to their end, with an answer or without.
  int finished() const { return shared_->finished.load(); }
  // Requests that the service must have, or get, or have answered just now.
  int outstanding() const { return std::min(clients_, total_ - finished()); }

  // Ends all requests that are open, waits for the clients, closes their connections.
  void go_home();

  // After go_home: the answers, and the first reason why there was none.
  const std::vector<Answer>& answers() const { return shared_->answers; }
  const std::string& failure() const { return shared_->failure; }

 private:
  struct Shared {
    std::atomic<int> next{0};
    std::atomic<int> finished{0};
    golab::sync::Mutex mu;
    std::vector<Answer> answers;  // protected by mu
    std::string failure;          // protected by mu
    golab::sync::WaitGroup clients;
  };

  int total_;
  int clients_;
  std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  golab::context::CancelFunc cancel_;
};

}  // namespace lab
