// web.cpp: lab as an HTTP client of services.
#include "course/lab/web.h"

#include <atomic>

#include "course/lab/unix_socket.h"
#include "profiler/formats/profile.h"
#include "runtime/golab.h"

namespace lab {
namespace {

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

constexpr size_t kPieceBytes = 64 << 10;
constexpr size_t kFilePieceBytes = 1 << 20;
constexpr size_t kComplaintBytesMax = 4 << 10;
constexpr int64_t kProfileBytesMax = profiler::ReadLimits().unpacked_bytes_max;

error too_large(const std::string& what, int64_t bytes_max) {
  return fmt::Errorf("%s has more than %d MiB, which no profile needs: it is not read any further",
                     what, bytes_max >> 20);
}

// Ends a context when a service is too slow.
class Patience {
 public:
  Patience(const context::Context& parent, time::Duration at_first)
      : begun_(time::Now()), allowed_(at_first) {
    auto [ctx, cancel] = context::WithCancelCause(parent);
    ctx_ = ctx;
    cancel_ = cancel;
    timer_ = time::AfterFunc(at_first, [cancel = cancel] { cancel(kTooSlow); });
  }
  ~Patience() {
    timer_.Stop();
    cancel_(nullptr);
  }
  Patience(const Patience&) = delete;
  Patience& operator=(const Patience&) = delete;

  const context::Context& context() const { return ctx_; }

  void came(size_t bytes) {
    bytes_ += static_cast<int64_t>(bytes);
    allowed_ += time::Second * static_cast<int64_t>(bytes) / static_cast<int64_t>(kPieceBytes);
    timer_.Reset(allowed_ - time::Since(begun_));
  }

  // Returns the error for the user: slowness if that has ended the download, otherwise `err`.
  error explain(const std::string& url, const error& err) const {
    if (context::Cause(ctx_) != kTooSlow) {
      return bytes_ == 0 ? err : fmt::Errorf("%s: %w, after %d bytes", url, err, bytes_);
    }
    if (bytes_ == 0) return fmt::Errorf("%s: no answer within %v", url, allowed_);
    return fmt::Errorf("%s: only %d bytes came within %v: given up", url, bytes_,
                       time::Since(begun_).Round(time::Second / 10));
  }

 private:
  static inline const error kTooSlow = errors::New("too slow");

  time::Time begun_;
  time::Duration allowed_;
  int64_t bytes_ = 0;
  context::Context ctx_;
  context::CancelCauseFunc cancel_;
  time::Timer timer_;
};

error read_body(const std::string& url, const io::ReadCloser& body, const DownloadLimits& limits,
                Patience& patience, const Pieces& pieces) {
  std::vector<char> buffer(kPieceBytes);
  for (int64_t bytes = 0;;) {
    auto [n, err] = body.Read(buffer.data(), buffer.size());
    const auto got = static_cast<size_t>(n);
    if (got > 0) patience.came(got);
    bytes += n;
    if (bytes > limits.bytes_max) return too_large(url, limits.bytes_max);
    if (error piece_err = pieces({buffer.data(), got}); piece_err != nullptr) return piece_err;
    if (err == io::EOF_) return nullptr;
    if (err != nullptr) return patience.explain(url, err);
  }
}

}  // namespace

error download(const context::Context& ctx, const http::Client& client, const std::string& full_url,
               const DownloadLimits& limits, const Pieces& pieces) {
  if (UnixAddress at = unix_address(full_url); !at.socket.empty()) {
    return download_from_socket(ctx, at.socket, at.page, limits, pieces);
  }
  const auto [url, authorization] = without_credentials(full_url);
  if (url.starts_with("https://")) {
    return fmt::Errorf("%s: lab speaks plain HTTP only; fetch it with curl -o FILE", url);
  }
  Patience patience(ctx, limits.patience);
  auto [req, req_err] = http::NewRequestWithContext(patience.context(), "GET", url);
  if (req_err != nullptr) return req_err;
  if (!authorization.empty()) req.Header.Set("Authorization", authorization);
  auto [resp, err] = client.Do(req);
  if (err != nullptr) return patience.explain(url, err);
  const bool good = resp->StatusCode / 100 == 2;
  std::string complaint;
  Pieces keep = [&](std::string_view piece) -> error {
    complaint += piece;
    return complaint.size() < kComplaintBytesMax ? error(nullptr) : io::EOF_;
  };
  error body_err = read_body(url, resp->Body, limits, patience, good ? pieces : keep);
  resp->Body.Close();
  if (good) return body_err;
  if (resp->StatusCode == http::StatusUnauthorized) {
    return fmt::Errorf(
        "%s answered %s: %s\n     user and password stand before the host: "
        "http://USER:PASSWORD@HOST/...",
        url, resp->Status, first_line(complaint));
  }
  return fmt::Errorf("%s answered %s: %s", url, resp->Status, first_line(complaint));
}

std::pair<std::string, error> get(const http::Client& client, const std::string& url) {
  std::string body;
  DownloadLimits limits{.bytes_max = kProfileBytesMax};
  error err = download(context::Background(), client, url, limits, [&](std::string_view piece) {
    body += piece;
    return error(nullptr);
  });
  return {std::move(body), err};
}

error read_pieces(const std::string& name, const Pieces& pieces) {
  if (is_url(name)) {
    return download(context::Background(), {}, profile_url(name), DownloadLimits(), pieces);
  }
  auto [file, err] = name == "-" ? std::pair(os::Stdin, error(nullptr)) : os::Open(name);
  if (err != nullptr) return err;
  Defer close([file = file] { file.Close(); });
  for (;;) {
    auto [piece, read_err] = file.Read(kFilePieceBytes);
    if (read_err == io::EOF_) return nullptr;
    if (read_err != nullptr) return read_err;
    if (error stop = pieces(piece); stop != nullptr) return stop;
  }
}

}  // namespace lab
