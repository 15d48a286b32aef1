// suggest.h: what somebody may have meant by a word that does not exist.
#pragma once

#include <string>
#include <vector>

namespace lab {

// The known word that is nearest to this one, if it is near: a third of the letters may be wrong,
// missing, too many, or swapped with their neighbour. A known word that begins with this one is
// near, too. Empty if none is.
std::string nearest(const std::string& word, const std::vector<std::string>& known);

// `; did you mean "worker-pool"?`, or nothing.
std::string did_you_mean(const std::string& word, const std::vector<std::string>& known);

}  // namespace lab
