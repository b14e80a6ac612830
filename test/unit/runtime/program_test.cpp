//===- program_test.cpp - the commands of a static executable -------------===//

#include "fake_model.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <elf.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace ingot::runtime::test;

namespace {

struct Result {
  int status;
  std::string output;
  std::string errors;
};

std::string readFile(const std::string &path) {
  std::stringstream contents;
  contents << std::ifstream(path, std::ios::binary).rdbuf();
  return contents.str();
}

class ProgramTest : public testing::Test {
protected:
  void SetUp() override {
    folder = testing::TempDir() + "ingot-program-" + std::to_string(getpid());
    std::filesystem::create_directory(folder);
  }
  void TearDown() override { std::filesystem::remove_all(folder); }

  /// Runs a shell command line after `prefix` variables; $M is the executable.
  Result run(const std::string &line) {
    std::string script = "cd " + folder + "; M=" + INGOT_FAKE_MODEL + "; " + line;
    std::ofstream(folder + "/script") << script;
    int status = system(("sh " + folder + "/script >" + folder + "/out 2>" + folder + "/err </dev/null").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), readFile(folder + "/out"),
            readFile(folder + "/err")};
  }

  /// One line on standard error, nothing on standard output.
  void expectError(const std::string &line, int status, const std::string &message) {
    Result result = run(line);
    EXPECT_EQ(result.status, status) << line << "\n" << result.errors;
    EXPECT_EQ(result.output, "") << line;
    EXPECT_EQ(result.errors, "ingot-fake-model: error: " + message + "\n");
  }

  std::string folder;
};

/// What greedy decoding of the fake model appends to a prompt.
std::string continueGreedily(const std::string &prompt, size_t count, std::vector<int32_t> *allTokens = nullptr) {
  std::vector<int32_t> tokens = {fakeBegin};
  for (unsigned char c : prompt)
    tokens.push_back(c);
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    std::vector<float> logits = fakeLogits(tokens);
    auto token = static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
    tokens.push_back(token);
    if (token == fakeEnd)
      break;
    if (token < 256)
      text += static_cast<char>(token);
    else if (token == 258)
      text += "QZ";
  }
  if (allTokens)
    *allTokens = tokens;
  return text;
}

TEST_F(ProgramTest, ContinuesAText) {
  Result result = run("$M -p Hello -n 40 --temperature 0 --ignore-eos");
  EXPECT_EQ(result.status, 0) << result.errors;
  std::string expected = "Hello" + continueGreedily("Hello", 40) + "\n";
  EXPECT_EQ(result.output, expected);
  EXPECT_NE(result.errors.find("prompt        6 tokens, "), std::string::npos);
  EXPECT_NE(result.errors.find("new           40 tokens, "), std::string::npos);
  EXPECT_NE(result.errors.find("peak memory"), std::string::npos);

  for (const char *line : {"printf 'Hello\\n' | $M -n 40 --temp 0 --ignore-eos",
                           "printf 'Hello\\n' >f; $M -f f -n40x --temp 0 || $M -f f -n 40 "
                           "--temp=0 "
                           "--ignore-eos",
                           "$M -p Hello --predict=40 --temperature 0 --ignore-eos --threads 1"})
    EXPECT_EQ(run(line).output, expected) << line;
  EXPECT_EQ(run("$M -p Hello -n 40 --temp 0 --ignore-eos --no-display-prompt").output, expected.substr(5));
}

TEST_F(ProgramTest, SeedsAreRepeatable) {
  Result one = run("$M -p abc -n 30 --seed 7 --ignore-eos");
  Result two = run("$M -p abc -n 30 --seed 7 --ignore-eos -t 1");
  Result three = run("$M -p abc -n 30 --ignore-eos");
  EXPECT_EQ(one.output, two.output);
  EXPECT_NE(one.output, three.output);
  EXPECT_EQ(one.errors.find("seed          7\n"), 0u);
  unsigned long seed = strtoul(three.errors.c_str() + 4, nullptr, 10);
  Result again = run("$M -p abc -n 30 --ignore-eos -s " + std::to_string(seed));
  EXPECT_EQ(again.output, three.output);
}

