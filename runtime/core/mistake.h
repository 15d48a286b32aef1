// mistake.h: how a template says in one line what is wrong with a call.
//
// A call that fits no overload gets pages from the compiler: every candidate, with the reason why it
// does not fit. So beside the overloads that work stands one that takes the rest and says by a
// static_assert what was meant:
//
//   template <typename T>
//   void close(const RecvChan<T>&) {
//     static_assert(glue::mistake<T>, "close(ch): a RecvChan cannot be closed: the sender closes");
//   }
//
// Its result is what the working overload returns, so that no other error follows.
#pragma once

namespace golab::glue {

// False, but only once T is known: the assertion fails where the template is used.
template <typename... T>
inline constexpr bool mistake = false;

}  // namespace golab::glue
