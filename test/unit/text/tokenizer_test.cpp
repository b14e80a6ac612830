//===- tokenizer_test.cpp - Text to tokens and back -----------------------===//
//
// Tests runtime/text/{description,serialize,tokenizer}.h on small vocabularies made here;
// test/e2e/text compares real ones.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/blob.h"
#include "runtime/text/byte_alphabet.h"
#include "runtime/text/description.h"
#include "runtime/text/serialize.h"
#include "runtime/text/tokenizer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>
#include <random>

using namespace ingot::text;
using Ids = std::vector<int32_t>;

namespace {

/// All bytes (id = byte), then what the merges make, then special tokens.
TokenizerDescription byteLevel(std::string preTokenizer = "gpt-2") {
  TokenizerDescription description;
  description.kind = ModelKind::byteLevelPairs;
  description.preTokenizer = std::move(preTokenizer);
  for (int byte = 0; byte < 256; ++byte)
    description.tokens.push_back(spellByte(byte));
  description.merges = {"h e", "l l", "he ll", "hell o", "Ġ hello", "1 2", "Ġ Ġ", "a a", "aa aa", "aaaa aaaa"};
  for (const std::string &merge : description.merges) {
    std::string joined = merge;
    joined.erase(joined.find(' ', 1), 1);
    description.tokens.push_back(joined);
  }
  description.types.assign(description.tokens.size(), 1);
  auto add = [&](const char *text, TokenType type) {
    description.tokens.push_back(text);
    description.types.push_back(int32_t(type));
    return int32_t(description.tokens.size() - 1);
  };
  description.endOfSequence = add("<|endoftext|>", TokenType::control);
  description.beginOfSequence = add("<|begin|>", TokenType::control);
  add("<|im_end|>", TokenType::control);
  add("<|im_end|>x", TokenType::control);
  add("user token", TokenType::userDefined);
  return description;
}

/// A vocabulary of SentencePiece's kind with all byte tokens.
TokenizerDescription sentencePiece() {
  TokenizerDescription description;
  description.kind = ModelKind::sentencePiece;
  auto add = [&](std::string text, float score, TokenType type) {
    description.tokens.push_back(std::move(text));
    description.scores.push_back(score);
    description.types.push_back(int32_t(type));
  };
  add("<unk>", 0, TokenType::unknown);
  add("<s>", 0, TokenType::control);
  add("</s>", 0, TokenType::control);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof(name), "<0x%02X>", byte);
    add(name, 0, TokenType::byte);
  }
  float score = 0;
  for (const char *text : {"he", "ll", "hell", "hello", "▁hello", "▁", "h", "e", "l", "o", "w", "é"})
    add(text, --score, TokenType::normal);
  return description;
}

std::optional<std::string> validate(const TokenizerDescription &description) {
  TokenizerContents contents;
  return makeContents(description, contents);
}

std::string serialize(const TokenizerDescription &description) {
  TokenizerContents contents;
  EXPECT_FALSE(makeContents(description, contents));
  return ingot::text::serialize(contents);
}

int32_t idOf(const TokenizerDescription &description, std::string_view text) {
  for (size_t id = 0; id < description.tokens.size(); ++id)
    if (description.tokens[id] == text)
      return id;
  ADD_FAILURE() << "no token " << text;
  return noToken;
}

