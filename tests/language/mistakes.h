// mistakes.h: what stands above the lines of mistakes.txt.
#include "runtime/golab.h"

void worker(int id, Chan<int> jobs);
void fill(std::vector<int>& out);
std::pair<int, error> find(int id);
struct Counter {
  void run();
};
void hello(http::ResponseWriter& w, http::Request* r);
void hello_reference(http::ResponseWriter& w, http::Request& r);

extern Chan<int> ch;
extern RecvChan<int> in;
extern SendChan<int> out;
extern Chan<bool> flags;
extern context::Context parent;
extern std::shared_ptr<errgroup::Group> group;
extern sync::Mutex mu;
extern sync::WaitGroup wg;
extern std::vector<int> list;
extern std::string text;
extern int v;
extern bool ok;
extern Counter counter;
