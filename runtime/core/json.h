//===- json.h - JSON out, and JSON for reading ------------------*- C++ -*-===//
//
// The runtime prints a few JSON objects and shows the report that the compiler
// put into the executable; that takes no parser.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_JSON_H
#define INGOT_RUNTIME_CORE_JSON_H

#include <span>
#include <string>
#include <string_view>

namespace ingot::runtime {

/// `text` as a JSON string, with its quotes.
std::string quoteJson(std::string_view text);
/// The shortest number that reads back as `value`; null where it is none.
std::string exactNumber(float value);
/// [1.5, 2, ...], each as `exactNumber` has it.
std::string numberList(std::span<const float> values);

/// Builds one JSON value, indented. Inside an object every member has a name;
/// inside an array the name is nullptr. Numbers that JSON cannot express become
/// null.
class JsonWriter {
public:
  void beginObject(const char *name = nullptr) { open(name, '{'); }
  void endObject() { close('}'); }
  void beginArray(const char *name = nullptr) { open(name, '['); }
  void endArray() { close(']'); }
  void text(const char *name, std::string_view value);
  void number(const char *name, double value);
  void numbers(const char *name, std::span<const double> values);
  void boolean(const char *name, bool value);
  /// A value that is JSON already.
  void raw(const char *name, std::string_view json);

  const std::string &value() const { return output; }

  /// Writes the value and a newline to standard output.
  void print();

private:
  void begin(const char *name);
  void open(const char *name, char bracket);
  void close(char bracket);

  std::string output;
  unsigned depth = 0;
  bool first = true;
};

/// JSON as indented lines without brackets and quotes, elements of arrays after
/// dashes. Text that is no JSON comes out readable too, if not pretty.
std::string readableJson(std::string_view json);

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_JSON_H
