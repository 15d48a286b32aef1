// fetch.cpp: a download that is looked at before it is kept.
#include "course/lab/fetch.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <memory>
#include <optional>

#include "course/lab/output.h"
#include "course/lab/web.h"
#include "course/lab/whole_file.h"
#include "profiler/formats/profile_reader.h"
#include "profiler/formats/shown.h"
#include "runtime/golab.h"
#include "runtime/os/signal/signal.h"

namespace lab {
namespace {

// Ends a download when a signal comes, so that WholeFile can remove the unfinished file before the
// signal ends the program.
class SignalWatch {
 public:
  SignalWatch() {
    os::signal::Notify(signals_, SIGINT, SIGTERM, SIGHUP);
    go([signals = signals_, cancel = cancel_, caught = caught_] {
      auto [signal, ok] = signals.recv_ok();
      if (ok) *caught = signal.Number();
      cancel();
    });
  }
  ~SignalWatch() {
    os::signal::Stop(signals_);
    close(signals_);
  }
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  const context::Context& context() const { return made_.first; }
  int caught() const { return *caught_; }

 private:
  Chan<os::Signal> signals_ = make_chan<os::Signal>(1);
  std::pair<context::Context, context::CancelFunc> made_ =
      context::WithCancel(context::Background());
  context::CancelFunc cancel_ = made_.second;
  std::shared_ptr<std::atomic<int>> caught_ = std::make_shared<std::atomic<int>>(0);
};

struct FetchResult {
  error err;      // from the service
  error written;  // from the file
  int64_t bytes = 0;
  int signal = 0;  // the one that ended the download
};

// Looks at what comes as it goes by. A good profile may be too large to be read here.
class Look {
 public:
  explicit Look(const std::string& name) : reader_(name) {}

  void take(std::string_view piece) { reader_.write(piece); }
  // Returns why it is no profile, or nil. Says what is missing in a profile.
  error verdict() {
    profiler::ReadResult read = reader_.finish();
    for (const std::string& warning : read.warnings) {
      std::cerr << "lab: " << profiler::shown(warning) << "\n";
    }
    return read || read.too_large ? error(nullptr) : errors::New(read.error);
  }

 private:
  profiler::ProfileReader reader_;
};

// Nothing is printed until it is known to be a profile: a login page is not.
FetchResult fetch_to_stdout(const std::string& url, const DownloadLimits& limits,
                            const std::string& name) {
  constexpr size_t kWaitingBytesMax = 16 << 20;
  FetchResult result;
  std::optional<profiler::ProfileReader> first(name);
  std::string waiting;
  Look look(name);
  auto out = [&](std::string_view piece) {
    return print(piece) ? error(nullptr) : io::EOF_;  // finish() says why
  };
  result.err =
      download(context::Background(), {}, url, limits, [&](std::string_view piece) -> error {
        result.bytes += static_cast<int64_t>(piece.size());
        look.take(piece);
        if (!first) return out(piece);
        waiting += piece;
        first->write(piece);
        if (first->failed()) return errors::New(first->finish().error);
        if (!first->recognised()) {
          return waiting.size() <= kWaitingBytesMax ? nullptr : errors::New(first->finish().error);
        }
        first.reset();
        return out(std::exchange(waiting, {}));
      });
  if (result.err == io::EOF_) result.err = nullptr;
  if (result.err == nullptr) result.err = look.verdict();
  if (result.err == nullptr) out(waiting);
  return result;
}

FetchResult fetch_to_file(const std::string& url, const DownloadLimits& limits,
                          const std::string& name, const std::string& file_name) {
  FetchResult result;
  SignalWatch watch;
  Look look(name);
  WholeFile file(file_name);
  result.written = file.open();
  if (result.written != nullptr) return result;
  result.err = download(watch.context(), {}, url, limits, [&](std::string_view piece) {
    result.bytes += static_cast<int64_t>(piece.size());
    look.take(piece);
    result.written = file.write(piece);
    return result.written;
  });
  result.signal = watch.caught();
  if (result.err == nullptr) result.err = look.verdict();
  if (result.err == nullptr) result.written = file.commit();
  return result;
}

}  // namespace

int fetch_command(const FetchOptions& options) {
  bool to_stdout = options.file.empty() || options.file == "-";
  if (to_stdout && options.debug == 0 && ::isatty(1)) {
    return failed(errors::New("the binary form is nothing for a terminal: -o FILE keeps it, "
                              "--debug 1 asks for text"),
                  2);
  }
  DownloadLimits limits;
  limits.patience += options.seconds * time::Second;
  const std::string url =
      profile_url(options.url, options.debug > 0 ? options.debug : -1, options.seconds);
  const std::string name = without_credentials(url).url;
  FetchResult result = to_stdout ? fetch_to_stdout(url, limits, name)
                                 : fetch_to_file(url, limits, name, options.file);
  if (result.signal != 0) ::raise(result.signal);
  if (result.written != nullptr) {
    return failed(fmt::Errorf("%w; -o names another place", result.written), 2);
  }
  if (result.err != nullptr && result.bytes > 0) return failed(result.err, 1);
  if (result.err != nullptr) {
    return failed(
        fmt::Errorf("%w\n     does a service run there? ./lab run EXERCISE starts one", result.err),
        1);
  }
  if (!to_stdout) {
    std::cerr << profiler::shown(options.file) << ": " << result.bytes << " bytes\n";
  }
  return 0;
}

}  // namespace lab
