//===- SourcePrinter.cpp - text from patterns -----------------------------===//

#include "codegen/cuda/SourcePrinter.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace ingot;

static StringRef findText(StringRef name, ArrayRef<cuda::Hole> holes) {
  for (const cuda::Hole &hole : holes)
    if (hole.name == name)
      return hole.text;
  report_fatal_error("no value for $" + name + " in a pattern of CUDA C++");
}

/// Takes a name off the front of `text`.
static StringRef takeName(StringRef &text) {
  StringRef name = text.take_while([](char c) { return isAlnum(c); });
  text = text.drop_front(name.size());
  return name;
}

std::string cuda::fillIn(StringRef pattern, ArrayRef<Hole> holes) {
  std::string result;
  while (!pattern.empty()) {
    auto [line, rest] = pattern.split('\n');
    bool hasEnd = line.size() < pattern.size();
    pattern = rest;
    StringRef inner = line.ltrim(' ');
    size_t indentation = line.size() - inner.size();
    if (StringRef after = inner; after.consume_front("$")) {
      StringRef name = takeName(after);
      if (after.empty()) {
        for (StringRef lines = findText(name, holes).rtrim('\n'); !lines.empty();) {
          auto [first, others] = lines.split('\n');
          if (!first.empty() && !first.starts_with("#"))
            result.append(indentation, ' ');
          result += first.str() + "\n";
          lines = others;
        }
        continue;
      }
    }
    for (size_t hole; (hole = line.find('$')) != StringRef::npos;) {
      result += line.take_front(hole).str();
      line = line.drop_front(hole + 1);
      result += findText(takeName(line), holes).str();
    }
    result += line.str();
    if (hasEnd)
      result += "\n";
  }
  return result;
}

std::string cuda::literal(float value) {
  std::string text;
  raw_string_ostream(text) << format("%.9g", static_cast<double>(value));
  if (StringRef(text).find_first_of(".e") == StringRef::npos)
    text += ".0";
  return text + "f";
}
