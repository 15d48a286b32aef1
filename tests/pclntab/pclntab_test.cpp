// pclntab_test.cpp: what is written into a table is read back, and an exercise has all in it.
#include "profiler/pclntab/pclntab.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "profiler/pclntab/program_file.h"
#include "runtime/traceback/elf_file.h"
#include "tests/catch.h"
#include "tests/child.h"
#include "tests/pclntab/reader.h"

namespace profiler = golab::profiler;
namespace fs = std::filesystem;
using Catch::Matchers::ContainsSubstring;

namespace {

// main.f in two parts with main.g, which has no lines, between them.
profiler::PclnProgram small_program() {
  profiler::PclnProgram program;
  program.text = 0x401000;
  program.files = {"/src/main.cpp", "/src/chan.h"};
  program.functions = {
      {0x401000, 0x401100, "main.f", {{0x401000, 0, 10}, {0x401010, 1, 300}, {0x401020, 0, 9}}},
      {0x401100, 0x401180, "main.g", {}},
      {0x401200, 0x401240, "main.f", {{0x401200, 0, 12}, {0x401208, -1, 0}}},
  };
  return program;
}

std::string place(const TableReader& table, uint64_t pc) {
  FoundLine found = table.at(pc);
  return found.function + " " + found.file + ":" + std::to_string(found.line);
}

// The table of the exercise, as its own process sees the addresses.
TableReader table_of(const std::string& program) {
  uint64_t text = 0;
  section_of(program, ".text", &text);
  return {section_of(program, ".gopclntab"), text};
}

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class Copy {
 public:
  Copy() {
    char name[] = "/tmp/golab-pclntab-XXXXXX";
    directory_ = mkdtemp(name);
    fs::copy_file(POOL, path());
  }
  ~Copy() { fs::remove_all(directory_); }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;
  std::string path() const { return directory_ + "/program"; }
  bool runs() const { return run_child({path(), "--help"}).err.find("-addr") != std::string::npos; }

 private:
  std::string directory_;
};

std::string gopclntab(const std::string& program) { return section_of(program, ".gopclntab"); }

}  // namespace

TEST_CASE("a line table says of each address function, file and line", "[pclntab]") {
  const TableReader table(profiler::encode_pclntab(small_program()), 0x401000);
  CHECK(place(table, 0x401000) == "main.f /src/main.cpp:10");
  CHECK(place(table, 0x40100f) == "main.f /src/main.cpp:10");
  CHECK(place(table, 0x401010) == "main.f /src/chan.h:300");
  CHECK(place(table, 0x4010ff) == "main.f /src/main.cpp:9");
  CHECK(place(table, 0x401100) == "main.g :0");
  CHECK(place(table, 0x401207) == "main.f /src/main.cpp:12");
  CHECK(place(table, 0x40123f) == "main.f :0");
  CHECK(table.at(0x401240).function == "");
  CHECK(table.at(0x400fff).function == "");
  CHECK(table.files() == std::vector<std::string>{"/src/main.cpp", "/src/chan.h"});
}

TEST_CASE("paths may have blanks and letters of any alphabet", "[pclntab]") {
  profiler::PclnProgram program = small_program();
  program.files[0] = "/home/Zoë/my lab/exercises/наш/main.cpp";
  const TableReader table(profiler::encode_pclntab(program), 0x401000);
  CHECK(place(table, 0x401000) == "main.f " + program.files[0] + ":10");
  CHECK(place(table, 0x401010) == "main.f /src/chan.h:300");
}

TEST_CASE("a program without functions has a table, too", "[pclntab]") {
  const TableReader table(profiler::encode_pclntab({0x1000, {}, {}}), 0x1000);
  CHECK(table.begins().empty());
  CHECK(table.at(0x1000).function == "");
}

TEST_CASE("an exercise's table has every function of the program", "[pclntab]") {
  const TableReader table = table_of(POOL);
  const std::vector<uint64_t> begins = table.begins();
  CHECK(begins.size() > 2000);
  CHECK(std::is_sorted(begins.begin(), begins.end(), std::less_equal<>()));
  const std::vector<std::string> files = table.files();
  for (const std::string& file : files) CHECK(file.substr(0, 1) == "/");
  CHECK(std::count(files.begin(), files.end(),
                   GOLAB_SOURCE_DIR "/exercises/02-worker-pool/main.cpp") == 1);

  int error = 0;
  auto program = golab::runtime::ElfFile::open(POOL, &error);
  REQUIRE(program != nullptr);
  uint64_t text = 0;
  section_of(POOL, ".text", &text);
  bool has_worker = false, has_goexit = false, has_start = false;
  int cold = 0;
  for (const golab::runtime::ElfSymbol& symbol : program->symbols()) {
    const std::string name = symbol.name;
    FoundLine found = table.at(symbol.address);
    if (symbol.address >= text && name.starts_with("_Z")) {
      INFO(name);
      CHECK(found.function != "");
    }
    if (name.starts_with("_Z6worker")) {
      has_worker = found.function == "main.worker" && found.line == 26 &&
                   found.file.ends_with("/exercises/02-worker-pool/main.cpp");
    }
    if (found.function == "runtime.goexit") has_goexit = true;
    // It comes from the C library, without debug information.
    if (name == "_start") has_start = found.function == "_start" && found.file == "";
    if (!name.ends_with(".cold") || found.begin != symbol.address) continue;
    cold++;
    INFO(name);
    CHECK_THAT(found.function, !ContainsSubstring(".cold"));
  }
  CHECK(has_worker);
  CHECK(has_goexit);
  CHECK(has_start);
  CHECK(cold > 10);
}

