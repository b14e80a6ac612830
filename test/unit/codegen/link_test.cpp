//===- link_test.cpp - Executables that codegen/link makes ----------------===//
//
// Links a small program against a copy of the C library and runs it: plain,
// stripped, in an empty chroot, with weights inside and beside it, and on every
// kind of failure. INGOT_FULL=1 adds a 3 GiB executable.
//
//===----------------------------------------------------------------------===//

#include "codegen/link/link.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace ingot::link;
namespace fs = std::filesystem;

namespace {

/// Checks the weights as the runtime finds them, brk, threads and unwinding.
/// Word i of a marked megabyte (every 64th) is i * 0x9e3779b97f4a7c15, all
/// other bytes are zero.
constexpr char programText[] = R"(
#include <elf.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include <stdexcept>
#include <thread>
extern "C" uint64_t expected_bytes;
extern "C" void never_called() { puts("garbage"); }
static double volatile one = 1.0;
int main() {
  auto *header = (const Elf64_Phdr *)getauxval(AT_PHDR);
  const Elf64_Phdr *found = nullptr;
  for (unsigned long i = 0; i < getauxval(AT_PHNUM); ++i)
    if (header[i].p_type == PT_LOAD && header[i].p_paddr == 0x544f474e49)
      found = &header[i];
  if (!found != !expected_bytes) return puts("weights header"), 1;
  if (found) {
    if (found->p_filesz != expected_bytes || found->p_memsz != expected_bytes ||
        found->p_offset % 4096 || (found->p_vaddr - found->p_offset) % (2 << 20))
      return puts("weights shape"), 1;
    auto *base = (const uint8_t *)found->p_vaddr;
    for (uint64_t at = 0; at + 8 <= expected_bytes; at += 8) {
      uint64_t word;
      memcpy(&word, base + at, 8);
      uint64_t want = (at >> 20) % 64 == 0 ? at / 8 * 0x9e3779b97f4a7c15 : 0;
      if (word != want) return printf("weights at %lu\n", at), 1;
    }
  }
  char *before = (char *)sbrk(0);
  if (sbrk(1 << 20) != before) return puts("brk"), 1;
  memset(before, 1, 1 << 20);
  int caught = 0;
  std::thread([&] {
    try { throw std::runtime_error("x"); }
    catch (const std::exception &) { caught = 1; }
  }).join();
  if (!caught) return puts("exception"), 1;
  printf("ok %g\n", exp(one) + sin(one));
}
)";

constexpr uint64_t megabyte = uint64_t(1) << 20;

struct Result {
  int status;
  std::string text;
};

Result shell(const std::string &command) {
  FILE *pipe = popen((command + " 2>&1").c_str(), "r");
  std::string text;
  char buffer[4096];
  while (size_t got = fread(buffer, 1, sizeof buffer, pipe))
    text.append(buffer, got);
  int status = pclose(pipe);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text};
}

