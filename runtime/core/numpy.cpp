//===- numpy.cpp - reading and writing .npy -------------------------------===//

#include "runtime/core/numpy.h"
#include "runtime/core/error.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace ingot::runtime {
namespace {

constexpr char magic[] = "\x93NUMPY";
constexpr size_t magicSize = 6;

/// The text after "'key':" in the header, a Python dictionary literal.
std::optional<std::string_view> findValue(std::string_view header, const char *key) {
  std::string quoted = std::string("'") + key + "'";
  size_t position = header.find(quoted);
  if (position == header.npos)
    return std::nullopt;
  position = header.find(':', position + quoted.size());
  if (position == header.npos)
    return std::nullopt;
  position = header.find_first_not_of(' ', position + 1);
  if (position == header.npos)
    return std::nullopt;
  return header.substr(position);
}

bool parseShape(std::string_view text, std::vector<uint64_t> &shape) {
  if (text.empty() || text[0] != '(')
    return false;
  text.remove_prefix(1);
  for (;;) {
    text.remove_prefix(std::min(text.find_first_not_of(" ,"), text.size()));
    if (text.empty())
      return false;
    if (text[0] == ')')
      return true;
    uint64_t extent = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), extent);
    if (error != std::errc())
      return false;
    text.remove_prefix(end - text.data());
    shape.push_back(extent);
  }
}

struct Closer {
  FILE *file;
  ~Closer() { fclose(file); }
};

} // namespace

bool readIntegers(const std::string &path, IntegerTensor &tensor, std::string &error) {
  FILE *file = fopen(path.c_str(), "rbe");
  if (!file) {
    error = std::string("cannot be opened: ") + strerror(errno);
    return false;
  }
  Closer closer{file};
  struct stat status;
  if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode)) {
    error = "is no regular file";
    return false;
  }
  uint64_t fileSize = static_cast<uint64_t>(status.st_size);

  unsigned char start[12];
  error = "is no .npy file";
  if (fread(start, 1, 10, file) != 10 || memcmp(start, magic, magicSize) != 0)
    return false;
  uint64_t headerSize = start[8] | start[9] << 8;
  uint64_t position = 10;
  if (start[6] > 1) { // versions 2 and 3 have a four-byte length
    if (fread(start + 10, 1, 2, file) != 2)
      return false;
    headerSize |= uint64_t{start[10]} << 16 | uint64_t{start[11]} << 24;
    position = 12;
  }
  if (start[6] < 1 || start[6] > 3 || headerSize > fileSize - position)
    return false;
  std::string header(headerSize, '\0');
  if (fread(header.data(), 1, headerSize, file) != headerSize)
    return false;
  position += headerSize;

  auto type = findValue(header, "descr");
  auto order = findValue(header, "fortran_order");
  auto shape = findValue(header, "shape");
  tensor.shape.clear();
  if (!type || !order || !shape || !parseShape(*shape, tensor.shape))
    return false;
  bool wide = type->starts_with("'<i8'");
  if (!wide && !type->starts_with("'<i4'")) {
    error =
        "holds elements of type " + std::string(type->substr(0, type->find(','))) + " where int32 or int64 are needed";
    return false;
  }
  if (tensor.shape.empty() || tensor.shape.size() > 3) {
    error = "has " + std::to_string(tensor.shape.size()) + " dimensions where one to three are needed";
    return false;
  }
  if (order->starts_with("True") && tensor.shape.size() > 1) {
    error = "is in Fortran order; save it with numpy.ascontiguousarray";
    return false;
  }
  uint64_t bytes = wide ? 8 : 4;
  for (uint64_t extent : tensor.shape)
    if (__builtin_mul_overflow(bytes, extent, &bytes))
      bytes = UINT64_MAX;
  if (bytes > fileSize - position) {
    error = "is shorter than its shape says";
    return false;
  }

  tensor.values.resize(bytes / (wide ? 8 : 4));
  error = "cannot be read";
  if (!wide) {
    if (fread(tensor.values.data(), 1, bytes, file) != bytes)
      return false;
  } else {
    for (int32_t &value : tensor.values) {
      int64_t wideValue;
      if (fread(&wideValue, sizeof(wideValue), 1, file) != 1)
        return false;
      value = static_cast<int32_t>(wideValue);
      if (value != wideValue) {
        error = "holds " + std::to_string(wideValue) + ", which does not fit 32 bits";
        return false;
      }
    }
  }
  error.clear();
  return true;
}

/// The unfinished file, for the handler that removes it at exit.
static std::string unfinished;

static void removeUnfinished() {
  if (!unfinished.empty())
    unlink(unfinished.c_str());
}

FloatWriter::FloatWriter(const std::string &path, uint64_t rows, uint64_t columns) : path(path), columns(columns) {
  struct stat status;
  bool special = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  if (!special) {
    static const bool registered = atexit(removeUnfinished) == 0;
    (void)registered;
    temporary = path + ".tmp" + std::to_string(getpid());
  }
  file = fopen(special ? path.c_str() : temporary.c_str(), "wbe");
  if (!file)
    failToWrite();
  unfinished = temporary;

  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
                       std::to_string(columns) + "), }";
  // Padded with spaces to a newline, so that the data is aligned.
  constexpr size_t alignment = 64;
  size_t size = magicSize + 4 + header.size() + 1;
  header.append((alignment - size % alignment) % alignment, ' ');
  header += '\n';
  unsigned char rest[4] = {1, 0, static_cast<unsigned char>(header.size()),
                           static_cast<unsigned char>(header.size() >> 8)};
  if (fwrite(magic, 1, magicSize, file) != magicSize || fwrite(rest, 1, 4, file) != 4 ||
      fwrite(header.data(), 1, header.size(), file) != header.size())
    failToWrite();
}

FloatWriter::~FloatWriter() {
  if (file)
    fclose(file);
  removeUnfinished();
  unfinished.clear();
}

void FloatWriter::failToWrite() const { fail("%s: cannot be written: %s", path.c_str(), strerror(errno)); }

void FloatWriter::append(const float *row) {
  if (fwrite(row, sizeof(float), columns, file) != columns)
    failToWrite();
}

void FloatWriter::finish() {
  int result = fclose(file);
  file = nullptr;
  if (result != 0)
    failToWrite();
  if (!temporary.empty() && rename(temporary.c_str(), path.c_str()) != 0)
    failToWrite();
  unfinished.clear();
}

} // namespace ingot::runtime
