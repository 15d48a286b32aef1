// port.cpp: from a port to a socket's inode in /proc/net/tcp, from there to a process in /proc.
#include "course/lab/port.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "runtime/net/net.h"

namespace lab {
namespace {

namespace fs = std::filesystem;

constexpr char kListens[] = "0A";  // the state, in hex

// The inode of the socket that listens on the port, by one of the kernel's tables. Empty if none does.
std::string listening_inode(const char* table, int port) {
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
    if (std::strtol(local.c_str() + colon + 1, nullptr, 16) == port) return inode;
  }
  return "";
}

bool has_socket(const fs::path& process, const std::string& socket) {
  std::error_code denied;
  for (const auto& fd : fs::directory_iterator(process / "fd", denied)) {
    if (fs::read_symlink(fd.path(), denied).string() == socket) return true;
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
  std::string inode = listening_inode("/proc/net/tcp", port);
  if (inode.empty()) inode = listening_inode("/proc/net/tcp6", port);
  if (inode.empty()) return "";
  std::error_code gone;
  for (const auto& process : fs::directory_iterator("/proc", gone)) {
    std::string pid = process.path().filename().string();
    if (!is_number(pid) || !has_socket(process.path(), "socket:[" + inode + "]")) continue;
    std::string name;
    std::getline(std::ifstream(process.path() / "comm") >> std::ws, name);
    return "process " + pid + " (" + name + ")";
  }
  return "a process of another user";
}

int free_port_after(int port) {
  constexpr int kNear = 100;
  for (int next = port + 1; next <= port + kNear && next < 65536; next++) {
    auto [listener, err] = golab::net::Listen("tcp", "127.0.0.1:" + std::to_string(next));
    if (err != nullptr) continue;
    listener.Close();
    return next;
  }
  return 0;
}

}  // namespace lab
