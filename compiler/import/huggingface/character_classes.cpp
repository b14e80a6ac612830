//===- character_classes.cpp - What characters are to `tokenizers` --------===//
//
// The ranges are what tokenizers 0.22.2 does with every character, less what
// Unicode 14 says: its crates unicode_categories 0.1 and
// unicode-normalization-alignments 0.1 know older versions.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/huggingface/character_classes.h"

#include "runtime/text/regex_syntax.h"

namespace ingot::huggingface {

static std::string oneOf(const std::string &inside) { return "[" + inside + "]"; }

static std::string oneOfExcept(const std::string &inside, const char *except) {
  return std::string("(?![") + except + "])[" + inside + "]";
}

std::string whiteSpace() { return oneOf(std::string(text::spaceClass())); }

std::string numeric() { return oneOf(text::categoryClass("N") + R"(\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6})"); }

std::string punctuation() {
  return oneOfExcept(
      R"(\p{P}$+<=>^`|~\x{166D}\x{111C9})",
      R"(\x{61D}\x{9FD}\x{A76}\x{C77}\x{C84}\x{1B7D}-\x{1B7E}\x{2E43}-\x{2E4F}\x{2E52}-\x{2E5D}\x{10EAD})"
      R"(\x{10F55}-\x{10F59}\x{10F86}-\x{10F89}\x{1144B}-\x{1144F}\x{1145A}-\x{1145B}\x{1145D})"
      R"(\x{11660}-\x{1166C}\x{116B9}\x{1183B}\x{11944}-\x{11946}\x{119E2}\x{11A3F}-\x{11A46})"
      R"(\x{11A9A}-\x{11A9C}\x{11A9E}-\x{11AA2}\x{11C41}-\x{11C45}\x{11C70}-\x{11C71}\x{11EF7}-\x{11EF8})"
      R"(\x{11FFF}\x{12FF1}-\x{12FF2}\x{16E97}-\x{16E9A}\x{16FE2}\x{1E95E}-\x{1E95F})");
}

std::string combiningMark() {
  return oneOfExcept(
      R"(\p{M}\x{1CF2}-\x{1CF3})",
      R"(\x{7FD}\x{898}-\x{89F}\x{8CA}-\x{8D3}\x{9FE}\x{AFA}-\x{AFF}\x{B55}\x{C04}\x{C3C}\x{D00})"
      R"(\x{D3B}-\x{D3C}\x{D81}\x{EBA}\x{1715}\x{180F}\x{1ABF}-\x{1ACE}\x{1CF7}\x{1DF6}-\x{1DFA}\x{A82C})"
      R"(\x{A8FF}\x{10D24}-\x{10D27}\x{10EAB}-\x{10EAC}\x{10F46}-\x{10F50}\x{10F82}-\x{10F85}\x{11070})"
      R"(\x{11073}-\x{11074}\x{110C2}\x{11145}-\x{11146}\x{111C9}\x{111CE}-\x{111CF}\x{1133B}\x{1145E})"
      R"(\x{1182C}-\x{1183A}\x{11930}-\x{11935}\x{11937}-\x{11938}\x{1193B}-\x{1193E}\x{11940})"
      R"(\x{11942}-\x{11943}\x{119D1}-\x{119D7}\x{119DA}-\x{119E0}\x{119E4}\x{11A01}-\x{11A0A})"
      R"(\x{11A33}-\x{11A39}\x{11A3B}-\x{11A3E}\x{11A47}\x{11A51}-\x{11A5B}\x{11A8A}-\x{11A99})"
      R"(\x{11D31}-\x{11D36}\x{11D3A}\x{11D3C}-\x{11D3D}\x{11D3F}-\x{11D45}\x{11D47}\x{11D8A}-\x{11D8E})"
      R"(\x{11D90}-\x{11D91}\x{11D93}-\x{11D97}\x{11EF3}-\x{11EF6}\x{16F4F}\x{16F7F}-\x{16F87}\x{16FE4})"
      R"(\x{16FF0}-\x{16FF1}\x{1CF00}-\x{1CF2D}\x{1CF30}-\x{1CF46}\x{1E130}-\x{1E136}\x{1E2AE})"
      R"(\x{1E2EC}-\x{1E2EF})");
}

std::string nonspacingMark() {
  return oneOfExcept(
      R"(\p{Mn}\x{1734})",
      R"(\x{7FD}\x{898}-\x{89F}\x{8CA}-\x{8E1}\x{9FE}\x{AFA}-\x{AFF}\x{B55}\x{C04}\x{C3C}\x{D00})"
      R"(\x{D3B}-\x{D3C}\x{D81}\x{EBA}\x{180F}\x{1885}-\x{1886}\x{1ABF}-\x{1ACE}\x{1DF6}-\x{1DFB}\x{A82C})"
      R"(\x{A8C5}\x{A8FF}\x{A9BD}\x{10D24}-\x{10D27}\x{10EAB}-\x{10EAC}\x{10F46}-\x{10F50}\x{10F82}-\x{10F85})"
      R"(\x{11070}\x{11073}-\x{11074}\x{110C2}\x{111C9}\x{111CF}\x{1123E}\x{1133B}\x{11438}-\x{1143F})"
      R"(\x{11442}-\x{11444}\x{11446}\x{1145E}\x{1182F}-\x{11837}\x{11839}-\x{1183A}\x{1193B}-\x{1193C})"
      R"(\x{1193E}\x{11943}\x{119D4}-\x{119D7}\x{119DA}-\x{119DB}\x{119E0}\x{11A01}-\x{11A0A})"
      R"(\x{11A33}-\x{11A38}\x{11A3B}-\x{11A3E}\x{11A47}\x{11A51}-\x{11A56}\x{11A59}-\x{11A5B})"
      R"(\x{11A8A}-\x{11A96}\x{11A98}-\x{11A99}\x{11C30}-\x{11C36}\x{11C38}-\x{11C3D}\x{11C3F})"
      R"(\x{11C92}-\x{11CA7}\x{11CAA}-\x{11CB0}\x{11CB2}-\x{11CB3}\x{11CB5}-\x{11CB6}\x{11D31}-\x{11D36})"
      R"(\x{11D3A}\x{11D3C}-\x{11D3D}\x{11D3F}-\x{11D45}\x{11D47}\x{11D90}-\x{11D91}\x{11D95}\x{11D97})"
      R"(\x{11EF3}-\x{11EF4}\x{16F4F}\x{16FE4}\x{1CF00}-\x{1CF2D}\x{1CF30}-\x{1CF46}\x{1E000}-\x{1E006})"
      R"(\x{1E008}-\x{1E018}\x{1E01B}-\x{1E021}\x{1E023}-\x{1E024}\x{1E026}-\x{1E02A}\x{1E130}-\x{1E136})"
      R"(\x{1E2AE}\x{1E2EC}-\x{1E2EF}\x{1E944}-\x{1E94A})");
}

std::string bertControl() {
  return oneOfExcept(R"(\x{0}\x{FFFD}\p{Cc}\p{Cf}\p{Co})",
                     R"(\t\n\r\x{890}-\x{891}\x{8E2}\x{110CD}\x{13430}-\x{13438})");
}

std::string chineseCharacter() {
  return R"([\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}\x{2B740}-\x{2B81F})"
         R"(\x{2B920}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}])";
}

} // namespace ingot::huggingface
