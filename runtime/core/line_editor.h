//===- line_editor.h - a line from a terminal -------------------*- C++ -*-===//
//
// The keys that people expect: arrows, home and end, Ctrl-A/E/B/F/K/U/W, the lines
// before with up and down; what is pasted is one line, newlines and all. A library
// would want a terminal database beside the executable; this writes the sequences
// that every terminal of today takes (ECMA-48).
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_LINE_EDITOR_H
#define INGOT_RUNTIME_CORE_LINE_EDITOR_H

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::runtime {

/// A line being edited: bytes of UTF-8 and a cursor between two characters. Does no input and no output.
class EditedLine {
public:
  const std::string &text() const { return line; }

  /// Replaces all; the cursor goes to the end.
  void set(std::string text);
  void insert(std::string_view text);
  void moveLeft();
  void moveRight();
  void moveToStart() { cursor = 0; }
  void moveToEnd() { cursor = line.size(); }
  void eraseBefore();
  void eraseAfter();
  void eraseWord(); ///< before the cursor
  void eraseToStart();
  void eraseToEnd() { line.resize(cursor); }

  /// What shows of the line in `columns` columns, with ↵ for a newline, so that the cursor is among it; and the
  /// column that the cursor has.
  struct View {
    std::string text;
    size_t cursor;
  };
  View view(size_t columns) const;

private:
  size_t before(size_t position) const;
  size_t after(size_t position) const;

  std::string line;
  size_t cursor = 0;
};

class LineEditor {
public:
  enum class End { line, endOfInput, interrupt };

  /// Reads a line from standard input, a terminal, and writes to standard output. `text` is the line where the result
  /// is `line`.
  End read(const char *prompt, std::string &text);

private:
  std::vector<std::string> history;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_LINE_EDITOR_H
