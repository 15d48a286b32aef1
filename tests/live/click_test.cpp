// click_test.cpp: what a hand does on the page, and what comes of it.
#include <map>

#include "profiler/formats/profile.h"
#include "tests/live/browser.h"
#include "tests/live/live_service.h"

namespace {

using golab::profiler::frames_of_sample;

// Boxes of a graph by their path from the outermost frame inwards: what each one counts.
using Boxes = std::map<std::string, int64_t>;

// Stacks without a function of package main are the server's and the page's.
Boxes boxes_of_profile(const std::string& bytes, int64_t sign, Boxes boxes) {
  auto read = golab::profiler::read_profile(bytes, "profile");
  REQUIRE(read.error == "");
  for (const auto& sample : read.profile.samples) {
    std::string path;
    std::vector<std::string> paths;
    bool ours = false;
    auto frames = frames_of_sample(read.profile, sample);
    for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
      path += frame->function->name + " " + frame->function->file + ":" +
              std::to_string(frame->line->line) + "\n";
      paths.push_back(path);
      ours |= frame->function->name.starts_with("main.");
    }
    for (const std::string& each : paths) {
      if (ours) boxes[each] += sign * sample.values[0];
    }
  }
  return boxes;
}

// The boxes that are drawn: each stands before those above it.
Boxes boxes_of_page(Page& page) {
  json drawn = page.eval(R"([...document.querySelectorAll('.box')].map((box) => ({
    depth: Number(box.dataset.depth), title: box.title, number: box.querySelector('b').textContent,
  })))");
  Boxes boxes;
  std::vector<std::string> path;
  for (const json& box : drawn) {
    const auto depth = box["depth"].get<size_t>();
    if (depth == 0) continue;  // all
    path.resize(depth - 1);
    // "+20  main.producer\n/…/main.cpp:47"
    std::string title = box["title"];
    title.erase(0, title.find("  ") + 2);
    title.replace(title.find('\n'), 1, " ");
    path.push_back((path.empty() ? "" : path.back()) + title + "\n");
    std::string number = box["number"];
    if (number.starts_with("−")) number.replace(0, std::string("−").size(), "-");
    boxes[path.back()] += std::stoll(number);
  }
  return boxes;
}

std::string row_of(const json& stack) {
  return "tr[data-key='" + stack["key"].get<std::string>() + "']";
}

// A pool at rest, and a mark set there: the first look may have met the end of an earlier
// connection.
bool at_rest(Page& page) {
  bool rests = page.shows("#total", "3");
  page.press("m");
  return rests;
}

const std::vector<std::string> kTwenty = {"GOLAB_LOADS=20 GET /process\n"};

}  // namespace

TEST_CASE("growth and growth per request count from a mark that a click sets", "[live][page]") {
  LiveService s(POOL, kTwenty);
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(at_rest(*page));
  CHECK(page->text("#rate") == "–");
  page->click("#loads button");
  CHECK(page->shows("#total", "1523"));
  CHECK(page->shows("#growth", "+1520"));
  CHECK(page->shows("#rate", "+76"));
  const std::string worker = row_of(stack_in(s.look(), "main.worker"));
  CHECK(page->text(worker + " .growth") == "+1500");
  CHECK(page->text(worker + " .rate") == "+75");

  page->click("#set-mark");
  CHECK(page->shows("#growth", "0"));
  CHECK(page->shows("#rate", "–"));
  CHECK(page->text(worker + " .count") == "1500");
  CHECK(page->text(worker + " .growth") == "");
  curl({s.url("/process")});
  CHECK(page->shows("#growth", "+76"));
  CHECK(page->text(worker + " .growth") == "+75");
  CHECK(page->text(worker + " .rate") == "+75");
}

TEST_CASE("the graph of the difference is the difference of two profiles", "[live][page]") {
  LiveService s(POOL, kTwenty);
  curl({s.url("/process")});  // some are there before the mark
  REQUIRE(eventually([&] { return s.look()["total"] == 79; }));
  auto page = Page::open(s.url("/debug/lab/#view=difference&search=main."));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "79"));
  page->press("m");
  Boxes wanted = boxes_of_profile(s.profile(), -1, {});
  page->press("l");
  REQUIRE(page->shows("#growth", "+1520"));
  wanted = boxes_of_profile(s.profile(), 1, wanted);
  std::erase_if(wanted, [](const auto& box) { return box.second == 0; });
  REQUIRE(wanted.size() == 8);  // four frames of a worker, four of a producer
  CHECK(boxes_of_page(*page) == wanted);
  CHECK(page->text(".box b") == "+1520");

  // The graph of now is the second profile.
  page->press("2");
  wanted = boxes_of_profile(s.profile(), 1, {});
  std::erase_if(wanted, [](const auto& box) { return box.second < 4; });  // too narrow to draw
  Boxes drawn = boxes_of_page(*page);
  std::erase_if(drawn, [](const auto& box) { return box.second < 4; });
  CHECK(drawn == wanted);
}