TEST_CASE("code that was inlined belongs to the line of the call", "[pclntab]") {
  const TableReader table = table_of(POOL);
  const std::string main_cpp = GOLAB_SOURCE_DIR "/exercises/02-worker-pool/main.cpp";
  std::vector<int> lines;
  for (uint64_t begin : table.begins()) {
    FoundLine found = table.at(begin);
    if (found.function != "main.worker") continue;
    for (uint64_t pc = found.begin; pc < found.end; pc++) {
      FoundLine at = table.at(pc);
      // Behind its last instruction are bytes that align the next function.
      if (at.line < 0) continue;
      CHECK(at.file == main_cpp);
      lines.push_back(at.line);
    }
  }
  REQUIRE_FALSE(lines.empty());
  CHECK(*std::min_element(lines.begin(), lines.end()) == 26);
  CHECK(*std::max_element(lines.begin(), lines.end()) == 30);
}

TEST_CASE("a section is put behind all others, and the program runs as before", "[pclntab]") {
  Copy copy;
  const auto bytes = fs::file_size(copy.path());
  REQUIRE(profiler::add_section(copy.path(), ".notes", "twelve bytes") == nullptr);
  CHECK(section_of(copy.path(), ".notes") == "twelve bytes");
  CHECK(gopclntab(copy.path()) == gopclntab(POOL));
  CHECK(section_of(copy.path(), ".text") == section_of(POOL, ".text"));
  CHECK(fs::file_size(copy.path()) < bytes + 10'000);
  CHECK(copy.runs());
}

TEST_CASE("a write that fails half-way leaves the program as it was", "[pclntab]") {
  Copy copy;
  const std::string before = bytes_of(copy.path());
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  const rlimit little{before.size() + 4096, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &little);
  golab::error err = profiler::add_section(copy.path(), ".notes", std::string(100'000, 'x'));
  setrlimit(RLIMIT_FSIZE, &old);
  REQUIRE(err != nullptr);
  CHECK_THAT(err.Error(), ContainsSubstring("cannot write the section .notes into " + copy.path() +
                                            ": File too large"));
  const bool unchanged = bytes_of(copy.path()) == before;
  CHECK(unchanged);
  CHECK(copy.runs());
  REQUIRE(profiler::add_section(copy.path(), ".notes", "twelve bytes") == nullptr);
  CHECK(section_of(copy.path(), ".notes") == "twelve bytes");
}

TEST_CASE("a file that cannot have a line table is refused, and stays as it is", "[pclntab]") {
  Copy copy;
  SECTION("it has one") {
    golab::error err = profiler::add_section(copy.path(), ".gopclntab", "x");
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), ContainsSubstring("has a section .gopclntab already"));
    CHECK(gopclntab(copy.path()) == gopclntab(POOL));
  }
  SECTION("it is no program") {
    std::ofstream(copy.path(), std::ios::trunc) << "#!/bin/sh\n";
    golab::error err = profiler::read_program(copy.path()).second;
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), ContainsSubstring("is no ELF program"));
  }
  SECTION("it is not there") {
    golab::error err = profiler::read_program("/nowhere/program").second;
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), ContainsSubstring("/nowhere/program: No such file or directory"));
  }
  SECTION("it is cut off") {
    fs::resize_file(copy.path(), 100'000);
    golab::error err = profiler::read_program(copy.path()).second;
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), ContainsSubstring("is no ELF program"));
  }
  SECTION("it has no debug information") {
    REQUIRE(run_child({"strip", "-g", copy.path()}).status == 0);
    golab::error err = profiler::read_program(copy.path()).second;
    REQUIRE(err != nullptr);
    CHECK_THAT(err.Error(), ContainsSubstring("must be built with -g"));
  }
}

TEST_CASE("the table outlives strip, and is in a debug file, too", "[pclntab]") {
  Copy copy;
  const std::string table = gopclntab(POOL);
  REQUIRE(table.size() > 100'000);
  SECTION("strip of everything") {
    REQUIRE(run_child({"strip", copy.path()}).status == 0);
    CHECK(section_of(copy.path(), ".symtab") == "");
    CHECK(gopclntab(copy.path()) == table);
    CHECK(copy.runs());
  }
  SECTION("debug information in a file of its own") {
    const std::string debug = copy.path() + ".debug";
    REQUIRE(run_child({"objcopy", "--only-keep-debug", copy.path(), debug}).status == 0);
    REQUIRE(run_child({"strip", "-g", copy.path()}).status == 0);
    REQUIRE(run_child({"objcopy", "--add-gnu-debuglink=" + debug, copy.path()}).status == 0);
    CHECK(section_of(copy.path(), ".note.gnu.build-id") == section_of(POOL, ".note.gnu.build-id"));
    CHECK(section_of(copy.path(), ".gnu_debuglink") != "");
    CHECK(gopclntab(copy.path()) == table);
    CHECK(copy.runs());
  }
}
