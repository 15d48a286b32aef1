// errors.h: Go's error: a value that says what went wrong, or nil, which says that nothing did.
//
//   error open(std::string name) {             // func open(name string) error {
//     if (...) return errors::New("no file");  //     if ... { return errors.New("no file") }
//     return nullptr;                          //     return nil
//   }
//   if (error err = open("x"); err != nullptr)  // if err := open("x"); err != nil {
//     log::Fatal(err);                          //     log.Fatal(err) }
//
// An error is a handle, as a Go interface value is: copies are cheap and name one value. Any type
// with `std::string Error() const` is an error:
//
//   struct NotFound {                          // type NotFound struct{ name string }
//     std::string name;
//     std::string Error() const { return name + " not found"; }
//   };
//   error err = NotFound{"bob"};
//   if (auto* nf = errors::As<NotFound>(err))  // var nf *NotFound; if errors.As(err, &nf)
//     use(nf->name);
//
// These methods are optional, and mean what they mean in Go:
//
//   Unwrap() const -> error or std::vector<error>    what it wraps: errors::Is and As look there
//   Is(const error&) const -> bool                   its own rule for errors::Is
//   Timeout() const -> bool                          err.Timeout()
//
// Comparison is that of Go's interfaces: two errors are equal if they hold the same type and equal
// values. A type without operator== is compared by identity, as a Go pointer is, and an empty one
// is always equal to itself. A std::shared_ptr<T> makes an error that is compared by identity (Go's
// &T{...}) and that errors::As<T> finds.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

namespace golab {

class error;

namespace glue {

// An error's value with its type erased.
class ErrorBox {
 public:
  virtual ~ErrorBox() = default;
  virtual std::string Error() const = 0;
  virtual std::vector<error> unwrap(bool* several) const = 0;
  virtual bool is(const error& target) const = 0;
  virtual bool timeout() const = 0;
  virtual bool equals(const ErrorBox& other) const = 0;
  virtual const std::type_info& type() const = 0;
  virtual const void* address() const = 0;
  virtual bool pointer() const = 0;  // prints as *T
};

template <typename T>
concept ErrorType = !std::same_as<T, error> && requires(const T& v) {
  { v.Error() } -> std::convertible_to<std::string>;
};

}  // namespace glue

class error {
 public:
  error() = default;  // nil
  error(std::nullptr_t) {}
  template <typename T>
  requires glue::ErrorType<T> error(T value);
  template <typename T>
  requires glue::ErrorType<T> error(std::shared_ptr<T> value);

  // The text. Panics as a nil dereference does, if this is nil.
  std::string Error() const;
  // The error that this one wraps, if it wraps exactly one by Unwrap() -> error; else nil.
  error Unwrap() const;
  // err.(interface{ Timeout() bool }): true if this very error says that it is a timeout.
  bool Timeout() const { return box_ != nullptr && box_->timeout(); }
  // err.(T): the value if this very error is a T, else nullptr.
  template <typename T>
  const T* get() const {
    bool same = box_ != nullptr && box_->type() == typeid(T);
    return same ? static_cast<const T*>(box_->address()) : nullptr;
  }

  explicit operator bool() const { return box_ != nullptr; }
  friend bool operator==(const error& a, std::nullptr_t) { return a.box_ == nullptr; }
  friend bool operator==(const error& a, const error& b) {
    if (a.box_ == b.box_) return true;
    return a.box_ != nullptr && b.box_ != nullptr && a.box_->equals(*b.box_);
  }

  const glue::ErrorBox* box() const { return box_.get(); }  // for package errors and fmt

 private:
  std::shared_ptr<const glue::ErrorBox> box_;
};

namespace errors {

// An error with that text. It equals no other error.
[[nodiscard]] error New(std::string_view text);
// True if err, or an error that it wraps, equals target or has an Is method that says so.
bool Is(const error& err, const error& target);
error Unwrap(const error& err);
// One error out of several, without those that are nil. Nil if all are nil. The text has one line
// for each.
error Join(const std::vector<error>& errs);
template <typename... E>
error Join(const E&... errs) {
  return Join(std::vector<error>{error(errs)...});
}

// The first T in err and what it wraps, depth first. nullptr if there is none. It lives as long as
// err does.
template <typename T>
const T* As(const error& err);
// errors.As(err, &target): copies the T into *target.
template <typename T>
bool As(const error& err, T* target) {
  const T* found = As<T>(err);
  if (found != nullptr) *target = *found;
  return found != nullptr;
}

}  // namespace errors

// ---- Implementation ----

namespace glue {

const void* find_error(const error& err, const std::type_info& type);

template <typename T>
std::vector<error> unwrap_value(const T& v, bool* several) {
  *several = false;
  if constexpr (requires {
                  { v.Unwrap() } -> std::convertible_to<error>;
                }) {
    return {v.Unwrap()};
  } else if constexpr (requires {
                         { v.Unwrap() } -> std::convertible_to<std::vector<error>>;
                       }) {
    *several = true;
    return v.Unwrap();
  } else {
    return {};
  }
}

// Holder is T or shared_ptr<T>.
template <typename T, bool kPointer>
class TypedErrorBox final : public ErrorBox {
 public:
  using Holder = std::conditional_t<kPointer, std::shared_ptr<T>, T>;
  explicit TypedErrorBox(Holder v) : value_(std::move(v)) {}

  std::string Error() const override { return value().Error(); }
  std::vector<error> unwrap(bool* several) const override { return unwrap_value(value(), several); }
  bool is(const error& target) const override {
    if constexpr (requires(const T& v) {
                    { v.Is(target) } -> std::convertible_to<bool>;
                  }) {
      return value().Is(target);
    }
    return false;
  }
  bool timeout() const override {
    if constexpr (requires(const T& v) {
                    { v.Timeout() } -> std::convertible_to<bool>;
                  }) {
      return value().Timeout();
    }
    return false;
  }
  bool equals(const ErrorBox& other) const override {
    if (other.type() != typeid(T) || other.pointer() != kPointer) return false;
    if constexpr (kPointer) {
      return other.address() == address();
    } else if constexpr (std::is_empty_v<T>) {
      return true;
    } else if constexpr (std::equality_comparable<T>) {
      return *static_cast<const T*>(other.address()) == value();
    }
    return false;
  }
  const std::type_info& type() const override { return typeid(T); }
  const void* address() const override { return &value(); }
  bool pointer() const override { return kPointer; }

 private:
  const T& value() const {
    if constexpr (kPointer) {
      return *value_;
    } else {
      return value_;
    }
  }
  Holder value_;
};

}  // namespace glue

template <typename T>
requires glue::ErrorType<T> error::error(T value)
    : box_(std::make_shared<glue::TypedErrorBox<T, false>>(std::move(value))) {}

template <typename T>
requires glue::ErrorType<T> error::error(std::shared_ptr<T> value) {
  if (value) box_ = std::make_shared<glue::TypedErrorBox<T, true>>(std::move(value));
}

template <typename T>
const T* errors::As(const error& err) {
  return static_cast<const T*>(glue::find_error(err, typeid(T)));
}

}  // namespace golab
