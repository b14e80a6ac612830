//===- reader.cpp - reads GGUF model files --------------------------------===//

#include "compiler/import/gguf/reader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>
#include <cstring>

using namespace llvm;

namespace ingot::gguf {

using compiler::isCleanText;
using compiler::quote;

static constexpr StringLiteral magic = "GGUF";
static constexpr StringLiteral fileKind = "a GGUF file";
static constexpr uint64_t defaultAlignment = 32;
static constexpr uint64_t largestAlignment = 1 << 20;
/// The format's own bound on keys; names of tensors get the same.
static constexpr uint64_t largestName = 65535;
/// Far above any model (the largest have a few hundred keys and some 10^5
/// tensors), and low enough that their tables stay small.
static constexpr uint64_t largestKeyCount = 1 << 20;
static constexpr uint64_t largestTensorCount = 1 << 20;
/// The fewest bytes that a key (length, one character, type, one byte of value)
/// and a tensor (length, one character, rank, one size, type, offset) take.
static constexpr uint64_t smallestKey = 8 + 1 + 4 + 1;
static constexpr uint64_t smallestTensor = 8 + 1 + 4 + 8 + 4 + 8;
static constexpr StringLiteral damaged = compiler::damagedFile;

//===----------------------------------------------------------------------===//
// Value types
//===----------------------------------------------------------------------===//

StringRef valueTypeName(ValueType type) {
  switch (type) {
  case ValueType::UInt8:
    return "u8";
  case ValueType::Int8:
    return "i8";
  case ValueType::UInt16:
    return "u16";
  case ValueType::Int16:
    return "i16";
  case ValueType::UInt32:
    return "u32";
  case ValueType::Int32:
    return "i32";
  case ValueType::Float32:
    return "f32";
  case ValueType::Bool:
    return "bool";
  case ValueType::String:
    return "string";
  case ValueType::Array:
    return "array";
  case ValueType::UInt64:
    return "u64";
  case ValueType::Int64:
    return "i64";
  case ValueType::Float64:
    return "f64";
  }
  llvm_unreachable("value types are checked when a file is opened");
}

/// Bytes of a value of fixed size; 0 for strings and arrays.
static unsigned valueBytes(ValueType type) {
  switch (type) {
  case ValueType::UInt8:
  case ValueType::Int8:
  case ValueType::Bool:
    return 1;
  case ValueType::UInt16:
  case ValueType::Int16:
    return 2;
  case ValueType::UInt32:
  case ValueType::Int32:
  case ValueType::Float32:
    return 4;
  case ValueType::UInt64:
  case ValueType::Int64:
  case ValueType::Float64:
    return 8;
  case ValueType::String:
  case ValueType::Array:
    return 0;
  }
  llvm_unreachable("value types are checked when a file is opened");
}

static bool isInteger(ValueType type) {
  return valueBytes(type) && type != ValueType::Bool && type != ValueType::Float32 && type != ValueType::Float64;
}

static bool isFloat(ValueType type) { return type == ValueType::Float32 || type == ValueType::Float64; }

static bool isBool(ValueType type) { return type == ValueType::Bool; }

/// The integer at `data` in two's complement; a u64 keeps its bits.
static int64_t readInteger(const uint8_t *data, ValueType type) {
  switch (type) {
  case ValueType::UInt8:
    return *data;
  case ValueType::Int8:
    return static_cast<int8_t>(*data);
  case ValueType::UInt16:
    return support::endian::read16le(data);
  case ValueType::Int16:
    return static_cast<int16_t>(support::endian::read16le(data));
  case ValueType::UInt32:
    return support::endian::read32le(data);
  case ValueType::Int32:
    return static_cast<int32_t>(support::endian::read32le(data));
  case ValueType::UInt64:
  case ValueType::Int64:
    return static_cast<int64_t>(support::endian::read64le(data));
  default:
    llvm_unreachable("callers check for an integer");
  }
}

static double readFloat(const uint8_t *data, ValueType type) {
  if (type == ValueType::Float32)
    return bit_cast<float>(support::endian::read32le(data));
  return bit_cast<double>(support::endian::read64le(data));
}

template <> int64_t IntegerArray::operator[](uint64_t index) const {
  assert(index < count && "index out of range");
  return readInteger(payload + index * valueBytes(element), element);
}

template <> double FloatArray::operator[](uint64_t index) const {
  assert(index < count && "index out of range");
  return readFloat(payload + index * valueBytes(element), element);
}

template <> bool BoolArray::operator[](uint64_t index) const {
  assert(index < count && "index out of range");
  return payload[index] != 0;
}

StringRef StringArray::iterator::operator*() const {
  return {reinterpret_cast<const char *>(position + 8), static_cast<size_t>(support::endian::read64le(position))};
}

StringArray::iterator &StringArray::iterator::operator++() {
  position += 8 + support::endian::read64le(position);
  --remaining;
  return *this;
}

SmallVector<int64_t, 4> Tensor::shape() const {
  SmallVector<int64_t, 4> result;
  for (uint64_t size : llvm::reverse(dimensions()))
    result.push_back(static_cast<int64_t>(size));
  return result;
}

//===----------------------------------------------------------------------===//
// Parts
//===----------------------------------------------------------------------===//

struct File::Entry {
  StringRef key;
  ValueType type;
  /// Of an array: type and number of its elements.
  ValueType element;
  uint64_t count;
  /// Where the value begins: at a string's length, at an array's first element.
  uint64_t position;
};

/// One file, mapped and validated.
struct File::Part {
  compiler::MappedFile file;
  uint32_t version = 0;
  /// `split.count`, `split.no` and `split.tensors.count`, where present.
  std::optional<uint64_t> splitCount, splitNumber, splitTensors;
  /// Sorted by key.
  std::vector<Entry> entries;
  /// Sorted by offset.
  std::vector<Tensor> tensors;

