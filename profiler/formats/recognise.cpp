// recognise.cpp: the first bytes of common files.
#include "profiler/formats/recognise.h"

#include <algorithm>
#include <cctype>

#include "profiler/formats/reader.h"
#include "profiler/formats/shown.h"

namespace golab::profiler {
namespace {

using namespace std::string_view_literals;

struct Kind {
  std::string_view magic;
  const char* what;
  const char* help;  // "%f" and "%m" stand for names
};

constexpr const char* kExecutable =
    "Give lab the profile alone; go tool pprof takes both: go tool pprof %f PROFILE.";
constexpr const char* kPicture =
    "lab reads profiles: fetch one with ./lab fetch HOST:PORT -o profile.pb.gz.";

constexpr Kind kKinds[] = {
    {"PK\3\4"sv, "a zip archive", "Take the profile out of it: unzip -p %f %m | ./lab top -"},
    {"PK\5\6"sv, "an empty zip archive", "There is no profile in it."},
    {"\xfd"
     "7zXZ"sv,
     "packed by xz", "Unpack it: xz -dc %f | ./lab top -"},
    {"BZh"sv, "packed by bzip2", "Unpack it: bzip2 -dc %f | ./lab top -"},
    {"\x28\xb5\x2f\xfd"sv, "packed by zstd", "Unpack it: zstd -dc %f | ./lab top -"},
    {"\x04\x22\x4d\x18"sv, "packed by lz4", "Unpack it: lz4 -dc %f | ./lab top -"},
    {"\x1f\x9d"sv, "packed by compress", "Unpack it: gzip -dc %f | ./lab top -"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7z archive",
     "Take the profile out of it: 7z x -so %f | ./lab top -"},
    {"\x7f"
     "ELF"sv,
     "an executable or a core file (ELF)", kExecutable},
    {"MZ"sv, "an executable of Windows", kExecutable},
    {"\xcf\xfa\xed\xfe"sv, "an executable of macOS", kExecutable},
    {"\xce\xfa\xed\xfe"sv, "an executable of macOS", kExecutable},
    {"\xca\xfe\xba\xbe"sv, "an executable of macOS", kExecutable},
    {"go 1."sv, "an execution trace of Go", "Open it with: go tool trace %f"},
    {"PERFILE2"sv, "a recording of perf", "Open it with: perf report -i %f"},
    {"%PDF"sv, "a PDF document", kPicture},
    {"\x89PNG"sv, "a picture (PNG)", kPicture},
    {"\xff\xd8\xff"sv, "a picture (JPEG)", kPicture},
    {"GIF8"sv, "a picture (GIF)", kPicture},
    {"\0\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0"sv, "a CPU profile of Go before 1.9 or of gperftools",
     "Let Go convert it, with the binary for its names: go tool pprof -proto BINARY %f > cpu.pb.gz"},
};

// A file's name for a shell. What has no file, as a service's answer, is FILE.
std::string for_shell(const std::string& name) {
  if (name.find("://") != name.npos || name == "standard input") return "FILE";
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) || c >= 0x80 ||
           std::string_view("/._-+:,=@%").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return name;
  std::string quoted;
  for (char c : name) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return "'" + quoted + "'";
}

std::string with_names(std::string text, const std::string& file, const std::string& member) {
  for (const auto& [word, name] :
       {std::pair("%f"sv, for_shell(file)), {"%m"sv, for_shell(member)}}) {
    for (size_t at = 0; (at = text.find(word, at)) != text.npos; at += name.size()) {
      text.replace(at, word.size(), name);
    }
  }
  return text;
}

// The name of the first file in a zip archive, or "MEMBER".
std::string zip_member(std::string_view head) {
  constexpr size_t kLength = 26, kName = 30;
  if (head.size() <= kName) return "MEMBER";
  const size_t length = static_cast<unsigned char>(head[kLength]) |
                        static_cast<size_t>(static_cast<unsigned char>(head[kLength + 1])) << 8;
  return length == 0 ? "MEMBER" : shown(head.substr(kName, length));
}

bool is_tar(std::string_view head) {
  constexpr size_t kMagic = 257;
  // The header's fields are filled up with zero bytes; a text has the word only by chance.
  return head.size() > kMagic && head.substr(kMagic).starts_with("ustar") &&
         head.substr(0, kMagic).find('\0') != head.npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string first_line(std::string_view text) {
  constexpr size_t kShownBytes = 60;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  return shown(without_blanks_after(text.substr(0, std::min(text.find('\n'), kShownBytes))));
}

}  // namespace

std::string refusal(std::string_view head, const std::string& name) {
  for (const Kind& kind : kKinds) {
    if (!head.starts_with(kind.magic)) continue;
    if (kind.magic == "go 1." && head.find(" trace\0"sv) > 12) continue;
    std::string member = kind.magic.starts_with("PK") ? zip_member(head) : "MEMBER";
    return "this is " + std::string(kind.what) + ", not a profile. " +
           with_names(kind.help, name, member);
  }
  if (is_tar(head)) {
    std::string member = shown(head.substr(0, std::min<size_t>(head.find('\0'), 100)));
    return "this is a tar archive, not a profile. Take the profile out of it: " +
           with_names("tar -xOf %f %m | ./lab top -", name, member);
  }
  return {};
}

bool looks_binary(std::string_view head) {
  if (head.starts_with("HTTP/")) return false;
  constexpr char kEscape = '\x1b';  // colours of a log
  for (char c : head.substr(0, 32)) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != kEscape) return true;
  }
  return false;
}

