//===- reader.h - reads GGUF model files ------------------------*- C++ -*-===//
//
// Opens a GGUF file (or all parts of a split one), validates every byte of its
// structure, and gives typed access to metadata and tensors where they lie in
// the mapped file: nothing is copied.
//
// Format: docs/gguf.md of the ggml repository, versions 2 and 3, little-endian.
// Names of split parts: `NAME-00001-of-00003.gguf`, as llama.cpp's
// `llama_split_path` writes them.
//
// After `File::open` has succeeded: all counts, strings, arrays and tensor
// ranges lie inside the mapping; keys and tensor names are non-empty, unique,
// valid UTF-8 without control characters; tensor data do not overlap, are
// aligned to `general.alignment`, and a tensor's first dimension is a whole
// number of blocks of its type. String *values* may hold any bytes.
//
// Errors are one line, `FILE: what, where, what to do`, without a prefix.
//
// A File only reads its mapping, so that any number of threads may use it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_GGUF_READER_H
#define INGOT_COMPILER_IMPORT_GGUF_READER_H

#include "compiler/import/gguf/types.h"
#include "compiler/import/mapped_file.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ingot::gguf {

/// Types of metadata values, by their number in the file.
enum class ValueType : uint32_t {
  UInt8 = 0,
  Int8 = 1,
  UInt16 = 2,
  Int16 = 3,
  UInt32 = 4,
  Int32 = 5,
  Float32 = 6,
  Bool = 7,
  String = 8,
  Array = 9,
  UInt64 = 10,
  Int64 = 11,
  Float64 = 12,
};

/// "u32", "string", …, as error messages call it.
llvm::StringRef valueTypeName(ValueType type);

/// An array of strings inside the file, decoded as it is walked. Forward only:
/// a string's place is known only from the strings before it.
class StringArray {
public:
  class iterator {
  public:
    using value_type = llvm::StringRef;
    using difference_type = std::ptrdiff_t;

    llvm::StringRef operator*() const;
    iterator &operator++();
    bool operator==(const iterator &other) const { return remaining == other.remaining; }

  private:
    friend class StringArray;
    iterator(const uint8_t *position, uint64_t remaining) : position(position), remaining(remaining) {}
    const uint8_t *position;
    uint64_t remaining;
  };

  iterator begin() const { return {payload, count}; }
  iterator end() const { return {nullptr, 0}; }
  uint64_t size() const { return count; }
  bool empty() const { return count == 0; }

private:
  friend class File;
  StringArray(const uint8_t *payload, uint64_t count) : payload(payload), count(count) {}
  const uint8_t *payload;
  uint64_t count;
};

/// An array of numbers inside the file, each decoded when it is asked for.
/// T is int64_t (any integer type that fits, checked), double (f32, f64) or
/// bool.
template <typename T> class NumberArray {
public:
  uint64_t size() const { return count; }
  bool empty() const { return count == 0; }
  /// The element at `index`, which is below size().
  T operator[](uint64_t index) const;

private:
  friend class File;
  NumberArray(const uint8_t *payload, ValueType element, uint64_t count)
      : payload(payload), element(element), count(count) {}
  const uint8_t *payload;
  ValueType element;
  uint64_t count;
};
template <> int64_t NumberArray<int64_t>::operator[](uint64_t index) const;
template <> double NumberArray<double>::operator[](uint64_t index) const;
template <> bool NumberArray<bool>::operator[](uint64_t index) const;
using IntegerArray = NumberArray<int64_t>;
using FloatArray = NumberArray<double>;
using BoolArray = NumberArray<bool>;

/// What a metadata key holds.
struct ValueInfo {
  ValueType type;
  /// Type and number of the elements when `type` is Array.
  ValueType element;
  uint64_t count;
};

struct Tensor {
  /// Lies in the mapped file.
  llvm::StringRef name;
  /// A type that ggml knows, not necessarily one that Ingot imports: ask
  /// `File::checkTypes` before anything else is made of it.
  Type type;
  /// 1 to 4.
  unsigned rank;
  /// Sizes in GGUF order, fastest first, each at least 1; 1 beyond `rank`.
  std::array<uint64_t, 4> sizes;
  /// Which part of a split model holds the data: an index into File::parts().
  uint32_t part;
  /// First byte of the data, counted from the beginning of that file.
  uint64_t offset;
  uint64_t bytes;

  /// The sizes in GGUF order: `[columns, rows, …]`.
  llvm::ArrayRef<uint64_t> dimensions() const { return {sizes.data(), rank}; }
  /// The sizes in row-major order: `[…, rows, columns]`.
  llvm::SmallVector<int64_t, 4> shape() const;
  /// Elements and bytes of one row (the fastest dimension), and their number.
  uint64_t rowElements() const { return sizes[0]; }
  uint64_t rowCount() const { return sizes[1] * sizes[2] * sizes[3]; }
  uint64_t rowBytes() const { return bytes / rowCount(); }
};