  const Entry *find(StringRef key) const {
    auto found = partition_point(entries, [&](const Entry &entry) { return entry.key < key; });
    return found != entries.end() && found->key == key ? &*found : nullptr;
  }
};

//===----------------------------------------------------------------------===//
// The parser
//===----------------------------------------------------------------------===//

/// Fills a part's tables from its bytes. Every read is checked against what is
/// left; tables grow as entries are met, never by a count from the file; work
/// is linear in the file's size but for sorting.
class File::Parser {
public:
  explicit Parser(Part &part) : part(part), bytes(part.file.bytes()) {}

  Error parse() {
    uint64_t keyCount = 0, tensorCount = 0;
    if (Error e = parseHeader(tensorCount, keyCount))
      return e;
    for (uint64_t i = 0; i < keyCount; ++i)
      if (Error e = parseEntry(i))
        return e;
    if (Error e = sortEntries())
      return e;
    if (Error e = parseAlignment())
      return e;
    if (Error e = parseSplit("split.count", part.splitCount))
      return e;
    if (Error e = parseSplit("split.no", part.splitNumber))
      return e;
    if (Error e = parseSplit("split.tensors.count", part.splitTensors))
      return e;
    for (uint64_t i = 0; i < tensorCount; ++i)
      if (Error e = parseTensor(i))
        return e;
    return placeTensors();
  }

private:
  Error error(const Twine &message) const { return createStringError(part.file.path() + ": " + message); }

  uint64_t left() const { return bytes.size() - position; }

  /// Fails unless `size` bytes are left for `what`.
  Error need(uint64_t size, const Twine &what) const {
    if (size <= left())
      return Error::success();
    return error(what + " at byte " + Twine(position) + " needs " + Twine(size) + " bytes, but the file ends after " +
                 Twine(left()) + damaged);
  }

  template <typename T> Error read(T &value, const Twine &what) {
    if (Error e = need(sizeof(T), what))
      return e;
    value = support::endian::read<T, endianness::little>(bytes.data() + position);
    position += sizeof(T);
    return Error::success();
  }

