// address.cpp: ports tried in order, and notes about processes.
#include "course/lab/address.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <vector>

#include "course/lab/port.h"
#include "course/lab/whole_file.h"
#include "course/lab/workspace.h"
#include "runtime/fmt/fmt.h"
#include "runtime/net/net.h"
#include "runtime/time/time.h"

namespace lab {

using golab::error;
namespace fmt = golab::fmt;
namespace fs = std::filesystem;
namespace errors = golab::errors;
namespace net = golab::net;
namespace syscall = golab::syscall;
namespace time = golab::time;

namespace {

constexpr int kPortsTried = 100;

struct Note {
  std::string service;  // "02-worker-pool", "02-worker-pool.solution"
  pid_t pid = 0;
  std::string address;
  int64_t started_ns = 0;
};

std::string service_name(const std::string& exercise, bool solution) {
  return exercise + (solution ? ".solution" : "");
}

std::string note_name(const std::string& service, pid_t pid) {
  return "running/" + service + "." + std::to_string(pid);
}

// A note without an address if the file is none.
Note read_note(const fs::path& file) {
  Note note;
  const std::string name = file.filename().string();
  const size_t dot = name.rfind('.');
  if (dot == std::string::npos) return note;
  note.service = name.substr(0, dot);
  note.pid = std::atoi(name.c_str() + dot + 1);
  if (note.pid > 0) std::ifstream(file) >> note.address >> note.started_ns;
  return note;
}

std::vector<Note> notes() {
  std::vector<Note> all;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(mine_dir() + "/.lab/running", missing)) {
    Note note = read_note(entry.path());
    if (!note.address.empty()) all.push_back(note);
  }
  return all;
}

bool runs(const Note& note) { return process_listens(note.pid, port_of(note.address)); }

// The service that was started last: of this name, or of any if it is empty.
Note last_running(const std::string& service) {
  Note last;
  for (const Note& note : notes()) {
    if (!service.empty() && note.service != service) continue;
    if (note.started_ns > last.started_ns && runs(note)) last = note;
  }
  return last;
}

// The port of the last service of this name, also if it has ended; 0 if there was none.
int last_port(const std::string& service) {
  Note last;
  for (const Note& note : notes()) {
    if (note.service == service && note.started_ns > last.started_ns) last = note;
  }
  return port_of(last.address);
}

// A process that has not ended may still be about to listen: its note stays.
void delete_old_notes(const std::string& service) {
  for (const Note& note : notes()) {
    if (note.service != service || ::kill(note.pid, 0) == 0 || errno != ESRCH) continue;
    std::error_code gone;
    fs::remove(mine_dir() + "/.lab/" + note_name(service, note.pid), gone);
  }
}

bool is_every_host(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

error try_to_listen(const std::string& address) {
  auto [listener, err] = net::Listen("tcp", address);
  if (err == nullptr) listener.Close();
  return err;
}

// Returns the first address that this process may have. A port is claimed first: between our look
// at it and the service's listening on it, another lab would find it free, too.
std::pair<ChosenAddress, error> first_free(const Exercise& exercise,
                                           const std::vector<int>& ports) {
  const char* named = std::getenv("GOLAB_LISTEN");
  const bool is_named = named != nullptr && *named != '\0';
  const std::string host = is_named ? named : net::SplitHostPort(exercise.addr).host;
  for (int port : ports) {
    Claim claim = claim_port(port);
    if (claim.is_taken()) continue;
    const std::string address = net::JoinHostPort(host, std::to_string(port));
    error err = try_to_listen(address);
    if (err == nullptr) return {ChosenAddress{address, std::move(claim)}, nullptr};
    if (errors::Is(err, syscall::Errno{EADDRINUSE})) continue;
    return {ChosenAddress(), fmt::Errorf("%w; choose an address: --addr HOST:PORT", err)};
  }
  return {ChosenAddress(),
          fmt::Errorf("cannot listen on %s, nor on the %d ports after it; choose an address: "
                      "--addr HOST:PORT",
                      net::JoinHostPort(host, std::to_string(ports.front())), ports.size() - 1)};
}

std::vector<int> manifest_ports(const Exercise& exercise) {
  std::vector<int> ports(kPortsTried);
  std::iota(ports.begin(), ports.end(), port_of(exercise.addr));
  return ports;
}

}  // namespace

std::pair<ChosenAddress, error> choose_address(const Exercise& exercise, bool solution) {
  if (int last = last_port(service_name(exercise.name, solution)); last != 0) {
    auto again = first_free(exercise, {last});
    if (again.second == nullptr) return again;
  }
  return first_free(exercise, manifest_ports(exercise));
}

std::pair<ChosenAddress, error> choose_page_address(const Exercise& exercise) {
  std::vector<int> ports = manifest_ports(exercise);
  for (bool solution : {false, true}) {
    std::erase(ports, last_port(service_name(exercise.name, solution)));
  }
  return first_free(exercise, ports);
}

error note_address(const Exercise& exercise, bool solution, const std::string& address) {
  if (port_of(address) == 0) return fmt::Errorf("%s names no port", address);
  const std::string service = service_name(exercise.name, solution);
  auto [file, err] = lab_file(note_name(service, ::getpid()));
  if (err != nullptr) return err;
  delete_old_notes(service);
  return write_whole(file, address + " " + std::to_string(time::Now().UnixNano()) + "\n");
}

std::string url_of(const std::string& address) {
  net::HostPort parts = net::SplitHostPort(address);
  if (parts.err != nullptr) return "http://" + address;
  const std::string host = is_every_host(parts.host) ? "127.0.0.1" : parts.host;
  return "http://" + net::JoinHostPort(host, parts.port);
}

std::pair<std::string, error> running_url(const std::string& name, bool solution) {
  Note found = last_running(name.empty() ? "" : service_name(name, solution));
  if (found.address.empty() && !name.empty()) found = last_running(service_name(name, true));
  if (!found.address.empty()) return {url_of(found.address), nullptr};
  const std::string what = (name.empty() ? "EXERCISE" : name) + (solution ? " --solution" : "");
  return {"", fmt::Errorf("no %s runs here; start it in another terminal: ./lab run %s\n"
                          "     (that terminal must have the same files: %s)",
                          name.empty() ? "exercise" : what, what, mine_dir())};
}

}  // namespace lab
