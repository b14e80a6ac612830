//===- steps.h - From a text to the pieces that the model takes -----------===//
//
// Runs the steps of contents.h: what rewrites a text (normalizers) and what
// cuts it (pre-tokenizers).
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_STEPS_H
#define INGOT_RUNTIME_TEXT_STEPS_H

#include "runtime/text/contents.h"
#include "runtime/text/expression.h"
#include "runtime/text/unicode.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text {

/// A text and the stretches of it that are left.
class Pieces {
public:
  struct Piece {
    size_t begin;
    size_t length;
  };

  /// Begins with one piece, valid UTF-8, which must outlive the pieces or their
  /// next rewriting. `beginsText`: nothing stands before it.
  void reset(std::string_view text, bool beginsText);

  size_t size() const { return pieces.size(); }
  Piece operator[](size_t index) const { return pieces[index]; }
  std::string_view textOf(size_t index) const { return text.substr(pieces[index].begin, pieces[index].length); }

private:
  friend class Steps;
  /// Replaces each piece by what `rewrite(index, piece, output)` appends.
  template <typename Rewrite> void rewriteEach(Rewrite rewrite);

  std::string_view text;
  std::vector<Piece> pieces;
  std::vector<Piece> finer;
  std::string storage;
  std::string nextStorage;
  bool firstBeginsText = false;
};

/// A list of steps, ready to run. Immutable once compiled.
class Steps {
public:
  struct View {
    StepKind kind;
    uint32_t flags;
    std::string_view pattern;
    std::string_view content; ///< must outlive the steps
  };

  /// Adds a step; returns nothing on success, else what is wrong with it.
  std::optional<std::string> add(const View &step);

  bool empty() const { return steps.empty(); }

  /// Whether a step changes the text, so that pieces are no longer stretches of it.
  bool rewrites() const;

  void apply(Pieces &pieces, Matcher &matcher) const;

private:
  struct Compiled : View {
    Expression expression;
    CompiledMap map;
  };
  static void split(const Compiled &step, Pieces &pieces, Matcher &matcher);
  static void rewrite(const Compiled &step, Pieces &pieces, Matcher &matcher);

  std::vector<Compiled> steps;
};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_STEPS_H