  Error readString(StringRef &text, const Twine &what) {
    uint64_t length;
    if (Error e = read(length, "the length of " + what))
      return e;
    if (Error e = need(length, what))
      return e;
    text = {reinterpret_cast<const char *>(bytes.data() + position), static_cast<size_t>(length)};
    position += length;
    return Error::success();
  }

  /// A key or a tensor's name.
  Error readName(StringRef &name, const Twine &what) {
    uint64_t start = position;
    if (Error e = readString(name, what))
      return e;
    if (name.empty())
      return error(what + " at byte " + Twine(start) + " is empty" + damaged);
    if (name.size() > largestName)
      return error(what + " at byte " + Twine(start) + " has " + Twine(name.size()) +
                   " bytes, more than the format's " + Twine(largestName) + damaged);
    if (!isCleanText(name))
      return error(what + " at byte " + Twine(start) + " (" + quote(name) + ") is not clean UTF-8 text" + damaged);
    return Error::success();
  }

  Error readValueType(ValueType &type, const Twine &what) {
    uint64_t start = position;
    uint32_t number;
    if (Error e = read(number, what))
      return e;
    if (number > static_cast<uint32_t>(ValueType::Float64))
      return error(what + " at byte " + Twine(start) + ": unknown value type " + Twine(number) +
                   " (GGUF knows 0 to 12)" + damaged);
    type = static_cast<ValueType>(number);
    return Error::success();
  }

  Error parseHeader(uint64_t &tensorCount, uint64_t &keyCount) {
    StringRef head(reinterpret_cast<const char *>(bytes.data()), std::min<size_t>(bytes.size(), magic.size()));
    if (head != magic) {
      // What llama.cpp wrote before GGUF: ggml, ggmf, ggjt and ggla, as
      // little-endian words.
      if (head == "lmgg" || head == "fmgg" || head == "tjgg" || head == "algg")
        return error("is a llama.cpp model of the time before GGUF; convert "
                     "the original model again with a current llama.cpp");
      return error("is not a GGUF file: it begins with " + quote(head) + " and not with 'GGUF'; give a GGUF model");
    }
    position = magic.size();
    if (Error e = read(part.version, "the version number"))
      return e;
    if (part.version != 0 && (part.version & 0xffff) == 0)
      return error("is a big-endian GGUF file (version word 0x" + utohexstr(part.version, /*LowerCase=*/true, 8) +
                   " at byte 4), and only little-endian ones are supported; "
                   "convert it with gguf-py's gguf-convert-endian");
    if (part.version != 2 && part.version != 3)
      return error("has GGUF version " + Twine(part.version) +
                   " (byte 4); supported are 2 and 3: convert the model again "
                   "with a current llama.cpp");
    if (Error e = read(tensorCount, "the number of tensors"))
      return e;
    if (Error e = read(keyCount, "the number of metadata keys"))
      return e;
    if (Error e = checkCount(tensorCount, largestTensorCount, smallestTensor, "tensors", 8))
      return e;
    return checkCount(keyCount, largestKeyCount, smallestKey, "metadata keys", 16);
  }

  Error checkCount(uint64_t count, uint64_t largest, uint64_t smallestBytes, StringRef what, uint64_t where) const {
    if (count > largest)
      return error("claims " + Twine(count) + " " + what + " (byte " + Twine(where) + "), more than the " +
                   Twine(largest) + " that are read" + damaged);
    if (count > left() / smallestBytes)
      return error("claims " + Twine(count) + " " + what + " (byte " + Twine(where) + "), more than its " +
                   Twine(bytes.size()) + " bytes can hold" + damaged);
    return Error::success();
  }

  Error parseEntry(uint64_t index) {
    Entry entry;
    if (Error e = readName(entry.key, "metadata key " + Twine(index)))
      return e;
    std::string what = "the value of metadata key " + quote(entry.key);
    if (Error e = readValueType(entry.type, what))
      return e;
    entry.element = entry.type;
    entry.count = 1;
    if (entry.type == ValueType::Array) {
      if (Error e = readValueType(entry.element, what))
        return e;
      if (entry.element == ValueType::Array)
        return error(what + " at byte " + Twine(position - 4) +
                     " is an array of arrays, which no known model uses and "
                     "Ingot does not read; remove the key");
      if (Error e = read(entry.count, what))
        return e;
    }
    entry.position = position;
    if (Error e = skipValues(entry.element, entry.count, what))
      return e;
    part.entries.push_back(entry);
    return Error::success();
  }

