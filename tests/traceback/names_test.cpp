// names_test.cpp: a name is remembered as long as it is true, and a failure not at all.
#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runtime/sched/proc.h"
#include "runtime/traceback/symbols.h"
#include "runtime/walk/cfi.h"
#include "tests/catch.h"
#include "tests/child.h"

namespace fs = std::filesystem;
using namespace golab;

namespace {

// A folder of its own for a test, gone when that ends.
struct Folder {
  Folder() {
    char name[] = "/tmp/golab-names-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    path = name;
    fs::permissions(path, fs::perms::others_read | fs::perms::others_exec, fs::perm_options::add);
  }
  ~Folder() { fs::remove_all(path); }
  std::string copy(const std::string& from, const std::string& name) const {
    fs::create_directories(fs::path(path + "/" + name).parent_path());
    fs::copy_file(from, path + "/" + name);
    return path + "/" + name;
  }
  std::string path;
};

size_t count(const std::string& text, const std::string& part) {
  size_t n = 0;
  for (size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) n++;
  return n;
}

bool has_names(const std::string& profile) {
  return profile.find("\tmain.waits_for_ever+0x") != profile.npos &&
         profile.find("/tests/traceback/names_child.cpp:") != profile.npos;
}

// What a child printed, profile by profile.
struct Profiles {
  explicit Profiles(const std::vector<std::string>& args) {
    ChildResult child = run_child(args);
    INFO(child.err);
    REQUIRE(child.status == 0);
    err = child.err;
    size_t middle = child.out.find("----\n");
    REQUIRE(middle != child.out.npos);
    first = child.out.substr(0, middle);
    second = child.out.substr(middle + 5);
  }
  std::string first, second, err;
};

std::string name_at(uintptr_t pc) {
  std::string name;
  runtime::systemstack([&] { name = runtime::frames_of(&pc, 1, true)[0].frame->function; });
  return name;
}

std::string file_at(uintptr_t pc) {
  std::string file;
  runtime::systemstack([&] { file = runtime::frames_of(&pc, 1, true)[0].frame->file; });
  return file;
}

struct Plugin {
  Plugin(const std::string& path, const char* function) {
    handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    INFO(path);
    REQUIRE(handle != nullptr);
    entry = reinterpret_cast<uintptr_t>(dlsym(handle, function));
    REQUIRE(entry != 0);
  }
  ~Plugin() { dlclose(handle); }
  void* handle;
  uintptr_t entry;
};

uint16_t cfa_words_in(uintptr_t entry) {  // somewhere among the nops
  runtime::PlainFrame frame{};
  for (uintptr_t pc = entry + 4; pc < entry + 24; pc++) {
    if (*reinterpret_cast<const unsigned char*>(pc) != 0x90) continue;
    REQUIRE(runtime::plain_frame(pc + 1, &frame));
    return frame.cfa_words;
  }
  FAIL("no nop");
  return 0;
}

}  // namespace

TEST_CASE("a profile that cannot open a file does not spoil the next one", "[symbols][names]") {
  Profiles profiles({NAMES_CHILD, "shut"});
  CHECK_FALSE(has_names(profiles.first));
  CHECK(count(profiles.first,
              "names_child cannot be read (Too many open files; the next profile "
              "tries again)") == 1);
  CHECK(count(profiles.err, "names_child cannot be read") == 1);
  CHECK(has_names(profiles.second));
  CHECK(count(profiles.second, "comment:") == 0);
}

TEST_CASE("a profile taken without /proc does not spoil the next one", "[symbols][names]") {
  if (geteuid() != 0) return skip_test("chroot is for root only");
  Folder empty;
  Profiles profiles({NAMES_CHILD, "chroot", empty.path});
  CHECK_FALSE(has_names(profiles.first));
  CHECK(count(profiles.first, "names_child cannot be read (No such file or directory") == 1);
  CHECK(count(profiles.err, "names_child cannot be read") == 1);
  CHECK(has_names(profiles.second));
  CHECK(count(profiles.second, "comment:") == 0);
}

