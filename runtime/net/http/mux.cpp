// mux.cpp: ServeMux: a tree of path segments, searched from the most specific branch to the least.
//
// There is a root for each host and method; "" is any. A node has children by literal segment, one
// for a wildcard, and one for a "..." wildcard. The search tries them in that order, and goes back
// from a branch without a match. Conflicting patterns cannot be registered (pattern.h).
//
// A lookup takes no lock: a registration builds a new tree and replaces the old one. Old trees live
// as long as the mux; there are as many as patterns.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "runtime/die/panic.h"
#include "runtime/net/http/http.h"
#include "runtime/net/http/pattern.h"

namespace golab::net::http {

namespace {

struct entry {
  pattern pat;
  http::Handler handler;
  alignas(64) mutable std::atomic<int64_t> requests{0};  // written at each, the rest is only read
};

struct node {
  const entry* leaf = nullptr;
  std::map<std::string, std::unique_ptr<node>, std::less<>> children;  // literals
  std::unique_ptr<node> single;
  const entry* multi = nullptr;
};

using methods = std::map<std::string, node, std::less<>>;

struct tree {
  std::map<std::string, methods, std::less<>> hosts;
};

using captures = std::vector<std::string>;

void add(node* at, const entry* e) {
  for (const segment& seg : e->pat.segments) {
    if (seg.multi) {
      at->multi = e;
      return;
    }
    std::unique_ptr<node>& next = seg.wild ? at->single : at->children[seg.s];
    if (next == nullptr) next = std::make_unique<node>();
    at = next.get();
  }
  at->leaf = e;
}

std::string unescape_segment(std::string_view seg) {
  if (seg.find('%') == std::string_view::npos) return std::string(seg);
  auto [plain, err] = url::PathUnescape(seg);
  return err == nullptr ? plain : std::string(seg);
}

// path: the escaped rest of the path; it is empty or begins with '/'.
const entry* find(const node& at, std::string_view path, captures* wild) {
  if (path.empty()) return at.leaf;
  const bool slash = path.size() == 1;  // a trailing one
  const size_t end = std::min(path.find('/', 1), path.size());
  const std::string_view seg = slash ? path : path.substr(1, end - 1);
  const std::string_view rest = path.substr(end);
  auto child = seg.find('%') == std::string_view::npos ? at.children.find(seg)
                                                       : at.children.find(unescape_segment(seg));
  if (child != at.children.end()) {
    if (const entry* e = find(*child->second, rest, wild)) return e;
  }
  if (at.single != nullptr && !slash && !seg.empty()) {
    wild->push_back(unescape_segment(seg));
    if (const entry* e = find(*at.single, rest, wild)) return e;
    wild->pop_back();
  }
  if (at.multi != nullptr && !at.multi->pat.last().s.empty()) {
    wild->push_back(unescape_segment(path.substr(1)));
  }
  return at.multi;
}

const entry* find_method(const methods& ms, std::string_view method, std::string_view path,
                         captures* wild) {
  auto try_one = [&](std::string_view name) -> const entry* {
    auto at = ms.find(name);
    if (at == ms.end()) return nullptr;
    wild->clear();
    return find(at->second, path, wild);
  };
  const entry* e = try_one(method);
  if (e == nullptr && method == "HEAD") e = try_one("GET");
  return e != nullptr ? e : try_one("");
}

const entry* find_host(const tree& t, std::string_view host, std::string_view method,
                       std::string_view path, captures* wild) {
  if (!host.empty()) {
    if (auto at = t.hosts.find(host); at != t.hosts.end()) {
      if (const entry* e = find_method(at->second, method, path, wild)) return e;
    }
  }
  auto any = t.hosts.find(std::string_view());
  return any == t.hosts.end() ? nullptr : find_method(any->second, method, path, wild);
}

// False if there is no entry, or if its "..." matched more than an empty rest.
bool exact_match(const entry* e, std::string_view path) {
  if (e == nullptr) return false;
  if (!e->pat.last().multi) return true;
  if (!path.empty() && path.back() != '/') return false;
  return e->pat.segments.size() == static_cast<size_t>(std::count(path.begin(), path.end(), '/'));
}

std::string_view strip_port(std::string_view host) {
  if (host.find(':') == std::string_view::npos) return host;
  if (!host.empty() && host[0] == '[') return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

std::string allowed_methods(const tree& t, std::string_view host, std::string_view path) {
  std::set<std::string> found;
  const std::string with_slash = std::string(path) + '/';
  captures wild;
  auto look = [&](std::string_view h) {
    auto at = t.hosts.find(h);
    if (at == t.hosts.end()) return;
    for (const auto& [method, root] : at->second) {
      wild.clear();
      const bool here = find(root, path, &wild) != nullptr;
      // A lookup also tries the path with a slash, and redirects.
      const bool below = !path.ends_with('/') && find(root, with_slash, &wild) != nullptr;
      if (!here && !below) continue;
      found.insert(method);
      if (method == "GET") found.insert("HEAD");
    }
  };
  if (!host.empty()) look(host);
  look(std::string_view());
  found.erase("");
  std::string out;
  for (const std::string& m : found) out += (out.empty() ? "" : ", ") + m;
  return out;
}

struct found {
  http::Handler handler;     // a redirect, a 405 or a 404; null: the entry's serves
  const entry* e = nullptr;  // what matched
  captures wild;             // the values of its wildcards
};

http::Handler redirect_to(std::string path, const Request& r) {
  url::URL u;
  u.Path = std::move(path);
  u.RawQuery = r.URL.RawQuery;
  return RedirectHandler(u.String(), StatusTemporaryRedirect);
}

http::Handler refuse_method(const std::string& allow) {
  return HandlerFunc([allow](ResponseWriter& w, Request*) {
    w.Header().Set("Allow", allow);
    Error(w, StatusText(StatusMethodNotAllowed), StatusMethodNotAllowed);
  });
}

found lookup(const tree& t, const Request& r) {
  found out;
  std::string escaped;
  std::string_view path = r.URL.Path;
  if (!r.URL.RawPath.empty() || path.find('%') != std::string_view::npos) {
    escaped = r.URL.EscapedPath();
    path = escaped;
  }
  const std::string_view host = strip_port(r.Host);
  const std::string clean = r.Method == "CONNECT" ? std::string(path) : url::clean_path(path);
  out.e = find_host(t, host, r.Method, clean, &out.wild);
  if (!exact_match(out.e, clean) && !clean.ends_with('/')) {
    const std::string with_slash = clean + '/';
    captures ignored;
    const entry* below = find_host(t, host, r.Method, with_slash, &ignored);
    if (exact_match(below, with_slash)) {
      return {redirect_to(url::clean_path(r.URL.Path) + "/", r), below, {}};
    }
  }
  if (clean != path) {
    auto [plain, err] = url::PathUnescape(clean);
    // Cleaned once more: what "//%2Fhost" says is no address of another site.
    out.handler = redirect_to(err == nullptr ? url::clean_path(plain) : clean, r);
  } else if (out.e == nullptr) {
    std::string allow = allowed_methods(t, host, clean);
    out.handler = allow.empty() ? NotFoundHandler() : refuse_method(allow);
  }
  return out;
}

ServeMux& default_mux() {
  static ServeMux* mux = new ServeMux;  // handlers may register before main; never destroyed
  return *mux;
}

}  // namespace

ServeMux* const DefaultServeMux = &default_mux();

struct ServeMux::table {
  // Not a lock that parks: before main, where patterns may register, there is no scheduler.
  std::mutex mu;
  std::vector<std::unique_ptr<entry>> entries;
  std::vector<std::unique_ptr<tree>> trees;
  std::atomic<const tree*> current{nullptr};
};

ServeMux::ServeMux() : table_(std::make_unique<table>()) {
  table_->trees.push_back(std::make_unique<tree>());
  table_->current = table_->trees.back().get();
}

ServeMux::~ServeMux() = default;

void ServeMux::Handle(std::string_view text, http::Handler handler, const char* file, int line) {
  if (text.empty()) golab::panic("http: invalid pattern");
  if (handler == nullptr) golab::panic("http: nil handler");
  auto [pat, err] = parse_pattern(text);
  if (err != nullptr) {
    golab::panic("parsing " + url::quote(text) + ": " + err.Error());
  }
  pat.loc = std::string(file) + ":" + std::to_string(line);
  std::string conflict;
  {
    std::lock_guard guard(table_->mu);
    for (const auto& other : table_->entries) {
      if (!conflicts(pat, other->pat)) continue;
      conflict = "pattern " + url::quote(pat.str) + " (registered at " + pat.loc +
                 ") conflicts with pattern " + url::quote(other->pat.str) + " (registered at " +
                 other->pat.loc + "):\n" + describe_conflict(pat, other->pat);
      break;
    }
    if (conflict.empty()) {
      table_->entries.emplace_back(new entry{std::move(pat), std::move(handler)});
      auto next = std::make_unique<tree>();
      for (const auto& e : table_->entries) add(&next->hosts[e->pat.host][e->pat.method], e.get());
      table_->current.store(next.get(), std::memory_order_release);
      table_->trees.push_back(std::move(next));
    }
  }
  if (!conflict.empty()) golab::panic(conflict);
}

void ServeMux::HandleFunc(std::string_view text, HandlerFunc::function f, const char* file,
                          int line) {
  if (f == nullptr) golab::panic("http: nil handler");
  Handle(text, HandlerFunc(std::move(f)), file, line);
}

[[gnu::noinline]] void ServeMux::ServeHTTP(ResponseWriter& w, Request* r) {
  if (r->RequestURI == "*") {
    if (r->ProtoAtLeast(1, 1)) w.Header().Set("Connection", "close");
    w.WriteHeader(StatusBadRequest);
    return;
  }
  found hit = lookup(*table_->current.load(std::memory_order_acquire), *r);
  if (hit.e != nullptr) {
    r->Pattern = hit.e->pat.str;
    size_t i = 0;
    for (const segment& seg : hit.e->pat.segments) {
      if (!seg.wild || (seg.multi && seg.s.empty()) || i == hit.wild.size()) continue;
      r->path_values.emplace_back(seg.s, std::move(hit.wild[i++]));
    }
  }
  if (hit.handler != nullptr) return hit.handler.ServeHTTP(w, r);
  hit.e->requests.fetch_add(1, std::memory_order_relaxed);
  hit.e->handler.ServeHTTP(w, r);
}

std::pair<http::Handler, std::string> ServeMux::Handler(Request* r) {
  found hit = lookup(*table_->current.load(std::memory_order_acquire), *r);
  return {hit.handler != nullptr ? hit.handler : hit.e->handler,
          hit.e != nullptr ? hit.e->pat.str : ""};
}

std::vector<ServeMux::Route> ServeMux::routes() const {
  std::vector<Route> all;
  std::lock_guard guard(table_->mu);
  for (const auto& e : table_->entries) {
    all.push_back({e->pat.str, e->requests.load(std::memory_order_relaxed)});
  }
  return all;
}

std::shared_ptr<ServeMux> NewServeMux() { return std::make_shared<ServeMux>(); }

void Handle(std::string_view text, Handler handler, const char* file, int line) {
  default_mux().Handle(text, std::move(handler), file, line);
}

void HandleFunc(std::string_view text, HandlerFunc::function f, const char* file, int line) {
  default_mux().HandleFunc(text, std::move(f), file, line);
}

}  // namespace golab::net::http
