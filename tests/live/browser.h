// browser.h: a page in a real, headless Chromium, clicked and read by a test.
//
// The test speaks the DevTools protocol through a pair of pipes: JSON, with a zero byte after each
// message. So no port is open, and nothing but Chromium is needed.
//
//   auto page = Page::open(service.url("/debug/lab/"));
//   if (page == nullptr) return;             // no Chromium here: the test is skipped
//   page->click("#set-mark");                // a real click in the middle of that element
//   CHECK(page->shows("#growth", "+1520"));  // waits until it is so
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/child.h"

using nlohmann::json;

class Page {
 public:
  // Returns null after skip_test() if this machine has no Chromium.
  static std::unique_ptr<Page> open(const std::string& url, int width = 1280, int height = 900);
  ~Page();
  Page(const Page&) = delete;

  void go_to(const std::string& url);

  // ---- What it shows ----

  // The value of a JavaScript expression. A promise is awaited.
  json eval(const std::string& expression);
  // The text in the first element of that selector; "(none)" if there is none.
  std::string text(const std::string& selector);
  // The texts in all of them.
  std::vector<std::string> texts(const std::string& selector);
  // Wait for a state. Return false if it does not come.
  bool shows(const std::string& selector, const std::string& text);
  bool becomes(const std::string& condition);

  // ---- What a hand does ----

  // Clicks or taps in the middle of the first element of that selector. Scrolls to it if it must.
  void click(const std::string& selector);
  void tap(const std::string& selector);
  // Presses a key: "m", "Escape", "Tab", "Enter", "ArrowRight". With shift if so.
  void press(const std::string& key, bool shift = false);
  // Types a text into the element that has the focus.
  void type(const std::string& text);

  // ---- The screen ----

  void emulate(const std::string& feature, const std::string& value);  // "prefers-color-scheme"
  void resize(int width, int height, bool touch = false);
  // From now on, nothing comes from addresses like this: "*/source?*". "": all comes again.
  void block(const std::string& address);
  void screenshot(const std::string& file);
  // Downloads go into a folder of the test's own. Returns the file of this name once it is whole.
  std::string downloaded(const std::string& name);
  // Seconds of processor time of the page so far, by name: "ScriptDuration", "LayoutDuration", …
  double cpu_seconds(const std::string& metric);

  // A command of the protocol to this page. Returns its result.
  json call(const std::string& method, json params = json::object());

 private:
  Page(const std::string& program, int width, int height);
  json send(const std::string& method, json params);
  json read_message();
  void touch_or_mouse(const std::string& selector, bool touch);

  std::string directory_;
  int to_ = -1, from_ = -1;  // the pipes
  std::unique_ptr<Child> chromium_;
  std::string session_;
  std::string unread_;
  int last_id_ = 0;
};