class File {
public:
  /// Opens `path`; when it is any part of a split model, all parts, which must
  /// lie in the same folder.
  static llvm::Expected<File> open(llvm::StringRef path);

  /// Reads a model from memory, one range for each part in order, which must
  /// outlive the File. `name` stands in error messages.
  static llvm::Expected<File> fromMemory(llvm::ArrayRef<llvm::ArrayRef<uint8_t>> parts, llvm::StringRef name);

  File(File &&) noexcept;
  File &operator=(File &&) noexcept;
  ~File();

  /// The path given, for error messages.
  llvm::StringRef name() const { return fileName; }
  /// "NAME: message", for whatever is wrong with the file.
  llvm::Error error(const llvm::Twine &message) const;
  /// The path of each part, in order; one for a model that is not split.
  size_t partCount() const;
  llvm::StringRef partPath(size_t part) const;
  /// 2 or 3.
  uint32_t version() const;

  // Metadata: those of the first part.

  size_t keyCount() const;
  /// Keys in byte order.
  llvm::StringRef key(size_t index) const;
  /// The type of the value under `key`, or nothing when the key is absent.
  std::optional<ValueInfo> valueInfo(llvm::StringRef key) const;

  /// find…: nothing when the key is absent, an error when its value has another
  /// type (or, for a number, does not fit). getX: absence is an error, too.
  /// Integers may be stored in any integer type, floats as f32 or f64.
  llvm::Expected<std::optional<llvm::StringRef>> findString(llvm::StringRef key) const;
  llvm::Expected<std::optional<uint64_t>> findUnsigned(llvm::StringRef key) const;
  llvm::Expected<std::optional<int64_t>> findInteger(llvm::StringRef key) const;
  llvm::Expected<std::optional<double>> findFloat(llvm::StringRef key) const;
  llvm::Expected<std::optional<bool>> findBool(llvm::StringRef key) const;
  llvm::Expected<std::optional<StringArray>> findStringArray(llvm::StringRef key) const;
  llvm::Expected<std::optional<IntegerArray>> findIntegerArray(llvm::StringRef key) const;
  llvm::Expected<std::optional<FloatArray>> findFloatArray(llvm::StringRef key) const;
  llvm::Expected<std::optional<BoolArray>> findBoolArray(llvm::StringRef key) const;

  llvm::Expected<llvm::StringRef> getString(llvm::StringRef key) const;
  llvm::Expected<uint64_t> getUnsigned(llvm::StringRef key) const;
  llvm::Expected<int64_t> getInteger(llvm::StringRef key) const;
  llvm::Expected<double> getFloat(llvm::StringRef key) const;
  llvm::Expected<bool> getBool(llvm::StringRef key) const;
  llvm::Expected<StringArray> getStringArray(llvm::StringRef key) const;
  llvm::Expected<IntegerArray> getIntegerArray(llvm::StringRef key) const;
  llvm::Expected<FloatArray> getFloatArray(llvm::StringRef key) const;
  llvm::Expected<BoolArray> getBoolArray(llvm::StringRef key) const;

  // Tensors: those of all parts, in the order of the files.

  llvm::ArrayRef<Tensor> tensors() const { return allTensors; }
  /// The tensor of that name, or null.
  const Tensor *findTensor(llvm::StringRef name) const;
  /// Its bytes where they are mapped, `tensor.bytes` many, at an address
  /// aligned to `general.alignment` (at least 8).
  llvm::ArrayRef<uint8_t> data(const Tensor &tensor) const;

  /// Succeeds when all tensors have types that Ingot imports; otherwise one
  /// error that names the others with their counts.
  llvm::Error checkTypes() const;

  /// Gives the memory behind `range`, which lies in what `data` returned, back
  /// to the system: read again, it comes from the file again. A reader that
  /// releases what it has finished keeps its peak memory below the file's size.
  void release(llvm::ArrayRef<uint8_t> range) const;

private:
  struct Part;
  class Parser;
  struct Entry;

  explicit File(std::string name);
  llvm::Error absent(llvm::StringRef key) const;
  llvm::Error wrongType(const Entry &entry, llvm::StringRef expected) const;
  const Entry *findEntry(llvm::StringRef key) const;
  const uint8_t *payload(const Entry &entry) const;
  llvm::Error join();
  template <typename T>
  llvm::Expected<std::optional<NumberArray<T>>> findNumberArray(llvm::StringRef key, llvm::StringRef expected,
                                                                bool (*accepts)(ValueType)) const;

  std::string fileName;
  std::vector<Part> parts;
  std::vector<Tensor> allTensors;
  /// Indices into allTensors, sorted by name.
  std::vector<uint32_t> tensorsByName;
};

} // namespace ingot::gguf

#endif // INGOT_COMPILER_IMPORT_GGUF_READER_H
