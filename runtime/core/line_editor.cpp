//===- line_editor.cpp - a line from a terminal ---------------------------===//

#include "runtime/core/line_editor.h"
#include "runtime/core/process.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace ingot::runtime {
namespace {

bool continuesCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

/// Columns of a character: two for the scripts and symbols that terminals draw wide, none for marks on the one before
/// (Unicode's East Asian Width and general category, the blocks that matter).
size_t widthOf(std::string_view character) {
  uint32_t point = static_cast<unsigned char>(character[0]);
  if (point >= 0xc0) {
    point &= 0xff >> (character.size() + 1);
    for (char byte : character.substr(1))
      point = point << 6 | (static_cast<unsigned char>(byte) & 0x3f);
  }
  auto within = [point](uint32_t first, uint32_t last) { return point >= first && point <= last; };
  if (within(0x300, 0x36f) || within(0x200b, 0x200f) || within(0xfe00, 0xfe0f) || within(0x20d0, 0x20ff))
    return 0;
  const bool wide = within(0x1100, 0x115f) || within(0x2e80, 0x303e) || within(0x3041, 0xa4cf) ||
                    within(0xac00, 0xd7a3) || within(0xf900, 0xfaff) || within(0xfe30, 0xfe6f) ||
                    within(0xff00, 0xff60) || within(0xffe0, 0xffe6) || within(0x1f300, 0x1f64f) ||
                    within(0x1f680, 0x1f6ff) || within(0x1f900, 0x1f9ff) || within(0x20000, 0x3fffd);
  return wide ? 2 : 1;
}

/// The terminal without its own line editing, as long as this lives.
class RawTerminal {
public:
  RawTerminal() {
    tcgetattr(STDIN_FILENO, &saved);
    termios raw = saved;
    raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON | BRKINT | INPCK | ISTRIP);
    raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    write("\x1b[?2004h"); // tell what is pasted
  }
  ~RawTerminal() {
    write("\x1b[?2004l\r\n");
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
  }
  RawTerminal(const RawTerminal &) = delete;
  RawTerminal &operator=(const RawTerminal &) = delete;

  static void write(std::string_view text) { writeOutput(text.data(), text.size()); }

  static size_t columns() {
    winsize size = {};
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 8 ? size.ws_col : 80;
  }

private:
  termios saved;
};

/// The next byte; nothing at the end of the input.
std::optional<char> readByte() {
  char byte = 0;
  ssize_t size = 0;
  do
    size = ::read(STDIN_FILENO, &byte, 1);
  while (size < 0 && errno == EINTR);
  return size == 1 ? std::optional(byte) : std::nullopt;
}

constexpr char escape = '\x1b';
constexpr char control(char letter) { return static_cast<char>(letter & 0x1f); }

/// What follows an escape: "[A", "[3~", "OH".
std::string readSequence() {
  std::string sequence;
  while (sequence.size() < 16) {
    const std::optional<char> byte = readByte();
    if (!byte)
      break;
    sequence += *byte;
    const bool introduced = sequence.size() == 1 && (*byte == '[' || *byte == 'O');
    if (!introduced && *byte >= 0x40)
      break;
  }
  return sequence;
}

std::string readPaste() {
  constexpr std::string_view end = "\x1b[201~";
  std::string text;
  while (!text.ends_with(end)) {
    const std::optional<char> byte = readByte();
    if (!byte)
      return text;
    text += *byte == '\r' ? '\n' : *byte;
  }
  text.resize(text.size() - end.size());
  return text;
}

} // namespace

size_t EditedLine::before(size_t position) const {
  while (position > 0 && continuesCharacter(line[--position]))
    ;
  return position;
}

size_t EditedLine::after(size_t position) const {
  if (position < line.size())
    ++position;
  while (position < line.size() && continuesCharacter(line[position]))
    ++position;
  return position;
}

void EditedLine::set(std::string text) {
  line = std::move(text);
  cursor = line.size();
}

void EditedLine::insert(std::string_view text) {
  line.insert(cursor, text);
  cursor += text.size();
}

void EditedLine::moveLeft() { cursor = before(cursor); }
void EditedLine::moveRight() { cursor = after(cursor); }

void EditedLine::eraseBefore() {
  const size_t start = before(cursor);
  line.erase(start, cursor - start);
  cursor = start;
}

