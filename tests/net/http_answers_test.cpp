// http_answers_test.cpp: what the client sends, and what it makes of answers, beside Go's client.
//
// client_scenarios.txt has the scenarios, client_answers.txt what Go's client did in each
// (goanswers/main.go, which also tells the form of both). Only the User-Agent differs.
#include <algorithm>

#include "runtime/os/os.h"
#include "runtime/strconv/strconv.h"
#include "tests/golden_lines.h"
#include "tests/net/http_fixture.h"

using namespace golab;
using namespace fixture;

namespace {

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != text.npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::vector<std::string> split_at(std::string_view text, char mark) {
  std::vector<std::string> out;
  for (;;) {
    const size_t end = text.find(mark);
    out.emplace_back(text.substr(0, end));
    if (end == text.npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::string unquoted(std::string_view text) { return strconv::take_quoted(text).value_or("?"); }

// What the server of one scenario has and sees.
struct script {
  sync::Mutex mu;
  std::vector<std::string> answers;  // quoted, the next one first
  std::vector<std::string> seen;
};

// One request, as it came; false if the connection ends before.
bool read_request(const net::Conn& c, std::string* buffer, std::string* text) {
  auto more = [&] {
    char buf[4096];
    auto [n, err] = c.Read(buf, sizeof buf);
    buffer->append(buf, static_cast<size_t>(n));
    return err == nullptr;
  };
  size_t end;
  while ((end = buffer->find("\r\n\r\n")) == std::string::npos) {
    if (!more()) return false;
  }
  end += 4;
  const std::string head = buffer->substr(0, end);
  const size_t at = head.find("\r\nContent-Length: ");
  if (contains(head, "\r\nTransfer-Encoding: chunked\r\n")) {
    size_t last;
    while ((last = buffer->find("0\r\n\r\n", end)) == std::string::npos) {
      if (!more()) return false;
    }
    end = last + 5;
  } else if (at != head.npos) {
    end += std::stoul(head.substr(at + 18));
    while (buffer->size() < end) {
      if (!more()) return false;
    }
  }
  *text = buffer->substr(0, end);
  buffer->erase(0, end);
  return true;
}

void serve(const net::Conn& c, const std::shared_ptr<script>& s, const std::string& addr) {
  std::string buffer, text;
  while (read_request(c, &buffer, &text)) {
    s->mu.Lock();
    s->seen.push_back(text);
    std::string answer;
    if (!s->answers.empty()) {
      answer = s->answers.front();
      s->answers.erase(s->answers.begin());
    }
    s->mu.Unlock();
    if (answer.empty()) break;
    const bool last = answer[0] == '!';
    c.Write(replace_all(unquoted(std::string_view(answer).substr(last)), "ADDR", addr));
    if (last) break;
  }
  c.Close();
}

class scenario {
 public:
  explicit scenario(const std::string& line) : row_(split_at(line, '\t')) {}

  std::string run() {
    auto [ln, err] = net::Listen("tcp", "127.0.0.1:0");
    REQUIRE(err == nullptr);
    addr_ = ln.Addr().String();
    auto s = std::make_shared<script>();
    s->answers.assign(row_.begin() + 5, row_.end());
    go([l = ln, s, addr = addr_] {
      for (;;) {
        auto [c, failed] = l.Accept();
        if (failed != nullptr) return;
        go(serve, c, s, addr);
      }
    });
    std::string out = row_[0] + "\n" + exchange();
    ln.Close();
    REQUIRE(eventually([] { return runtime::NumGoroutine() == 1; }));
    if (contains(out, "\tinvalid\t")) return out;
    for (const std::string& text : s->seen) {
      out += "\tsent\t" +
             replace_all(q(text), "User-Agent: golab-http-client/1.1", "User-Agent: UA") + "\n";
    }
    return out;
  }

 private:
  std::string q(const std::string& text) { return strconv::Quote(replace_all(text, addr_, "ADDR")); }
  std::string e(const error& err) { return err == nullptr ? "nil" : q(err.Error()); }

  std::string fields(const http::Header& h) {
    std::vector<std::string> list;
    for (const auto& [name, value] : h) list.push_back(q(name + ": " + value));
    std::sort(list.begin(), list.end());
    std::string out;
    for (const std::string& field : list) out += (out.empty() ? "" : " ") + field;
    return out;
  }

  void add_fields(http::Request* req) {
    if (row_[3] == "-") return;
    for (const std::string& field : split_at(unquoted(row_[3]), '\n')) {
      const size_t colon = field.find(": ");
      const std::string name = field.substr(0, colon), value = field.substr(colon + 2);
      if (name == "Host") {
        req->Host = value;
      } else if (name == "Close") {
        req->Close = true;
      } else {
        req->Header.Add(name, value);
      }
    }
  }

  std::string exchange() {
    http::Client client{.Transport = http::NewTransport()};
    Defer close_idle([&] { client.CloseIdleConnections(); });
    const std::string to = replace_all(row_[2], "ADDR", addr_);
    auto [req, invalid] = row_[4] == "-" ? http::NewRequest(row_[1], to)
                                         : http::NewRequest(row_[1], to, unquoted(row_[4]));
    if (invalid != nullptr) return "\tinvalid\t" + e(invalid) + "\n";
    add_fields(&req);
    auto [resp, err] = client.Do(req);
    if (err != nullptr) return "\terror\t" + e(err) + "\n";
    auto [text, read_err] = io::ReadAll(resp->Body);
    std::string te;
    for (const std::string& word : resp->TransferEncoding) te += word;
    std::string out = fmt::Sprintf("\tstatus\t%s %d %s %d %d [%s] %v %v %s\n", q(resp->Status),
                                   resp->StatusCode, q(resp->Proto), resp->ProtoMajor,
                                   resp->ContentLength, te, resp->Close, resp->Uncompressed,
                                   q(resp->Request->URL.String()));
    out += "\theader\t" + fields(resp->Header) + "\n";
    out += "\tbody\t" + q(text) + " " + e(read_err) + "\n";
    out += "\ttrailer\t" + fields(resp->Trailer) + "\n";
    resp->Body.Close();
    return out;
  }

  const std::vector<std::string> row_;
  std::string addr_;
};

std::vector<std::string> scenarios_of(const std::string& text) {
  std::vector<std::string> out;
  for (const std::string& line : lines_of(text)) {
    if (out.empty() || line[0] != '\t') out.emplace_back();
    out.back() += line + "\n";
  }
  return out;
}

std::string file(const std::string& name) {
  auto [text, err] = os::ReadFile(GOLAB_SOURCE_DIR "/tests/net/" + name);
  REQUIRE(err == nullptr);
  return text;
}

}  // namespace

TEST_CASE("the client sends, takes and refuses what Go's client does", "[http][client][golden]") {
  const std::vector<std::string> rows = lines_of(file("client_scenarios.txt"));
  const std::vector<std::string> answers = scenarios_of(file("client_answers.txt"));
  REQUIRE(rows.size() > 200);
  REQUIRE(answers.size() == rows.size());
  log_lines logged;  // bytes behind an answer are logged when they come in time
  log::SetOutput(logged);
  for (size_t i = 0; i < rows.size(); i++) {
    const std::string got = scenario(rows[i]).run();
    if (got != answers[i]) CHECK(got == answers[i]);
  }
  log::SetOutput(os::Stderr);
}