TEST_CASE("a frozen page asks nothing, and goes on where the service is", "[live][page]") {
  LiveService s(POOL, kTwenty);
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "3"));
  page->click("#freeze");
  CHECK(page->shows("#status", "Frozen: nothing is asked. Space goes on."));
  CHECK(page->eval("document.getElementById('freeze').getAttribute('aria-pressed')") == "true");
  curl({s.url("/process")});
  REQUIRE(eventually([&] { return s.look()["total"] == 79; }));
  // The page's loop goes round three times more.
  page->eval(R"(new Promise((done) => {
    const wait = window.setTimeout;
    let rounds = 0;
    window.setTimeout = (f, ms) => {
      if (++rounds === 3) done();
      return wait(f, ms);
    };
  }))");
  CHECK(page->text("#total") == "3");
  page->press(" ");
  CHECK(page->shows("#total", "79"));
  CHECK(page->text("#status") == "");
}

TEST_CASE("words choose the rows: functions, files, states, creators", "[live][page]") {
  Service& s = after_twenty_requests();
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "1523"));
  auto found = [&](const std::string& words) {
    page->click("#search");
    page->eval("document.getElementById('search').select()");
    page->type(words);
    return page->texts("tbody .where b");
  };
  using Rows = std::vector<std::string>;
  CHECK(found("chan send") == Rows{"main.producer"});
  CHECK(found("main.WORKER") == Rows{"main.worker"});
  CHECK(found("startworkers receive") == Rows{"main.worker"});
  CHECK(found("main.worker send") == Rows{});
  CHECK(page->shows(".empty:not([hidden])", "No stack has these words."));
  CHECK(found("main.cpp chan") == Rows{"main.worker", "main.producer"});
  CHECK(page->eval("location.hash") == "#search=main.cpp+chan");
}

TEST_CASE("a click or a tap on the head of a column sorts by it", "[live][page]") {
  LiveService s(HOSTILE_CHILD, {}, {"--crowd", "1000"});
  auto page = Page::open(s.url("/debug/lab/#search=main."));
  if (page == nullptr) return;
  REQUIRE(page->becomes("document.querySelectorAll('tbody tr').length > 100"));
  const std::string few = "main.in_a_hostile_file", first = "tbody .where b";
  CHECK(page->text(first) != few);
  CHECK(page->text("th[aria-sort=descending]") == "now");
  curl({s.url("/more/1")});  // one more of those that are few
  page->click("th.growth button");
  CHECK(page->shows(first, few));
  CHECK(page->text("th[aria-sort=descending]") == "since mark");
  CHECK(page->eval("location.hash") == "#search=main.&order=growth");

  page->resize(390, 800, true);
  page->tap("th.count button");
  CHECK(page->shows("th[aria-sort=descending]", "now"));
  CHECK(page->text(first) != few);
  page->tap("th.growth button");
  CHECK(page->shows(first, few));
  page->tap("th.age button");
  CHECK(page->shows("th[aria-sort=descending]", "oldest wait"));
}

TEST_CASE("a click opens the source of a frame, and the goroutines of a row", "[live][page]") {
  Service& s = after_twenty_requests();
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "1523"));
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  const json producer = stack_in(look, "main.producer");

  page->click(row_of(producer));
  CHECK(page->shows("#drawer h2", "main.producer [chan send]"));
  CHECK(page->shows("#drawer .here .number", "47"));
  CHECK(page->text("#drawer .here .go").find("errs <- nil") != std::string::npos);
  REQUIRE(page->becomes("document.querySelectorAll('#drawer tbody tr').length === 20"));
  json listed = json::parse(
      curl({s.url("/debug/lab/goroutines?stack=" + producer["key"].get<std::string>())}));
  std::vector<std::string> ids;
  for (const json& g : listed["goroutines"]) ids.push_back(std::to_string(g["id"].get<int>()));
  CHECK(page->texts("#drawer tbody td:first-child") == ids);

  // Another frame of that stack.
  page->click("#drawer .frames li:first-child button");
  CHECK(
      page->becomes("document.querySelector('#drawer .here')?.textContent.includes('47') === "
                    "false"));

  page->press("Escape");
  page->press("2");
  REQUIRE(page->becomes("document.querySelector('.box')"));
  page->eval(
      "[...document.querySelectorAll('.box')].find((box) => "
      "box.textContent === '1500 main.worker').id = 'worker'");
  page->click("#worker");
  CHECK(page->shows("#drawer h2", "main.worker"));
  CHECK(page->shows("#drawer .here .number", "27"));
  CHECK(page->text("#drawer .here").find("for (auto task : ch)") != std::string::npos);
}

