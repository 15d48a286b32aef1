// profile_reader.cpp: unpacks, looks at what it is, and hands it to the reader of its form.
#include "profiler/formats/profile_reader.h"

#include <algorithm>
#include <utility>

#include "profiler/formats/debug1_reader.h"
#include "profiler/formats/dump_counter.h"
#include "profiler/formats/log_lines.h"
#include "profiler/formats/pprof_reader.h"
#include "profiler/formats/recognise.h"
#include "profiler/formats/unpack.h"

namespace golab::profiler {
namespace {

// A text, line by line, to the reader of what begins in it.
class TextReader {
 public:
  explicit TextReader(const ReadLimits& limits)
      : limits_(limits),
        counter_(limits),
        dump_(counter_),
        debug1_(limits),
        log_([this](std::string_view line) { return take(line); }) {}

  void write(std::string_view piece) {
    bytes_ += piece.size();
    for (;;) {
      const size_t end = piece.find('\n');
      if (end == piece.npos) break;
      if (rest_.empty()) {
        line(piece.substr(0, end));
      } else {
        rest_ += piece.substr(0, end);
        line(rest_);
        rest_.clear();
      }
      piece.remove_prefix(end + 1);
    }
    // A dump is counted as it comes. Of the other texts each line is kept.
    if (bytes_ > limits_.unpacked_bytes_max && log_.begun() != Start::Dump &&
        log_.begun() != Start::None) {
      throw Malformed{"the text has more than " + mebibytes(limits_.unpacked_bytes_max) +
                          ", at most that is read. Fetch the binary form (without debug=1): it is "
                          "a fraction of that",
                      true};
    }
    if (rest_.size() + piece.size() > limits_.unpacked_bytes_max) {
      throw Malformed{"it unpacks to more than " + mebibytes(limits_.unpacked_bytes_max) +
                          ", which no goroutine profile needs: it is not read any further",
                      true};
    }
    rest_ += piece;
  }

  bool begun() const { return log_.begun() != Start::None; }

  // Returns false if there was no profile and no dump.
  bool finish(ReadResult& result) {
    const bool whole_lines = rest_.empty();
    if (!whole_lines) line(rest_);
    if (log_.begun() == Start::None) return false;
    if (log_.begun() != Start::Dump) {
      result.profile = debug1_.finish(whole_lines, result.warnings);
      return true;
    }
    dump_.finish(whole_lines);
    result.profile = counter_.take_profile();
    if (std::string several = counter_.several_text(); !several.empty()) {
      result.warnings.push_back(std::move(several));
    }
    if (dump_.cut_off()) {
      result.warnings.push_back("it ends in the middle of goroutine " +
                                std::to_string(dump_.goid()) +
                                ": it is cut off. What is there is counted.");
    }
    if (dump_.awaits_registers() && !dump_.cut_off()) {
      result.warnings.push_back(
          "the dump ends without the registers that stand behind the last goroutine of a signal's "
          "dump: it is cut off. What is there is counted.");
    }
    if (dump_.unreadable().count() > 0) result.warnings.push_back(dump_.unreadable().text());
    return true;
  }

 private:
  void line(std::string_view line) {
    number_++;
    if (line.empty() && !begun()) return;
    if (line.find("PC=0x") != line.npos && line.find(" sigcode=") != line.npos) {
      dump_.await_registers();
    }
    log_.line(line);
  }

  bool take(std::string_view line) {
    if (log_.begun() == Start::Dump) return dump_.line(line, number_);
    if (first_) {
      first_ = false;
      debug1_.begin(line, log_.begun(), number_);
      return true;
    }
    return debug1_.line(line, number_);
  }

  const ReadLimits limits_;
  uint64_t bytes_ = 0;
  std::string rest_;  // a line whose end has not come
  size_t number_ = 0;
  bool first_ = true;
  DumpCounter counter_;
  DumpParser dump_;
  Debug1Parser debug1_;
  LogLines log_;
};

}  // namespace

class ProfileReader::State {
 public:
  State(std::string name, const ReadLimits& limits)
      : name_(std::move(name)),
        limits_(limits),
        unpacker_([this](std::string_view plain) { take(plain); }),
        text_(limits) {}

  void write(std::string_view piece) {
    packed_bytes_ += piece.size();
    guarded([&] { unpacker_.write(piece); });
  }
  bool failed() const { return !wrong_.what.empty(); }
  bool recognised() const { return decided_ && (is_binary_ || text_.begun()); }

