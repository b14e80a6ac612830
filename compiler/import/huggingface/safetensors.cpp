//===- safetensors.cpp - reads safetensors files --------------------------===//

#include "compiler/import/huggingface/safetensors.h"

#include "compiler/import/json_text.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace ingot;
using namespace ingot::safetensors;
using compiler::damagedFile;
using compiler::MappedFile;
using compiler::quote;

/// The bound that the format's own library sets.
static constexpr uint64_t largestHeader = 100'000'000;
static constexpr uint64_t lengthBytes = 8;
/// The entry of the header that is no tensor.
static constexpr StringLiteral metadataName = "__metadata__";
static constexpr size_t mostDimensions = 8;

/// Bits of an element; 0 for a type that is not known.
static uint64_t getElementBits(StringRef type) {
  struct Known {
    StringLiteral name;
    uint64_t bits;
  };
  constexpr Known known[] = {{"F64", 64}, {"F32", 32}, {"F16", 16}, {"BF16", 16},   {"F8_E4M3", 8}, {"F8_E5M2", 8},
                             {"I64", 64}, {"I32", 32}, {"I16", 16}, {"I8", 8},      {"U64", 64},    {"U32", 32},
                             {"U16", 16}, {"U8", 8},   {"BOOL", 8}, {"F8_E8M0", 8}, {"C64", 64},    {"F4", 4}};
  const Known *found = find_if(known, [&](const Known &entry) { return entry.name == type; });
  return found == std::end(known) ? 0 : found->bits;
}

Expected<File> File::open(StringRef path) {
  Expected<MappedFile> mapped = MappedFile::open(path, "a safetensors file");
  if (!mapped)
    return mapped.takeError();
  File file;
  file.file = std::move(*mapped);
  if (Error error = file.parse())
    return std::move(error);
  return std::move(file);
}

Expected<File> File::fromMemory(ArrayRef<uint8_t> bytes, StringRef name) {
  File file;
  file.file = MappedFile::fromMemory(bytes, name);
  if (Error error = file.parse())
    return std::move(error);
  return std::move(file);
}

Error File::error(const Twine &message) const { return createStringError(name() + ": " + message); }

const Tensor *File::findTensor(StringRef name) const {
  auto found = partition_point(all, [&](const Tensor &tensor) { return StringRef(tensor.name) < name; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

Error File::parse() {
  ArrayRef<uint8_t> bytes = file.bytes();
  if (bytes.size() < lengthBytes)
    return error("has " + Twine(bytes.size()) + " bytes; expected a safetensors file" + damagedFile);
  uint64_t headerBytes = support::endian::read64le(bytes.data());
  if (headerBytes > largestHeader || headerBytes > bytes.size() - lengthBytes)
    return error("its first 8 bytes tell a header of " + Twine(headerBytes) + " bytes in a file of " +
                 Twine(bytes.size()) + "; expected at most " + Twine(largestHeader) + " and what the file holds" +
                 damagedFile);
  StringRef header(reinterpret_cast<const char *>(bytes.data() + lengthBytes), headerBytes);
  ArrayRef<uint8_t> data = bytes.drop_front(lengthBytes + headerBytes);

  Expected<json::Value> parsed = compiler::parseJson(header);
  if (!parsed)
    return error("its header is no JSON (" + toString(parsed.takeError()) + ")" + damagedFile);
  const json::Object *entries = parsed->getAsObject();
  if (!entries)
    return error(Twine("its header is no JSON object") + damagedFile);

  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (const json::Object::value_type &entry : *entries) {
    StringRef name = entry.first;
    if (name == metadataName)
      continue;
    if (name.empty() || !compiler::isCleanText(name))
      return error("a tensor is named " + quote(name) + "; expected text without control characters" + damagedFile);
    auto fail = [&](const Twine &what) { return error("tensor " + quote(name) + ": " + what + damagedFile); };
    const json::Object *fields = entry.second.getAsObject();
    std::optional<StringRef> type = fields ? fields->getString("dtype") : std::nullopt;
    const json::Array *shape = fields ? fields->getArray("shape") : nullptr;
    const json::Array *offsets = fields ? fields->getArray("data_offsets") : nullptr;
    if (!type || !shape || !offsets || offsets->size() != 2)
      return fail("expected an entry with dtype, shape and two data_offsets");
    uint64_t bits = getElementBits(*type);
    if (!bits)
      return fail("is of the unknown type " + quote(*type));
    if (shape->size() > mostDimensions)
      return fail("has " + Twine(shape->size()) + " dimensions; expected at most " + Twine(mostDimensions));
    Tensor tensor;
    tensor.name = name.str();
    tensor.type = type->str();
    uint64_t size = bits;
    for (const json::Value &dimension : *shape) {
      std::optional<int64_t> extent = dimension.getAsInteger();
      bool overflows = false;
      if (extent && *extent >= 0)
        size = SaturatingMultiply<uint64_t>(size, static_cast<uint64_t>(*extent), &overflows);
      if (!extent || *extent < 0 || overflows)
        return fail("its shape is no list of sizes whose product fits 64 bits");
      tensor.shape.push_back(*extent);
    }
    std::optional<uint64_t> begin = (*offsets)[0].getAsUINT64(), end = (*offsets)[1].getAsUINT64();
    if (!begin || !end || *begin > *end || *end > data.size())
      return fail("its data_offsets lie outside the " + Twine(data.size()) + " bytes of data");
    if (size % 8 || *end - *begin != size / 8)
      return fail("has " + Twine(*end - *begin) + " bytes; expected " + Twine(size / 8) + " by its type and shape");
    tensor.bytes = data.slice(*begin, *end - *begin);
    ranges.emplace_back(*begin, *end);
    all.push_back(std::move(tensor));
  }
  llvm::sort(ranges);
  uint64_t position = 0;
  for (auto [begin, end] : ranges) {
    if (begin != position)
      return error("its tensors " + Twine(begin < position ? "overlap" : "leave a gap") + " at byte " +
                   Twine(std::min(begin, position)) + " of the data" + damagedFile);
    position = end;
  }
  if (position != data.size())
    return error("has " + Twine(data.size() - position) + " bytes after its last tensor" + damagedFile);
  llvm::sort(all, [](const Tensor &a, const Tensor &b) { return a.name < b.name; });
  return Error::success();
}
