//===- reader_test.cpp - the GGUF reader on good and bad files ------------===//
//
// The files are those of test/data/make_bad_gguf.py, in the folder that the
// environment variable INGOT_GGUF_CASES names.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/gguf/reader.h"
#include "compiler/import/gguf/tokenizer.h"

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace ingot;
using namespace ingot::gguf;

namespace {

struct Case {
  std::string file, stage, expected;
};

std::string folder() {
  const char *path = std::getenv("INGOT_GGUF_CASES");
  return path ? path : "";
}

std::vector<Case> cases() {
  std::vector<Case> all;
  std::ifstream input(folder() + "/cases.tsv");
  for (std::string line; std::getline(input, line);) {
    std::stringstream fields(line);
    Case one;
    std::getline(fields, one.file, '\t');
    std::getline(fields, one.stage, '\t');
    std::getline(fields, one.expected, '\t');
    all.push_back(one);
  }
  return all;
}

llvm::Expected<File> openCase(const std::string &name) { return File::open(folder() + "/" + name); }

/// Opens a file that must be good.
File good(const std::string &name) {
  llvm::Expected<File> file = openCase(name);
  if (!file) {
    ADD_FAILURE() << llvm::toString(file.takeError());
    std::abort();
  }
  return std::move(*file);
}

template <typename T> T value(llvm::Expected<T> expected) {
  if (!expected) {
    ADD_FAILURE() << llvm::toString(expected.takeError());
    std::abort();
  }
  return std::move(*expected);
}

template <typename T> std::string errorOf(llvm::Expected<T> expected) {
  return expected ? "no error" : llvm::toString(expected.takeError());
}

} // namespace

TEST(Gguf, EveryCaseIsRefusedAtItsStage) {
  std::vector<Case> all = cases();
  ASSERT_GT(all.size(), 150u) << "INGOT_GGUF_CASES=" << folder();
  for (const Case &one : all) {
    SCOPED_TRACE(one.file);
    llvm::Expected<File> file = openCase(one.file);
    std::string message, stage = "valid";
    if (!file) {
      stage = "reader";
      message = llvm::toString(file.takeError());
    } else if (auto tokenizer = readTokenizer(*file); !tokenizer) {
      stage = "tokenizer";
      message = llvm::toString(tokenizer.takeError());
    } else if (llvm::Error error = file->checkTypes()) {
      stage = "importer";
      message = llvm::toString(std::move(error));
    } else if (one.stage == "importer") {
      // The importer, which knows architectures, has its own test.
      continue;
    }
    EXPECT_EQ(stage, one.stage) << message;
    EXPECT_NE(message.find(one.expected), std::string::npos) << message;
    if (stage == "valid")
      continue;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    // The file, or another part of it.
    EXPECT_EQ(message.rfind(folder(), 0), 0u) << message;
    EXPECT_LT(message.size(), folder().size() + 500) << message;
  }
}

/// No prefix of a model but those that end in the last tensor's padding is a
/// model, and none makes the reader leave its memory.
TEST(Gguf, EveryPrefixIsRefused) {
  std::ifstream input(folder() + "/valid.gguf", std::ios::binary);
  std::vector<uint8_t> bytes((std::istreambuf_iterator<char>(input)), {});
  ASSERT_GT(bytes.size(), 1000u);
  File whole = good("valid.gguf");
  uint64_t end = 0;
  for (const Tensor &tensor : whole.tensors())
    end = std::max(end, tensor.offset + tensor.bytes);
  for (size_t size = 0; size < end; ++size) {
    // Cut is the heap block itself, so that a read behind it is seen.
    std::vector<uint8_t> cut(bytes.begin(), bytes.begin() + size);
    auto file = File::fromMemory(llvm::ArrayRef<uint8_t>(cut), "cut");
    ASSERT_FALSE(static_cast<bool>(file)) << size;
    llvm::consumeError(file.takeError());
    // The data need not be tried byte by byte.
    if (size > end / 2)
      size += 100;
  }
}