  Error skipValues(ValueType type, uint64_t count, StringRef what) {
    // A string takes at least its length.
    unsigned size = type == ValueType::String ? 8 : valueBytes(type);
    if (count > left() / size)
      return error(what + " at byte " + Twine(position) + " claims " + Twine(count) +
                   (count == 1 ? " value" : " values") + " of type " + valueTypeName(type) +
                   ", but the file ends after " + Twine(left()) + " bytes" + damaged);
    switch (type) {
    case ValueType::String:
      for (uint64_t i = 0; i < count; ++i) {
        StringRef text;
        if (Error e = readString(text, what))
          return e;
      }
      return Error::success();
    case ValueType::Bool:
      for (uint64_t i = 0; i < count; ++i, ++position)
        if (bytes[position] > 1)
          return error(what + " at byte " + Twine(position) + " is " + Twine(unsigned(bytes[position])) +
                       ", and a bool is 0 or 1" + damaged);
      return Error::success();
    default:
      position += count * size;
      return Error::success();
    }
  }

  Error sortEntries() {
    llvm::sort(part.entries,
               [](const Entry &a, const Entry &b) { return a.key != b.key ? a.key < b.key : a.position < b.position; });
    auto twin = std::adjacent_find(part.entries.begin(), part.entries.end(),
                                   [](const Entry &a, const Entry &b) { return a.key == b.key; });
    if (twin == part.entries.end())
      return Error::success();
    return error("metadata key " + quote(twin->key) + " stands twice (values at bytes " + Twine(twin->position) +
                 " and " + Twine(std::next(twin)->position) + "); write the file again with each key once");
  }

  Error parseAlignment() {
    const Entry *entry = part.find("general.alignment");
    if (!entry)
      return Error::success();
    if (entry->type != ValueType::UInt32)
      return error("metadata key 'general.alignment' is of type " + valueTypeName(entry->type) + ", not u32" + damaged);
    alignment = support::endian::read32le(bytes.data() + entry->position);
    // The format demands a multiple of 8.
    if (!isPowerOf2_64(alignment) || alignment < 8 || alignment > largestAlignment)
      return error("metadata key 'general.alignment' at byte " + Twine(entry->position) + " is " + Twine(alignment) +
                   ", not a power of two from 8 to " + Twine(largestAlignment) +
                   "; write the file again with the default, 32");
    return Error::success();
  }

  Error parseSplit(StringRef key, std::optional<uint64_t> &value) const {
    const Entry *entry = part.find(key);
    if (!entry)
      return Error::success();
    int64_t number = -1;
    if (isInteger(entry->type))
      number = readInteger(bytes.data() + entry->position, entry->type);
    if (number < 0)
      return error("metadata key " + quote(key) + " at byte " + Twine(entry->position) + " is no whole number" +
                   damaged);
    value = static_cast<uint64_t>(number);
    return Error::success();
  }

