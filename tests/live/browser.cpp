// browser.cpp: starts Chromium, and speaks the DevTools protocol with it.
#include "tests/live/browser.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

#include "tests/catch.h"

namespace {

constexpr int kAnswerMs = 60'000;

std::string chromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    ChildResult found = run_child({"sh", "-c", std::string("command -v ") + name});
    if (found.status == 0) return name;
  }
  return "";
}

// A pipe with a name. Opened for both ends, so that the open waits for nobody.
int open_pipe(const std::string& path) {
  if (::mkfifo(path.c_str(), 0600) != 0) throw std::runtime_error("mkfifo " + path + " failed");
  return ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

// Waits until a pipe is ready, outside of the runtime.
bool ready(int fd, short events) {
  pollfd wanted{fd, events, 0};
  golab::runtime::entersyscall();
  int n = ::poll(&wanted, 1, kAnswerMs);
  golab::runtime::exitsyscall();
  return n == 1;
}

std::string base64_decoded(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, held = 0;
  for (char c : text) {
    size_t digit = digits.find(c);
    if (digit == std::string::npos) break;
    bits = bits << 6 | static_cast<unsigned>(digit);
    held += 6;
    if (held >= 8) bytes += static_cast<char>(bits >> (held -= 8) & 0xff);
  }
  return bytes;
}

std::string quoted(const std::string& text) { return json(text).dump(); }

}  // namespace

std::unique_ptr<Page> Page::open(const std::string& url, int width, int height) {
  std::string program = chromium();
  if (program.empty()) {
    skip_test("no chromium on this machine draws the page (apt-get install chromium)");
    return nullptr;
  }
  std::unique_ptr<Page> page(new Page(program, width, height));
  page->go_to(url);
  return page;
}

Page::Page(const std::string& program, int width, int height) {
  char name[] = "/tmp/golab-page-XXXXXX";
  if (::mkdtemp(name) == nullptr) throw std::runtime_error("mkdtemp failed");
  directory_ = name;
  to_ = open_pipe(directory_ + "/to");
  from_ = open_pipe(directory_ + "/from");
  // It reads from descriptor 3 and writes to 4.
  const std::string command =
      "exec \"$0\" --headless --remote-debugging-pipe --no-sandbox --disable-gpu "
      "--disable-dev-shm-usage --no-first-run --disable-extensions --disable-component-update "
      "--disable-background-networking --hide-scrollbars --user-data-dir=\"$1/profile\" "
      "--window-size=1280,900 about:blank 3<\"$1/to\" 4>\"$1/from\" >\"$1/log\" 2>&1";
  chromium_ =
      std::make_unique<Child>(std::vector<std::string>{"sh", "-c", command, program, directory_});
  send("Browser.setDownloadBehavior",
       {{"behavior", "allow"}, {"downloadPath", directory_ + "/downloads"}});
  json target = send("Target.createTarget", {{"url", "about:blank"}});
  json attached =
      send("Target.attachToTarget", {{"targetId", target["targetId"]}, {"flatten", true}});
  session_ = attached["sessionId"];
  call("Page.enable");
  call("Performance.enable", {{"timeDomain", "threadTicks"}});
  resize(width, height);
}