TEST(Gguf, Metadata) {
  File file = good("valid.gguf");
  EXPECT_EQ(file.version(), 3u);
  EXPECT_EQ(file.partCount(), 1u);
  EXPECT_EQ(file.keyCount(), 21u);
  EXPECT_EQ(file.key(0), "general.architecture");
  EXPECT_EQ(value(file.getString("general.architecture")), "llama");
  EXPECT_EQ(value(file.getUnsigned("llama.block_count")), 1u);
  EXPECT_EQ(value(file.getInteger("llama.embedding_length")), 32);
  EXPECT_FLOAT_EQ(value(file.getFloat("llama.attention.layer_norm_rms_epsilon")), 1e-5f);
  EXPECT_FALSE(value(file.getBool("tokenizer.ggml.add_bos_token")));
  EXPECT_EQ(value(file.findString("llama.no_such_key")), std::nullopt);
  EXPECT_EQ(file.valueInfo("llama.no_such_key"), std::nullopt);
  EXPECT_EQ(file.valueInfo("tokenizer.ggml.tokens")->count, 300u);

  EXPECT_NE(errorOf(file.getUnsigned("llama.no_such_key")).find("'llama.no_such_key' is missing"), std::string::npos);
  EXPECT_NE(errorOf(file.findUnsigned("general.architecture")).find("is of type string, not an integer"),
            std::string::npos);
  EXPECT_NE(errorOf(file.findString("tokenizer.ggml.tokens")).find("is of type array of string, not string"),
            std::string::npos);

  StringArray tokens = value(file.getStringArray("tokenizer.ggml.tokens"));
  EXPECT_EQ(tokens.size(), 300u);
  std::vector<std::string> copies;
  for (llvm::StringRef token : tokens)
    copies.push_back(token.str());
  ASSERT_EQ(copies.size(), 300u);
  EXPECT_EQ(copies[0], "\u0100");
  EXPECT_EQ(copies[256], "th");
  EXPECT_EQ(copies[299], "<|im_end|>");
  IntegerArray types = value(file.getIntegerArray("tokenizer.ggml.token_type"));
  EXPECT_EQ(types.size(), 300u);
  EXPECT_EQ(types[0], 1);
  EXPECT_EQ(types[299], 3);
}

