//===- line_editor_test.cpp - keys and what shows -------------------------===//

#include "runtime/core/line_editor.h"

#include <gtest/gtest.h>

using ingot::runtime::EditedLine;

TEST(EditedLine, MovesByCharacters) {
  EditedLine line;
  line.insert("aé");
  line.insert("漢");
  line.moveLeft();
  line.moveLeft();
  line.insert("x");
  EXPECT_EQ(line.text(), "axé漢");
  line.eraseAfter();
  EXPECT_EQ(line.text(), "ax漢");
  line.moveToEnd();
  line.eraseBefore();
  line.eraseBefore();
  line.eraseBefore();
  line.eraseBefore();
  EXPECT_EQ(line.text(), "");
  line.moveLeft();
  line.moveRight();
  line.eraseAfter();
  EXPECT_EQ(line.text(), "");
}

TEST(EditedLine, ErasesWordsAndEnds) {
  EditedLine line;
  line.set("one two  three");
  line.eraseWord();
  EXPECT_EQ(line.text(), "one two  ");
  line.eraseWord();
  EXPECT_EQ(line.text(), "one ");
  line.moveToStart();
  line.moveRight();
  line.eraseToEnd();
  EXPECT_EQ(line.text(), "o");
  line.set("abc");
  line.moveLeft();
  line.eraseToStart();
  EXPECT_EQ(line.text(), "c");
}

TEST(EditedLine, ShowsWhatFitsAroundTheCursor) {
  EditedLine line;
  line.set("0123456789");
  EXPECT_EQ(line.view(20).text, "0123456789");
  EXPECT_EQ(line.view(20).cursor, 10u);
  EXPECT_EQ(line.view(5).text, "6789");
  EXPECT_EQ(line.view(5).cursor, 4u);
  line.moveToStart();
  EXPECT_EQ(line.view(5).text, "01234");
  EXPECT_EQ(line.view(5).cursor, 0u);
  line.set("漢字\nx");
  EXPECT_EQ(line.view(20).text, "漢字↵x");
  EXPECT_EQ(line.view(20).cursor, 6u);
}
