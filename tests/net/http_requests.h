// http_requests.h: some thousand requests as bytes, good, bad and cut short, for every server
// alike.
#pragma once

#include <string>
#include <vector>

struct RawRequest {
  std::string name;  // "what kind/which one"
  std::string bytes;
  bool closes = true;  // the client closes its half of the connection behind them
};

std::vector<RawRequest> raw_requests();
// The part of them whose point is what the handler answers (http_answers.cpp). Their names begin with
// "answer".
std::vector<RawRequest> answer_requests();
