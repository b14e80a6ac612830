//===- character_classes.h - What characters are to `tokenizers` -*- C++ -*-===//
//
// Components of Hugging Face `tokenizers` ask libraries of different Unicode
// versions what a character is. These are their answers as patterns for PCRE2,
// each for one character.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_HUGGINGFACE_CHARACTER_CLASSES_H
#define INGOT_COMPILER_IMPORT_HUGGINGFACE_CHARACTER_CLASSES_H

#include <string>

namespace ingot::huggingface {

std::string whiteSpace();       ///< char::is_whitespace
std::string numeric();          ///< char::is_numeric
std::string punctuation();      ///< Punctuation, BertPreTokenizer
std::string combiningMark();    ///< StripAccents
std::string nonspacingMark();   ///< BertNormalizer, `strip_accents`
std::string bertControl();      ///< BertNormalizer, `clean_text`: what is left out
std::string chineseCharacter(); ///< BertNormalizer, `handle_chinese_chars`

} // namespace ingot::huggingface

#endif // INGOT_COMPILER_IMPORT_HUGGINGFACE_CHARACTER_CLASSES_H
