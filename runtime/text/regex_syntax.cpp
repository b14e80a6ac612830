//===- regex_syntax.cpp - Tokenizers' regular expressions for PCRE2 -------===//
//
// Implements regex_syntax.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/regex_syntax.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

using namespace ingot::text;

namespace {

using Error = std::optional<std::string>;

/// What Unicode 15 and 15.1 assigned to each general category, which llama.cpp
/// knows; PCRE2 10.42, the oldest that we build with, knows Unicode 14. Later
/// scripts are left out: a class takes the longer the more ranges it has.
/// Source: DerivedGeneralCategory of the Unicode character database.
constexpr std::pair<std::string_view, std::string_view> assignedSince14[] = {
    {"Cf", R"(\x{13439}-\x{1343F})"},
    {"Ll", R"(\x{1DF25}-\x{1DF2A})"},
    {"Lm", R"(\x{1E030}-\x{1E06D}\x{1E4EB})"},
    {"Lo", R"(\x{1123F}-\x{11240}\x{11F02}\x{11F04}-\x{11F10}\x{11F12}-\x{11F33}\x{1342F}\x{13441}-\x{13446})"
           R"(\x{1B132}\x{1B155}\x{1E4D0}-\x{1E4EA}\x{2B739}\x{2EBF0}-\x{2EE5D}\x{31350}-\x{323AF})"},
    {"Mc", R"(\x{CF3}\x{11F03}\x{11F34}-\x{11F35}\x{11F3E}-\x{11F3F}\x{11F41})"},
    {"Mn", R"(\x{ECE}\x{10EFD}-\x{10EFF}\x{11241}\x{11F00}-\x{11F01}\x{11F36}-\x{11F3A}\x{11F40}\x{11F42})"
           R"(\x{11F5A}\x{13440}\x{13447}-\x{13455}\x{1E08F}\x{1E4EC}-\x{1E4EF})"},
    {"Nd", R"(\x{11F50}-\x{11F59}\x{1E4F0}-\x{1E4F9})"},
    {"No", R"(\x{1D2C0}-\x{1D2D3})"},
    {"Po", R"(\x{11B00}-\x{11B09}\x{11F43}-\x{11F4F})"},
    {"So", R"(\x{2FFC}-\x{2FFF}\x{31EF}\x{1F6DC}\x{1F774}-\x{1F776}\x{1F77B}-\x{1F77F}\x{1F7D9})"
           R"(\x{1FA75}-\x{1FA77}\x{1FA87}-\x{1FA88}\x{1FAAD}-\x{1FAAF}\x{1FABB}-\x{1FABD}\x{1FABF})"
           R"(\x{1FACE}-\x{1FACF}\x{1FADA}-\x{1FADB}\x{1FAE8}\x{1FAF7}-\x{1FAF8})"},
};

constexpr std::string_view spaces =
    R"(\x{09}-\x{0D}\x{20}\x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";

/// Names of general categories, in lower case without spaces and underscores.
constexpr std::pair<std::string_view, std::string_view> categoryNames[] = {
    {"letter", "L"},
    {"casedletter", "L&"},
    {"uppercaseletter", "Lu"},
    {"lowercaseletter", "Ll"},
    {"titlecaseletter", "Lt"},
    {"modifierletter", "Lm"},
    {"otherletter", "Lo"},
    {"mark", "M"},
    {"nonspacingmark", "Mn"},
    {"spacingmark", "Mc"},
    {"enclosingmark", "Me"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"letternumber", "Nl"},
    {"othernumber", "No"},
    {"punctuation", "P"},
    {"connectorpunctuation", "Pc"},
    {"dashpunctuation", "Pd"},
    {"openpunctuation", "Ps"},
    {"closepunctuation", "Pe"},
    {"initialpunctuation", "Pi"},
    {"finalpunctuation", "Pf"},
    {"otherpunctuation", "Po"},
    {"symbol", "S"},
    {"mathsymbol", "Sm"},
    {"currencysymbol", "Sc"},
    {"modifiersymbol", "Sk"},
    {"othersymbol", "So"},
    {"separator", "Z"},
    {"spaceseparator", "Zs"},
    {"lineseparator", "Zl"},
    {"paragraphseparator", "Zp"},
    {"other", "C"},
    {"control", "Cc"},
    {"format", "Cf"},
};

bool isCategory(std::string_view name) {
  constexpr std::string_view categories = "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So "
                                          "Z Zs Zl Zp C Cc Cf Cn Co Cs ";
  return categories.find(std::string(name) + " ") != std::string_view::npos && !name.empty() && name[0] != ' ';
}

/// Letters, marks, digits, connectors; and what Oniguruma counts besides.
std::string onigurumaWords() {
  return R"(\p{Alphabetic}\xB2\xB3\xB9\xBC-\xBE)" + categoryClass("L") + categoryClass("M") + categoryClass("Nd") +
         R"(\p{Pc})";
}

/// A set of characters: those of the positive class and those that one of the
/// negated classes lacks.
struct Set {
  std::string positive;
  std::vector<std::string> negated;