  Error parseTensor(uint64_t index) {
    Tensor tensor;
    uint64_t start = position;
    if (Error e = readName(tensor.name, "the name of tensor " + Twine(index)))
      return e;
    std::string what = "tensor " + quote(tensor.name);
    if (Error e = read(tensor.rank, "the rank of " + what))
      return e;
    if (tensor.rank < 1 || tensor.rank > 4)
      return error(what + " (entry at byte " + Twine(start) + ") has " + Twine(tensor.rank) +
                   " dimensions, not 1 to 4" + damaged);
    tensor.sizes.fill(1);
    uint64_t elements = 1;
    for (unsigned i = 0; i < tensor.rank; ++i) {
      if (Error e = read(tensor.sizes[i], "dimension " + Twine(i) + " of " + what))
        return e;
      if (tensor.sizes[i] == 0)
        return error(what + " (entry at byte " + Twine(start) + "): dimension " + Twine(i) + " is 0" + damaged);
      std::optional<uint64_t> product = checkedMulUnsigned(elements, tensor.sizes[i]);
      if (!product || *product > static_cast<uint64_t>(INT64_MAX))
        return error(what + " (entry at byte " + Twine(start) + "): the product of its dimensions overflows 63 bits" +
                     damaged);
      elements = *product;
    }
    uint32_t number;
    if (Error e = read(number, "the type of " + what))
      return e;
    const TypeInfo *info = typeInfo(number);
    if (!info)
      return error(what + " (entry at byte " + Twine(start) + ") has unknown type " + Twine(number) +
                   "; supported types: " + supportedTypeNames());
    if (!info->blockElements)
      return error(what + " has type " + info->name +
                   ", which llama.cpp has removed; convert the model again to "
                   "a supported type: " +
                   supportedTypeNames());
    tensor.type = static_cast<Type>(number);
    if (tensor.sizes[0] % info->blockElements != 0)
      return error(what + " (entry at byte " + Twine(start) + "): its first dimension " + Twine(tensor.sizes[0]) +
                   " is no multiple of " + Twine(info->blockElements) + ", the block of type " + info->name + damaged);
    std::optional<uint64_t> size = checkedMulUnsigned<uint64_t>(elements / info->blockElements, info->blockBytes);
    if (!size)
      return error(what + " (entry at byte " + Twine(start) + "): its size in bytes overflows 64 bits" + damaged);
    tensor.bytes = *size;
    if (Error e = read(tensor.offset, "the offset of " + what))
      return e;
    if (tensor.offset % alignment != 0)
      return error(what + " (entry at byte " + Twine(start) + "): offset " + Twine(tensor.offset) +
                   " is no multiple of the alignment " + Twine(alignment) + damaged);
    tensor.part = 0;
    part.tensors.push_back(tensor);
    return Error::success();
  }

  /// Turns offsets into the data section to ones into the file, and checks that
  /// the tensors lie in it one after the other.
  Error placeTensors() {
    // Cannot overflow: a position is a size of memory, at most 2^47.
    uint64_t dataStart = alignTo(position, alignment);
    for (Tensor &tensor : part.tensors) {
      std::optional<uint64_t> start = checkedAddUnsigned(dataStart, tensor.offset);
      std::optional<uint64_t> end;
      if (start)
        end = checkedAddUnsigned(*start, tensor.bytes);
      if (!end || *end > bytes.size())
        return error("tensor " + quote(tensor.name) + " needs " + Twine(tensor.bytes) + " bytes at offset " +
                     Twine(tensor.offset) + " of the data that begin at byte " + Twine(dataStart) +
                     ", past the end of the file at byte " + Twine(bytes.size()) + damaged);
      tensor.offset = *start;
    }
    llvm::sort(part.tensors, [](const Tensor &a, const Tensor &b) { return a.offset < b.offset; });
    auto clash = std::adjacent_find(part.tensors.begin(), part.tensors.end(),
                                    [](const Tensor &a, const Tensor &b) { return b.offset - a.offset < a.bytes; });
    if (clash == part.tensors.end())
      return Error::success();
    const Tensor &first = *clash, &second = *std::next(clash);
    return error("tensors " + quote(first.name) + " (bytes " + Twine(first.offset) + " to " +
                 Twine(first.offset + first.bytes) + ") and " + quote(second.name) + " (from byte " +
                 Twine(second.offset) + ") overlap" + damaged);
  }

