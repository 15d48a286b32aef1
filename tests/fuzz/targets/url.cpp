// url.cpp: what is parsed as a URL is written so that it parses to the same again.
#include "runtime/net/http/url.h"

#include "tests/fuzz/targets/fuzz.h"

using namespace golab;

namespace {

void query_and_back(std::string_view text) {
  auto [values, err] = url::ParseQuery(text);
  auto [again, none] = url::ParseQuery(values.Encode());
  must(none == nullptr && again == values, "a query that was encoded parses to the same");
}

void url_and_back(std::string_view text) {
  auto [u, err] = url::Parse(text);
  if (err != nullptr) return;
  const std::string written = u.String();
  auto [again, wrong] = url::Parse(written);
  must(wrong == nullptr, "a URL that was written can be parsed");
  must(again.String() == written, "a URL that was written twice is the same");
  must(again.Host == u.Host && again.RawQuery == u.RawQuery, "host and query stay");
  u.Hostname();
  u.Port();
  u.RequestURI();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = text_of(data, size);
  url_and_back(text);
  query_and_back(text);
  url::ParseRequestURI(text);
  auto [back, err] = url::QueryUnescape(url::QueryEscape(text));
  must(err == nullptr && back == text, "QueryEscape loses nothing");
  std::tie(back, err) = url::PathUnescape(url::PathEscape(text));
  must(err == nullptr && back == text, "PathEscape loses nothing");
  auto [base, bad] = url::Parse("http://h/a/b?c#d");
  base.Parse(text);
  return 0;
}