  void add(const std::string &inside, bool isNegated) {
    if (isNegated)
      negated.push_back(inside);
    else
      positive += inside;
  }

  /// A pattern for one character that is in the set, or that is not.
  std::string pattern(bool isNegated) const {
    if (negated.empty())
      return (isNegated ? "[^" : "[") + positive + "]";
    if (positive.empty() && negated.size() == 1)
      return (isNegated ? "[" : "[^") + negated[0] + "]";
    std::string all = "(?:";
    if (isNegated) {
      for (const std::string &inside : negated)
        all += "(?=[" + inside + "])";
      return all + (positive.empty() ? R"([\x{0}-\x{10FFFF}])" : "[^" + positive + "]") + ")";
    }
    if (!positive.empty())
      all += "[" + positive + "]|";
    for (const std::string &inside : negated)
      all += "[^" + inside + "]|";
    all.back() = ')';
    return all;
  }
};

class Translator {
public:
  explicit Translator(std::string_view pattern) : rest(pattern) {}

  Error run(std::string &translated) {
    while (!rest.empty())
      if (Error error = translateOne())
        return error;
    translated = std::move(output);
    return std::nullopt;
  }

private:
  bool take(std::string_view text) {
    if (!rest.starts_with(text))
      return false;
    rest.remove_prefix(text.size());
    return true;
  }

  char takeByte() {
    char byte = rest[0];
    rest.remove_prefix(1);
    return byte;
  }

  void atom(const std::string &text) {
    lastAtom = output.size();
    output += text;
  }

  Error translateOne() {
    switch (char byte = takeByte()) {
    case '\\':
      return translateEscape();
    case '[': {
      std::string set;
      if (Error error = translateClass(set))
        return error;
      atom(set);
      return std::nullopt;
    }
    case '(':
      return translateGroup();
    case ')':
      output += ')';
      if (!groups.empty()) {
        lastAtom = groups.back();
        groups.pop_back();
      }
      return std::nullopt;
    // Ruby's anchors are those of lines.
    case '^':
      output += "(?m:^)";
      return std::nullopt;
    case '$':
      output += "(?m:$)";
      return std::nullopt;
    case '{':
      return translateInterval();
    case '*':
    case '+':
    case '?':
    case '|':
      output += byte;
      return std::nullopt;
    default: {
      std::string character(1, byte);
      while (!rest.empty() && (static_cast<uint8_t>(rest[0]) & 0xc0) == 0x80)
        character += takeByte();
      atom(character);
      return std::nullopt;
    }
    }
  }

  Error translateGroup() {
    groups.push_back(output.size());
    if (!rest.starts_with("?")) {
      output += '(';
      return std::nullopt;
    }
    if (rest.starts_with("?~") || rest.starts_with("?{") || rest.starts_with("?@") || rest.starts_with("?("))
      return "the group (" + std::string(rest.substr(0, 2)) + " is not supported";
    if (take("?#")) {
      groups.pop_back();
      size_t end = rest.find(')');
      rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
      return std::nullopt;
    }
    // Ruby's option m is the one that others call s.
    size_t length = 1;
    while (length < rest.size() && (std::isalpha(static_cast<unsigned char>(rest[length])) || rest[length] == '-'))
      ++length;
    bool isOptions = length > 1 && length < rest.size() && (rest[length] == ':' || rest[length] == ')');
    output += '(';
    if (!isOptions) {
      output += takeByte();
      return std::nullopt;
    }
    for (char option : rest.substr(0, length))
      output += option == 'm' ? 's' : option;
    rest.remove_prefix(length);
    return std::nullopt;
  }