std::string contents(const fs::path &path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string message(llvm::Error error) { return error ? llvm::toString(std::move(error)) : ""; }

WeightStream patternWeights(uint64_t bytes) {
  WeightStream stream;
  stream.bytes = bytes;
  stream.write = [bytes](WeightSink &sink) -> llvm::Error {
    std::vector<uint64_t> words(megabyte / 8);
    for (uint64_t at = 0; at < bytes; at += megabyte) {
      uint64_t size = std::min(megabyte, bytes - at);
      if ((at / megabyte) % 64 != 0) {
        if (llvm::Error error = sink.skip(size))
          return error;
        continue;
      }
      for (uint64_t i = 0; i < words.size(); ++i)
        words[i] = (at / 8 + i) * 0x9e3779b97f4a7c15;
      // Uneven pieces, so that buffering is exercised.
      auto *data = reinterpret_cast<uint8_t *>(words.data());
      for (uint64_t done = 0; done < size;) {
        uint64_t piece = std::min<uint64_t>(size - done, 1 + done * 3);
        if (llvm::Error error = sink.write({data + done, piece}))
          return error;
        done += piece;
      }
    }
    return llvm::Error::success();
  };
  return stream;
}

class LinkTest : public testing::Test {
protected:
  static void SetUpTestSuite() {
    char name[] = "/tmp/ingot-link-test-XXXXXX";
    objects = new fs::path(mkdtemp(name));
    std::ofstream(*objects / "program.cpp") << programText;
    std::ofstream(*objects / "broken.cpp") << "void missing_symbol(); int main() { missing_symbol(); }";
    for (const char *source : {"program", "broken"})
      compile(source);
  }
  static void compile(const std::string &name) {
    Result result = shell(std::string(INGOT_TEST_COMPILER) + " -O1 -g -fno-pic -ffunction-sections -c -o " +
                          (*objects / (name + ".o")).string() + " " + (*objects / (name + ".cpp")).string());
    ASSERT_EQ(result.status, 0) << result.text;
  }
  static void TearDownTestSuite() {
    fs::remove_all(*objects);
    delete objects;
  }

  void SetUp() override {
    char name[] = "/tmp/ingot-link-test-XXXXXX";
    folder = mkdtemp(name);
    output = folder / "model";
  }
  void TearDown() override { fs::remove_all(folder); }

  /// A request for the program, told to expect `bytes` of embedded weights.
  LinkRequest request(uint64_t bytes) {
    buffers.clear();
    std::string constant = "expected" + std::to_string(bytes);
    if (!fs::exists(*objects / (constant + ".o"))) {
      std::ofstream(*objects / (constant + ".cpp")) << "extern \"C\" { extern unsigned long expected_bytes; "
                                                       "unsigned long expected_bytes = "
                                                    << bytes << "; }";
      compile(constant);
    }
    LinkRequest request;
    request.objects = {object("program"), object(constant)};
    request.inputFolder = INGOT_TEST_LINK_INPUTS;
    request.archives = {"libpcre2-8.a"};
    request.output = output.string();
    return request;
  }

  llvm::MemoryBufferRef object(const std::string &name) {
    buffers.push_back(
        llvm::cantFail(llvm::errorOrToExpected(llvm::MemoryBuffer::getFile((*objects / (name + ".o")).string()))));
    return {buffers.back()->getBuffer(), name + ".o"};
  }

  void expectRuns(const fs::path &path) {
    Result result = shell(path.string());
    EXPECT_EQ(result.status, 0) << result.text;
    EXPECT_EQ(result.text, "ok 3.55975\n");
  }

  /// Neither output nor temporary files.
  void expectNothingLeft() {
    for (const auto &entry : fs::directory_iterator(folder))
      ADD_FAILURE() << entry.path() << " is left";
  }

  static fs::path *objects;
  fs::path folder;
  fs::path output;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;
};
fs::path *LinkTest::objects;

TEST_F(LinkTest, WithoutWeights) {
  ASSERT_EQ(message(linkExecutable(request(0))), "");
  expectRuns(output);
  EXPECT_LT(fs::file_size(output), 4 * megabyte);
  EXPECT_EQ(fs::status(output).permissions() & fs::perms::owner_all, fs::perms::owner_all);
  Result symbols = shell("nm " + output.string());
  EXPECT_NE(symbols.text.find(" T main\n"), std::string::npos);
  EXPECT_EQ(symbols.text.find("never_called"), std::string::npos);
  EXPECT_EQ(shell("readelf -S " + output.string()).text.find(".debug_info"), std::string::npos);
}

TEST_F(LinkTest, EmbeddedWeights) {
  for (uint64_t bytes : {uint64_t(1), uint64_t(4096), 130 * megabyte + 123}) {
    LinkRequest link = request(bytes);
    link.weights = patternWeights(bytes);
    ASSERT_EQ(message(linkExecutable(link)), "");
    expectRuns(output);
    EXPECT_LT(fs::file_size(output), bytes + 6 * megabyte);
    EXPECT_EQ(shell("readelf -lSW " + output.string() + " | grep -i warning:").text, "");
  }
}

TEST_F(LinkTest, SameInputSameBytes) {
  LinkRequest link = request(3 * megabyte);
  link.weights = patternWeights(3 * megabyte);
  ASSERT_EQ(message(linkExecutable(link)), "");
  std::string first = contents(output);
  link.output = (folder / "other-name").string();
  ASSERT_EQ(message(linkExecutable(link)), "");
  EXPECT_TRUE(first == contents(link.output));
}

TEST_F(LinkTest, SurvivesStrip) {
  LinkRequest link = request(70 * megabyte + 5);
  link.weights = patternWeights(70 * megabyte + 5);
  ASSERT_EQ(message(linkExecutable(link)), "");
  std::string original = contents(output);
  for (std::string tool : {"strip", "llvm-strip-22", "strip --strip-unneeded", "objcopy --strip-debug"}) {
    std::string name = tool.substr(0, tool.find(' '));
    if (shell("command -v " + name).status != 0)
      continue;
    Result result = shell(tool + " " + output.string());
    EXPECT_EQ(result.status, 0) << result.text;
    EXPECT_EQ(result.text, "") << tool;
    expectRuns(output);
    std::ofstream(output, std::ios::binary) << original;
  }
}

TEST_F(LinkTest, RunsInEmptyChroot) {
  if (geteuid() != 0)
    GTEST_SKIP() << "chroot needs root";
  LinkRequest link = request(3 * megabyte);
  link.weights = patternWeights(3 * megabyte);
  ASSERT_EQ(message(linkExecutable(link)), "");
  Result result = shell("chroot " + folder.string() + " /model");
  EXPECT_EQ(result.text, "ok 3.55975\n");
}

TEST_F(LinkTest, ExternalWeights) {
  LinkRequest link = request(0);
  link.weights = patternWeights(3 * megabyte + 1);
  link.placement = WeightPlacement::External;
  ASSERT_EQ(message(linkExecutable(link)), "");
  expectRuns(output);
  std::string weights = contents(externalWeightsPath(output.string()));
  ASSERT_EQ(weights.size(), 3 * megabyte + 1);
  uint64_t word;
  memcpy(&word, weights.data() + 80, 8);
  EXPECT_EQ(word, 10 * 0x9e3779b97f4a7c15);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2);
}