TEST_F(ProgramTest, StopsBeforeAStopText) {
  std::string text = continueGreedily("Hello", 40);
  size_t position = 10;
  while (text[position] < 'A' || text[position] > 'z' || text.find(text[position]) != position)
    ++position;
  std::string stop = text.substr(position, 1);
  Result result = run("$M -p Hello -n 40 --temp 0 --ignore-eos --stop nowhere "
                      "--stop '" +
                      stop + "'");
  EXPECT_EQ(result.output, "Hello" + text.substr(0, position) + "\n");
}

TEST_F(ProgramTest, TheContextEnds) {
  expectError("$M -f /dev/null -p x", 2, "both a text and --file are given; use one of them");
  std::string text(250, 'x');
  expectError("$M -p " + text + " --temp 0", 1,
              "the prompt has 251 tokens and the context 200; shorten the "
              "prompt, or compile the model with --context=251 or more");
  Result endless = run("$M -p abc --temp 0 --ignore-eos");
  EXPECT_EQ(endless.status, 0);
  EXPECT_NE(endless.errors.find("note: stopped because the context of 200 positions is full"), std::string::npos);
  Result tooMany = run("$M -p abc --temp 0 --ignore-eos -n 500");
  EXPECT_EQ(tooMany.status, 1);
  EXPECT_NE(tooMany.errors.find("error: the context of 200 positions is full "
                                "after 197 of 500 new tokens; "),
            std::string::npos)
      << tooMany.errors;
  Result exact = run("$M -p abc --temp 0 --ignore-eos -n 197");
  EXPECT_EQ(exact.status, 0) << exact.errors;
}

TEST_F(ProgramTest, AllocatesNothingBetweenTokens) {
  for (const char *options : {"--temp 0", "--seed 1", "--seed 1 --top-k 0", "--temp 0 --speculate ngram"}) {
    Result result = run("INGOT_COUNT_ALLOCATIONS=1 $M -p abc -n 150 "
                        "--ignore-eos " +
                        std::string(options));
    EXPECT_NE(result.errors.find("allocations: 0 in 149 steps"), std::string::npos) << result.errors;
  }
}

TEST_F(ProgramTest, AsksForNoMemoryBetweenTokens) {
  Result result = run(std::string(INGOT_COUNT_MEMORY_CALLS) + " $M -p abc -n 150 --ignore-eos --seed 1 -t 2 "
                                                              "--threads-force");
  EXPECT_EQ(result.status, 0) << result.errors;
  EXPECT_NE(result.errors.find("\nmemory calls: 0 between "), std::string::npos) << result.errors;
}

TEST_F(ProgramTest, SpeculationChangesNothing) {
  std::string prompt = "abcabcabcabcabcabcabcabcabc";
  for (const char *options : {"--temp 0", "--seed 1", "--seed 2 --repeat-penalty 1.3", "--temp 0 --stop Q"})
    for (int count : {1, 2, 20, 100}) {
      std::string line = "$M -p " + prompt + " --ignore-eos -n " + std::to_string(count) + " " + options;
      Result plain = run(line);
      Result speculative = run(line + " --speculate=ngram");
      EXPECT_EQ(speculative.status, plain.status);
      EXPECT_EQ(speculative.output, plain.output) << line;
      EXPECT_NE(speculative.errors.find(" drafted tokens accepted\n"), std::string::npos) << speculative.errors;
    }
  Result full = run("$M -p abc --temp 0 --ignore-eos --speculate ngram");
  EXPECT_EQ(full.output, run("$M -p abc --temp 0 --ignore-eos --speculate off").output);
  expectError("$M -p x --speculate=draft", 2, "--speculate: 'draft' is neither ngram nor off");
}

TEST_F(ProgramTest, CtrlCEndsCleanly) {
  Result result = run("INGOT_STEP_DELAY=20 timeout --foreground "
                      "--preserve-status -s INT 0.5 "
                      "$M -p abc --temp 0 --ignore-eos");
  EXPECT_EQ(result.status, 130);
  std::string whole = "abc" + continueGreedily("abc", 197);
  ASSERT_GT(result.output.size(), 5u);
  result.output.pop_back();
  EXPECT_EQ(result.output, whole.substr(0, result.output.size()));
  EXPECT_NE(result.errors.find("\nnew "), std::string::npos);
}