  /// Behind the brace.
  Error translateInterval() {
    size_t end = rest.find('}');
    std::string_view bounds = rest.substr(0, end == rest.npos ? 0 : end);
    size_t comma = bounds.find(',');
    bool isInterval = !bounds.empty() && bounds != "," && std::all_of(bounds.begin(), bounds.end(), [](char byte) {
      return byte == ',' || (byte >= '0' && byte <= '9');
    }) && bounds.find(',', comma == bounds.npos ? 0 : comma + 1) == bounds.npos;
    if (!isInterval) {
      atom("\\{");
      return std::nullopt;
    }
    rest.remove_prefix(end + 1);
    output += '{';
    if (comma == 0)
      output += '0';
    output += std::string(bounds) + "}";
    // A plus here repeats the whole, where PCRE2 would not go back into it.
    if (rest.starts_with("+")) {
      output.insert(lastAtom, "(?:");
      output += ')';
    }
    return std::nullopt;
  }

  /// A class that an escape stands for: its letter is taken already.
  static std::optional<std::pair<std::string, bool>> classOfEscape(char letter) {
    switch (letter) {
    case 's':
    case 'S':
      return std::pair(std::string(spaces), letter == 'S');
    case 'd':
    case 'D':
      return std::pair(categoryClass("Nd"), letter == 'D');
    case 'w':
    case 'W':
      return std::pair(onigurumaWords(), letter == 'W');
    case 'h':
    case 'H':
      return std::pair(std::string("0-9A-Fa-f"), letter == 'H');
    default:
      return std::nullopt;
    }
  }

  /// Behind \p or \P: adds the property to `set`.
  Error takeProperty(bool isNegated, Set &set) {
    size_t end = rest.find('}');
    if (!rest.starts_with("{") || end == rest.npos)
      return "a property is not written in braces";
    std::string_view name = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (name.starts_with('^')) {
      name.remove_prefix(1);
      isNegated = !isNegated;
    }
    if (isCategory(name)) {
      set.add(categoryClass(name), isNegated);
      return std::nullopt;
    }
    std::string plain;
    for (char byte : name)
      if (byte != ' ' && byte != '_' && byte != '-')
        plain += char(std::tolower(static_cast<unsigned char>(byte)));
    for (auto [known, category] : categoryNames)
      if (plain == known) {
        set.add(categoryClass(category), isNegated);
        return std::nullopt;
      }
    if (std::optional<std::string> inside = namedClass(plain)) {
      set.add(*inside, isNegated);
      return std::nullopt;
    }
    if (!std::all_of(plain.begin(), plain.end(), [](unsigned char byte) { return std::isalpha(byte); }))
      return "the property " + std::string(name) + " is not supported";
    // A script; PCRE2 would take its extensions too.
    set.add("\\p{sc:" + plain + "}", isNegated);
    return std::nullopt;
  }

  static std::optional<std::string> namedClass(std::string_view name) {
    const std::pair<std::string_view, std::string> classes[] = {
        {"alpha", "\\p{Alphabetic}" + categoryClass("L")},
        {"alnum", "\\p{Alphabetic}" + categoryClass("L") + categoryClass("Nd")},
        {"digit", categoryClass("Nd")},
        {"lower", "\\p{Lowercase}" + categoryClass("Ll")},
        {"upper", "\\p{Uppercase}" + categoryClass("Lu")},
        {"punct", categoryClass("P") + categoryClass("S")},
        {"space", std::string(spaces)},
        {"word", onigurumaWords()},
        {"xdigit", "0-9A-Fa-f"},
        {"any", R"(\x{0}-\x{10FFFF})"},
    };
    for (const auto &[known, inside] : classes)
      if (known == name)
        return inside;
    return std::nullopt;
  }