TEST_CASE("the download is the profile, for go tool pprof", "[live][page]") {
  Service& s = after_twenty_requests();
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "1523"));
  page->press("d");
  const std::string bytes = page->downloaded("goroutine.pb.gz");
  CHECK(bytes.starts_with("\x1f\x8b"));
  auto read = golab::profiler::read_profile(bytes, "profile");
  REQUIRE(read.error == "");
  int64_t workers = 0;
  for (const auto& sample : read.profile.samples) {
    for (const auto& frame : frames_of_sample(read.profile, sample)) {
      if (frame.function->name == "main.worker") workers += sample.values[0];
    }
  }
  CHECK(workers == 1500);
}

TEST_CASE("the address restores view, search, order and the open row", "[live][page]") {
  Service& s = after_twenty_requests();
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "1523"));
  page->press("/");
  page->type("chan");
  page->press("Escape");
  page->press("s");
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  page->click(row_of(stack_in(look, "main.worker")));
  REQUIRE(page->shows("#drawer .here .number", "27"));
  const std::string link = page->eval("location.href");

  page->go_to(link);
  CHECK(page->shows("#drawer .here .number", "27"));
  CHECK(page->eval("document.getElementById('search').value") == "chan");
  CHECK(page->text("th[aria-sort=descending]") == "since mark");
  CHECK(page->texts("tbody .where b").size() == 2);
  CHECK(page->text("[aria-selected=true]").starts_with("Stacks"));
  page->click("#tab-flame");
  page->go_to(page->eval("location.href"));
  CHECK(page->shows("[aria-selected=true]", "Flame 2"));
  CHECK(page->shows(".box b", "1520"));  // what has the word "chan"
}

TEST_CASE("a button sends the load of the exercise, and only with the token", "[live][page]") {
  LiveService s(POOL, {"GOLAB_LOADS=2 GET /process\n1 GET /process?b=1\n"});
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "3"));
  CHECK(page->texts("#loads button") ==
        std::vector<std::string>{"2 × GET /process", "1 × GET /process?b=1"});
  CHECK(page->eval("fetch('load?load=0', {method: 'POST'}).then(({status}) => status)") == 403);
  CHECK(page->eval("fetch('load?load=0', {method: 'POST', headers: {'X-Lab-Token': '0'}})"
                   ".then(({status}) => status)") == 403);
  CHECK(s.look()["requests"] == 0);
  page->click("#loads button");
  CHECK(page->shows("#requests", "2"));
  CHECK(page->shows("#total", "155"));
  page->click("#loads button:last-child");
  CHECK(page->shows("#requests", "3"));
  CHECK(page->shows("#total", "231"));
}

TEST_CASE("a restart of the service is said, and counts begin anew", "[live][page]") {
  LiveService s(POOL, kTwenty);
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(at_rest(*page));
  page->click("#loads button");
  REQUIRE(page->shows("#growth", "+1520"));
  s.stop();
  CHECK(page->becomes("document.getElementById('status').textContent.startsWith('No answer')"));
  CHECK(page->eval("document.getElementById('status').classList.contains('alarm')") == true);
  CHECK(page->text("#total") == "1523");
  REQUIRE(s.start());
  CHECK(page->shows("#total", "3"));
  CHECK(page->text("#growth") != "−1520");  // not from the mark of before
  CHECK(page->text("#requests") == "0");
  CHECK(page->text("#status").starts_with("The service has restarted"));
  CHECK(page->eval("document.getElementById('status').classList.contains('alarm')") == false);
  CHECK(at_rest(*page));
  page->click("#loads button");  // with the token of the new process
  CHECK(page->shows("#growth", "+1520"));
}