TEST_F(ProgramTest, ASecondCtrlCEndsAtOnce) {
  Result result = run("INGOT_STEP_DELAY=3000 $M -p abc --temp 0 & p=$!; "
                      "sleep 0.5; kill -INT $p; sleep 0.3; kill -INT $p; "
                      "wait $p");
  EXPECT_EQ(result.status, 128 + SIGINT);
  EXPECT_EQ(result.output, "abc");
  EXPECT_EQ(result.errors.find("new "), std::string::npos);
}

TEST_F(ProgramTest, Logits) {
  Result result = run("$M logits --tokens 1,2,3,4,5,6,7,8,9,10 -o a.npy && "
                      "$M logits --tokens 1,2,3,4,5,6,7,8,9,10 --chunk 1 -o "
                      "b.npy && echo 1 2 3 4 5 6 7 8 9 10 >t && "
                      "$M logits --tokens-file t --chunk 10 -t 3 "
                      "--threads-force -o c.npy");
  EXPECT_EQ(result.status, 0) << result.errors;
  EXPECT_EQ(result.errors, "");
  std::string contents = readFile(folder + "/a.npy");
  ASSERT_EQ(contents.size(), 128 + 10 * fakeVocabulary * sizeof(float));
  std::vector<int32_t> tokens;
  for (int32_t i = 0; i < 10; ++i) {
    tokens.push_back(i + 1);
    std::vector<float> expected = fakeLogits(tokens);
    EXPECT_EQ(memcmp(contents.data() + 128 + i * fakeVocabulary * 4, expected.data(), fakeVocabulary * 4), 0);
  }
  EXPECT_EQ(contents, readFile(folder + "/b.npy"));
  EXPECT_EQ(contents, readFile(folder + "/c.npy"));
  expectError("$M logits --tokens 1,,2 -o x.npy", 2, "--tokens: no list of token numbers like 1,2,3");
  expectError("$M logits --tokens 1 -o /nowhere/x.npy", 1,
              "/nowhere/x.npy: cannot be written: No such file or directory");
  expectError("$M logits --tokens 1,999 -o x.npy", 1, "token 999 is outside the vocabulary of 259 tokens");
  EXPECT_FALSE(std::filesystem::exists(folder + "/x.npy"));
}

void writeNpy(const std::string &path, const std::string &shape, const std::vector<int32_t> &values) {
  std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (" + shape + "), }\n";
  std::ofstream file(path, std::ios::binary);
  file << "\x93NUMPY" << '\1' << '\0' << static_cast<char>(header.size()) << '\0' << header;
  file.write(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(int32_t));
}

TEST_F(ProgramTest, RunsTwoSequencesInOneStep) {
  // Sequence 0 has 20 tokens on pages 5 and 2, sequence 1 has 3 on page 7.
  std::vector<int32_t> tokens, positions, sequences, first, second;
  for (int32_t i = 0; i < 23; ++i) {
    bool inSecond = i >= 4 && i < 7;
    tokens.push_back(i * 3);
    (inSecond ? second : first).push_back(i * 3);
    positions.push_back((inSecond ? second : first).size() - 1);
    sequences.push_back(inSecond);
  }
  writeNpy(folder + "/t.npy", "23,", tokens);
  writeNpy(folder + "/p.npy", "23,", positions);
  writeNpy(folder + "/s.npy", "23,", sequences);
  writeNpy(folder + "/g.npy", "2, 2", {5, 2, 7, 0});
  Result result = run("$M run --input tokens=t.npy --input positions=p.npy "
                      "--input row_sequences=s.npy --input page_tables=g.npy "
                      "--output logits=z.npy");
  ASSERT_EQ(result.status, 0) << result.errors;
  std::string contents = readFile(folder + "/z.npy");
  for (size_t row = 0; row < 23; ++row) {
    const std::vector<int32_t> &all = sequences[row] ? second : first;
    std::vector<float> expected = fakeLogits({all.begin(), all.begin() + positions[row] + 1});
    EXPECT_EQ(memcmp(contents.data() + 128 + row * fakeVocabulary * 4, expected.data(), fakeVocabulary * 4), 0) << row;
  }
  // More rows than a step takes, with what may be left out left out.
  std::vector<int32_t> many(70);
  for (int32_t i = 0; i < 70; ++i)
    many[i] = i;
  writeNpy(folder + "/m.npy", "70,", many);
  result = run("$M run --input tokens=m.npy --output logits=m2.npy");
  ASSERT_EQ(result.status, 0) << result.errors;
  contents = readFile(folder + "/m2.npy");
  std::vector<float> expected = fakeLogits(many);
  EXPECT_EQ(memcmp(contents.data() + 128 + 69 * fakeVocabulary * 4, expected.data(), fakeVocabulary * 4), 0);

  writeNpy(folder + "/bad.npy", "2, 2", {5, 2, 7, 999});
  expectError("$M run --input tokens=t.npy --input positions=p.npy --input "
              "row_sequences=s.npy --input page_tables=bad.npy --output "
              "logits=z2.npy",
              1, "page_tables: page 999, and cache group full has 26");
  expectError("$M run --input tokens=t.npy --input positions=t.npy --output "
              "hidden=z2.npy",
              2, "--output: the model has no output 'hidden', only logits");
  expectError("$M run --input words=t.npy --output logits=z2.npy", 2,
              "--input: the model has no input 'words', only tokens, "
              "positions, row_sequences, page_tables");
}

