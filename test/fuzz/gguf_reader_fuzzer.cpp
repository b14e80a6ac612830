//===- gguf_reader_fuzzer.cpp - the GGUF reader on arbitrary bytes --------===//
//
// A libFuzzer target: reads the input as a model, asks for everything that the
// reader offers, and checks what it promises. Parts of a split model stand one
// after the other in the input, with `partSeparator` between them. Each part is
// copied into a heap block of its exact size, so that AddressSanitizer sees a
// read of one byte too many.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/gguf/reader.h"
#include "compiler/import/gguf/tokenizer.h"
#include "dialects/Encoding/Blocks.h"
#include "runtime/text/serialize.h"
#include "runtime/text/tokenizer.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

using namespace ingot;
using namespace ingot::gguf;

static constexpr llvm::StringLiteral partSeparator = "<NEXT PART>";

/// Takes what is read only to be read.
static volatile double sink;

static void require(bool condition, const char *what) {
  if (condition)
    return;
  llvm::errs() << "broken promise: " << what << "\n";
  std::abort();
}

/// An error must be one printable line of bounded length.
static void checkMessage(llvm::Error error) {
  std::string message = llvm::toString(std::move(error));
  require(message.rfind("input: ", 0) == 0, "an error begins with the file");
  require(message.size() < 2000, "an error is short");
  require(llvm::none_of(message, [](unsigned char c) { return c < 0x20 || c == 0x7f; }), "an error is one line");
}

/// Whether there is a value; the error is checked otherwise.
template <typename T> static bool good(llvm::Expected<T> &value) {
  if (value)
    return true;
  checkMessage(value.takeError());
  return false;
}

/// Reads every element of an array.
template <typename Array> static void walk(llvm::Expected<std::optional<Array>> array, uint64_t count) {
  if (!good(array))
    return;
  require((*array)->size() == count, "an array has the size that it claims");
  for (uint64_t i = 0; i < count; ++i)
    sink = static_cast<double>((**array)[i]);
}

static void checkMetadata(const File &file) {
  for (size_t i = 0; i < file.keyCount(); ++i) {
    llvm::StringRef key = file.key(i);
    require(i == 0 || file.key(i - 1) < key, "keys are unique and sorted");
    std::optional<ValueInfo> info = file.valueInfo(key);
    require(info.has_value(), "a listed key is found");
    auto text = file.getString(key);
    if (good(text))
      require(text->size() < 1 << 20, "a string lies in the input");
    auto positive = file.getUnsigned(key);
    good(positive);
    auto integer = file.getInteger(key);
    good(integer);
    auto number = file.getFloat(key);
    good(number);
    auto truth = file.getBool(key);
    good(truth);
    walk(file.findIntegerArray(key), info->count);
    walk(file.findFloatArray(key), info->count);
    walk(file.findBoolArray(key), info->count);
    auto strings = file.getStringArray(key);
    if (good(strings)) {
      uint64_t seen = 0;
      for (llvm::StringRef element : *strings) {
        ++seen;
        if (!element.empty())
          sink = element.back();
      }
      require(seen == info->count, "an array has the size that it claims");
    }
  }
  // No key is a control character.
  auto absent = file.findUnsigned("\n");
  require(good(absent) && !*absent, "an absent key is told as absent");
}

static void checkTensors(const File &file) {
  const Tensor *previous = nullptr;
  std::vector<float> row;
  for (const Tensor &tensor : file.tensors()) {
    require(file.findTensor(tensor.name) == &tensor, "names are unique");
    if (previous && previous->part == tensor.part)
      require(previous->offset + previous->bytes <= tensor.offset, "tensors do not overlap");
    previous = &tensor;
    llvm::ArrayRef<uint8_t> data = file.data(tensor);
    require(data.size() == tensor.bytes && tensor.bytes > 0, "a tensor has data");
    sink = data.front();
    sink = data.back();
    require(tensor.rowBytes() * tensor.rowCount() == tensor.bytes, "rows make the tensor");
    require(tensor.shape().size() == tensor.rank, "a shape has all dimensions");
    if (const encoding::WeightFormat *format = typeInfo(tensor.type).getFormat()) {
      row.resize(tensor.rowElements());
      encoding::decodeRow(*format, data.take_back(tensor.rowBytes()).data(), static_cast<int64_t>(row.size()),
                          row.data());
    }
    file.release(data);
  }
  if (llvm::Error error = file.checkTypes())
    checkMessage(std::move(error));
}

static void checkTokenizer(const File &file) {
  auto description = readTokenizer(file);
  if (!good(description) || !*description)
    return;
  text::TokenizerContents contents;
  require(!text::makeContents(**description, contents), "a description that was read is valid");
  std::string bytes = text::serialize(contents);
  text::Tokenizer tokenizer;
  std::optional<std::string> wrong = tokenizer.open(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  require(!wrong, "a valid description gives a tokenizer");
  require(tokenizer.vocabularySize() == static_cast<int32_t>((*description)->tokens.size()), "no token is lost");
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::vector<std::vector<uint8_t>> parts;
  llvm::StringRef rest(reinterpret_cast<const char *>(data), size);
  bool more = true;
  while (more) {
    more = rest.contains(partSeparator);
    auto [part, tail] = rest.split(partSeparator);
    parts.emplace_back(part.bytes_begin(), part.bytes_end());
    rest = tail;
  }
  std::vector<llvm::ArrayRef<uint8_t>> views(parts.begin(), parts.end());
  llvm::Expected<File> file = File::fromMemory(views, "input");
  if (!good(file))
    return 0;
  checkMetadata(*file);
  checkTensors(*file);
  checkTokenizer(*file);
  return 0;
}