std::string describe_text(std::string_view head, bool was_utf16, const std::string& name) {
  std::string_view text = head;
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (text.starts_with('<')) {
    const std::string page = lower(text);
    if (page.find("/debug/pprof/") != page.npos) {
      return "this is the index page of /debug/pprof/, not a profile. The goroutine profile lies at "
             "/debug/pprof/goroutine.";
    }
    const size_t title = page.find("<title>");
    std::string called;
    if (title != page.npos) {
      std::string_view rest = text.substr(title + 7);
      called = " (" + shown(rest.substr(0, std::min(rest.find('<'), size_t{60}))) + ")";
    }
    const bool is_svg = page.find("<svg") != page.npos;
    return std::string(is_svg ? "this is a picture (SVG)" : "this is a web page") + called +
           ", not a profile. A goroutine profile lies at http://HOST/debug/pprof/goroutine; if the "
           "service asks for a password: http://USER:PASSWORD@HOST/debug/pprof/goroutine.";
  }
  if (text.starts_with('{') || text.starts_with('[')) {
    return "this is an API's answer (JSON), not a profile. A goroutine profile lies at "
           "http://HOST/debug/pprof/goroutine.";
  }
  if (text.starts_with("HTTP/1.") || text.starts_with("HTTP/2")) {
    return "this is an HTTP answer with its header, as curl -i saves it. Fetch it without the "
           "header: ./lab fetch URL -o profile.pb.gz";
  }
  if (text.starts_with("H4sI")) {
    return "this is a packed profile in base64. Decode it: " +
           with_names("base64 -d %f | ./lab top -", name, "");
  }
  if (text.starts_with("WARNING: DATA RACE") || text.find("\nWARNING: DATA RACE") != text.npos) {
    return "this is a report of the race detector, not a profile: its stacks are of two accesses.";
  }
  if (was_utf16 && text.starts_with('\x1f')) {
    return "this was a packed profile; the shell has taken it for text and damaged it, as > of "
           "PowerShell does. Fetch it again with ./lab fetch URL -o FILE or curl -o FILE.";
  }
  return "there is no profile and no dump in it: no line like \"goroutine profile: total 5\" or "
         "\"goroutine 1 [running]:\". It begins with \"" +
         first_line(head) +
         "\". Is this a profile? Fetch one from http://HOST/debug/pprof/goroutine.";
}

}  // namespace golab::profiler
