// errors.cpp: errors.New, Is, Join, and the walk through what an error wraps.
#include "runtime/errors/errors.h"

#include "runtime/core/throw.h"

namespace golab {

std::string error::Error() const {
  if (box_ == nullptr) {
    runtime::panic_runtime_error("invalid memory address or nil pointer dereference", true);
  }
  return box_->Error();
}

error error::Unwrap() const {
  if (box_ == nullptr) return nullptr;
  bool several = false;
  auto inner = box_->unwrap(&several);
  return several || inner.empty() ? error(nullptr) : inner.front();
}

const void* glue::find_error(const error& err, const std::type_info& type) {
  if (err == nullptr) return nullptr;
  if (err.box()->type() == type) return err.box()->address();
  bool several = false;
  for (const error& inner : err.box()->unwrap(&several)) {
    // The value found lives as long as err does: a wrapper holds what it wraps.
    if (const void* found = find_error(inner, type)) return found;
  }
  return nullptr;
}

namespace errors {
namespace {

struct errorString {
  std::string s;
  std::string Error() const { return s; }
};

struct joinError {
  std::vector<error> errs;

  std::string Error() const {
    std::string text = errs[0].Error();
    for (size_t i = 1; i < errs.size(); i++) text += '\n' + errs[i].Error();
    return text;
  }
  std::vector<error> Unwrap() const { return errs; }
};

}  // namespace

error New(std::string_view text) {
  return std::make_shared<errorString>(errorString{std::string(text)});
}

bool Is(const error& err, const error& target) {
  if (err == nullptr || target == nullptr) return err == target;
  if (err == target || err.box()->is(target)) return true;
  bool several = false;
  for (const error& inner : err.box()->unwrap(&several)) {
    if (inner != nullptr && Is(inner, target)) return true;
  }
  return false;
}

error Unwrap(const error& err) { return err.Unwrap(); }

error Join(const std::vector<error>& errs) {
  joinError joined;
  for (const error& err : errs) {
    if (err != nullptr) joined.errs.push_back(err);
  }
  if (joined.errs.empty()) return nullptr;
  return std::make_shared<joinError>(std::move(joined));
}

}  // namespace errors
}  // namespace golab
