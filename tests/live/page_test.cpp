// page_test.cpp: the page as Chromium draws it: its numbers are the profile's, and no name acts.
#include <regex>

#include "tests/live/live_service.h"

namespace {

std::string chromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    ChildResult found = run_child({"sh", "-c", std::string("command -v ") + name});
    if (found.status == 0) return name;
  }
  return "";
}

// The page as it is after some looks, as HTML. Empty if there is no Chromium.
std::string drawn(const std::string& url) {
  std::string browser = chromium();
  if (browser.empty()) {
    skip_test("no chromium on this machine draws the page (apt-get install chromium)");
    return "";
  }
  ChildResult dumped =
      run_child({browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--virtual-time-budget=6000", "--dump-dom", url},
                {}, 90);
  CHECK(dumped.status == 0);
  return dumped.out;
}

// What stands in an element that has this in its tag.
std::string text_of(const std::string& page, const std::string& tag) {
  std::smatch found;
  std::regex element("<[^>]*" + tag + "[^>]*>([^<]*)<");
  return std::regex_search(page, found, element) ? found[1].str() : "(no " + tag + ")";
}

// The row of a stack.
std::string row_of(const std::string& page, const std::string& key) {
  size_t begin = page.find("data-key=\"" + key + "\"");
  if (begin == std::string::npos) return "";
  return page.substr(begin, page.find("</tr>", begin) - begin);
}

}  // namespace

TEST_CASE("the page draws the numbers of the profile", "[live][page]") {
  Service& s = after_twenty_requests();
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  json worker = stack_in(look, "main.worker"), producer = stack_in(look, "main.producer");
  std::string key = worker["key"];

  SECTION("rows, total, an open row with source and goroutines") {
    std::string page = drawn(s.url("/debug/lab/#stack=" + key));
    if (page.empty()) return;
    CHECK(text_of(page, "id=\"total\"") == "1523");
    CHECK(text_of(page, "id=\"requests\"") == "20");
    std::string row = row_of(page, key);
    CHECK(text_of(row, "class=\"count\"") == "1500");
    CHECK(text_of(row, "class=\"state\"") == "chan receive");
    CHECK(
        row.find("<code>for (auto task : ch) {<span class=\"go\">for task := range ch {</span>") !=
        std::string::npos);
    CHECK(row.find("main.startWorkers") != std::string::npos);
    CHECK(text_of(row_of(page, producer["key"]), "class=\"count\"") == "20");
    CHECK(page.find("and 1000 more") != std::string::npos);
    CHECK(std::regex_search(page, std::regex("class=\"here\"><span class=\"number\">27</span>")));
  }
  SECTION("boxes of the flame graph") {
    std::string page = drawn(s.url("/debug/lab/#view=flame"));
    if (page.empty()) return;
    CHECK(page.find("<b>1523</b> all<") != std::string::npos);
    CHECK(page.find("<b>1500</b> main.worker<") != std::string::npos);
    CHECK(page.find("<b>20</b> main.producer<") != std::string::npos);
  }
  SECTION("no worker has come since the mark, which the first look sets") {
    std::string page = drawn(s.url("/debug/lab/#view=difference&search=main.worker"));
    if (page.empty()) return;
    CHECK(page.find("Nothing has changed since the mark.") != std::string::npos);
  }
}

TEST_CASE("a name that is HTML is shown, and does nothing", "[live][page]") {
  LiveService s(HOSTILE_CHILD);
  std::string look = curl({s.url("/debug/lab/goroutines")});
  REQUIRE(look.find("<script>document.title='owned'</script>") != std::string::npos);
  for (auto [view, shown] :
       {std::pair("stacks", "&lt;img src=x onerror=document.title='owned'&gt;.cpp:7"),
        std::pair("flame", "&lt;script&gt;document.title='owned'&lt;/script&gt;")}) {
    CAPTURE(view);
    std::string page = drawn(s.url(std::string("/debug/lab/#view=") + view));
    if (page.empty()) return;
    CHECK(page.find(shown) != std::string::npos);
    CHECK(page.find("<script>document") == std::string::npos);
    CHECK(page.find("<img") == std::string::npos);
    CHECK(text_of(page, "title").find("owned") == std::string::npos);
  }
}

TEST_CASE("the browser is told to run nothing but the page's own scripts", "[live]") {
  LiveService s(HOSTILE_CHILD);
  for (const char* path : {"", "page.css", "dom.js", "goroutines"}) {
    std::string h = curl({"-D", "-", "-o", "/dev/null", s.url(std::string("/debug/lab/") + path)});
    CHECK(h.find("Content-Security-Policy: default-src 'none'; script-src 'self';") !=
          std::string::npos);
    CHECK(h.find("X-Content-Type-Options: nosniff") != std::string::npos);
  }
}
