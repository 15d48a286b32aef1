// rulers.h: what of an exercise the student may change.
//
//   // ---…--- yours to change
//   …
//   // ---…--- please leave as it is
//
// The lines outside of these two stay as shipped, the rulers themselves too. The comment that the file
// begins with does not count, nor do blanks at the end of a line. An exercise without rulers may be
// changed everywhere.
#pragma once

#include <string>

namespace lab {

// What was changed outside the rulers, for people: the first such line and how it reads as shipped.
// Empty if nothing was.
std::string changed_outside_rulers(const std::string& shipped, const std::string& text);

}  // namespace lab
