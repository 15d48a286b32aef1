// any.h: Go's any: a value of any type that can be compared, printed and taken out again.
//
//   any v = 5;                        // var v any = 5
//   if (auto* n = v.get<int>()) ...   // if n, ok := v.(int); ok
//   int n = v.as<int>();              // n := v.(int)             panics if it holds another type
//   v == any("x")                     // v == "x"                 same type and equal value
//
// A string literal is kept as a std::string. A small plain value (an int or a pointer as a context
// key) lies inside the any, without an allocation.
#pragma once

#include <concepts>
#include <cstddef>
#include <memory>
#include <new>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>

#include "runtime/fmt/arg.h"

namespace golab {

namespace glue {

struct AnyOps {
  const std::type_info& type;
  std::string (*type_name)();
  bool (*equals)(const void* a, const void* b);  // null: the type cannot be compared
  Arg (*arg)(const void* v);
};

template <typename T>
bool any_equals(const void* a, const void* b) {
  if constexpr (std::equality_comparable<T>) {
    return *static_cast<const T*>(a) == *static_cast<const T*>(b);
  } else {
    return a == b || std::is_empty_v<T>;
  }
}

// Go's slices and maps cannot be compared. Here that is every container but the string.
template <typename T>
inline constexpr bool kComparable = (std::equality_comparable<T> || std::is_empty_v<T>)&&!(
    (ListType<T> || MapType<T>)&&!std::is_convertible_v<const T&, std::string_view>);

template <typename T>
inline constexpr AnyOps kAnyOps = {
    typeid(T), type_name<T>, kComparable<T> ? &any_equals<T> : nullptr,
    [](const void* v) { return make_arg(*static_cast<const T*>(v)); }};

template <typename T>
inline constexpr bool kFitsAny = std::is_trivially_copyable_v<T> && sizeof(T) <= 16 &&
                                 alignof(T) <= 8;

[[noreturn]] void any_type_panic(const AnyOps* have, std::string want);
[[noreturn]] void any_compare_panic(const AnyOps* ops);

}  // namespace glue

class any {
 public:
  any() = default;  // nil
  any(std::nullptr_t) {}
  any(const char* s) : any(std::string(s)) {}
  template <typename T>
  requires(!std::same_as<std::remove_cvref_t<T>, any> &&
           !std::is_array_v<std::remove_reference_t<T>>) any(T&& value) {
    set<std::remove_cvref_t<T>>(std::forward<T>(value));
  }

  // v.(T) with ok: the value if it is a T, else nullptr.
  template <typename T>
  const T* get() const {
    return ops_ != nullptr && ops_->type == typeid(T) ? static_cast<const T*>(address()) : nullptr;
  }
  // v.(T): the value. Panics "interface conversion: …" if it is not a T.
  template <typename T>
  const T& as() const {
    const T* v = get<T>();
    if (v == nullptr) glue::any_type_panic(ops_, glue::type_name<T>());
    return *v;
  }
  // False for a type that Go calls not comparable. To compare two of them panics.
  bool comparable() const { return ops_ == nullptr || ops_->equals != nullptr; }
  std::string type_name() const { return ops_ == nullptr ? "<nil>" : ops_->type_name(); }
  glue::Arg arg() const { return ops_ == nullptr ? glue::Arg() : ops_->arg(address()); }

  friend bool operator==(const any& a, std::nullptr_t) { return a.ops_ == nullptr; }
  friend bool operator==(const any& a, const any& b) {
    if (a.ops_ == nullptr || b.ops_ == nullptr) return a.ops_ == b.ops_;
    if (a.ops_ != b.ops_ && a.ops_->type != b.ops_->type) return false;
    if (a.ops_->equals == nullptr) glue::any_compare_panic(a.ops_);
    return a.ops_->equals(a.address(), b.address());
  }

 private:
  const void* address() const { return heap_ ? heap_.get() : static_cast<const void*>(small_); }

  template <typename T, typename U>
  void set(U&& value) {
    if constexpr (std::is_same_v<T, error>) {
      if (value == nullptr) return;  // a nil error makes a nil any
    }
    if constexpr (glue::kFitsAny<T>) {
      new (static_cast<void*>(small_)) T(std::forward<U>(value));
    } else {
      heap_ = std::make_shared<const T>(std::forward<U>(value));
    }
    ops_ = &glue::kAnyOps<T>;
  }

  const glue::AnyOps* ops_ = nullptr;
  alignas(8) unsigned char small_[16] = {};
  std::shared_ptr<const void> heap_;
};

}  // namespace golab
