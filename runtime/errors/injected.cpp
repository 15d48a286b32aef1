// injected.cpp: which calls can be made to fail, and when they do (see injected.h).
#include "runtime/errors/injected.h"

#include <atomic>

namespace golab {
namespace {

struct Call {
  std::string_view name;
  std::atomic<int64_t> left{0};  // so many calls until one fails; 0: none does
};
Call calls[] = {{"net.Dial"}, {"http.RoundTrip"}, {"os.ReadFile"}};

Call* find(std::string_view name) {
  for (Call& call : calls) {
    if (call.name == name) return &call;
  }
  return nullptr;
}

}  // namespace

error glue::injected_error(std::string_view name) {
  Call* call = find(name);
  int64_t left = call->left.load();
  while (left > 0 && !call->left.compare_exchange_weak(left, left - 1)) {}
  if (left != 1) return nullptr;
  return errors::New("injected by the lab: " + std::string(name));
}

bool errors::inject(std::string_view name, int64_t nth) {
  Call* call = find(name);
  if (call == nullptr) return false;
  call->left.store(nth);
  return true;
}

std::string errors::injectable_calls() {
  std::string names;
  for (const Call& call : calls) names.append(names.empty() ? "" : ", ").append(call.name);
  return names;
}

}  // namespace golab
