// url_table_test.cpp: every row of url_table.txt, which Go has made (gourls/main.go), made again.
#include <functional>

#include "runtime/net/http/url.h"
#include "runtime/os/os.h"
#include "runtime/strconv/strconv.h"
#include "tests/catch.h"
#include "tests/golden_lines.h"

using namespace golab;

namespace {

using Fields = std::vector<std::string>;

std::string q(std::string_view s) { return strconv::Quote(s); }
std::string b(bool value) { return value ? "true" : "false"; }
std::string e(const error& err) { return err == nullptr ? "nil" : q(err.Error()); }

std::string show(const url::URL& u) {
  std::string user = "-";
  if (u.User != nullptr) {
    const auto [password, set] = u.User->Password();
    user = q(u.User->Username()) + "," + q(password) + "," + b(set);
  }
  std::string out = q(u.Scheme) + " " + q(u.Opaque) + " " + user;
  for (const std::string& part :
       {u.Host, u.Path, u.RawPath, u.RawQuery, u.Fragment, u.RawFragment}) {
    out += " " + q(part);
  }
  out += " " + b(u.ForceQuery) + " " + b(u.OmitHost);
  for (const std::string& part :
       {u.String(), u.Redacted(), u.RequestURI(), u.Hostname(), u.Port()}) {
    out += " " + q(part);
  }
  return out;
}

std::string parsed(const std::pair<url::URL, error>& got) {
  return got.second != nullptr ? "error\t" + e(got.second) : "ok\t" + show(got.first);
}

std::string resolved(const std::pair<url::URL, error>& got) {
  return got.second != nullptr ? "error\t" + e(got.second) : "ok\t" + q(got.first.String());
}

// "%d times &" stands for a text that is too long for a row.
std::string spelled_out(const std::string& text) {
  const size_t at = text.find(" times &");
  return at == text.npos ? text : std::string(std::stoul(text), '&');
}

// What the row says behind its inputs. `in` are these, without quotes.
std::string answer(const std::string& kind, const Fields& in) {
  if (kind == "parse") return parsed(url::Parse(in[0]));
  if (kind == "request") return parsed(url::ParseRequestURI(in[0]));
  if (kind == "resolve") return resolved(url::Parse(in[0]).first.Parse(in[1]));
  if (kind == "join") {
    const url::URL base = url::Parse(in[0]).first;
    return "ok\t" + q(base.JoinPath(in[1] == "-" ? Fields{} : Fields{in[1]}).String());
  }
  if (kind == "query") {
    const auto [values, err] = url::ParseQuery(spelled_out(in[0]));
    return q(values.Encode()) + "\t" + e(err);
  }
  if (kind == "escape") {
    return q(url::QueryEscape(in[0])) + "\t" + q(url::PathEscape(in[0])) + "\t" +
           q(url::UserPassword(in[0], in[0])->String());
  }
  const auto [query, query_err] = url::QueryUnescape(in[0]);
  const auto [path, path_err] = url::PathUnescape(in[0]);
  return q(query) + "\t" + e(query_err) + "\t" + q(path) + "\t" + e(path_err);
}

std::string row_of(const std::string& want) {
  std::string_view rest = want;
  auto take = [&rest] {
    const size_t tab = std::min(rest.find('\t'), rest.size());
    const std::string field(rest.substr(0, tab));
    rest.remove_prefix(std::min(tab + 1, rest.size()));
    return field;
  };
  const std::string kind = take();
  std::string row = kind;
  Fields in;
  for (int n = kind == "resolve" || kind == "join" ? 2 : 1; n > 0; n--) {
    const std::string field = take();
    row += "\t" + field;
    std::string_view quoted = field;
    in.push_back(strconv::take_quoted(quoted).value_or(field));
  }
  return row + "\t" + answer(kind, in);
}

}  // namespace

TEST_CASE("URLs, references and queries are what Go makes of them", "[url][golden]") {
  const auto [table, err] = os::ReadFile(GOLAB_SOURCE_DIR "/tests/net/url_table.txt");
  REQUIRE(err == nullptr);
  const std::vector<std::string> rows = lines_of(table);
  REQUIRE(rows.size() > 1000);
  for (const std::string& want : rows) {
    const std::string got = row_of(want);
    if (got != want) CHECK(got == want);
  }
}