  /// A character written as a number; the letter is taken already.
  Error takeNumber(char letter, std::string &character) {
    std::string_view digits;
    if (letter == 'x' && rest.starts_with("{")) {
      size_t end = rest.find('}');
      if (end == rest.npos)
        return "a character's number has no closing brace";
      digits = rest.substr(1, end - 1);
      rest.remove_prefix(end + 1);
    } else {
      size_t most = letter == 'u' ? 4 : 2, length = 0;
      while (length < most && length < rest.size() && std::isxdigit(static_cast<unsigned char>(rest[length])))
        ++length;
      digits = rest.substr(0, length);
      rest.remove_prefix(length);
    }
    if (digits.empty() || digits.size() > 6 ||
        !std::all_of(digits.begin(), digits.end(), [](unsigned char byte) { return std::isxdigit(byte); }))
      return "a character's number is not hexadecimal";
    character = "\\x{" + std::string(digits) + "}";
    return std::nullopt;
  }

  Error translateEscape() {
    if (rest.empty())
      return "it ends with a backslash";
    char letter = takeByte();
    Set set;
    if (auto escape = classOfEscape(letter)) {
      set.add(escape->first, escape->second);
      atom(set.pattern(false));
      return std::nullopt;
    }
    switch (letter) {
    case 'p':
    case 'P':
      if (Error error = takeProperty(letter == 'P', set))
        return error;
      atom(set.pattern(false));
      return std::nullopt;
    case 'b':
    case 'B': {
      std::string word = "[" + onigurumaWords() + "]";
      std::string before = "(?<=" + word + ")", notBefore = "(?<!" + word + ")";
      std::string after = "(?=" + word + ")", notAfter = "(?!" + word + ")";
      atom(letter == 'b' ? "(?:" + before + notAfter + "|" + notBefore + after + ")"
                         : "(?:" + before + after + "|" + notBefore + notAfter + ")");
      return std::nullopt;
    }
    case 'x':
    case 'u': {
      std::string character;
      if (Error error = takeNumber(letter, character))
        return error;
      atom(character);
      return std::nullopt;
    }
    case 'v':
      atom("\\x{0B}");
      return std::nullopt;
    case 'y':
    case 'Y':
    case 'N':
    case 'O':
    case 'g':
    case 'Q':
    case 'E':
    case 'C':
    case 'M':
    case 'c':
      return std::string("the escape \\") + letter + " is not supported";
    default: {
      std::string escape = {'\\', letter};
      while (!rest.empty() && (static_cast<uint8_t>(rest[0]) & 0xc0) == 0x80)
        escape += takeByte();
      // Before a character beyond ASCII the backslash means nothing.
      atom(static_cast<uint8_t>(letter) < 0x80 ? escape : escape.substr(1));
      return std::nullopt;
    }
    }
  }

  /// Behind the opening bracket.
  Error translateClass(std::string &pattern) {
    bool isNegated = take("^");
    // What && divides; each a pattern for one character.
    std::vector<std::string> parts;
    Set set;
    bool isFirst = true;
    auto closePart = [&](bool negate) { parts.push_back(set.pattern(negate)); };
    for (;; isFirst = false) {
      if (rest.empty())
        return "a class has no closing bracket";
      if (rest[0] == ']' && !isFirst) {
        rest.remove_prefix(1);
        break;
      }
      if (take("&&")) {
        closePart(false);
        set = {};
        continue;
      }
      if (rest.starts_with("[:") && rest.find(":]") != rest.npos) {
        size_t end = rest.find(":]");
        std::string_view name = rest.substr(2, end - 2);
        bool negate = name.starts_with('^');
        std::optional<std::string> inside = namedClass(name.substr(negate));
        if (!inside)
          return "the class [:" + std::string(name) + ":] is not supported";
        rest.remove_prefix(end + 2);
        set.add(*inside, negate);
        continue;
      }
      if (take("[")) {
        if (Error error = takeNested(set))
          return error;
        continue;
      }
      if (Error error = takeMember(set))
        return error;
    }
    if (parts.empty()) {
      if (set.positive.empty() && set.negated.empty())
        return "a class is empty";
      pattern = set.pattern(isNegated);
      return std::nullopt;
    }
    closePart(false);
    std::string all;
    for (size_t index = 0; index + 1 < parts.size(); ++index)
      all += "(?=" + parts[index] + ")";
    all += parts.back();
    pattern = isNegated ? "(?:(?!" + all + ")[\\x{0}-\\x{10FFFF}])" : "(?:" + all + ")";
    return std::nullopt;
  }