  Part &part;
  ArrayRef<uint8_t> bytes;
  uint64_t position = 0;
  uint64_t alignment = defaultAlignment;
};

//===----------------------------------------------------------------------===//
// Opening
//===----------------------------------------------------------------------===//

File::File(std::string name) : fileName(std::move(name)) {}
File::File(File &&) noexcept = default;
File &File::operator=(File &&) noexcept = default;
File::~File() = default;

static std::string splitSuffix(uint64_t number, uint64_t count) {
  auto padded = [](uint64_t value) {
    std::string digits = utostr(value);
    return std::string(digits.size() < 5 ? 5 - digits.size() : 0, '0') + digits;
  };
  return "-" + padded(number + 1) + "-of-" + padded(count) + ".gguf";
}

Expected<File> File::open(StringRef path) {
  File file(path.str());
  Part given;
  Expected<compiler::MappedFile> mapped = compiler::MappedFile::open(path, fileKind);
  if (!mapped)
    return mapped.takeError();
  given.file = std::move(*mapped);
  if (Error e = Parser(given).parse())
    return std::move(e);
  uint64_t count = given.splitCount.value_or(1);
  if (count <= 1) {
    file.parts.push_back(std::move(given));
    if (Error e = file.join())
      return std::move(e);
    return std::move(file);
  }

  uint64_t number = given.splitNumber.value_or(0);
  if (number >= count)
    return file.error("split.no is " + Twine(number) + ", but split.count is " + Twine(count) + damaged);
  std::string suffix = splitSuffix(number, count);
  if (!path.ends_with(suffix))
    return file.error("is part " + Twine(number + 1) + " of " + Twine(count) +
                      " of a split model, so its name must end in '" + suffix +
                      "' for the other parts to be found; rename it");
  StringRef stem = path.drop_back(suffix.size());
  for (uint64_t i = 0; i < count; ++i) {
    if (i == number) {
      file.parts.push_back(std::move(given));
      continue;
    }
    Expected<compiler::MappedFile> other = compiler::MappedFile::open((stem + splitSuffix(i, count)).str(), fileKind);
    if (!other)
      return createStringError(toString(other.takeError()) + "; it is part " + Twine(i + 1) + " of " + Twine(count) +
                               " of a split model, whose parts must all lie in one "
                               "folder");
    Part part;
    part.file = std::move(*other);
    if (Error e = Parser(part).parse())
      return std::move(e);
    file.parts.push_back(std::move(part));
  }
  if (Error e = file.join())
    return std::move(e);
  return std::move(file);
}

Expected<File> File::fromMemory(ArrayRef<ArrayRef<uint8_t>> parts, StringRef name) {
  File file(name.str());
  if (parts.empty())
    return file.error("has no parts; give at least one");
  for (ArrayRef<uint8_t> bytes : parts) {
    Part part;
    part.file = compiler::MappedFile::fromMemory(bytes, name);
    if (Error e = Parser(part).parse())
      return std::move(e);
    file.parts.push_back(std::move(part));
  }
  if (Error e = file.join())
    return std::move(e);
  return std::move(file);
}

/// Checks that the parts belong together, and makes one list of their tensors.
Error File::join() {
  uint64_t expectedParts = parts[0].splitCount.value_or(1);
  if (std::max<uint64_t>(expectedParts, 1) != parts.size())
    return error("split.count is " + Twine(expectedParts) + ", but there are " + Twine(parts.size()) +
                 " parts; give all of one model");
  uint64_t total = 0;
  for (const auto &[index, part] : enumerate(parts)) {
    total += part.tensors.size();
    if (parts.size() == 1)
      continue;
    if (part.splitNumber.value_or(UINT64_MAX) != index || part.splitCount.value_or(UINT64_MAX) != parts.size())
      return createStringError(part.file.path() + ": should be part " + Twine(index + 1) + " of " +
                               Twine(parts.size()) +
                               ", but its split.no and split.count say otherwise; "
                               "fetch all parts of one model again");
  }
  std::optional<uint64_t> expectedTensors = parts[0].splitTensors;
  if (parts.size() > 1 && expectedTensors && *expectedTensors != total)
    return error("split.tensors.count is " + Twine(*expectedTensors) + ", but the parts hold " + Twine(total) +
                 " tensors; fetch all parts of one model again");
  if (total > largestTensorCount)
    return error("the parts hold " + Twine(total) + " tensors, more than the " + Twine(largestTensorCount) +
                 " that are read" + damaged);

  for (auto [index, part] : enumerate(parts)) {
    for (Tensor tensor : part.tensors) {
      tensor.part = static_cast<uint32_t>(index);
      tensorsByName.push_back(static_cast<uint32_t>(allTensors.size()));
      allTensors.push_back(tensor);
    }
    part.tensors = {};
  }
  llvm::sort(tensorsByName, [&](uint32_t a, uint32_t b) { return allTensors[a].name < allTensors[b].name; });
  auto twin = std::adjacent_find(tensorsByName.begin(), tensorsByName.end(),
                                 [&](uint32_t a, uint32_t b) { return allTensors[a].name == allTensors[b].name; });
  if (twin != tensorsByName.end())
    return error("tensor " + quote(allTensors[*twin].name) +
                 " stands twice; write the file again with each tensor once");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

size_t File::partCount() const { return parts.size(); }
StringRef File::partPath(size_t part) const { return parts[part].file.path(); }
uint32_t File::version() const { return parts[0].version; }
size_t File::keyCount() const { return parts[0].entries.size(); }
StringRef File::key(size_t index) const { return parts[0].entries[index].key; }

Error File::error(const Twine &message) const { return createStringError(fileName + ": " + message); }

Error File::absent(StringRef key) const {
  return error("metadata key " + quote(key) + " is missing; convert the model again with a current llama.cpp");
}

Error File::wrongType(const Entry &entry, StringRef expected) const {
  return error("metadata key " + quote(entry.key) + " at byte " + Twine(entry.position) + " is of type " +
               (entry.type == ValueType::Array ? "array of " : "") + valueTypeName(entry.element) + ", not " +
               expected + "; convert the model again with a current llama.cpp");
}

const File::Entry *File::findEntry(StringRef key) const { return parts[0].find(key); }

const uint8_t *File::payload(const Entry &entry) const { return parts[0].file.bytes().data() + entry.position; }

std::optional<ValueInfo> File::valueInfo(StringRef key) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  return ValueInfo{entry->type, entry->element, entry->count};
}

Expected<std::optional<StringRef>> File::findString(StringRef key) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  if (entry->type != ValueType::String)
    return wrongType(*entry, "string");
  return *StringArray(payload(*entry), 1).begin();
}

