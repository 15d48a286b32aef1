// arg.h: one argument of a printing function, with its type erased.
//
// One file, print.cpp, prints all types. A call of Printf only makes an Arg for each argument: the
// kind of value, its address, and functions for its text (Error() or String()), its elements or
// fields and its type's name. An Arg points to the value, so it lives no longer than the call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "runtime/die/panic.h"
#include "runtime/errors/errors.h"
#include "runtime/fmt/fields.h"
#include "runtime/traceback/naming.h"

namespace golab {

class any;

namespace glue {

// Go's name of a type: "string", "[]int", "main.pair", "time.Duration".
template <typename T>
std::string type_name() {
  return runtime::go_type(typeid(T));
}

struct Arg {
  enum class Kind : uint8_t {
    Nil,
    Bool,
    Int,
    Uint,
    Float,
    String,
    Bytes,
    Pointer,  // also a channel, a function
    List,
    Map,
    Struct,
    Opaque
  };

  Kind kind = Kind::Nil;
  uint8_t bits = 64;      // of an Int, Uint, Float
  bool is_error = false;  // text is Error(), not String()
  union {
    bool b;
    int64_t i = 0;
    uint64_t u;
    double f;
    const void* ptr;
    const char* chars;  // String, Bytes
  };
  size_t size = 0;  // bytes of a String; elements of a List or Map; fields; 1: what a Pointer names
  const void* obj = nullptr;                       // the value
  std::string (*text)(const void* obj) = nullptr;  // Error() or String(), if it has one
  std::string (*type)(const void* obj) = nullptr;  // for %T
  Arg (*element)(const void* obj, size_t i) = nullptr;
  Arg (*key)(const void* obj, size_t i) = nullptr;  // of a Map
  std::string_view (*field)(size_t i) = nullptr;    // of a Struct: "" if it is not known
  const error* err = nullptr;                       // for %w
};

template <typename T>
Arg make_arg(const T& v);
Arg make_arg(const error& err);
Arg make_arg(const any& v);

// ---- Implementation ----

template <typename T>
std::string text_of(const void* obj) {
  const T& v = *static_cast<const T*>(obj);
  if constexpr (HasError<T>)
    return v.Error();
  else
    return v.String();
}

// A container whose elements are contiguous.
template <typename T>
concept ListType = requires(const T& v) {
  v.data();
  { v.size() } -> std::convertible_to<size_t>;
};
template <typename T>
concept MapType = requires(const T& v) {
  typename T::mapped_type;
  v.begin()->second;
};
template <typename T>
void set_basic(Arg& a, const T& v) {
  if constexpr (std::is_same_v<T, bool>) {
    a.kind = Arg::Kind::Bool;
    a.b = v;
  } else if constexpr (std::is_enum_v<T>) {
    set_basic(a, static_cast<std::underlying_type_t<T>>(v));
  } else if constexpr (std::is_same_v<T, char>) {
    a.kind = Arg::Kind::Uint;  // Go's byte
    a.u = static_cast<unsigned char>(v);
    a.bits = 8;
  } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
    a.kind = Arg::Kind::Int;
    a.i = v;
    a.bits = sizeof(T) * 8;
  } else if constexpr (std::is_integral_v<T>) {
    a.kind = Arg::Kind::Uint;
    a.u = v;
    a.bits = sizeof(T) * 8;
  } else if constexpr (std::is_floating_point_v<T>) {
    a.kind = Arg::Kind::Float;
    a.f = static_cast<double>(v);
    a.bits = sizeof(T) == 4 ? 32 : 64;
  }
}

// Go shows what a pointer names if that is a struct, a list or a map: &{1 2}. It may be a type that is
// only declared here.
template <typename T>
concept ShownBehindPointer = requires { sizeof(T); } && (PlainStruct<T> || ListType<T> || MapType<T>);

template <typename T>
void set_pointer(Arg& a, const T& v) {
  const auto* to = std::to_address(v);
  a.kind = Arg::Kind::Pointer;
  if constexpr (std::is_function_v<std::remove_pointer_t<T>>) {
    a.ptr = reinterpret_cast<const void*>(to);
  } else {
    a.ptr = to;
    using To = std::remove_cv_t<std::remove_pointer_t<decltype(to)>>;
    if constexpr (!std::is_void_v<To>) {
      if (to == nullptr) return;
      if constexpr (HasError<To> || HasString<To>) {
        a.is_error = HasError<To>;
        a.text = [](const void* obj) {
          return text_of<To>(std::to_address(*static_cast<const T*>(obj)));
        };
      }
      if constexpr (ShownBehindPointer<To>) {
        a.size = 1;
        a.element = [](const void* obj, size_t) {
          return make_arg(*std::to_address(*static_cast<const T*>(obj)));
        };
      }
    }
  }
}

template <typename T>
void set_struct(Arg& a) {
  a.kind = Arg::Kind::Struct;
  a.size = std::is_empty_v<T> ? 0 : kFields<T>;
  a.element = [](const void* obj, size_t i) {
    return with_fields(*static_cast<const T*>(obj), [i](const auto&... field) {
      Arg found;
      size_t n = 0;
      ((n++ == i ? void(found = make_arg(field)) : void()), ...);
      return found;
    });
  };
  if constexpr (!std::is_empty_v<T>) a.field = name_of_field<T>;
}

template <typename T>
void set_container(Arg& a, const T& v) {
  a.size = v.size();
  if constexpr (MapType<T>) {
    a.kind = Arg::Kind::Map;
    a.ptr = &v;
    a.key = [](const void* obj, size_t i) {
      return make_arg(
          std::next(static_cast<const T*>(obj)->begin(), static_cast<std::ptrdiff_t>(i))->first);
    };
    a.element = [](const void* obj, size_t i) {
      return make_arg(
          std::next(static_cast<const T*>(obj)->begin(), static_cast<std::ptrdiff_t>(i))->second);
    };
  } else {
    using E = std::remove_cvref_t<decltype(*v.data())>;
    bool bytes = sizeof(E) == 1 && std::is_integral_v<E> && !std::is_same_v<E, bool>;
    a.kind = bytes ? Arg::Kind::Bytes : Arg::Kind::List;
    if constexpr (requires { v.capacity(); }) a.ptr = v.data();  // %p
    if (bytes) a.chars = reinterpret_cast<const char*>(v.data());
    a.element = [](const void* obj, size_t i) {
      return make_arg(static_cast<const T*>(obj)->data()[i]);
    };
  }
}

template <typename T>
Arg make_arg(const T& v) {
  Arg a;
  a.obj = &v;
  a.type = [](const void*) { return type_name<std::remove_cvref_t<std::decay_t<T>>>(); };
  a.kind = Arg::Kind::Opaque;
  if constexpr (HasError<T> || HasString<T>) {
    a.text = text_of<T>;
    a.is_error = HasError<T>;
  }
  if constexpr (std::is_same_v<T, std::nullptr_t>) {
    a.kind = Arg::Kind::Nil;
  } else if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>) {
    set_basic(a, v);
  } else if constexpr ((HasError<T> || HasString<T>)&&requires { static_cast<int64_t>(v); }) {
    set_basic(a, static_cast<int64_t>(v));
  } else if constexpr (std::is_convertible_v<const T&, std::string_view>) {
    std::string_view s = v;
    a.kind = Arg::Kind::String;
    a.chars = s.data();
    a.size = s.size();
  } else if constexpr (MapType<T> || ListType<T>) {
    set_container(a, v);
  } else if constexpr (requires { v.hchan(); }) {
    a.kind = Arg::Kind::Pointer;
    a.ptr = v.hchan();
  } else if constexpr (PointerLike<T>) {
    set_pointer(a, v);
  } else if constexpr (PlainStruct<T>) {
    set_struct<T>(a);
  }
  return a;
}

}  // namespace glue
}  // namespace golab