/// A tokenizer together with the bytes that it uses.
struct Opened {
  explicit Opened(const TokenizerDescription &description) : bytes(serialize(description)) {
    std::optional<std::string> error = tokenizer.open(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
    EXPECT_FALSE(error) << *error;
  }
  const Tokenizer *operator->() const { return &tokenizer; }

  std::string bytes;
  Tokenizer tokenizer;
};

void expectInvalid(const TokenizerDescription &description, std::string_view part) {
  std::optional<std::string> error = validate(description);
  ASSERT_TRUE(error) << part;
  EXPECT_NE(error->find(part), std::string::npos) << *error;
  EXPECT_EQ(error->find('\n'), std::string::npos) << *error;
}

std::optional<std::string> openError(std::string_view bytes) {
  Tokenizer tokenizer;
  auto error = tokenizer.open(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  EXPECT_EQ(tokenizer.isOpen(), !error);
  return error;
}

double seconds(auto function) {
  auto begin = std::chrono::steady_clock::now();
  function();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

} // namespace

TEST(ByteLevel, MergesByRank) {
  auto description = byteLevel();
  Opened tokenizer(description);
  EXPECT_EQ(tokenizer->encode("hello", false, false), Ids({idOf(description, "hello")}));
  EXPECT_EQ(tokenizer->encode("hello hello", false, false),
            Ids({idOf(description, "hello"), idOf(description, "Ġhello")}));
  EXPECT_EQ(tokenizer->encode("hell", false, false), Ids({idOf(description, "hell")}));
  EXPECT_EQ(tokenizer->encode("elll", false, false), Ids({'e', idOf(description, "ll"), 'l'}));
  EXPECT_EQ(tokenizer->encode("aaaaaaa", false, false), Ids({idOf(description, "aaaa"), idOf(description, "aa"), 'a'}));
  EXPECT_EQ(tokenizer->encode("", false, false), Ids());
}

TEST(ByteLevel, SplitsWordsAsItsPreTokenizerSays) {
  auto words = [](const char *name, std::string_view text) {
    TokenizerDescription description = byteLevel(name);
    Opened tokenizer(description);
    return tokenizer->encode(text, false, false);
  };
  auto description = byteLevel();
  int32_t twelve = idOf(description, "12");
  EXPECT_EQ(words("gpt-2", "12"), Ids({twelve}));
  EXPECT_EQ(words("smollm", "12"), Ids({'1', '2'}));
  EXPECT_EQ(words("qwen2", "12"), Ids({'1', '2'}));
  EXPECT_EQ(words("llama-bpe", "312"), Ids({'3', twelve}));
  EXPECT_EQ(words("llama-bpe", "333312"), Ids({'3', '3', '3', '3', twelve}));
  EXPECT_EQ(words("llama-bpe", "33312"), Ids({'3', '3', '3', twelve}));
  EXPECT_EQ(words("default", "3312"), Ids({'3', '3', '1', '2'}));
  EXPECT_EQ(words("", "3312"), words("default", "3312"));
  EXPECT_EQ(words("gpt-2", "   hello"), Ids({idOf(description, "ĠĠ"), idOf(description, "Ġhello")}));
}

TEST(ByteLevel, GivesBackAnyBytes) {
  std::mt19937 random(7);
  for (const char *name : {"default", "gpt-2", "smollm", "llama-bpe", "qwen2"}) {
    Opened tokenizer(byteLevel(name));
    for (int round = 0; round < 400; ++round) {
      std::string text;
      for (size_t length = random() % 60; length > 0; --length) {
        switch (random() % 6) {
        case 0:
          text += static_cast<char>(random());
          break;
        case 1:
          text += "\xed\xa0\x80";
          break;
        case 2:
          text += " hello";
          break;
        case 3:
          text += "é漢🚀\u0301 "[random() % 12];
          break;
        case 4:
          text += "１２3 \n\r\t'RE";
          break;
        default:
          text += "aa漢"[random() % 5];
          break;
        }
      }
      Ids ids = tokenizer->encode(text, false, false);
      EXPECT_EQ(tokenizer->decode(ids, false, false), text);
      EXPECT_EQ(tokenizer->decode(tokenizer->encode(text, true, true), true, true), text);
    }
  }
}

TEST(ByteLevel, DropsBytesWithoutToken) {
  auto description = byteLevel();
  description.tokens['x'] = "something";
  Opened tokenizer(description);
  EXPECT_EQ(tokenizer->encode("axb", false, false), Ids({'a', 'b'}));
}

TEST(ByteLevel, AddsBeginningAndEnd) {
  auto description = byteLevel();
  EXPECT_EQ(Opened(description)->encode("a", true, false), Ids({'a'}));
  description.addBeginOfSequence = true;
  description.addEndOfSequence = true;
  Opened tokenizer(description);
  EXPECT_TRUE(tokenizer->addsBeginOfSequence());
  EXPECT_EQ(tokenizer->encode("a", true, false), Ids({description.beginOfSequence, 'a', description.endOfSequence}));
  EXPECT_EQ(tokenizer->encode("a", false, false), Ids({'a'}));
  EXPECT_EQ(tokenizer->encode("", true, false), Ids({description.beginOfSequence, description.endOfSequence}));
  EXPECT_TRUE(Opened(byteLevel("llama-bpe"))->addsBeginOfSequence());
}

TEST(ByteLevel, WordsThatAreTokensIgnoreMerges) {
  auto description = byteLevel("llama-bpe");
  description.tokens.push_back("hellos");
  description.types.push_back(1);
  EXPECT_EQ(Opened(description)->encode("hellos", false, false), Ids({idOf(description, "hellos")}));
  description.preTokenizer = "gpt-2";
  EXPECT_EQ(Opened(description)->encode("hellos", false, false), Ids({idOf(description, "hello"), 's'}));
}

TEST(SpecialTokens, AreFoundLongestFirst) {
  auto description = byteLevel();
  Opened tokenizer(description);
  int32_t end = idOf(description, "<|im_end|>");
  int32_t endX = idOf(description, "<|im_end|>x");
  EXPECT_EQ(tokenizer->encode("a<|im_end|>b", false, true), Ids({'a', end, 'b'}));
  EXPECT_EQ(tokenizer->encode("<|im_end|><|im_end|>x<|im_end|>", false, true), Ids({end, endX, end}));
  EXPECT_EQ(tokenizer->encode("<|im_end|", false, true).size(), 9u);
  EXPECT_EQ(tokenizer->encode("<|im_end|>", false, false).size(), 10u);
  EXPECT_EQ(tokenizer->specialToken("<|im_end|>"), end);
  EXPECT_EQ(tokenizer->specialToken("hello"), noToken);
}

TEST(SpecialTokens, UserDefinedOnesAreAlwaysFound) {
  auto description = byteLevel();
  Opened tokenizer(description);
  int32_t user = idOf(description, "user token");
  EXPECT_EQ(tokenizer->encode("a user token.", false, false), Ids({'a', ' ', user, '.'}));
  EXPECT_EQ(tokenizer->piece(user, false), "user token");
}

TEST(SpecialTokens, AreHiddenOrRendered) {
  auto description = byteLevel();
  Opened tokenizer(description);
  int32_t end = idOf(description, "<|im_end|>");
  EXPECT_EQ(tokenizer->piece(end, false), "");
  EXPECT_EQ(tokenizer->piece(end, true), "<|im_end|>");
  EXPECT_TRUE(tokenizer->isControl(end));
  EXPECT_EQ(tokenizer->piece(-1, true), "");
  EXPECT_EQ(tokenizer->piece(1 << 30, true), "");
}

TEST(SpecialTokens, SwallowSpaceAfterThemInPhi3) {
  auto description = byteLevel();
  description.modelName = "Phi-3 mini";
  Opened tokenizer(description);
  EXPECT_EQ(tokenizer->encode("<|im_end|> \n a<|endoftext|> a", false, true),
            Ids({idOf(description, "<|im_end|>"), 'a', idOf(description, "<|endoftext|>"), ' ', 'a'}));
}

TEST(EndOfGeneration, IsFoundByIdAndBySpelling) {
  auto description = byteLevel();
  for (const char *text : {"<|eot_id|>", "<reponame>", "<|file_sep|>", "</s>"}) {
    description.tokens.push_back(text);
    description.types.push_back(1);
  }
  Opened tokenizer(description);
  for (const char *text : {"<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<reponame>", "<|file_sep|>", "</s>"}) {
    EXPECT_TRUE(tokenizer->isEndOfGeneration(idOf(description, text))) << text;
    EXPECT_TRUE(tokenizer->isControl(idOf(description, text))) << text;
  }
  for (const char *text : {"<|begin|>", "hello", "user token"})
    EXPECT_FALSE(tokenizer->isEndOfGeneration(idOf(description, text))) << text;
  EXPECT_FALSE(tokenizer->isEndOfGeneration(noToken));
  EXPECT_EQ(tokenizer->endOfTurn(), idOf(description, "<|eot_id|>"));

  description.endOfTurn = 'a';
  EXPECT_TRUE(Opened(description)->isEndOfGeneration('a'));
}

TEST(EndOfGeneration, LeavesOutEndWhereItOnlyEndsAMessage) {
  auto description = byteLevel();
  for (const char *text : {"<|end|>", "<|return|>", "<|call|>"}) {
    description.tokens.push_back(text);
    description.types.push_back(3);
  }
  Opened tokenizer(description);
  EXPECT_TRUE(tokenizer->isEndOfGeneration(idOf(description, "<|return|>")));
  EXPECT_FALSE(tokenizer->isEndOfGeneration(idOf(description, "<|end|>")));
}

TEST(SentencePiece, MergesByScore) {
  auto description = sentencePiece();
  Opened tokenizer(description);
  auto id = [&](const char *text) { return idOf(description, text); };
  EXPECT_EQ(tokenizer->encode("hello", true, false), Ids({1, id("▁hello")}));
  EXPECT_EQ(tokenizer->encode("hello hello", false, false), Ids({id("▁hello"), id("▁hello")}));
  EXPECT_EQ(tokenizer->encode("  helol", false, false),
            Ids({id("▁"), id("▁"), id("▁"), id("he"), id("l"), id("o"), id("l")}));
  EXPECT_EQ(tokenizer->encode("", true, false), Ids({1}));
  description.addSpacePrefix = false;
  EXPECT_EQ(Opened(description)->encode("hello", false, false), Ids({id("hello")}));
}

TEST(SentencePiece, FallsBackToBytes) {
  auto description = sentencePiece();
  Opened tokenizer(description);
  EXPECT_EQ(tokenizer->encode("é漢\xff", false, false),
            Ids({idOf(description, "▁"), idOf(description, "é"), idOf(description, "<0xE6>"),
                 idOf(description, "<0xBC>"), idOf(description, "<0xA2>"), idOf(description, "<0xFF>")}));
  EXPECT_EQ(tokenizer->decode(tokenizer->encode("é漢\xff\n", false, false), false, false), "é漢\xff\n");
  description.tokens[idOf(description, "<0x0A>")] = "other";
  EXPECT_EQ(Opened(description)->encode("\n", false, false), Ids({idOf(description, "▁"), 0}));
}

TEST(SentencePiece, PutsASpaceAfterSpecialTokens) {
  auto description = sentencePiece();
  Opened tokenizer(description);
  int32_t hello = idOf(description, "▁hello");
  EXPECT_EQ(tokenizer->encode("hello</s>hello", false, true), Ids({hello, 2, hello}));
  EXPECT_EQ(tokenizer->piece(hello, false), " hello");
  EXPECT_EQ(tokenizer->decode(Ids({hello, hello}), false, false), "hello hello");
}

TEST(SentencePiece, HasDefaultSpecialTokens) {
  Opened tokenizer(sentencePiece());
  EXPECT_EQ(tokenizer->beginOfSequence(), 1);
  EXPECT_EQ(tokenizer->endOfSequence(), 2);
  EXPECT_EQ(tokenizer->unknown(), 0);
  EXPECT_EQ(tokenizer->padding(), noToken);
  EXPECT_TRUE(tokenizer->addsBeginOfSequence());
  EXPECT_FALSE(tokenizer->addsEndOfSequence());
  EXPECT_TRUE(tokenizer->addsSpacePrefix());
}

TEST(SentencePiece, SurvivesAnyBytes) {
  // As in llama.cpp a byte that claims to begin a sequence takes the next ones
  // with it, a space mark included, so the bytes need not come back.
  Opened tokenizer(sentencePiece());
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (size_t length = random() % 40; length > 0; --length)
      text += static_cast<char>(random());
    for (int32_t id : tokenizer->encode(text, true, true))
      EXPECT_TRUE(id >= 0 && id < tokenizer->vocabularySize());
  }
}

TEST(Encoding, TakesLongTextsInTime) {
  constexpr size_t length = 1 << 20;
  std::string prose;
  while (prose.size() < length)
    prose += "hello 312 worlds, isn't it?\n\n  ";
  const std::string texts[] = {prose,
                               std::string(length, 'a'),
                               std::string(length, ' '),
                               std::string(length, '\n'),
                               std::string(length, '1'),
                               std::string(length, '\xff'),
                               std::string(length, '<'),
                               std::string(length, ' ') + "a"};
  for (const auto &description :
       {byteLevel("default"), byteLevel("smollm"), byteLevel("llama-bpe"), byteLevel("qwen2"), sentencePiece()}) {
    Opened tokenizer(description);
    for (const std::string &text : texts) {
      Ids ids;
      double time = seconds([&] { ids = tokenizer->encode(text, false, true); });
      EXPECT_EQ(tokenizer->decode(ids, false, true), text);
      EXPECT_LT(time, 10.0) << description.preTokenizer << " on " << text.substr(0, 4);
    }
  }
}

TEST(Serialization, IsDeterministic) {
  EXPECT_EQ(serialize(byteLevel()), serialize(byteLevel()));
  EXPECT_NE(serialize(byteLevel()), serialize(byteLevel("smollm")));
  EXPECT_EQ(serialize(sentencePiece()), serialize(sentencePiece()));
}

TEST(Serialization, KeepsTheTemplate) {
  auto description = byteLevel();
  EXPECT_EQ(Opened(description)->chatTemplate(), "");
  description.chatTemplate = "{{ messages }}";
  EXPECT_EQ(Opened(description)->chatTemplate(), "{{ messages }}");
}

TEST(Serialization, WorksAtAnyAlignment) {
  std::string shifted = "x" + serialize(byteLevel());
  Tokenizer tokenizer;
  ASSERT_FALSE(tokenizer.open(reinterpret_cast<const uint8_t *>(shifted.data()) + 1, shifted.size() - 1));
  EXPECT_EQ(tokenizer.encode("ab", false, false), Ids({'a', 'b'}));
}

TEST(Serialization, OpensWithoutParsing) {
  TokenizerDescription description = byteLevel();
  while (description.tokens.size() < 49152) {
    description.tokens.push_back("token" + std::to_string(description.tokens.size()));
    description.types.push_back(1);
  }
  std::string bytes = serialize(description);
  double best = 1;
  for (int round = 0; round < 5; ++round) {
    Tokenizer tokenizer;
    best =
        std::min(best, seconds([&] { tokenizer.open(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()); }));
  }
  EXPECT_LT(best, 0.010) << "a millisecond on a machine that is not busy";
}

TEST(CorruptData, IsRefused) {
  std::string bytes = serialize(byteLevel());
  EXPECT_FALSE(openError(bytes));
  EXPECT_TRUE(openError(""));
  EXPECT_TRUE(openError(std::string(5000, '\0')));
  for (size_t length = 0; length < bytes.size(); length += 61)
    EXPECT_TRUE(openError(std::string_view(bytes).substr(0, length)));

  auto broken = [&](auto change) {
    std::string copy = bytes;
    blob::Header header;
    std::memcpy(&header, copy.data(), sizeof(header));
    change(header, copy);
    std::memcpy(copy.data(), &header, sizeof(header));
    std::optional<std::string> error = openError(copy);
    EXPECT_TRUE(error);
    return error.value_or("");
  };
  auto at = [](std::string &copy, const blob::Section &section, size_t offset, uint32_t value) {
    std::memcpy(copy.data() + section.offset + offset, &value, 4);
  };
  using Header = blob::Header;
  EXPECT_NE(broken([](Header &h, std::string &) { h.version = 99; }).find("version 99"), std::string::npos);
  broken([](Header &h, std::string &) { h.magic ^= 1; });
  broken([](Header &h, std::string &) { h.kind = 9; });
  broken([](Header &h, std::string &) { h.normalizerSteps = 99; });
  broken([](Header &h, std::string &) { h.prefix.count = 99999; });
  broken([](Header &h, std::string &) { h.flags = 1u << 20; });
  broken([](Header &h, std::string &) { h.bytes += 8; });
  broken([](Header &h, std::string &) { h.attributes.count = 0; });
  broken([](Header &h, std::string &) { h.pieces.offsets.count = 0; });
  broken([](Header &h, std::string &) { h.pieces.offsets.count = ~0ull / 4 + 1; });
  broken([](Header &h, std::string &) { h.pieces.offsets.offset = ~0ull; });
  broken([](Header &h, std::string &) { h.pieces.bytes.count = 3; });
  broken([](Header &h, std::string &) { h.keys.bytes.count = 1; });
  broken([](Header &h, std::string &) { h.tokensByKey.starts.count = 0; });
  broken([](Header &h, std::string &) { h.merges.starts.count = 1; });
  broken([](Header &h, std::string &) { h.merges.entries.count -= 1; });
  broken([](Header &h, std::string &) { h.kind = uint32_t(ModelKind::sentencePiece); });
  broken([](Header &h, std::string &) { h.chatTemplate.offset = 0; });
  broken([](Header &h, std::string &) { h.beginOfSequence = 1 << 20; });
  broken([](Header &h, std::string &) { h.padding = -2; });
  broken([](Header &h, std::string &) { h.byteTokens[7] = 1 << 20; });
  broken([](Header &h, std::string &) {
    h.flags |= addsBeginOfSequence;
    h.beginOfSequence = noToken;
  });
  broken([&](Header &h, std::string &copy) { at(copy, h.attributes, 0, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.pieces.offsets, 4, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.merges.entries, 0, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.merges.starts, 0, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.addedTokens, 0, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.addedTokens, 8, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.steps, 0, ~0u); });  // no such kind
  broken([&](Header &h, std::string &copy) { at(copy, h.steps, 4, ~0u); });  // no such flags
  broken([&](Header &h, std::string &copy) { at(copy, h.steps, 12, ~0u); }); // a pattern beyond the texts
  broken([&](Header &h, std::string &copy) { copy[h.texts.offset] = '('; }); // a pattern that does not compile

  bytes = serialize(sentencePiece());
  EXPECT_FALSE(openError(bytes));
  broken([](Header &h, std::string &) { h.scores.count -= 1; });
  broken([](Header &h, std::string &) { h.keys.offsets.count -= 1; });
  broken([&](Header &h, std::string &copy) { at(copy, h.scores, 4, ~0u); }); // not a number
  broken([&](Header &h, std::string &copy) { at(copy, h.keys.offsets, 4, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.tokensByKey.starts, 0, ~0u); });
  broken([&](Header &h, std::string &copy) { at(copy, h.tokensByKey.entries, 0, ~0u); });
}

TEST(CorruptData, NeverCrashes) {
  std::mt19937 random(11);
  for (const auto &description : {byteLevel("qwen2"), sentencePiece()}) {
    std::string bytes = serialize(description);
    for (int round = 0; round < 3000; ++round) {
      std::string copy = bytes;
      for (int change = 1 + random() % 4; change > 0; --change)
        copy[random() % (random() % 2 ? copy.size() : sizeof(blob::Header))] = static_cast<char>(random());
      Tokenizer tokenizer;
      if (tokenizer.open(reinterpret_cast<const uint8_t *>(copy.data()), copy.size()))
        continue;
      Ids ids = tokenizer.encode("hello 12 é\xff<|im_end|>a  b", true, true);
      for (int32_t id : ids)
        EXPECT_TRUE(id >= 0 && id < tokenizer.vocabularySize());
      tokenizer.decode(ids, true, true);
    }
  }
}

TEST(BrokenDescription, NamesWhatIsWrong) {
  EXPECT_FALSE(validate(byteLevel()));
  EXPECT_FALSE(validate(sentencePiece()));
  auto broken = [](std::string_view part, auto change) {
    TokenizerDescription description = byteLevel();
    change(description);
    expectInvalid(description, part);
  };
  using D = TokenizerDescription;
  broken("tokenizer.ggml.tokens is empty", [](D &d) { d.tokens.clear(); });
  broken("token_type has 1 entries", [](D &d) { d.types.resize(1); });
  broken("scores has 1 entries", [](D &d) { d.scores.resize(1); });
  broken("scores[3] is not a number", [](D &d) {
    d.scores.resize(d.tokens.size());
    d.scores[3] = std::nanf("");
  });
  broken("merges is missing", [](D &d) { d.merges.clear(); });
  broken("merges[10] \"hello\" is not two tokens", [](D &d) { d.merges.push_back("hello"); });
  broken("is not two tokens", [](D &d) { d.merges[0] = ""; });
  broken("is not two tokens", [](D &d) { d.merges[0] = "h "; });
  broken("\"xyz\" is not in", [](D &d) { d.merges.push_back("xyz h"); });
  broken("\"xyz\" is not in", [](D &d) { d.merges.push_back("h xyz"); });
  broken("concatenation is not in", [](D &d) { d.merges.push_back("x y"); });
  broken("pre is \"gpt-9\"; supported are default, gpt-2", [](D &d) { d.preTokenizer = "gpt-9"; });
  broken("bos_token_id is 5000, outside the vocabulary of", [](D &d) { d.beginOfSequence = 5000; });
  broken("eos_token_id is -7", [](D &d) { d.endOfSequence = -7; });
  broken("fim_sep_token_id", [](D &d) { d.fillSeparator = 5000; });
  broken("add_bos_token is true", [](D &d) {
    d.addBeginOfSequence = true;
    d.beginOfSequence = noToken;
  });
  broken("tokens[98] \"a\" repeats tokenizer.ggml.tokens[97]", [](D &d) { d.tokens['b'] = "a"; });
  broken("more than the supported 65535", [](D &d) { d.tokens['b'] = std::string(70000, 'b'); });
  broken("\\x0a", [](D &d) { d.merges[0] = "\n"; });
}

TEST(BrokenDescription, ToleratesWhatLlamaCppTolerates) {
  auto description = byteLevel();
  description.tokens['x'] = "";
  description.types['y'] = 77;
  description.merges.push_back("h e");
  Opened tokenizer(description);
  EXPECT_EQ(tokenizer->piece('x', false), "[EMPTY_120]");
  EXPECT_EQ(tokenizer->piece('y', false), "");
}