TEST_F(ProgramTest, Perplexity) {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += "abcdefghij klmno pqrst"[i * 7 % 22];
  std::ofstream(folder + "/text") << text << "\n";
  Result result = run("$M perplexity text -c 32");
  ASSERT_EQ(result.status, 0) << result.errors;

  std::vector<int32_t> tokens = {fakeBegin};
  for (unsigned char c : text)
    tokens.push_back(c);
  double sum = 0;
  int count = 0;
  std::string expected;
  for (int chunk = 0; chunk < 3; ++chunk) {
    std::vector<int32_t> part(tokens.begin() + chunk * 32, tokens.begin() + chunk * 32 + 32);
    part[0] = fakeBegin;
    for (int i = 16; i < 31; ++i) {
      std::vector<float> logits = fakeLogits({part.begin(), part.begin() + i + 1});
      double total = 0;
      for (float logit : logits)
        total += std::exp(double{logit});
      sum += std::log(total) - logits[part[i + 1]];
      ++count;
    }
    char buffer[64];
    snprintf(buffer, sizeof(buffer), "[%d]%.4f,", chunk + 1, std::exp(sum / count));
    expected += buffer;
  }
  EXPECT_EQ(result.output.substr(0, expected.size()), expected);
  EXPECT_NE(result.output.find("\nFinal estimate: PPL = "), std::string::npos);
  expectError("$M perplexity text", 1,
              "chunks of 512 tokens are more than the context of 200; use -c "
              "200, or compile the model with a larger --context");
  expectError("$M perplexity text -c 64", 1,
              "the text has 101 tokens and two chunks of 64 are needed at "
              "least; give a longer text or a smaller -c");
}

TEST_F(ProgramTest, Tokenize) {
  EXPECT_EQ(run("$M tokenize ab").output, "256 97 98\n");
  EXPECT_EQ(run("$M tokenize 'a<end>' --ids").output, "[256, 97, 257]\n");
  EXPECT_EQ(run("$M tokenize 'a<' --no-special").output, "97 60\n");
  EXPECT_EQ(run("printf 'a\\n' >f; $M tokenize -f f --no-bos").output, "97 10\n");
  EXPECT_EQ(run("INGOT_FAKE=vocabulary $M tokenize ab").output, "256 97 98\n");
}

