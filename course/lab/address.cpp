// address.cpp: ports tried in order, and notes about processes.
#include "course/lab/address.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "course/lab/claim.h"
#include "course/lab/port.h"
#include "course/lab/whole_file.h"
#include "course/lab/workspace.h"
#include "runtime/fmt/fmt.h"
#include "runtime/net/net.h"

namespace lab {

using golab::error;
namespace fmt = golab::fmt;
namespace fs = std::filesystem;
namespace net = golab::net;

namespace {

constexpr int kPortsTried = 100;

struct Note {
  pid_t pid = 0;
  std::string address;
  fs::file_time_type written;
};

std::string note_file(const std::string& name) { return mine_dir() + "/.lab/running/" + name; }

std::string note_name(const std::string& exercise, bool solution) {
  return exercise + (solution ? ".solution" : "");
}

// An empty note if there is none.
Note read_note(const std::string& name) {
  Note note;
  std::ifstream(note_file(name)) >> note.pid >> note.address;
  std::error_code missing;
  note.written = fs::last_write_time(note_file(name), missing);
  return note;
}

// The names of all notes.
std::vector<std::string> noted() {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(note_file(""), missing)) {
    names.push_back(entry.path().filename().string());
  }
  return names;
}

bool is_every_host(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

bool can_listen(const std::string& address) {
  auto [listener, err] = net::Listen("tcp", address);
  if (err == nullptr) listener.Close();
  return err == nullptr;
}

// Whether this process may have the address. It is claimed first: between our look at the port and the
// service's listening on it, another lab would find it free, too.
bool take(const std::string& address) {
  Claim claim = claim_port(port_of(address));
  if (!claim.is_ours() || !can_listen(address)) return false;
  claim.keep();
  return true;
}

}  // namespace

std::pair<std::string, error> choose_address(const Exercise& exercise, bool solution) {
  const char* named = std::getenv("GOLAB_LISTEN");
  const bool is_named = named != nullptr && *named != '\0';
  const std::string host = is_named ? named : net::SplitHostPort(exercise.addr).host;
  const int first = port_of(exercise.addr);
  std::vector<int> ports;
  if (int last = port_of(read_note(note_name(exercise.name, solution)).address); last != 0)
    ports.push_back(last);
  for (int i = 0; i < kPortsTried; i++) ports.push_back(first + i);
  for (int port : ports) {
    std::string address = net::JoinHostPort(host, std::to_string(port));
    if (take(address)) return {address, nullptr};
  }
  return {"", fmt::Errorf("cannot listen on %s, nor on the %d ports after it; choose an address: "
                          "./lab run %s --addr HOST:PORT",
                          net::JoinHostPort(host, std::to_string(first)), kPortsTried - 1,
                          exercise.name)};
}

error note_address(const Exercise& exercise, bool solution, const std::string& address) {
  auto [file, err] = lab_file("running/" + note_name(exercise.name, solution));
  if (err != nullptr) return err;
  return write_whole(file, std::to_string(::getpid()) + " " + address + "\n");
}

std::string url_of(const std::string& address) {
  net::HostPort parts = net::SplitHostPort(address);
  if (parts.err != nullptr) return "http://" + address;
  const std::string host = is_every_host(parts.host) ? "127.0.0.1" : parts.host;
  return "http://" + net::JoinHostPort(host, parts.port);
}

std::pair<std::string, error> running_url(const std::string& name, bool solution) {
  std::vector<std::string> wanted = noted();
  if (!name.empty()) wanted = {note_name(name, solution)};
  if (!name.empty() && !solution) wanted.push_back(note_name(name, true));
  Note found;
  for (const std::string& each : wanted) {
    Note note = read_note(each);
    if (!process_listens(note.pid, port_of(note.address))) continue;
    if (found.address.empty() || (name.empty() && note.written > found.written)) found = note;
  }
  if (!found.address.empty()) return {url_of(found.address), nullptr};
  const std::string what = (name.empty() ? "EXERCISE" : name) + (solution ? " --solution" : "");
  return {"", fmt::Errorf("no %s runs here; start it in another terminal: ./lab run %s\n"
                          "     (that terminal must have the same files: %s)",
                          name.empty() ? "exercise" : what, what, mine_dir())};
}

}  // namespace lab
