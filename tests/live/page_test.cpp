// page_test.cpp: the page as Chromium draws it: its numbers are the profile's, and no name acts.
#include <algorithm>

#include "tests/live/browser.h"
#include "tests/live/live_service.h"

namespace {

bool has(const std::vector<std::string>& texts, const std::string& text) {
  return std::find(texts.begin(), texts.end(), text) != texts.end();
}

}  // namespace

TEST_CASE("the page draws the numbers of the profile", "[live][page]") {
  Service& s = after_twenty_requests();
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  json worker = stack_in(look, "main.worker"), producer = stack_in(look, "main.producer");
  const std::string key = worker["key"], row = "tr[data-key='" + key + "'] ";
  auto page = Page::open(s.url("/debug/lab/#stack=" + key));
  if (page == nullptr) return;

  // Rows, total, an open row with source and goroutines.
  CHECK(page->shows("#total", "1523"));
  CHECK(page->shows("#requests", "20"));
  CHECK(page->text(row + ".count") == "1500");
  CHECK(page->text(row + ".state") == "chan receive");
  CHECK(page->shows(row + "code .go", "for task := range ch {"));
  CHECK(page->text(row + "code") == "for (auto task : ch) {for task := range ch {");
  CHECK(page->text(row + ".creator").starts_with("main.startWorkers"));
  CHECK(page->text("tr[data-key='" + producer["key"].get<std::string>() + "'] .count") == "20");
  CHECK(page->shows("#drawer .goroutines p", "and 1000 more; the oldest are shown"));
  CHECK(page->shows("#drawer .here .number", "27"));

  // Boxes of the flame graph.
  page->go_to(s.url("/debug/lab/#view=flame"));
  CHECK(page->shows(".box", "1523 all"));
  CHECK(has(page->texts(".box"), "1500 main.worker"));
  CHECK(has(page->texts(".box"), "20 main.producer"));

  // No worker has come since the mark, which the first look sets.
  page->go_to(s.url("/debug/lab/#view=difference&search=main.worker"));
  CHECK(page->shows(".flame .empty", "Nothing has changed since the mark."));
}

TEST_CASE("a row has room for its source before that comes", "[live][page]") {
  Service& s = after_twenty_requests();
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  // Where each stack's row begins.
  const std::string tops =
      "Object.fromEntries([...document.querySelectorAll('tbody tr')].filter((row) => "
      "/main\\.(worker|producer) /.test(row.textContent)).map((row) => [row.dataset.key, "
      "row.offsetTop]))";
  page->block("*/source?*");
  page->go_to(s.url("/debug/lab/"));
  REQUIRE(page->shows("#total", "1523"));
  REQUIRE(page->becomes("document.querySelectorAll('tbody tr').length > 3"));
  CHECK(page->text("tbody code") == "");
  const json before = page->eval(tops);
  REQUIRE(before.size() == 2);
  page->block("");
  page->go_to(s.url("/debug/lab/"));
  REQUIRE(page->shows("tbody code .go", "for task := range ch {"));
  CHECK(page->eval(tops) == before);
}

TEST_CASE("a name that is HTML is shown, and does nothing", "[live][page]") {
  LiveService s(HOSTILE_CHILD);
  std::string look = curl({s.url("/debug/lab/goroutines")});
  REQUIRE(look.find("<script>document.title='owned'</script>") != std::string::npos);
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->becomes("document.querySelectorAll('tbody tr').length > 3"));
  REQUIRE(has(page->texts(".where b"), "main.in_a_hostile_file"));
  CHECK(has(page->texts(".place"), "<img src=x onerror=document.title='owned'>.cpp:7"));
  page->press("2");
  CHECK(page->becomes("document.querySelector('.box')"));
  CHECK(has(page->texts(".box"), "1 <script>document.title='owned'</script>"));
  CHECK(page->eval("document.querySelectorAll('img').length") == 0);
  CHECK(page->eval("document.querySelectorAll('body script').length") == 0);
  CHECK(page->text("title").find("owned") == std::string::npos);
}

TEST_CASE("the labels of goroutines are on their row, in the open row, and found", "[live][page]") {
  LiveService s(HOSTILE_CHILD);
  const std::string labels =
      R"({"<b>":"<img src=x onerror=document.title='owned'>", "tenant":"Acme"})";
  auto page = Page::open(s.url("/debug/lab/#search=acme"));
  if (page == nullptr) return;
  CHECK(page->shows("tbody .where b", "main.for_a_tenant"));
  CHECK(page->texts("tbody .where b").size() == 1);
  CHECK(page->text("tbody .labels") == labels);
  page->click("tbody tr");
  CHECK(page->becomes("document.querySelectorAll('#drawer tbody tr').length === 1"));
  CHECK(page->text("#drawer .labels") == labels);
  CHECK(page->text("title").find("owned") == std::string::npos);
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
