//===- kernel_harness.h - generated kernels, run in this process *- C++ -*-===//
//
// Takes kernel.function text through the codegen phase and LLVM into memory, and
// calls it as a step function would: over a worker's grains, with buffers as the
// memory plan sizes them. Whatever a kernel may not look at is NaN, and a buffer
// ends at a page that faults.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_TEST_UNIT_CODEGEN_KERNEL_HARNESS_H
#define INGOT_TEST_UNIT_CODEGEN_KERNEL_HARNESS_H

#include "codegen/weights/pack.h"
#include "dialects/Encoding/Blocks.h"
#include "runtime/abi.h"

#include <cstddef>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace ingot::test {

using Random = std::mt19937_64;

/// A way to generate code that this machine can run.
struct InstructionSet {
  std::string name;
  std::string cpu; ///< as in `ingot.options`
  std::string dot; ///< lowering of kernel.dot4 that replaces the CPU's own; empty: none
};
inline void PrintTo(const InstructionSet &set, std::ostream *out) { *out << set.name; }

/// One for every lowering of kernel.dot4 and width of vectors that this machine can run.
const std::vector<InstructionSet> &getInstructionSets();
/// Whether it has caches of bf16.
bool hasPairProducts(const InstructionSet &set);

/// Bytes at an address aligned to 64, all 0xff at first (NaN as f16, bf16 and f32), before a page that faults.
class Buffer {
public:
  explicit Buffer(size_t bytes);
  Buffer(Buffer &&other) noexcept;
  Buffer &operator=(Buffer &&) = delete;
  ~Buffer();

  template <typename T = uint8_t> T *as(size_t byteOffset = 0) { return reinterpret_cast<T *>(begin + byteOffset); }
  template <typename T = uint8_t> const T *as(size_t byteOffset = 0) const {
    return reinterpret_cast<const T *>(begin + byteOffset);
  }

private:
  uint8_t *mapping, *begin;
  size_t mappingBytes;
};

/// The functions of one module.
class Kernels {
public:
  /// Compiles the text of `kernel.function`s, in which formats have the aliases #i8, #q4_0, …, #i4_128, #f16, #bf16 and
  /// #f32. Null, with a test failure, where that does not work.
  static std::unique_ptr<Kernels> compile(const std::string &functions, const InstructionSet &set);
  ~Kernels();

  /// Runs all grains of `function` as `workers` workers would, one after the other. `rows`: rows of the launch.
  /// `pointers`: inputs, keys and values of caches, outputs.
  void run(const std::string &function, const IngotStep &step, int64_t rows, const std::vector<void *> &pointers,
           int64_t workers = 3) const;

private:
  struct Implementation;
  explicit Kernels(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

/// A step that owns its arrays.
struct Step {
  std::vector<int32_t> tokens, positions, sequences, pageTables, wanted;
  int32_t sequenceCount = 1, pagesPerSequence = 0;

  IngotStep view() const;
};

/// Rows that buffers hold for `rows` rows of a function for ranges of more than one.
int64_t getPaddedRows(int64_t rows);
inline int64_t roundUp(int64_t value, int64_t multiple) { return (value + multiple - 1) / multiple * multiple; }

/// A weight matrix in panels, with the values it stands for.
struct WeightMatrix {
  WeightMatrix(const encoding::WeightFormat &format, int64_t rows, int64_t columns);
  double at(int64_t row, int64_t column) const { return values[row * columns + column]; }
  /// The most that |w| may be off where a kernel takes zero points apart from codes: what errors are relative to.
  double magnitude(int64_t row, int64_t column) const { return magnitudes[row * columns + column]; }

  int64_t rows, columns;
  Buffer packed;
  std::vector<float> values, magnitudes;
};

enum class Codes {
  Random,
  Largest, ///< every code at its upper bound: sums saturate where anything can
};
/// `isPadding(row)`: rows that packing leaves out.
WeightMatrix makeWeights(Random &random, const encoding::WeightFormat &format, int64_t rows, int64_t columns,
                         Codes codes = Codes::Random, bool (*isPadding)(int64_t row) = nullptr);

/// How an activation is stored: as f32, or in 8-bit rows with a sum for so many columns.
struct Rounding {
  /// 8-bit rows with sums of 32 columns, where that is true.
  Rounding(bool rounds) : sums(rounds ? 32 : 0) {}
  static Rounding withSums(int64_t sums) {
    Rounding result = true;
    result.sums = sums;
    return result;
  }
  explicit operator bool() const { return sums != 0; }
  /// For names of functions.
  std::string getSuffix() const { return sums == 0 ? "_f32" : sums == 32 ? "_i8" : "_i8_" + std::to_string(sums); }

  int64_t sums;
};

/// Rows of activations with the values they stand for.
struct Activation {
  /// All NaN.
  Activation(int64_t rows, int64_t columns, Rounding rounding, bool padded = true);
  double at(int64_t row, int64_t column) const;
  float &f32(int64_t row, int64_t column) { return *buffer.as<float>(row * rowBytes + column * 4); }
  void *data() { return buffer.as<void>(); }

  int64_t rows, columns;
  Rounding rounding;
  int64_t rowBytes;
  Buffer buffer;
};
Activation makeActivation(Random &random, int64_t rows, int64_t columns, Rounding rounding, Codes codes = Codes::Random,
                          bool padded = true);
/// The f32 product of scale and sum of codes that an 8-bit row holds for the columns around `column`.
float getScaledSum(const Activation &activation, int64_t row, int64_t column);
/// |scale| of the group of `column`, 0 for f32.
double getScale(const Activation &activation, int64_t row, int64_t column);
/// The exponent of that scale, as an 8-bit row keeps it.
uint32_t getStoredExponent(const Activation &activation, int64_t row, int64_t column);

/// `alias` of Kernels::compile, its format, and whether it holds integers.
struct NamedFormat {
  std::string alias;
  encoding::WeightFormat format;
  bool isQuantized() const { return format.isQuantized(); }
};
const std::vector<NamedFormat> &getFormats();

/// "tensor<ROWSxCOLUMNSxf32, #i8>", or "#i8_16"; rows 0: "?".
std::string activationType(int64_t rows, int64_t columns, Rounding rounding);
/// The cache group "full" of a module, with pages of 64 positions.
std::string makeCacheGroup(int64_t pagesPerSequence, int64_t pages, int64_t window = 0, int64_t ring = 0);
/// "tensor<ROWSxCOLUMNSxf32, #ALIAS>"
std::string weightType(int64_t rows, int64_t columns, const std::string &alias);

/// IEEE 754 binary16, rounded to nearest even.
uint16_t toHalf(float value);
/// To the nearest bf16, ties to even.
float roundToBf16(float value);

} // namespace ingot::test

#endif // INGOT_TEST_UNIT_CODEGEN_KERNEL_HARNESS_H
