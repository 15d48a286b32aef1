// port.cpp: from a port to a socket's inode in /proc/net/tcp, from there to a process in /proc.
#include "course/lab/port.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr char kListens[] = "0A";  // the state, in hex

// The sockets that listen on the port, by one of the kernel's tables, as /proc/PID/fd names them.
// Several may: each on another address.
void add_listening_sockets(const char* table, int port, std::vector<std::string>* sockets) {
  std::ifstream lines(table);
  std::string line;
  std::getline(lines, line);  // the headings
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string number, local, remote, state, queues, timer, again, user, timeout, inode;
    words >> number >> local >> remote >> state >> queues >> timer >> again >> user >> timeout >>
        inode;
    size_t colon = local.rfind(':');
    if (!words || state != kListens || colon == std::string::npos) continue;
    if (std::strtol(local.c_str() + colon + 1, nullptr, 16) != port) continue;
    sockets->push_back("socket:[" + inode + "]");
  }
}

std::vector<std::string> listening_sockets(int port) {
  std::vector<std::string> sockets;
  add_listening_sockets("/proc/net/tcp", port, &sockets);
  add_listening_sockets("/proc/net/tcp6", port, &sockets);
  return sockets;
}

bool has_one_of(const fs::path& process, const std::vector<std::string>& sockets) {
  std::error_code denied;
  for (const auto& fd : fs::directory_iterator(process / "fd", denied)) {
    const std::string name = fs::read_symlink(fd.path(), denied).string();
    if (std::find(sockets.begin(), sockets.end(), name) != sockets.end()) return true;
  }
  return false;
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

int port_of(const std::string& address) {
  size_t colon = address.rfind(':');
  if (colon == std::string::npos || !is_number(address.substr(colon + 1))) return 0;
  long port = std::strtol(address.c_str() + colon + 1, nullptr, 10);
  return port > 0 && port < 65536 ? static_cast<int>(port) : 0;
}

std::string port_holder(int port) {
  const std::vector<std::string> sockets = listening_sockets(port);
  if (sockets.empty()) return "";
  std::error_code gone;
  for (const auto& process : fs::directory_iterator("/proc", gone)) {
    std::string pid = process.path().filename().string();
    if (!is_number(pid) || !has_one_of(process.path(), sockets)) continue;
    std::string name;
    std::getline(std::ifstream(process.path() / "comm") >> std::ws, name);
    return "process " + pid + " (" + name + ")";
  }
  return "a process of another user";
}

bool process_listens(pid_t pid, int port) {
  if (pid <= 0 || port == 0) return false;
  return has_one_of(fs::path("/proc") / std::to_string(pid), listening_sockets(port));
}

}  // namespace lab
