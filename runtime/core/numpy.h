//===- numpy.h - tensors in .npy files --------------------------*- C++ -*-===//
//
// Reads token-like integers and writes float32 matrices row by row.
//
// Format:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
// (versions 1.0 to 3.0).
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_CORE_NUMPY_H
#define INGOT_RUNTIME_CORE_NUMPY_H

#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

namespace ingot::runtime {

/// Integers in row-major order.
struct IntegerTensor {
  std::vector<uint64_t> shape;
  std::vector<int32_t> values;
};

/// Reads an int32 or int64 array of at most three dimensions whose values fit 32
/// bits. Returns false and in `error` one line, without the path, otherwise. No
/// more memory is taken than the file is long.
bool readIntegers(const std::string &path, IntegerTensor &tensor, std::string &error);

/// Writes a float32 [rows, columns] file. A regular file appears under its name
/// only when it is whole; when the process ends before, nothing stays. Fails
/// with a message when the disk does not take it. One writer at a time.
class FloatWriter {
public:
  FloatWriter(const std::string &path, uint64_t rows, uint64_t columns);
  ~FloatWriter();
  FloatWriter(const FloatWriter &) = delete;
  FloatWriter &operator=(const FloatWriter &) = delete;

  void append(const float *row);
  void finish();

private:
  [[noreturn]] void failToWrite() const;

  std::string path;
  std::string temporary; ///< empty: written in place (a pipe, /dev/stdout)
  uint64_t columns;
  FILE *file;
};

} // namespace ingot::runtime

#endif // INGOT_RUNTIME_CORE_NUMPY_H