TEST_F(LinkTest, ReplacesARunningExecutable) {
  LinkRequest link = request(0);
  ASSERT_EQ(message(linkExecutable(link)), "");
  int running = open(output.c_str(), O_RDONLY);
  ASSERT_EQ(message(linkExecutable(link)), "");
  close(running);
  expectRuns(output);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
}

TEST_F(LinkTest, UndefinedSymbolIsOneLine) {
  LinkRequest link = request(0);
  link.objects = {object("broken")};
  std::string text = message(linkExecutable(link));
  EXPECT_EQ(text.find(output.string() + ": cannot link, undefined symbol: missing_symbol()"), 0u) << text;
  EXPECT_NE(text.find("(referenced by broken.cpp"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos);
  expectNothingLeft();
}

TEST_F(LinkTest, BrokenObjects) {
  std::string whole = contents(*objects / "program.o");
  for (size_t size : {size_t(0), size_t(10), whole.size() / 2}) {
    // lld cannot run again in a process in which it met a fatal error.
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
      LinkRequest link = request(0);
      std::string bytes = whole.substr(0, size);
      link.objects.push_back({bytes, "cut.o"});
      std::string text = message(linkExecutable(link));
      _exit(write(ends[1], text.data(), text.size()) < 0);
    }
    close(ends[1]);
    char buffer[4096];
    ssize_t got = read(ends[0], buffer, sizeof buffer);
    std::string text(buffer, got > 0 ? size_t(got) : 0);
    close(ends[0]);
    int status;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_NE(text.find("cut.o"), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    expectNothingLeft();
  }
}

TEST_F(LinkTest, LinksAgainAfterAnError) {
  LinkRequest link = request(0);
  link.objects = {object("broken")};
  EXPECT_NE(message(linkExecutable(link)), "");
  ASSERT_EQ(message(linkExecutable(request(0))), "");
  expectRuns(output);
}

TEST_F(LinkTest, MissingLinkInput) {
  LinkRequest link = request(0);
  link.inputFolder = folder.string();
  EXPECT_EQ(message(linkExecutable(link)), folder.string() + "/crt1.o: missing link input, reinstall Ingot");
  expectNothingLeft();
}

TEST_F(LinkTest, WeightStreamsMustMatchTheirSize) {
  LinkRequest link = request(100);
  link.weights.bytes = 100;
  link.weights.write = [](WeightSink &sink) { return sink.skip(99); };
  EXPECT_EQ(message(linkExecutable(link)), output.string() + ": the weights have 99 bytes, 100 were planned");
  expectNothingLeft();
  link.weights.write = [](WeightSink &sink) {
    std::vector<uint8_t> data(101);
    return sink.write(data);
  };
  EXPECT_EQ(message(linkExecutable(link)), output.string() + ": the weights exceed the 100 bytes planned for them");
  expectNothingLeft();
  link.weights.write = [](WeightSink &) { return llvm::createStringError("model.gguf: cannot read, it shrank"); };
  for (auto placement : {WeightPlacement::Embedded, WeightPlacement::External}) {
    link.placement = placement;
    EXPECT_EQ(message(linkExecutable(link)), "model.gguf: cannot read, it shrank");
    expectNothingLeft();
  }
  link.placement = WeightPlacement::Embedded;
  link.weights.bytes = uint64_t(1) << 62;
  EXPECT_NE(message(linkExecutable(link)).find("exceed the address space"), std::string::npos);
  expectNothingLeft();
}

TEST_F(LinkTest, UnwritableOutput) {
  LinkRequest link = request(0);
  link.output = (folder / "nowhere" / "model").string();
  EXPECT_EQ(message(linkExecutable(link)), link.output + ": cannot write, No such file or directory");
  link.output = "/proc/model";
  EXPECT_NE(message(linkExecutable(link)).find("/proc/model: cannot write, "), std::string::npos);
  link.output = folder.string();
  EXPECT_EQ(message(linkExecutable(link)), link.output + ": cannot write, it exists and is no file");
  link.output = "/dev/null";
  EXPECT_EQ(message(linkExecutable(link)), "/dev/null: cannot write, it exists and is no file");
  expectNothingLeft();
}

TEST_F(LinkTest, DiskFull) {
  if (mount("tmpfs", folder.c_str(), "tmpfs", 0, "size=8m") != 0)
    GTEST_SKIP() << "mounting a tmpfs needs root";
  LinkRequest link = request(0);
  link.weights = patternWeights(70 * megabyte);
  for (auto placement : {WeightPlacement::Embedded, WeightPlacement::External}) {
    link.placement = placement;
    std::string text = message(linkExecutable(link));
    EXPECT_NE(text.find(output.string()), std::string::npos) << text;
    EXPECT_NE(text.find("No space left on device"), std::string::npos) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    expectNothingLeft();
  }
  // Not even the code fits.
  std::ofstream(folder / "filler") << std::string(8 * megabyte, 'x');
  link.weights = {};
  std::string text = message(linkExecutable(link));
  EXPECT_NE(text.find("No space left on device"), std::string::npos) << text;
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1);
  umount(folder.c_str());
}

