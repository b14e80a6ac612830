//===- json_text.cpp - JSON of files that nobody vouches for --------------===//

#include "compiler/import/json_text.h"

#include "compiler/import/mapped_file.h"

using namespace llvm;
using namespace ingot;

/// Whether no bracket outside of strings opens the `most` + 1st level.
static bool nestsAtMost(StringRef text, unsigned most) {
  unsigned depth = 0;
  bool isString = false;
  for (size_t index = 0; index < text.size(); ++index) {
    char c = text[index];
    if (isString) {
      index += c == '\\';
      isString = c != '"';
    } else if (c == '"') {
      isString = true;
    } else if (c == '[' || c == '{') {
      if (++depth > most)
        return false;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return true;
}

Expected<json::Value> compiler::parseJson(StringRef text) {
  constexpr unsigned mostLevels = 64;
  if (!nestsAtMost(text, mostLevels))
    return createStringError("values nest more than " + Twine(mostLevels) + " deep");
  return json::parse(text);
}

Expected<json::Object> compiler::readJsonObject(StringRef path, StringRef kind) {
  Expected<MappedFile> file = MappedFile::open(path, kind);
  if (!file)
    return file.takeError();
  StringRef text(reinterpret_cast<const char *>(file->bytes().data()), file->bytes().size());
  Expected<json::Value> value = parseJson(text);
  if (!value)
    return createStringError(path + ": is no JSON (" + toString(value.takeError()) + "); give " + kind);
  if (json::Object *object = value->getAsObject())
    return std::move(*object);
  return createStringError(path + ": is no JSON object; give " + kind);
}