Expected<std::optional<uint64_t>> File::findUnsigned(StringRef key) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  if (!isInteger(entry->type))
    return wrongType(*entry, "an integer");
  int64_t value = readInteger(payload(*entry), entry->type);
  if (value < 0 && entry->type != ValueType::UInt64)
    return error("metadata key " + quote(key) + " at byte " + Twine(entry->position) + " is " + Twine(value) +
                 ", and must not be negative" + damaged);
  return static_cast<uint64_t>(value);
}

Expected<std::optional<int64_t>> File::findInteger(StringRef key) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  if (!isInteger(entry->type))
    return wrongType(*entry, "an integer");
  int64_t value = readInteger(payload(*entry), entry->type);
  if (value < 0 && entry->type == ValueType::UInt64)
    return error("metadata key " + quote(key) + " at byte " + Twine(entry->position) + " is " +
                 Twine(static_cast<uint64_t>(value)) + ", more than 63 bits hold" + damaged);
  return value;
}

Expected<std::optional<double>> File::findFloat(StringRef key) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  if (!isFloat(entry->type))
    return wrongType(*entry, "a floating-point number");
  return readFloat(payload(*entry), entry->type);
}

Expected<std::optional<bool>> File::findBool(StringRef key) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  if (!isBool(entry->type))
    return wrongType(*entry, "bool");
  return *payload(*entry) != 0;
}

Expected<std::optional<StringArray>> File::findStringArray(StringRef key) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  if (entry->type != ValueType::Array || entry->element != ValueType::String)
    return wrongType(*entry, "array of string");
  return StringArray(payload(*entry), entry->count);
}

