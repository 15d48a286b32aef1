// fields.h: the fields of a struct, as fmt prints them: {1 2}, {a:1 b:2}.
//
// C++20 cannot list the fields of a type. But a compiler knows how many values may stand in
// T{...}, and a structured binding names the parts of an object. So the fields of a plain struct (an
// aggregate) are counted by trying, then bound. Their names are in the compiler's name of a template
// whose argument is the field's address, if the compiler takes such arguments: GCC does, Clang
// before 18 does not, and there %+v prints as %v.
//
// Not a plain struct: a class with constructors, private members or bases; more than kMostFields
// fields; a C array or a reference among them.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace golab::glue {

inline constexpr size_t kMostFields = 12;

// Turns into a value of any type, in expressions that are never evaluated.
struct AnyField {
  template <typename T>
  operator T() const;
};
// As the only value it stands for a field, not for the struct itself or a base of it.
template <typename T>
struct FieldOf {
  template <typename F>
  requires(!std::is_base_of_v<F, T>) operator F() const;
};

template <typename T, size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), FieldOf<T>())...}; };
}
template <typename T, size_t N>
concept Takes = takes<T>(std::make_index_sequence<N>());

// Could values 2 in braces be those of field number `sizeof...(I)`, with J others after it?
template <typename T, size_t... I, size_t... J>
constexpr bool takes_pair(std::index_sequence<I...>, std::index_sequence<J...>) {
  return requires {
    T{(static_cast<void>(I), FieldOf<T>())..., {AnyField(), AnyField()},
      (static_cast<void>(J), FieldOf<T>())...};
  };
}
// A C array takes up several of the values that T{...} may have. In braces it is one field, and then
// fewer values may follow.
template <typename T, size_t N, size_t... I>
constexpr bool has_array(std::index_sequence<I...>) {
  return ((takes_pair<T>(std::make_index_sequence<I>(), std::index_sequence<>()) &&
           !takes_pair<T>(std::make_index_sequence<I>(), std::make_index_sequence<N - I - 1>())) ||
          ...);
}
// A field that FieldOf cannot stand for ends the count too early; {} can stand for it.
template <typename T, size_t... I>
constexpr bool has_more(std::index_sequence<I...>) {
  return requires { T{(static_cast<void>(I), FieldOf<T>())..., {}}; };
}

template <typename T, size_t N = kMostFields + 1>
constexpr size_t count_fields() {
  if constexpr (N == 0) {
    return 0;
  } else if constexpr (Takes<T, N>) {
    using Seq = std::make_index_sequence<N>;
    return N > kMostFields || has_more<T>(Seq()) || has_array<T, N>(Seq()) ? 0 : N;
  } else {
    return count_fields<T, N - 1>();
  }
}
template <typename T>
inline constexpr size_t kFields = count_fields<T>();

template <typename T>
concept PlainStruct = std::is_class_v<T> && std::is_aggregate_v<T> &&
                      (std::is_empty_v<T> || kFields<T> > 0);

// f(first, second, ...), by reference.
template <typename T, typename F>
constexpr auto with_fields(T& v, F f) {
  constexpr size_t n = std::is_empty_v<T> ? 0 : kFields<std::remove_const_t<T>>;
  if constexpr (n == 0) {
    return f();
  } else if constexpr (n == 1) {
    auto& [a] = v;
    return f(a);
  } else if constexpr (n == 2) {
    auto& [a, b] = v;
    return f(a, b);
  } else if constexpr (n == 3) {
    auto& [a, b, c] = v;
    return f(a, b, c);
  } else if constexpr (n == 4) {
    auto& [a, b, c, d] = v;
    return f(a, b, c, d);
  } else if constexpr (n == 5) {
    auto& [a, b, c, d, e] = v;
    return f(a, b, c, d, e);
  } else if constexpr (n == 6) {
    auto& [a, b, c, d, e, g] = v;
    return f(a, b, c, d, e, g);
  } else if constexpr (n == 7) {
    auto& [a, b, c, d, e, g, h] = v;
    return f(a, b, c, d, e, g, h);
  } else if constexpr (n == 8) {
    auto& [a, b, c, d, e, g, h, i] = v;
    return f(a, b, c, d, e, g, h, i);
  } else if constexpr (n == 9) {
    auto& [a, b, c, d, e, g, h, i, j] = v;
    return f(a, b, c, d, e, g, h, i, j);
  } else if constexpr (n == 10) {
    auto& [a, b, c, d, e, g, h, i, j, k] = v;
    return f(a, b, c, d, e, g, h, i, j, k);
  } else if constexpr (n == 11) {
    auto& [a, b, c, d, e, g, h, i, j, k, l] = v;
    return f(a, b, c, d, e, g, h, i, j, k, l);
  } else {
    auto& [a, b, c, d, e, g, h, i, j, k, l, m] = v;
    return f(a, b, c, d, e, g, h, i, j, k, l, m);
  }
}

#if !defined(__clang__) || __clang_major__ >= 18

// Has a T at an address that is a constant. The T is never made, and never used.
template <typename T>
union Nowhere {
  constexpr Nowhere() : none() {}
  constexpr ~Nowhere() {}
  char none;
  T value;
};
template <typename T>
inline Nowhere<T> nowhere;

template <typename T, size_t I>
constexpr auto* field_address() {
  return with_fields(nowhere<T>.value, [](auto&... field) {
    return std::get<I>(std::tuple(std::addressof(field)...));
  });
}

template <auto* Field>
constexpr const char* compilers_name() {
  return __PRETTY_FUNCTION__;
}

// "… [with auto* Field = (& nowhere<pair>.golab::glue::Nowhere<pair>::value.pair::a)]"
template <typename T, size_t I>
constexpr std::string_view field_name() {
  std::string_view s = compilers_name<field_address<T, I>()>();
  size_t end = s.find_last_not_of(")];>*&");
  s = s.substr(0, end + 1);
  return s.substr(s.find_last_of(":.") + 1);
}

template <typename T>
std::string_view name_of_field(size_t i) {
  static constexpr auto names = []<size_t... I>(std::index_sequence<I...>) {
    return std::array<std::string_view, sizeof...(I)>{field_name<T, I>()...};
  }(std::make_index_sequence<kFields<T>>());
  return names[i];
}

#else

template <typename T>
std::string_view name_of_field(size_t) {
  return "";
}

#endif

}  // namespace golab::glue