  ReadResult finish() {
    ReadResult result;
    guarded([&] {
      unpacker_.finish();
      if (!decided_) decide();
      read(result);
    });
    if (failed()) return {{}, name_ + ": " + wrong_.what, {}, wrong_.too_large};
    for (std::string& warning : result.warnings) warning = name_ + ": " + warning;
    return result;
  }

 private:
  template <typename F>
  void guarded(const F& action) {
    if (failed()) return;
    try {
      action();
    } catch (const Malformed& malformed) {
      wrong_ = malformed;
    }
  }

  // Unpacked bytes.
  void take(std::string_view plain) {
    plain_bytes_ += plain.size();
    if (plain_bytes_ > kEmptyBytesMax && plain_bytes_ / kPackedMax > packed_bytes_) {
      throw Malformed{"it unpacks to more than " + std::to_string(kPackedMax) +
                          " times its size, as no profile, dump or log does: it is not read any "
                          "further",
                      true};
    }
    if (!decided_ || head_.size() < kRecogniseBytes) {
      head_ += plain.substr(0, kRecogniseBytes - std::min(kRecogniseBytes, head_.size()));
    }
    if (!decided_) {
      waiting_ += plain;
      if (waiting_.size() >= kRecogniseBytes) decide();
      return;
    }
    pass(plain);
  }

  void decide() {
    decided_ = true;
    if (std::string no = refusal(head_, name_); !no.empty()) throw Malformed{no};
    is_binary_ = looks_binary(head_) && !unpacker_.was_utf16();
    pass(std::exchange(waiting_, {}));
  }

  void pass(std::string_view plain) {
    if (!is_binary_) return text_.write(plain);
    // Looked at before: a string that grows takes twice as much.
    if (binary_.size() + plain.size() > limits_.unpacked_bytes_max) {
      throw Malformed{"it unpacks to more than " + mebibytes(limits_.unpacked_bytes_max) +
                          ", which no goroutine profile needs: it is not read any further",
                      true};
    }
    binary_ += plain;
  }

  void read(ReadResult& result) {
    const std::string& damage = unpacker_.damage();
    if (packed_bytes_ == 0 || (head_.empty() && damage.empty())) {
      throw Malformed{"the file is empty: nothing was fetched into it. Fetch it again."};
    }
    if (is_binary_ || head_.empty()) {
      if (!damage.empty()) throw Malformed{damage + ". Fetch the profile again."};
      result.profile = read_pprof_or_throw(binary_, limits_);
      return;
    }
    if (!text_.finish(result)) {
      if (!damage.empty()) throw Malformed{damage + ". Fetch the profile again."};
      throw Malformed{describe_text(head_, unpacker_.was_utf16(), name_)};
    }
    if (!damage.empty()) {
      result.warnings.insert(result.warnings.begin(), damage + ": it is cut off.");
    }
  }

  // A dump of a million equal goroutines packs to a thirtieth. gzip makes a thousand bytes of one.
  static constexpr uint64_t kPackedMax = 100;
  static constexpr uint64_t kEmptyBytesMax = uint64_t{1} << 30;

  const std::string name_;
  const ReadLimits limits_;
  Malformed wrong_;
  uint64_t packed_bytes_ = 0;
  uint64_t plain_bytes_ = 0;
  Unpacker unpacker_;
  bool decided_ = false;
  bool is_binary_ = false;
  std::string head_;     // of the unpacked bytes
  std::string waiting_;  // until it is decided what this is
  std::string binary_;
  TextReader text_;
};

ProfileReader::ProfileReader(std::string name, ReadLimits limits)
    : state_(std::make_unique<State>(std::move(name), limits)) {}
ProfileReader::~ProfileReader() = default;

void ProfileReader::write(std::string_view piece) { state_->write(piece); }
bool ProfileReader::failed() const { return state_->failed(); }
bool ProfileReader::recognised() const { return state_->recognised(); }
ReadResult ProfileReader::finish() { return state_->finish(); }

ReadResult read_profile(std::string_view bytes, const std::string& name, ReadLimits limits) {
  ProfileReader reader(name, limits);
  reader.write(bytes);
  return reader.finish();
}

ReadResult read_debug1(std::string_view text, const std::string& name, ReadLimits limits) {
  return read_profile(text, name, limits);
}

}  // namespace golab::profiler
