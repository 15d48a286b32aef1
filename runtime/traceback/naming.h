// naming.h: C++ names turned into the names that Go would print.
//
//   worker(Chan<Task>)                  main.worker            global namespace = package main
//   golab::net::http::conn::serve       net/http.(*conn).serve
//   golab::time::Time::String() const   time.Time.String       a const method has a value receiver
//   Stack<int>::Push                    main.(*Stack[...]).Push
//   2nd lambda of f, 1st lambda in it   main.f.func2, main.f.func2.1
//
// Tools that read Go's dumps are strict about a function's name: no blank, no parenthesis but the
// receiver's, no slash and no percent sign after the package. So operators are spelled in words.
//
// Three kinds of code do not exist in Go. Glue stands directly in namespace golab or in
// golab::glue. Inner is what else our packages have, but Go's have not (go_functions.h). These two
// are never shown. Plumbing (std, __gnu_cxx, boost, C libraries) is hidden where our own code
// called it, and shown where the user did. A lambda belongs to the function it is written in: a
// user's lambda is the user's code, whatever calls it.
#pragma once

#include <string>
#include <string_view>
#include <typeinfo>
#include <vector>

namespace golab::runtime {

// Whose code a function is.
// System: of a C library, or of no known source.
enum class Origin : unsigned char { User, Golab, Inner, Glue, Plumbing, System };

// Where a function stands: its namespaces, outermost first, without anonymous and inline ones, then
// the classes it is nested in.
struct Scope {
  std::vector<std::string> namespaces;
  std::vector<std::string> classes;
};

Origin origin_of(const std::vector<std::string>& namespaces);

std::string go_identifier(std::string_view name);  // "operator new[]": "operator_new_array"

// pointer_receiver: a method that may change its object. Static and const ones are shown as T.m.
std::string go_function(const Scope& scope, std::string_view name, bool pointer_receiver);
std::string cpp_function(const Scope& scope, std::string_view name);

// The name of a function of which only the ELF symbol is known. A C symbol stays as it is.
struct SymbolName {
  std::string go;
  std::string cpp;
  Origin origin = Origin::System;
};
SymbolName name_of_symbol(const char* symbol);

// A type as %T and a panic print it: "main.pair", "time.Duration", "[]int", "chan string",
// "map[string]*main.pair", "func(int) error". As in Go, it has the last part of its package's path.
// A type inside a function counts as one of package main.
std::string go_type(const std::type_info& type);

std::string demangled(const char* mangled);  // as it is, if that fails

}  // namespace golab::runtime