TEST_F(ProgramTest, WhatIsMissingIsSaid) {
  std::string noTokenizer = "this executable has no tokenizer, so it takes tokens and no text; use "
                            "the commands logits, run and bench";
  expectError("INGOT_FAKE=no-tokenizer $M -p x", 1, noTokenizer);
  expectError("INGOT_FAKE=no-tokenizer $M tokenize x", 1, noTokenizer);
  expectError("INGOT_FAKE=no-tokenizer $M perplexity x", 1, noTokenizer);
  EXPECT_EQ(run("INGOT_FAKE=no-tokenizer $M logits --tokens 1 -o a.npy").status, 0);
  for (const char *command : {"-p x", "bench", "logits --tokens 1 -o a.npy", "run --input tokens=x --output logits=y"})
    expectError("INGOT_FAKE=vocabulary $M " + std::string(command), 1,
                "this executable holds no model that generates, only: "
                "tokenize, info");
  expectError("INGOT_FAKE=future-cpu $M -p x -t 60000", 1,
              "this CPU runs none of the compiled variants: future lacks "
              "feature 63 (compile the model for this CPU, or with "
              "--mcpu=portable)");
  expectError("INGOT_FAKE=embedded $M -p x", 1,
              "the executable holds no weights: it was changed after it was "
              "compiled; compile the model again");
}

TEST_F(ProgramTest, ExternalWeights) {
  std::string copy = "cp $M m; export INGOT_FAKE=external; ";
  Result missing = run(copy + "./m -p x");
  EXPECT_EQ(missing.status, 1);
  EXPECT_NE(missing.errors.find("/fake.weights: the weights cannot be opened: "
                                "No such file or directory; keep this file "
                                "beside the executable\n"),
            std::string::npos);
  Result shorter = run(copy + "head -c 4095 /dev/zero >fake.weights; ./m -p x");
  EXPECT_EQ(shorter.status, 1);
  EXPECT_NE(shorter.errors.find("/fake.weights: the weights are 4095 bytes "
                                "where the model needs 4096; copy the file "
                                "again\n"),
            std::string::npos);
  Result good = run(copy + "head -c 4096 /dev/zero >fake.weights; ./m -p x -n 1");
  EXPECT_EQ(good.status, 0) << good.errors;
}

/// Adds weights to an executable as codegen/link does: at the next 2 MiB of the
/// file and of the address space, found by a PT_LOAD in place of PT_NOTE.
void embedWeights(const std::string &path, const std::string &weights) {
  std::string file = readFile(path);
  constexpr uint64_t alignment = 2 << 20;
  auto align = [](uint64_t value) { return (value + alignment - 1) / alignment * alignment; };
  uint64_t offset = align(file.size());
  file.resize(offset);
  auto *header = reinterpret_cast<Elf64_Ehdr *>(file.data());
  auto *segments = reinterpret_cast<Elf64_Phdr *>(file.data() + header->e_phoff);
  uint64_t end = 0;
  Elf64_Phdr *note = nullptr;
  for (int i = 0; i < header->e_phnum; ++i) {
    if (segments[i].p_type == PT_NOTE)
      note = &segments[i];
    if (segments[i].p_type == PT_LOAD)
      end = std::max(end, segments[i].p_vaddr + segments[i].p_memsz);
  }
  ASSERT_NE(note, nullptr);
  // Not in ascending order as ELF asks; Linux does not mind.
  *note = {PT_LOAD, PF_R, offset, align(end), 0x544f474e49, weights.size(), weights.size(), alignment};
  std::ofstream(path, std::ios::binary) << file << weights;
}

TEST_F(ProgramTest, EmbeddedWeights) {
  std::string weights(fakeWeightBytes, '\0');
  std::string line = "INGOT_FAKE=embedded ./m -p abc -n 20 --temp 0 "
                     "--ignore-eos";
  std::string expected = "abc" + continueGreedily("abc", 20) + "\n";
  run("cp $M m");
  embedWeights(folder + "/m", weights);
  Result zero = run(line);
  EXPECT_EQ(zero.status, 0) << zero.errors;
  EXPECT_EQ(zero.output, expected);

  weights.back() = 1;
  run("cp $M m");
  embedWeights(folder + "/m", weights);
  Result one = run(line);
  EXPECT_EQ(one.status, 0) << one.errors;
  EXPECT_NE(one.output, expected);

  Result cut = run("truncate -s -1 m; " + line);
  EXPECT_EQ(cut.status, 1);
  EXPECT_NE(cut.errors.find("/m: the file is truncated: its weights end at "), std::string::npos) << cut.errors;

  run("cp $M m");
  embedWeights(folder + "/m", weights.substr(1));
  Result shorter = run(line);
  EXPECT_EQ(shorter.errors, "m: error: the weights in the executable are 4095 "
                            "bytes where the model needs 4096; compile the "
                            "model again\n");
}