TEST_CASE("a program without debug information says so, once", "[symbols][names]") {
  SECTION("stripped") {
    Profiles profiles({NAMES_FOLDER "/stripped/names_child", "twice"});
    CHECK_FALSE(has_names(profiles.second));
    CHECK(count(profiles.first, "stripped/names_child has no debug information") == 1);
    CHECK(count(profiles.second, "stripped/names_child has no debug information") == 1);
    CHECK(count(profiles.err, "golab: ") == 1);
    CHECK(count(profiles.err, "stripped/names_child has no debug information") == 1);
  }
  SECTION("but not one that has it") {
    Profiles profiles({NAMES_CHILD, "twice"});
    CHECK(has_names(profiles.first));
    CHECK(count(profiles.first, "comment:") == 0);
    CHECK(profiles.err == "");
  }
}

TEST_CASE("the debug file of a stripped program is found", "[symbols][names]") {
  Folder folder;
  std::string program = folder.copy(NAMES_FOLDER "/linked/names_child", "names_child");
  SECTION("beside it") {
    folder.copy(NAMES_FOLDER "/linked/names_child.debug", "names_child.debug");
    Profiles profiles({program, "twice"});
    CHECK(has_names(profiles.first));
    CHECK(count(profiles.first, "comment:") == 0);
    CHECK(profiles.err == "");
  }
  SECTION("in .debug") {
    folder.copy(NAMES_FOLDER "/linked/names_child.debug", ".debug/names_child.debug");
    CHECK(has_names(Profiles({program, "twice"}).first));
  }
  SECTION("but not one of another build") {
    folder.copy(NAMES_FOLDER "/plugin_first.so", "names_child.debug");
    Profiles profiles({program, "twice"});
    CHECK_FALSE(has_names(profiles.first));
    CHECK(count(profiles.first, "names_child.debug is not the debug file of") == 1);
    CHECK(count(profiles.err, "golab: ") == 1);
  }
}

// Without a build id the checksum in the link decides.
TEST_CASE("a debug file is known by its checksum where there is no build id", "[symbols][names]") {
  Folder folder;
  std::string library = folder.copy(NAMES_FOLDER "/linked/plugin_bare.so", "plugin_bare.so");
  std::string debug = folder.copy(NAMES_FOLDER "/linked/plugin_bare.debug", "plugin_bare.debug");
  SECTION("the right one") {
    Plugin plugin(library, "bare_function");
    CHECK(file_at(plugin.entry + 4).ends_with("/traceback/plugin.cpp"));
  }
  SECTION("one byte more") {
    std::ofstream(debug, std::ios::app) << "x";
    Plugin plugin(library, "bare_function");
    CHECK(name_at(plugin.entry + 4) == "bare_function");
    CHECK(file_at(plugin.entry + 4).empty());
  }
}

TEST_CASE("what is known of an address ends with the library that had it", "[symbols][names]") {
  uintptr_t entry = 0;
  {
    Plugin first(NAMES_FOLDER "/plugin_first.so", "first_function");
    entry = first.entry;
    CHECK(name_at(entry + 4) == "main.first_function");
    CHECK(cfa_words_in(entry) == 1 + 2);
  }
  CHECK(name_at(entry + 4) == "");
  Plugin second(NAMES_FOLDER "/plugin_second.so", "second_function");
  if (second.entry != entry) return skip_test("the loader took another address");
  CHECK(name_at(entry + 4) == "main.second_function");
  CHECK(cfa_words_in(entry) == 1 + 4);
}

TEST_CASE("a library whose file was replaced keeps its own names", "[symbols][names]") {
  Folder folder;
  if (geteuid() == 0) fs::permissions(folder.path, fs::perms::all);
  std::string file = folder.copy(NAMES_FOLDER "/plugin_first.so", "plugin.so");
  std::string other = folder.copy(NAMES_FOLDER "/plugin_second.so", "other.so");
  ChildResult child = run_child({NAMES_CHILD, "plugin", file, other});
  INFO(child.err);
  REQUIRE(child.status == 0);
  CHECK(
      child.out.starts_with("first_function\nproblem: " + file + " is another file than the one"));
  CHECK(count(child.err, file + " is another file than the one that was loaded") == 1);
}