  /// A class inside a class.
  Error takeNested(Set &set) {
    bool isNegated = take("^");
    Set inner;
    while (!rest.starts_with("]")) {
      if (rest.empty())
        return "a class has no closing bracket";
      if (rest.starts_with("&&") || rest.starts_with("["))
        return "classes within classes within classes are not supported";
      if (Error error = takeMember(inner))
        return error;
    }
    rest.remove_prefix(1);
    if (!inner.negated.empty() && isNegated)
      return "a negated class within a negated class is not supported";
    if (isNegated)
      set.add(inner.positive, true);
    else {
      set.positive += inner.positive;
      set.negated.insert(set.negated.end(), inner.negated.begin(), inner.negated.end());
    }
    return std::nullopt;
  }

  /// A character, a range or an escape inside a class.
  Error takeMember(Set &set) {
    std::string first;
    bool isSet = false;
    if (Error error = takeClassCharacter(set, first, isSet))
      return error;
    if (isSet)
      return std::nullopt;
    set.positive += first;
    if (rest.size() < 2 || rest[0] != '-' || rest[1] == ']' || rest[1] == '[')
      return std::nullopt;
    rest.remove_prefix(1);
    std::string last;
    if (Error error = takeClassCharacter(set, last, isSet))
      return error;
    // A hyphen before a set is itself.
    set.positive += isSet ? "\\-" : "-" + last;
    return std::nullopt;
  }

  /// Takes one character, or adds the set that an escape stands for.
  Error takeClassCharacter(Set &set, std::string &character, bool &isSet) {
    char byte = takeByte();
    if (byte != '\\') {
      bool isSyntax = byte == '[' || byte == ']' || byte == '^' || byte == '-' || byte == '\\';
      character = isSyntax ? std::string("\\") + byte : std::string(1, byte);
      while (!rest.empty() && (static_cast<uint8_t>(rest[0]) & 0xc0) == 0x80)
        character += takeByte();
      return std::nullopt;
    }
    if (rest.empty())
      return "it ends with a backslash";
    char letter = takeByte();
    if (auto escape = classOfEscape(letter)) {
      set.add(escape->first, escape->second);
      isSet = true;
      return std::nullopt;
    }
    switch (letter) {
    case 'p':
    case 'P':
      isSet = true;
      return takeProperty(letter == 'P', set);
    case 'x':
    case 'u':
      return takeNumber(letter, character);
    case 'n':
    case 'r':
    case 't':
    case 'f':
    case 'a':
    case 'e':
    case 'b':
      character = {'\\', letter};
      return std::nullopt;
    case 'v':
      character = "\\x{0B}";
      return std::nullopt;
    default:
      if (std::isalnum(static_cast<unsigned char>(letter)))
        return std::string("the escape \\") + letter + " is not supported within a class";
      character = static_cast<uint8_t>(letter) < 0x80 ? std::string("\\") + letter : std::string(1, letter);
      while (!rest.empty() && (static_cast<uint8_t>(rest[0]) & 0xc0) == 0x80)
        character += takeByte();
      return std::nullopt;
    }
  }

  std::string_view rest;
  std::string output;
  size_t lastAtom = 0; ///< where in `output` what a quantifier repeats begins
  std::vector<size_t> groups;
};

} // namespace

std::optional<std::string> ingot::text::translateRegex(std::string_view pattern, std::string &translated) {
  return Translator(pattern).run(translated);
}

std::string ingot::text::categoryClass(std::string_view category) {
  // The commonest characters first: PCRE2 finds them in a table.
  std::string inside = category == "L" ? "A-Za-z" : category == "N" || category == "Nd" ? "0-9" : "";
  inside += "\\p{" + std::string(category) + "}";
  for (auto [name, ranges] : assignedSince14)
    if (name == category || (category.size() == 1 && name[0] == category[0]))
      inside += ranges;
  return inside;
}

std::string_view ingot::text::spaceClass() { return spaces; }

std::string ingot::text::wordClass() {
  return R"(\p{Alphabetic}\x{200C}\x{200D})" + categoryClass("L") + categoryClass("M") + categoryClass("Nd") +
         R"(\p{Pc})";
}
