// http_requests.h: some thousand requests as bytes, good, bad and cut short, for every server
// alike.
#pragma once

#include <string>
#include <vector>

struct RawRequest {
  std::string name;   // "what kind/which one": the list of accepted differences refers to it
  std::string bytes;  // what the client sends before it closes its half of the connection
};

std::vector<RawRequest> raw_requests();