TEST_F(ProgramTest, WrongCommandLines) {
  expectError("$M --frobnicate", 2, "unknown option '--frobnicate'; see --help");
  expectError("$M frobnicate", 2, "unknown command 'frobnicate'; see --help");
  expectError("$M -n", 2, "-n needs a value (N)");
  expectError("$M -n 1.5 -p x", 2, "-n: '1.5' is no whole number from -1 to 2147483647");
  expectError("$M --top-p 2 -p x", 2, "--top-p: '2' is no number from 0 to 1");
  expectError("$M --temp nan -p x", 2, "--temp: 'nan' is no number from 0 to 1000");
  expectError("$M --ignore-eos=1", 2, "--ignore-eos takes no value");
  expectError("$M -p x y", 2, "unexpected argument 'y'; see --help");
  expectError("$M bench -d 500", 1,
              "--depth 500 is more than the context of 200 positions; use "
              "less, or compile the model with a larger --context");
  expectError("$M -f /nowhere/x", 1, "/nowhere/x: cannot be opened: No such file or directory");
}

TEST_F(ProgramTest, ThreadsAreClampedAloud) {
  Result result = run("$M -p x -n 1 --temp 0 -t 60000");
  EXPECT_EQ(result.status, 0);
  EXPECT_NE(result.errors.find("note: --threads 60000: this process may use "), std::string::npos);
}

TEST_F(ProgramTest, HelpAndVersion) {
  EXPECT_EQ(run("$M --version").output, "fake, compiled by Ingot test\n");
  Result help = run("$M --help");
  EXPECT_EQ(help.status, 0);
  for (const char *word : {"bench", "perplexity", "--temperature", "--stop"})
    EXPECT_NE(help.output.find(word), std::string::npos) << word;
  EXPECT_NE(run("$M bench --help").output.find("--repetitions"), std::string::npos);
  EXPECT_EQ(run("INGOT_FAKE=vocabulary $M --help").output.find("bench"), std::string::npos);
}

TEST_F(ProgramTest, BenchAndInfo) {
  Result bench = run("$M bench -p 64 -n 16 -d 100 -r 2");
  EXPECT_EQ(bench.status, 0) << bench.errors;
  for (const char *key :
       {"\"prefill_tokens_per_second\": ", "\"decode_tokens_per_second\": ", "\"read_ceiling_bytes_per_second\": ",
        "\"peak_memory_bytes\": ", "\"planned_memory_bytes\": ", "\"depth\": 100", "\"bytes_per_token\": 1434",
        "\"decode_barriers_per_step\": 2", "\"weight_bytes_per_token\": 1000", "\"key_value_bytes_per_token\": 434",
        "\"nanoseconds_per_barrier\": ", "\"decode_percent_of_read_ceiling\": ", "\"decode_bytes_per_second\": ",
        "\"read_ceiling_bytes_per_second_each\": ", "\"decode_percent_of_read_ceiling_each\": ",
        "\"nanoseconds_per_barrier_each\": "})
    EXPECT_NE(bench.output.find(key), std::string::npos) << key << bench.output;
  EXPECT_NE(run("$M info").output.find("none: a test"), std::string::npos);
  EXPECT_EQ(run("$M info --json | python3 -c 'import json,sys; "
                "print(json.load(sys.stdin)[\"report\"][\"plan\"][\"a\"])'")
                .output,
            "1\n");
}

TEST_F(ProgramTest, RunsInAnEmptyChroot) {
  if (geteuid() != 0)
    GTEST_SKIP() << "chroot needs root";
  Result result = run("mkdir root; cp $M root/m; chroot root /m -p abc -n 20 "
                      "--temp 0 --ignore-eos");
  EXPECT_EQ(result.status, 0) << result.errors;
  EXPECT_EQ(result.output, "abc" + continueGreedily("abc", 20) + "\n");
}

TEST_F(ProgramTest, IsSmall) {
  ASSERT_EQ(run("strip -o stripped $M").status, 0);
  auto size = std::filesystem::file_size(folder + "/stripped");
  printf("stripped size: %ju bytes\n", uintmax_t{size});
  EXPECT_LT(size, 5u << 20);
}

} // namespace
