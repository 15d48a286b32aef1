// compare_web.h: `lab compare --web`: an exercise and its solution side by side in the browser.
#pragma once

#include <string>

namespace lab {

// Runs both sides and serves a page that has the page of each (profiler/endpoints/live.h) in it.
// lab hands requests for /exercise/debug/… and /solution/debug/… on to them, so the browser sees
// one origin. `addr` is where lab listens; if it is empty, lab chooses. Returns only if that is not
// possible.
int compare_web_command(const std::string& name, const std::string& addr);

}  // namespace lab
