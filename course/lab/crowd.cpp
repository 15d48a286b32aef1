// crowd.cpp: one client's turn, and the end of all.
#include "course/lab/crowd.h"

#include <algorithm>

#include "runtime/golab.h"

namespace lab {
namespace {

constexpr size_t kBodyBytesMax = 1 << 20;

// A body of a reasonable size.
std::pair<std::string, error> read_body(const io::ReadCloser& body) {
  std::string text;
  char buffer[4 << 10];
  while (text.size() <= kBodyBytesMax) {
    auto [n, err] = body.Read(buffer, sizeof buffer);
    text.append(buffer, static_cast<size_t>(n));
    if (err == io::EOF_) return {std::move(text), nullptr};
    if (err != nullptr) return {std::move(text), err};
  }
  return {"", errors::New("the answer has more than 1 MiB")};
}

std::pair<Answer, error> ask(const context::Context& ctx, const http::Client& client,
                             const std::string& method, const std::string& url) {
  auto [req, err] = http::NewRequestWithContext(ctx, method, url);
  if (err != nullptr) return {{}, err};
  auto [resp, do_err] = client.Do(req);
  if (do_err != nullptr) return {{}, do_err};
  auto [body, body_err] = read_body(resp->Body);
  resp->Body.Close();
  return {{resp->StatusCode, std::move(body)}, body_err};
}

}  // namespace

Crowd::Crowd(const std::string& url, const RequestLine& line, int clients, bool stays)
    : total_(line.count), clients_(std::min(clients, line.count)) {
  auto [ctx, cancel] = context::WithCancel(context::Background());
  cancel_ = cancel;
  for (int i = 0; i < clients_; i++) {
    shared_->clients.Go(
        [shared = shared_, ctx = ctx, url, method = line.method, total = total_, stays] {
          http::Client client{.Transport = http::NewTransport()};
          while (shared->next.fetch_add(1) < total) {
            auto [answer, err] = ask(ctx, client, method, url);
            shared->mu.Lock();
            if (err == nullptr) shared->answers.push_back(answer);
            if (err != nullptr && shared->failure.empty()) shared->failure = err.Error();
            shared->mu.Unlock();
            shared->finished.fetch_add(1);
            if (stays) ctx.Done().recv();
            if (ctx.Err() != nullptr) break;
          }
          client.CloseIdleConnections();
        });
  }
}

void Crowd::go_home() {
  // A client that is about to ask finds that there is nothing more to ask for.
  shared_->next.store(total_);
  cancel_();
  shared_->clients.Wait();
}

}  // namespace lab
