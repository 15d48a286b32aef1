// go_functions.h: which functions Go's library has, by the names that a profile shows.
//
// A profile shows no function of ours that Go does not have. Whoever reads one looks such a name up
// in Go's source, and a leak checker may know it by heart. What we call differently, and what Go's
// compiler does itself, is part of the function that called it.
//
// One name is ours alone: runtime._LostStack, where a stack could not be taken (stop/stop.h).
//
// The names are those of Go 1.27, in go_functions.txt; go_functions.sh makes that anew. A new
// function with a name of Go's is shown without further ado.
#pragma once

#include <string_view>

namespace golab::runtime {

bool go_has(std::string_view function);  // "net/http.(*conn).serve", "sync.OnceValue[...]"

}  // namespace golab::runtime
