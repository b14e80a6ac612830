//===- description_file.h - Tokenizer descriptions in test files ----------===//
//
// Reads what test/e2e/text/vocabulary.py writes, so that the library is tested
// on real vocabularies without a model reader.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_UNIT_TEXT_DESCRIPTION_FILE_H
#define INGOT_TEST_UNIT_TEXT_DESCRIPTION_FILE_H

#include "runtime/text/description.h"

#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::text::test {

/// Nothing when the file cannot be read.
inline std::optional<std::string> readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

/// Parses the file's contents: a sequence of `NAME LENGTH\nBYTES\n`, all
/// numbers decimal. Nothing when it is malformed.
inline std::optional<TokenizerDescription> parseDescription(std::string_view contents) {
  TokenizerDescription description;
  const std::pair<std::string_view, int32_t *> ids[] = {
      {"bos_token_id", &description.beginOfSequence},    {"eos_token_id", &description.endOfSequence},
      {"eot_token_id", &description.endOfTurn},          {"eom_token_id", &description.endOfMessage},
      {"unknown_token_id", &description.unknown},        {"seperator_token_id", &description.separator},
      {"padding_token_id", &description.padding},        {"mask_token_id", &description.mask},
      {"fim_pre_token_id", &description.fillPrefix},     {"fim_suf_token_id", &description.fillSuffix},
      {"fim_mid_token_id", &description.fillMiddle},     {"fim_pad_token_id", &description.fillPadding},
      {"fim_rep_token_id", &description.fillRepository}, {"fim_sep_token_id", &description.fillSeparator},
  };
  while (!contents.empty()) {
    size_t space = contents.find(' ');
    size_t line = contents.find('\n');
    if (space == contents.npos || line == contents.npos || space > line)
      return std::nullopt;
    std::string_view name = contents.substr(0, space);
    size_t length = std::stoul(std::string(contents.substr(space + 1, line - space - 1)));
    if (contents.size() - line - 1 < length + 1)
      return std::nullopt;
    std::string value(contents.substr(line + 1, length));
    contents.remove_prefix(line + 1 + length + 1);

    if (name == "model") {
      if (!setModel(description, value))
        return std::nullopt;
    } else if (name == "pre") {
      description.preTokenizer = value;
    } else if (name == "token") {
      description.tokens.push_back(value);
    } else if (name == "score") {
      description.scores.push_back(std::stof(value));
    } else if (name == "token_type") {
      description.types.push_back(std::stoi(value));
    } else if (name == "merge") {
      description.merges.push_back(value);
    } else if (name == "add_bos_token") {
      description.addBeginOfSequence = value == "1";
    } else if (name == "add_eos_token") {
      description.addEndOfSequence = value == "1";
    } else if (name == "add_space_prefix") {
      description.addSpacePrefix = value == "1";
    } else if (name == "remove_extra_whitespaces") {
      description.removeExtraSpaces = value == "1";
    } else if (name == "precompiled_charsmap") {
      description.compiledMap = value;
    } else if (name == "chat_template") {
      description.chatTemplate = value;
    } else if (name == "name") {
      description.modelName = value;
    } else {
      bool known = false;
      for (auto [key, id] : ids)
        if (key == name) {
          *id = std::stoi(value);
          known = true;
        }
      if (!known)
        return std::nullopt;
    }
  }
  return description;
}

} // namespace ingot::text::test

#endif // INGOT_TEST_UNIT_TEXT_DESCRIPTION_FILE_H
