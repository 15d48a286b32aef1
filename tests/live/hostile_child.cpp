// hostile_child.cpp: a service with hostile names in its stacks, and with as many stacks as wanted.
#include "profiler/endpoints/live.h"
#include "profiler/endpoints/pprof.h"
#include "runtime/golab.h"

extern "C" {
void park_here() { make_chan<int>().recv(); }
extern void (*const hostile_function)();
}

// A function whose name is an element of HTML. It has no debug information: the symbol is its name.
asm(R"(
  .text
  .type "<script>document.title='owned'</script>", @function
"<script>document.title='owned'</script>":
  .cfi_startproc
  push %rbp
  .cfi_def_cfa_offset 16
  .cfi_offset %rbp, -16
  mov %rsp, %rbp
  .cfi_def_cfa_register %rbp
  call park_here
  pop %rbp
  .cfi_def_cfa %rsp, 8
  ret
  .cfi_endproc
  .size "<script>document.title='owned'</script>", .-"<script>document.title='owned'</script>"
  .section .rodata
  .globl hostile_function
  .balign 8
hostile_function:
  .quad "<script>document.title='owned'</script>"
  .text
)");

// Ten kinds of stacks, each in ten depths.
template <int kind>
void crowd(int depth) {
  if (depth > 0) return crowd<kind>(depth - 1);
  park_here();
}

template <int... kinds>
void start_crowd(int goroutines, std::integer_sequence<int, kinds...>) {
  for (int i = 0; i < goroutines / 10; i++) (go(crowd<kinds>, i % 10), ...);
}

#line 7 "/<img src=x onerror=document.title='owned'>.cpp"
void in_a_hostile_file() { make_chan<int>().recv(); }
#line 51 "hostile_child.cpp"

void for_a_tenant() { make_chan<int>().recv(); }

void stay(http::ResponseWriter&, http::Request*) { make_chan<int>().recv(); }

int main() {
  auto addr = flag::String("addr", "127.0.0.1:6060", "listen on `host:port`");
  auto goroutines = flag::Int("crowd", 0, "so many goroutines more, in a hundred stacks");
  flag::Parse();
  go([] { hostile_function(); });
  go(in_a_hostile_file);
  auto labels =
      pprof::Labels("tenant", "Acme", "<b>", "<img src=x onerror=document.title='owned'>");
  pprof::Do(context::Background(), labels, [](context::Context) { go(for_a_tenant); });
  start_crowd(*goroutines, std::make_integer_sequence<int, 10>());
  http::HandleFunc("/quiet", [](http::ResponseWriter& w, http::Request*) { w.Write("ok\n"); });
  // No buttons, because of the wildcards.
  http::HandleFunc("/stay/{n}", stay);
  http::HandleFunc("/more/{n}",
                   [](http::ResponseWriter&, http::Request*) { go(in_a_hostile_file); });
  http::HandleFunc("/item/{id}", [](http::ResponseWriter& w, http::Request*) { w.Write("ok\n"); });
  log::Fatal(http::ListenAndServe(*addr, nullptr));
}
