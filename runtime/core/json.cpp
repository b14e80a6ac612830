//===- json.cpp - printing JSON -------------------------------------------===//

#include "runtime/core/json.h"
#include "runtime/core/process.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace ingot::runtime {
namespace {

std::string format(double value) {
  if (!std::isfinite(value))
    return "null";
  char text[40];
  bool whole = value == std::floor(value) && std::fabs(value) < 1e15;
  snprintf(text, sizeof(text), whole ? "%.0f" : "%.6g", value);
  return text;
}

} // namespace

std::string quoteJson(std::string_view text) {
  std::string result = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      result += '\\';
      result += static_cast<char>(c);
    } else if (c < 0x20) {
      char escape[8];
      snprintf(escape, sizeof(escape), "\\u%04x", c);
      result += escape;
    } else {
      result += static_cast<char>(c);
    }
  }
  return result + '"';
}

std::string exactNumber(float value) {
  if (!std::isfinite(value))
    return "null";
  char text[40];
  return {text, std::to_chars(text, text + sizeof(text), value).ptr};
}

std::string numberList(std::span<const float> values) {
  std::string list = "[";
  for (float value : values)
    list += (list.size() > 1 ? ", " : "") + exactNumber(value);
  return list + "]";
}

void JsonWriter::begin(const char *name) {
  if (!first)
    output += ',';
  if (depth) {
    output += '\n';
    output.append(2 * depth, ' ');
  }
  if (name)
    output += quoteJson(name) + ": ";
  first = false;
}

void JsonWriter::open(const char *name, char bracket) {
  begin(name);
  output += bracket;
  ++depth;
  first = true;
}

void JsonWriter::close(char bracket) {
  --depth;
  if (!first) {
    output += '\n';
    output.append(2 * depth, ' ');
  }
  output += bracket;
  first = false;
}

void JsonWriter::text(const char *name, std::string_view value) {
  begin(name);
  output += quoteJson(value);
}

void JsonWriter::number(const char *name, double value) {
  begin(name);
  output += format(value);
}

void JsonWriter::numbers(const char *name, std::span<const double> values) {
  begin(name);
  output += '[';
  for (const double &value : values)
    output += (&value == values.data() ? "" : ", ") + format(value);
  output += ']';
}

void JsonWriter::boolean(const char *name, bool value) {
  begin(name);
  output += value ? "true" : "false";
}

void JsonWriter::raw(const char *name, std::string_view json) {
  begin(name);
  output += json;
}

void JsonWriter::print() {
  output += '\n';
  writeOutput(output.data(), output.size());
}

std::string readableJson(std::string_view json) {
  std::string result;
  std::string brackets; // that are open
  std::string line;
  bool isElement = false; // the next text begins an element of an array
  auto endLine = [&] {
    while (line.ends_with(' '))
      line.pop_back();
    if (!line.empty())
      result += line + '\n';
    line.clear();
  };
  auto add = [&](std::string_view text) {
    if (line.empty() && brackets.size() > 1)
      line.append(2 * (brackets.size() - 1), ' ');
    if (isElement)
      line.replace(line.size() - std::min<size_t>(2, line.size()), 2, "- ");
    isElement = false;
    line += text;
  };
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (c == '{' || c == '[') {
      endLine();
      isElement = c == '[' || brackets.ends_with('[');
      brackets += c;
    } else if (c == '}' || c == ']') {
      endLine();
      if (!brackets.empty())
        brackets.pop_back();
    } else if (c == ',') {
      endLine();
      isElement = brackets.ends_with('[');
    } else if (c == ':') {
      add(": ");
    } else if (c == '"') {
      std::string text;
      for (++i; i < json.size() && json[i] != '"'; ++i) {
        bool escape = json[i] == '\\' && i + 1 < json.size();
        if (escape && (json[i + 1] == 'n' || json[i + 1] == 't'))
          text += ' ';
        else
          text += json[i + escape];
        i += escape;
      }
      add(text);
    } else if (c != ' ' && c != '\n' && c != '\t' && c != '\r') {
      add({&c, 1});
    }
  }
  endLine();
  return result;
}

} // namespace ingot::runtime
