//===- tokenize_tool.cpp - The tokenize command, without an executable ----===//
//
// Usage: ingot-text-tokenize DESCRIPTION tokenize [--no-special] TEXT | -f FILE
//        ingot-text-tokenize DESCRIPTION batch [--no-special] [--decode] FILE
//        ingot-text-tokenize DESCRIPTION time FILE
// DESCRIPTION is what vocabulary.py writes or what ingot-serialize-tokenizer
// does. The first prints ids, one a line, as an executable's `tokenize` does. `batch`
// takes texts that are separated by a byte 0xff and prints a line of ids each,
// with --decode followed by a line with the text that they are decoded to, special
// tokens left out, in hexadecimal. `time`
// prints how long opening and encoding take.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/serialize.h"
#include "runtime/text/tokenizer.h"
#include "test/unit/text/description_file.h"

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

using namespace ingot::text;

static int fail(const std::string &message) {
  std::fprintf(stderr, "ingot-text-tokenize: error: %s\n", message.c_str());
  return 1;
}

static double milliseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

int main(int argc, char **argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  auto take = [&](const char *option) { return std::erase(arguments, option) != 0; };
  bool special = !take("--no-special");
  bool decode = take("--decode");
  bool fromFile = take("-f");
  if (arguments.size() != 3)
    return fail("expected DESCRIPTION tokenize|batch|time TEXT");

  std::optional<std::string> contents = test::readFile(arguments[0]);
  if (!contents)
    return fail("cannot read " + arguments[0]);
  std::string bytes = *contents;
  if (!bytes.starts_with("INGOTTOK")) {
    std::optional<TokenizerDescription> description = test::parseDescription(*contents);
    if (!description)
      return fail(arguments[0] + " is malformed");
    TokenizerContents tokenizerContents;
    if (std::optional<std::string> error = makeContents(*description, tokenizerContents))
      return fail(*error);
    bytes = serialize(tokenizerContents);
  }
  auto begin = std::chrono::steady_clock::now();
  Tokenizer tokenizer;
  if (std::optional<std::string> error = tokenizer.open(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size()))
    return fail(*error);
  auto opened = std::chrono::steady_clock::now();

  const std::string &command = arguments[1];
  std::string text = arguments[2];
  if (command != "tokenize" || fromFile) {
    std::optional<std::string> read = test::readFile(text);
    if (!read)
      return fail("cannot read " + text);
    text = *read;
  }
  if (command == "tokenize") {
    for (int32_t id : tokenizer.encode(text, special, special))
      std::printf("%d\n", id);
  } else if (command == "batch") {
    for (size_t from = 0; from <= text.size();) {
      size_t to = std::min(text.find('\xff', from), text.size());
      std::vector<int32_t> ids = tokenizer.encode(std::string_view(text).substr(from, to - from), special, special);
      for (size_t index = 0; index < ids.size(); ++index)
        std::printf(index ? " %d" : "%d", ids[index]);
      std::printf("\n");
      if (decode) {
        for (char byte : tokenizer.decode(ids, false, false))
          std::printf("%02x", static_cast<uint8_t>(byte));
        std::printf("\n");
      }
      from = to + 1;
    }
  } else if (command == "time") {
    size_t count = tokenizer.encode(text, special, special).size();
    auto encoded = std::chrono::steady_clock::now();
    std::printf("%zu serialized bytes, opened in %.3f ms, %zu bytes to %zu "
                "tokens in %.1f ms\n",
                bytes.size(), milliseconds(opened - begin), text.size(), count, milliseconds(encoded - opened));
  } else {
    return fail("unknown command " + command);
  }
  return 0;
}
