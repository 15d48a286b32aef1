// url_test.cpp: URLs, queries, header fields, media types.
#include "runtime/net/http/http.h"
#include "tests/catch.h"

using namespace golab;
using namespace std::string_literals;

TEST_CASE("a URL comes apart and goes together again", "[url]") {
  auto [u, err] = url::Parse("http://user:pw@example.com:8080/a%20b/c?x=1&y=2#top%21");
  REQUIRE(err == nullptr);
  CHECK(u.Scheme == "http");
  CHECK(u.Host == "example.com:8080");
  CHECK(u.Hostname() == "example.com");
  CHECK(u.Port() == "8080");
  CHECK(u.Path == "/a b/c");
  CHECK(u.RawQuery == "x=1&y=2");
  CHECK(u.Fragment == "top!");
  CHECK(u.RequestURI() == "/a%20b/c?x=1&y=2");
  CHECK(url::Parse("http://[::1]:80/").first.Hostname() == "::1");
  CHECK(url::Parse("http://[::1]/").first.Port() == "");
  for (const char* text : {"http://a/b?c=d", "/a/b", "/a%2Fb", "http://a", "mailto:x@y", "//h/p"}) {
    CHECK(url::Parse(text).first.String() == text);
  }
}

TEST_CASE("what is no URL says why", "[url]") {
  CHECK(url::Parse("http://a/%zz").second.Error() ==
        "parse \"http://a/%zz\": invalid URL escape \"%zz\"");
  CHECK(url::Parse(":x").second.Error() == "parse \":x\": missing protocol scheme");
  CHECK(url::Parse("http://a:b/").second.Error() ==
        "parse \"http://a:b/\": invalid port \":b\" after host");
  CHECK(url::Parse("http://h:1\x80").second.Error() ==
        R"(parse "http://h:1\x80": invalid port ":1\x80" after host)");
  CHECK(url::Parse("http://[::1]:\u200b").second.Error() ==
        R"(parse "http://[::1]:\u200b": invalid port ":\u200b" after host)");
  CHECK(url::ParseRequestURI("abc").second.Error() == "parse \"abc\": invalid URI for request");
  CHECK(url::ParseRequestURI("").second != nullptr);
  CHECK(url::Parse("").second == nullptr);
}

TEST_CASE("queries", "[url]") {
  auto [v, err] = url::ParseQuery("a=1&b=x%20y&a=2&c&&d=%26+%2B");
  CHECK(err == nullptr);
  CHECK(v.Get("a") == "1");
  CHECK(v["a"].size() == 2);
  CHECK(v.Get("b") == "x y");
  CHECK(v.Has("c"));
  CHECK_FALSE(v.Has("e"));
  CHECK(v.Get("d") == "& +");
  CHECK(v.Encode() == "a=1&a=2&b=x+y&c=&d=%26+%2B");
  CHECK(url::ParseQuery("a=%zz&b=1").second != nullptr);
  CHECK(url::ParseQuery("a=%zz&b=1").first.Get("b") == "1");
  CHECK(url::ParseQuery("a;b").second.Error() == "invalid semicolon separator in query");
}

TEST_CASE("a reference is resolved where it was seen", "[url]") {
  url::URL base = url::Parse("http://h/a/b?q").first;
  auto at = [&](const char* ref) { return base.Parse(ref).first.String(); };
  CHECK(at("c") == "http://h/a/c");
  CHECK(at("../c") == "http://h/c");
  CHECK(at("/c/d?x") == "http://h/c/d?x");
  CHECK(at("http://i/") == "http://i/");
  CHECK(at("//i/p") == "http://i/p");
  CHECK(at("") == "http://h/a/b?q");
}

TEST_CASE("a header's names are canonical and keep their order", "[http][header]") {
  http::Header h;
  h.Add("content-type", "a");
  h.Add("x-a", "1");
  h.Add("X-A", "2");
  h.Set("CONTENT-TYPE", "b");
  CHECK(h.Get("Content-Type") == "b");
  CHECK(h.Values("x-A") == std::vector<std::string>{"1", "2"});
  h.Set("X-a", "3");
  CHECK(h.size() == 2);
  h.Del("x-a");
  CHECK(h.Get("X-A") == "");
  CHECK(h.size() == 1);
  CHECK(http::CanonicalHeaderKey("www-authenticate") == "Www-Authenticate");
  CHECK(http::CanonicalHeaderKey("not a token") == "not a token");
}

TEST_CASE("a body's first bytes tell its type", "[http][sniff]") {
  CHECK(http::DetectContentType("") == "text/plain; charset=utf-8");
  CHECK(http::DetectContentType("hello") == "text/plain; charset=utf-8");
  CHECK(http::DetectContentType("  <HtMl>") == "text/html; charset=utf-8");
  CHECK(http::DetectContentType("<html") == "text/plain; charset=utf-8");
  CHECK(http::DetectContentType("<!doctype html>") == "text/html; charset=utf-8");
  CHECK(http::DetectContentType("<?xml version") == "text/xml; charset=utf-8");
  CHECK(http::DetectContentType("\x1f\x8b\x08rest") == "application/x-gzip");
  CHECK(http::DetectContentType("\x89PNG\r\n\x1a\n") == "image/png");
  CHECK(http::DetectContentType("a\0b"s) == "application/octet-stream");
  CHECK(http::DetectContentType("\xEF\xBB\xBFx") == "text/plain; charset=utf-8");
  CHECK(http::DetectContentType("RIFF....WEBPVP8") == "image/webp");
}