template <typename T>
Expected<std::optional<NumberArray<T>>> File::findNumberArray(StringRef key, StringRef expected,
                                                              bool (*accepts)(ValueType)) const {
  const Entry *entry = findEntry(key);
  if (!entry)
    return std::nullopt;
  if (entry->type != ValueType::Array || !accepts(entry->element))
    return wrongType(*entry, expected);
  return NumberArray<T>(payload(*entry), entry->element, entry->count);
}

Expected<std::optional<IntegerArray>> File::findIntegerArray(StringRef key) const {
  auto array = findNumberArray<int64_t>(key, "array of integers", isInteger);
  if (array && *array && valueInfo(key)->element == ValueType::UInt64)
    for (uint64_t i = 0; i < (*array)->size(); ++i)
      if ((**array)[i] < 0)
        return error("metadata key " + quote(key) + ": element " + Twine(i) + " is more than 63 bits hold" + damaged);
  return array;
}

Expected<std::optional<FloatArray>> File::findFloatArray(StringRef key) const {
  return findNumberArray<double>(key, "array of floating-point numbers", isFloat);
}

Expected<std::optional<BoolArray>> File::findBoolArray(StringRef key) const {
  return findNumberArray<bool>(key, "array of bool", isBool);
}

/// Turns the answer of a find into that of a get.
template <typename T> static Expected<T> require(Expected<std::optional<T>> found, function_ref<Error()> absent) {
  if (!found)
    return found.takeError();
  if (!*found)
    return absent();
  return **found;
}

#define INGOT_GGUF_GET(NAME, TYPE)                                                                                     \
  Expected<TYPE> File::get##NAME(StringRef key) const {                                                                \
    return require<TYPE>(find##NAME(key), [&] { return absent(key); });                                                \
  }
INGOT_GGUF_GET(String, StringRef)
INGOT_GGUF_GET(Unsigned, uint64_t)
INGOT_GGUF_GET(Integer, int64_t)
INGOT_GGUF_GET(Float, double)
INGOT_GGUF_GET(Bool, bool)
INGOT_GGUF_GET(StringArray, StringArray)
INGOT_GGUF_GET(IntegerArray, IntegerArray)
INGOT_GGUF_GET(FloatArray, FloatArray)
INGOT_GGUF_GET(BoolArray, BoolArray)
#undef INGOT_GGUF_GET

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

const Tensor *File::findTensor(StringRef name) const {
  auto found = partition_point(tensorsByName, [&](uint32_t index) { return allTensors[index].name < name; });
  if (found == tensorsByName.end() || allTensors[*found].name != name)
    return nullptr;
  return &allTensors[*found];
}

ArrayRef<uint8_t> File::data(const Tensor &tensor) const {
  return parts[tensor.part].file.bytes().slice(tensor.offset, tensor.bytes);
}

Error File::checkTypes() const {
  struct Count {
    uint32_t id;
    uint64_t tensors;
    StringRef example;
  };
  // At most one entry for each type that ggml knows.
  SmallVector<Count, 4> unsupported;
  for (const Tensor &tensor : allTensors) {
    const TypeInfo &info = typeInfo(tensor.type);
    if (info.getFormat())
      continue;
    auto found = find_if(unsupported, [&](const Count &count) { return count.id == info.id; });
    if (found == unsupported.end())
      unsupported.push_back({info.id, 1, tensor.name});
    else
      ++found->tensors;
  }
  if (unsupported.empty())
    return Error::success();
  std::string list;
  for (const Count &count : unsupported)
    list += (list.empty() ? "" : ", ") + typeInfo(count.id)->name.str() + " (" + utostr(count.tensors) +
            (count.tensors == 1 ? " tensor, " : " tensors, first ") + quote(count.example) + ")";
  return error("unsupported tensor types: " + list + "; supported types: " + supportedTypeNames() +
               ": quantize the model to one of these");
}

void File::release(ArrayRef<uint8_t> range) const {
  for (const Part &part : parts)
    part.file.release(range);
}

} // namespace ingot::gguf
