// hand_test.cpp: the page without a mouse, and for eyes that need contrast or rest.
#include "tests/live/browser.h"
#include "tests/live/live_service.h"

namespace {

std::string focused(Page& page) {
  return page.eval(
      "((each) => each.id || each.dataset.key || each.className || each.tagName)"
      "(document.activeElement)");
}

// Texts that stand out from their background by less than 4.5 (WCAG 2, AA), or by less than 3 where
// they are large. What is out of work is left out.
const char* const kPaleTexts = R"((() => {
  const numbers = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 :
      ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((numbers(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const pale = [];
  while (walker.nextNode()) {
    const each = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !each.getClientRects().length) continue;
    const style = getComputedStyle(each), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const [a, b] = [light(style.color), light(behind(each))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < (large ? 3 : 4.5)) pale.push(`${ratio.toFixed(1)} ${each.className} ${each.textContent}`);
  }
  return pale;
})())";

}  // namespace

TEST_CASE("the drawer takes the focus, keeps it, and gives it back", "[live][page]") {
  Service& s = after_twenty_requests();
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "1523"));
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  const std::string worker = stack_in(look, "main.worker")["key"];
  const std::string producer = stack_in(look, "main.producer")["key"];
  page->press("j");
  CHECK(focused(*page) == worker);
  page->press("j");
  CHECK(focused(*page) == producer);

  page->press("Enter");
  CHECK(focused(*page) == "drawer-title");
  CHECK(page->eval("document.getElementById('drawer').getAttribute('role')") == "dialog");
  REQUIRE(page->becomes("document.querySelectorAll('#drawer tbody tr').length === 20"));
  REQUIRE(page->becomes("document.querySelector('#drawer pre')"));
  const int stops =
      page->eval("document.querySelectorAll('#drawer :is(button, [tabindex=\"0\"])').length");
  for (bool back : {false, true}) {
    for (int i = 0; i < 2 * stops; i++) {
      page->press("Tab", back);
      CHECK(page->eval("document.getElementById('drawer').contains(document.activeElement)") ==
            true);
    }
  }
  page->press("Escape");
  CHECK(page->eval("document.getElementById('drawer').hidden") == true);
  CHECK(focused(*page) == producer);

  // The way out is the same for a box of the flame graph.
  page->press("2");
  page->eval(
      "[...document.querySelectorAll('.box')].find((box) => "
      "box.textContent === '1500 main.worker').id = 'worker'");
  page->eval("document.getElementById('worker').focus()");
  page->press("Enter");
  CHECK(focused(*page) == "drawer-title");
  page->press("Tab");
  CHECK(focused(*page) == "close");
  page->press("Enter");
  CHECK(focused(*page) == "worker");
}

TEST_CASE("an address that opens a row leaves the focus where it is", "[live][page]") {
  Service& s = after_twenty_requests();
  json look = LiveService::look_at(s.url("/debug/lab/goroutines"));
  const std::string worker = stack_in(look, "main.worker")["key"];
  auto page = Page::open(s.url("/debug/lab/#stack=" + worker));
  if (page == nullptr) return;
  REQUIRE(page->shows("#drawer .here .number", "27"));
  CHECK(focused(*page) == "BODY");
  page->press("j");  // from the open row
  CHECK(focused(*page) == stack_in(look, "main.producer")["key"]);
}

TEST_CASE("the views are tabs: one stop of the Tab key, arrows between them", "[live][page]") {
  Service& s = after_twenty_requests();
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "1523"));
  auto chosen = [&] {
    return page->eval(
        "[...document.querySelectorAll('[role=tab][aria-selected=true]')]"
        ".map(({id, tabIndex}) => id + ' ' + tabIndex)");
  };
  auto others = [&] {
    return page->eval(
        "[...document.querySelectorAll('[role=tab][aria-selected=false]')]"
        ".map(({tabIndex}) => tabIndex)");
  };
  CHECK(chosen() == json({"tab-stacks 0"}));
  CHECK(others() == json({-1, -1}));
  page->eval("document.getElementById('tab-stacks').focus()");
  page->press("ArrowRight");
  CHECK(focused(*page) == "tab-flame");
  CHECK(chosen() == json({"tab-flame 0"}));
  CHECK(page->shows(".box", "1523 all"));
  page->press("End");
  CHECK(chosen() == json({"tab-difference 0"}));
  page->press("ArrowRight");
  CHECK(chosen() == json({"tab-stacks 0"}));
  page->press("ArrowLeft");
  CHECK(focused(*page) == "tab-difference");
  page->press("Home");
  CHECK(chosen() == json({"tab-stacks 0"}));
  CHECK(page->eval("document.getElementById('view').getAttribute('role')") == "tabpanel");
  CHECK(page->eval("document.getElementById('view').getAttribute('aria-labelledby')") ==
        "tab-stacks");
  CHECK(page->eval("document.querySelectorAll('[role=tab][aria-controls=view]').length") == 3);
}

TEST_CASE("each text stands out from its background, light and dark", "[live][page]") {
  LiveService s(POOL, {"GOLAB_LOADS=20 GET /process\n"});
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "3"));
  page->click("#loads button");
  REQUIRE(page->shows("#total", "1523"));
  const std::string worker = stack_in(s.look(), "main.worker")["key"];
  for (const char* scheme : {"light", "dark"}) {
    page->emulate("prefers-color-scheme", scheme);
    for (int width : {1280, 390}) {
      page->resize(width, 800);
      for (const char* view : {"1", "2", "3"}) {
        CAPTURE(scheme, width, view);
        page->press(view);
        CHECK(page->eval(kPaleTexts) == json::array());
      }
      page->press("1");
      page->click("tr[data-key='" + worker + "']");
      REQUIRE(page->shows("#drawer .here .number", "27"));
      CHECK(page->eval(kPaleTexts) == json::array());
      page->press("Escape");
      page->press(" ");  // frozen
      CHECK(page->eval(kPaleTexts) == json::array());
      page->press(" ");
    }
  }
}

TEST_CASE("nothing on the page moves by itself", "[live][page]") {
  LiveService s(POOL, {"GOLAB_LOADS=20 GET /process\n"});
  auto page = Page::open(s.url("/debug/lab/"));
  if (page == nullptr) return;
  REQUIRE(page->shows("#total", "3"));
  page->click("#loads button");
  REQUIRE(page->shows("#total", "1523"));
  CHECK(page->eval("document.getAnimations().length") == 0);
}
