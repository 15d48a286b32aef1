// metrics.cpp: the handler of /metrics: collects, and writes in the form that the scraper accepts.
#include "profiler/endpoints/metrics.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <utility>

#include "profiler/endpoints/collectors.h"
#include "profiler/formats/gzip.h"
#include "runtime/sched/proc.h"

namespace golab::promhttp {
namespace {

using namespace net::http;

// As promhttp says it: no name here needs escaping.
constexpr std::string_view kContentType =
    "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// True if this value of Accept-Encoding names gzip, and not with q=0.
bool accepts_gzip(std::string_view accepted) {
  while (!accepted.empty()) {
    const size_t comma = std::min(accepted.find(','), accepted.size());
    const std::string_view item = accepted.substr(0, comma);
    accepted.remove_prefix(std::min(comma + 1, accepted.size()));
    const size_t semicolon = std::min(item.find(';'), item.size());
    if (trimmed(item.substr(0, semicolon)) != "gzip") continue;
    std::string_view q = trimmed(item.substr(std::min(semicolon + 1, item.size())));
    if (!q.starts_with("q=")) return true;
    return q.find_first_of("123456789") != q.npos;
  }
  return false;
}

std::string gzipped(std::string_view text) {
  std::string packed;
  profiler::GzipWriter gzip([&](std::string_view piece) { packed += piece; },
                            profiler::GzipLevel::Fastest);
  gzip.write(text);
  gzip.finish();
  return packed;
}

// On the thread's stack: reads files, and formats by streams.
std::string page(profiler::Families families, bool gzip) {
  for (auto& family : profiler::process_collector()) families.push_back(std::move(family));
  std::ranges::sort(families, {}, &prometheus::MetricFamily::name);
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return gzip ? gzipped(out.str()) : out.str();
}

void serve_metrics(ResponseWriter& w, Request* r) {
  const bool gzip = accepts_gzip(r->Header.Get("Accept-Encoding"));
  profiler::Families families = profiler::go_collector();
  std::string text;
  runtime::systemstack([&] { text = page(std::move(families), gzip); });
  w.Header().Set("Content-Type", kContentType);
  w.Header().Set("Vary", "Accept-Encoding");
  if (gzip) w.Header().Set("Content-Encoding", "gzip");
  w.Write(text);
}

}  // namespace

http::Handler Handler() { return HandlerFunc(serve_metrics); }

}  // namespace golab::promhttp

namespace golab::glue {

void register_metrics_handler() { net::http::Handle("GET /metrics", promhttp::Handler()); }

}  // namespace golab::glue
