// page.h: what the blocks of course/go-to-cpp.md use and do not declare.
#include "runtime/golab.h"

void worker(int id, Chan<int> jobs);
struct Cache {
  void refresh();
};
void use(int value);
std::pair<int, error> find(int id);
error fetch(context::Context ctx);
void audit(context::Context ctx, std::string name);

extern Chan<int> jobs;
extern Chan<int> results;
extern context::Context ctx;
extern std::shared_ptr<Cache> cache;
extern std::string upstream;