void EditedLine::eraseAfter() { line.erase(cursor, after(cursor) - cursor); }

void EditedLine::eraseWord() {
  size_t start = cursor;
  while (start > 0 && line[start - 1] == ' ')
    --start;
  while (start > 0 && line[start - 1] != ' ')
    --start;
  line.erase(start, cursor - start);
  cursor = start;
}

void EditedLine::eraseToStart() {
  line.erase(0, cursor);
  cursor = 0;
}

EditedLine::View EditedLine::view(size_t columns) const {
  struct Cell {
    std::string_view text;
    size_t width;
  };
  std::vector<Cell> cells;
  size_t cursorCell = 0;
  for (size_t i = 0; i < line.size(); i = after(i)) {
    if (i < cursor)
      ++cursorCell;
    std::string_view character = std::string_view(line).substr(i, after(i) - i);
    const bool hidden = static_cast<unsigned char>(character[0]) < 0x20 || character[0] == 0x7f;
    character = character[0] == '\n' ? "↵" : hidden ? "·" : character;
    cells.push_back({character, widthOf(character)});
  }
  // From as far left as leaves room for the cursor.
  size_t first = cursorCell, used = 1;
  while (first > 0 && used + cells[first - 1].width <= columns)
    used += cells[--first].width;
  View view{{}, used - 1};
  size_t shown = 0;
  for (size_t i = first; i < cells.size() && shown + cells[i].width <= columns; ++i) {
    view.text += cells[i].text;
    shown += cells[i].width;
  }
  return view;
}

LineEditor::End LineEditor::read(const char *prompt, std::string &text) {
  RawTerminal terminal;
  EditedLine line;
  history.emplace_back();
  size_t place = history.size() - 1; // in the history, whose last line is the new one
  auto finish = [&](End end) {
    history.pop_back();
    if (end == End::line && !line.text().empty())
      history.push_back(line.text());
    text = line.text();
    return end;
  };
  auto recall = [&](bool older) {
    if (older ? place == 0 : place + 1 == history.size())
      return;
    history[place] = line.text();
    place += older ? -1 : 1;
    line.set(history[place]);
  };
  while (true) {
    const EditedLine::View view = line.view(RawTerminal::columns() - strlen(prompt) - 1);
    const std::string column = std::to_string(strlen(prompt) + view.cursor + 1);
    RawTerminal::write("\r\x1b[K" + std::string(prompt) + view.text + "\x1b[" + column + "G");
    const std::optional<char> key = readByte();
    if (!key)
      return finish(End::endOfInput);
    switch (*key) {
    case '\r':
    case '\n':
      return finish(End::line);
    case control('C'):
      return finish(End::interrupt);
    case control('D'):
      if (line.text().empty())
        return finish(End::endOfInput);
      line.eraseAfter();
      break;
    case control('A'):
      line.moveToStart();
      break;
    case control('E'):
      line.moveToEnd();
      break;
    case control('B'):
      line.moveLeft();
      break;
    case control('F'):
      line.moveRight();
      break;
    case control('P'):
      recall(true);
      break;
    case control('N'):
      recall(false);
      break;
    case control('H'):
    case '\x7f':
      line.eraseBefore();
      break;
    case control('K'):
      line.eraseToEnd();
      break;
    case control('U'):
      line.eraseToStart();
      break;
    case control('W'):
      line.eraseWord();
      break;
    case control('L'):
      RawTerminal::write("\x1b[H\x1b[2J");
      break;
    case escape: {
      const std::string sequence = readSequence();
      if (sequence == "[A" || sequence == "OA")
        recall(true);
      else if (sequence == "[B" || sequence == "OB")
        recall(false);
      else if (sequence == "[C" || sequence == "OC")
        line.moveRight();
      else if (sequence == "[D" || sequence == "OD")
        line.moveLeft();
      else if (sequence == "[H" || sequence == "OH" || sequence == "[1~")
        line.moveToStart();
      else if (sequence == "[F" || sequence == "OF" || sequence == "[4~")
        line.moveToEnd();
      else if (sequence == "[3~")
        line.eraseAfter();
      else if (sequence == "[200~")
        line.insert(readPaste());
      break;
    }
    default:
      if (static_cast<unsigned char>(*key) >= 0x20)
        line.insert({&*key, 1});
      break;
    }
  }
}

} // namespace ingot::runtime