Page::~Page() {
  session_.clear();
  try {
    send("Browser.close", json::object());
  } catch (const std::exception&) {  // it is gone already
  }
  chromium_->wait(10);
  ::close(to_);
  ::close(from_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

// ---- The protocol ----

json Page::send(const std::string& method, json params) {
  json message = {{"id", ++last_id_}, {"method", method}, {"params", std::move(params)}};
  if (!session_.empty()) message["sessionId"] = session_;
  const std::string text = message.dump() + '\0';
  for (size_t sent = 0; sent < text.size();) {
    if (!ready(to_, POLLOUT)) throw std::runtime_error("Chromium does not read");
    ssize_t n = ::write(to_, text.data() + sent, text.size() - sent);
    if (n > 0) sent += static_cast<size_t>(n);
  }
  for (;;) {
    json answer = read_message();
    if (answer.value("id", 0) != last_id_) continue;  // an event
    if (answer.contains("error")) throw std::runtime_error(method + ": " + answer["error"].dump());
    return answer["result"];
  }
}

json Page::read_message() {
  size_t end;
  while ((end = unread_.find('\0')) == std::string::npos) {
    if (!ready(from_, POLLIN)) throw std::runtime_error("no answer from Chromium");
    char buffer[1 << 16];
    ssize_t n = ::read(from_, buffer, sizeof buffer);
    if (n > 0) unread_.append(buffer, static_cast<size_t>(n));
  }
  json message = json::parse(unread_.substr(0, end));
  unread_.erase(0, end + 1);
  return message;
}

json Page::call(const std::string& method, json params) { return send(method, std::move(params)); }

// ---- What it shows ----

void Page::go_to(const std::string& url) {
  call("Page.navigate", {{"url", "about:blank"}});  // another address, not another # of the same
  call("Page.navigate", {{"url", url}});
  CHECK(becomes("document.readyState === 'complete' && location.href !== 'about:blank'"));
}

json Page::eval(const std::string& expression) {
  json answer = call("Runtime.evaluate", {{"expression", expression},
                                          {"awaitPromise", true},
                                          {"returnByValue", true},
                                          {"userGesture", true}});
  if (answer.contains("exceptionDetails")) {
    throw std::runtime_error(expression + ": " + answer["exceptionDetails"].dump());
  }
  return answer["result"].value("value", json());
}

std::string Page::text(const std::string& selector) {
  return eval("document.querySelector(" + quoted(selector) + ")?.textContent ?? '(none)'");
}

std::vector<std::string> Page::texts(const std::string& selector) {
  return eval("[...document.querySelectorAll(" + quoted(selector) +
              ")].map((each) => each.textContent)");
}

bool Page::shows(const std::string& selector, const std::string& wanted) {
  std::string last;
  bool shown = eventually([&] { return (last = text(selector)) == wanted; });
  if (!shown) WARN(selector << " shows " << last << ", not " << wanted);
  return shown;
}

bool Page::becomes(const std::string& condition) {
  return eventually([&] { return eval("Boolean(" + condition + ")").get<bool>(); });
}

// ---- What a hand does ----

void Page::touch_or_mouse(const std::string& selector, bool touch) {
  json at = eval("(() => { const each = document.querySelector(" + quoted(selector) +
                 "); if (!each) return null; each.scrollIntoView({block: 'nearest'}); const box = "
                 "each.getBoundingClientRect(); return {x: box.left + box.width / 2, y: box.top + "
                 "box.height / 2}; })()");
  if (at.is_null()) throw std::runtime_error("nothing to click: " + selector);
  if (touch) {
    call("Input.dispatchTouchEvent", {{"type", "touchStart"}, {"touchPoints", {at}}});
    call("Input.dispatchTouchEvent", {{"type", "touchEnd"}, {"touchPoints", json::array()}});
    return;
  }
  at.update({{"button", "left"}, {"clickCount", 1}});
  for (const char* type : {"mousePressed", "mouseReleased"}) {
    at["type"] = type;
    call("Input.dispatchMouseEvent", at);
  }
}

void Page::click(const std::string& selector) { touch_or_mouse(selector, false); }
void Page::tap(const std::string& selector) { touch_or_mouse(selector, true); }

void Page::press(const std::string& key, bool shift) {
  static const std::map<std::string, int> kCodes = {
      {"Tab", 9},        {"Enter", 13},   {"Escape", 27},     {"End", 35},       {"Home", 36},
      {"ArrowLeft", 37}, {"ArrowUp", 38}, {"ArrowRight", 39}, {"ArrowDown", 40},
  };
  json event = {{"type", "keyDown"}, {"key", key}, {"modifiers", shift ? 8 : 0}};
  if (auto code = kCodes.find(key); code != kCodes.end()) {
    event["windowsVirtualKeyCode"] = code->second;
    if (key == "Enter") event["text"] = "\r";
  } else {
    event["text"] = key;
  }
  call("Input.dispatchKeyEvent", event);
  event["type"] = "keyUp";
  event.erase("text");
  call("Input.dispatchKeyEvent", event);
}

void Page::type(const std::string& text) { call("Input.insertText", {{"text", text}}); }

// ---- The screen ----

void Page::emulate(const std::string& feature, const std::string& value) {
  call("Emulation.setEmulatedMedia", {{"features", {{{"name", feature}, {"value", value}}}}});
}

void Page::block(const std::string& address) {
  call("Network.enable");
  call("Network.setBlockedURLs", {{"urls", address.empty() ? json::array() : json{address}}});
}

void Page::resize(int width, int height, bool touch) {
  call("Emulation.setDeviceMetricsOverride",
       {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", touch}});
  call("Emulation.setTouchEmulationEnabled", {{"enabled", touch}});
}

void Page::screenshot(const std::string& file) {
  json shot = call("Page.captureScreenshot", {{"format", "png"}});
  std::ofstream(file, std::ios::binary) << base64_decoded(shot["data"]);
}

std::string Page::downloaded(const std::string& name) {
  const std::string path = directory_ + "/downloads/" + name;
  // Chromium reserves the name with an empty file, and renames the whole file to it.
  std::error_code absent;
  eventually([&] {
    const auto bytes = std::filesystem::file_size(path, absent);
    return !absent && bytes > 0;
  });
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

double Page::cpu_seconds(const std::string& metric) {
  json metrics = call("Performance.getMetrics")["metrics"];
  for (const json& each : metrics) {
    if (each["name"] == metric) return each["value"];
  }
  throw std::runtime_error("no metric " + metric);
}