TEST_F(LinkTest, ASignalLeavesNothing) {
  LinkRequest link = request(4096);
  link.weights = patternWeights(4096);
  link.weights.write = [](WeightSink &) {
    raise(SIGTERM);
    return llvm::Error::success();
  };
  pid_t child = fork();
  if (child == 0) {
    bool failed = bool(linkExecutable(link));
    _exit(failed);
  }
  int status;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  expectNothingLeft();
}

TEST_F(LinkTest, ThreeGibibytes) {
  if (!getenv("INGOT_FULL"))
    GTEST_SKIP() << "long form: needs --full (INGOT_FULL=1)";
  uint64_t bytes = 3072 * megabyte + 77;
  LinkRequest link = request(bytes);
  link.weights = patternWeights(bytes);
  pid_t child = fork();
  if (child == 0) {
    if (llvm::Error error = linkExecutable(link))
      _exit(1);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    _exit(usage.ru_maxrss < 160 * 1024 ? 0 : 2);
  }
  int status;
  waitpid(child, &status, 0);
  ASSERT_EQ(WEXITSTATUS(status), 0);
  expectRuns(output);
  if (geteuid() == 0) {
    EXPECT_EQ(shell("chroot " + folder.string() + " /model").text, "ok 3.55975\n");
  }
  Result strip = shell("strip " + output.string());
  EXPECT_EQ(strip.text, "");
  expectRuns(output);
}

} // namespace