TEST(Gguf, Tensors) {
  File file = good("valid.gguf");
  EXPECT_EQ(file.tensors().size(), 11u);
  EXPECT_EQ(file.findTensor("no.such.tensor"), nullptr);
  const Tensor *up = file.findTensor("blk.0.ffn_up.weight");
  ASSERT_NE(up, nullptr);
  EXPECT_EQ(typeInfo(up->type).name, "BF16");
  EXPECT_EQ(up->dimensions(), (llvm::ArrayRef<uint64_t>{32, 64}));
  EXPECT_EQ(up->shape(), (llvm::SmallVector<int64_t, 4>{64, 32}));
  EXPECT_EQ(up->rowBytes(), 64u);
  EXPECT_EQ(up->rowCount(), 64u);
  EXPECT_EQ(up->bytes, 4096u);
  EXPECT_EQ(up->offset % 32, 0u);
  EXPECT_FALSE(static_cast<bool>(file.checkTypes()));

  std::ifstream input(folder() + "/valid.gguf", std::ios::binary);
  input.seekg(static_cast<std::streamoff>(up->offset));
  std::vector<uint8_t> bytes(up->bytes);
  input.read(reinterpret_cast<char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_EQ(file.data(*up), llvm::ArrayRef<uint8_t>(bytes));
  // Released bytes come back.
  file.release(file.data(*up));
  EXPECT_EQ(file.data(*up), llvm::ArrayRef<uint8_t>(bytes));
}

TEST(Gguf, SplitPartsMakeTheWholeModel) {
  File whole = good("valid.gguf");
  for (const char *name : {"split-00001-of-00003.gguf", "split-00002-of-00003.gguf", "split-00003-of-00003.gguf"}) {
    File file = good(name);
    EXPECT_EQ(file.partCount(), 3u);
    EXPECT_EQ(file.partPath(2), folder() + "/split-00003-of-00003.gguf");
    EXPECT_EQ(value(file.getString("general.architecture")), "llama");
    ASSERT_EQ(file.tensors().size(), whole.tensors().size());
    for (const auto &[a, b] : llvm::zip(file.tensors(), whole.tensors())) {
      EXPECT_EQ(a.name, b.name);
      EXPECT_EQ(file.data(a), whole.data(b));
    }
    EXPECT_EQ(file.tensors().back().part, 2u);
  }
}

TEST(Gguf, AlignmentAndVersionTwo) {
  File whole = good("valid.gguf");
  for (const char *name : {"valid-aligned.gguf", "valid-version-2.gguf"}) {
    File file = good(name);
    ASSERT_EQ(file.tensors().size(), 11u);
    for (const auto &[a, b] : llvm::zip(file.tensors(), whole.tensors()))
      EXPECT_EQ(file.data(a), whole.data(b));
  }
  for (const Tensor &tensor : good("valid-aligned.gguf").tensors())
    EXPECT_EQ(tensor.offset % 4096, 0u);
}

TEST(Gguf, NoFile) {
  EXPECT_NE(errorOf(File::open(folder() + "/no-such-file")).find("cannot open the file: No such file or directory"),
            std::string::npos);
  EXPECT_NE(errorOf(File::open(folder())).find("is not a regular file"), std::string::npos);
}

TEST(Gguf, Tokenizer) {
  File file = good("valid.gguf");
  auto found = value(readTokenizer(file));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->kind, text::ModelKind::byteLevelPairs);
  EXPECT_EQ(found->preTokenizer, "gpt-2");
  EXPECT_EQ(found->tokens.size(), 300u);
  EXPECT_EQ(found->merges.size(), 42u);
  EXPECT_EQ(found->merges[1], "th e");
  EXPECT_EQ(found->types.size(), 300u);
  EXPECT_EQ(found->beginOfSequence, 298);
  EXPECT_EQ(found->endOfSequence, 299);
  EXPECT_EQ(found->endOfTurn, text::noToken);
  EXPECT_EQ(found->addBeginOfSequence, false);
  EXPECT_EQ(found->addEndOfSequence, std::nullopt);
  EXPECT_NE(found->chatTemplate.find("messages"), std::string::npos);
  EXPECT_EQ(found->modelName, "tiny");

  auto pieces = value(readTokenizer(good("valid-sentencepiece.gguf")));
  ASSERT_TRUE(pieces);
  EXPECT_EQ(pieces->kind, text::ModelKind::sentencePiece);
  EXPECT_EQ(pieces->tokens[259], "\u2581th");
  EXPECT_EQ(pieces->scores[259], -259.0f);
  EXPECT_EQ(pieces->types[3], 6);
  EXPECT_EQ(pieces->unknown, 0);
  EXPECT_EQ(pieces->padding, text::noToken);
  EXPECT_EQ(pieces->addSpacePrefix, true);
  EXPECT_TRUE(pieces->merges.empty());

  EXPECT_FALSE(value(readTokenizer(good("valid-without-tokenizer.gguf"))));
  File vocabulary = good("valid-vocabulary-only.gguf");
  EXPECT_TRUE(vocabulary.tensors().empty());
  EXPECT_TRUE(value(readTokenizer(vocabulary)));
}

/// A reader that releases each tensor after use keeps little of a large file
/// in memory, counted where the kernel counts a process's peak.
TEST(Gguf, ReleaseKeepsMemoryLow) {
  std::ifstream input(folder() + "/valid.gguf", std::ios::binary);
  std::string path = folder() + "/large.gguf";
  // One tensor of 64 MiB of F32, written by hand; zeros behind the header.
  std::string header("GGUF\3\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
  header += std::string("\1\0\0\0\0\0\0\0x\1\0\0\0", 13);
  uint64_t elements = 16 << 20;
  header.append(reinterpret_cast<const char *>(&elements), 8);
  header.append(12, '\0'); // F32 at offset 0
  header.resize(64, '\0');
  {
    std::ofstream output(path, std::ios::binary);
    output << header << std::string(elements * 4, '\0');
    ASSERT_TRUE(output.good());
  }
  auto resident = [] {
    std::ifstream statm("/proc/self/statm");
    uint64_t size = 0, pages = 0;
    statm >> size >> pages;
    return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  };
  {
    File file = value(File::open(path));
    llvm::ArrayRef<uint8_t> data = file.data(file.tensors()[0]);
    uint64_t before = resident(), most = 0, sum = 0;
    for (size_t at = 0; at < data.size(); at += 1 << 20) {
      llvm::ArrayRef<uint8_t> chunk = data.slice(at, 1 << 20);
      for (size_t i = 0; i < chunk.size(); i += 512)
        sum += chunk[i];
      most = std::max(most, resident());
      file.release(chunk);
    }
    EXPECT_EQ(sum, 0u);
    EXPECT_LT(most, before + (8 << 20));
  }
  ::unlink(path.c_str());
}
