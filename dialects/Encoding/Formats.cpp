//===- Formats.cpp - the table of weight formats --------------------------===//

#include "dialects/Encoding/Formats.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace ingot::encoding;

static constexpr WeightFormat makeI4(int64_t group) {
  return {.blockColumns = group,
          .blockBytes = 2 + group / 2,
          .low = {4, 2, group / 2},
          .zeroPoint = 8,
          .scaleColumns = group};
}

static constexpr NamedFormat ggmlFormats[] = {
    {"f32", {.element = ElementKind::F32, .blockColumns = 1, .blockBytes = 4, .scaleColumns = 1}},
    {"f16", {.element = ElementKind::F16, .blockColumns = 1, .blockBytes = 2, .scaleColumns = 1}},
    {"bf16", {.element = ElementKind::BF16, .blockColumns = 1, .blockBytes = 2, .scaleColumns = 1}},
    {"q4_0", makeI4(32)},
    {"q4_1", {.blockBytes = 20, .minimumOffset = 2, .low = {4, 4, 16}}},
    {"q5_0", {.blockBytes = 22, .low = {4, 6, 16}, .high = {1, 2, 1}, .zeroPoint = 16}},
    {"q5_1", {.blockBytes = 24, .minimumOffset = 2, .low = {4, 8, 16}, .high = {1, 4, 1}}},
    {"q8_0", {.blockBytes = 34, .low = {8, 2, 32}, .zeroPoint = 128, .signedBytes = true}},
    {"q2_k",
     {.blockColumns = 256,
      .blockBytes = 84,
      .scaleOffset = 80,
      .minimumOffset = 82,
      .low = {2, 16, 32},
      .subScales = SubScales::Nibbles,
      .subScaleOffset = 0,
      .scaleColumns = 16}},
    {"q3_k",
     {.blockColumns = 256,
      .blockBytes = 110,
      .scaleOffset = 108,
      .low = {2, 32, 32},
      .high = {1, 0, 32},
      .zeroPoint = 4,
      .subScales = SubScales::SignedSixBits,
      .subScaleOffset = 96,
      .scaleColumns = 16}},
    {"q4_k",
     {.blockColumns = 256,
      .blockBytes = 144,
      .minimumOffset = 2,
      .low = {4, 16, 32},
      .subScales = SubScales::SixBits,
      .subScaleOffset = 4}},
    {"q5_k",
     {.blockColumns = 256,
      .blockBytes = 176,
      .minimumOffset = 2,
      .low = {4, 48, 32},
      .high = {1, 16, 32},
      .subScales = SubScales::SixBits,
      .subScaleOffset = 4}},
    {"q6_k",
     {.blockColumns = 256,
      .blockBytes = 210,
      .scaleOffset = 208,
      .low = {4, 0, 64},
      .high = {2, 128, 32},
      .zeroPoint = 32,
      .subScales = SubScales::SignedBytes,
      .subScaleOffset = 192,
      .scaleColumns = 16}},
};

llvm::ArrayRef<NamedFormat> ingot::encoding::getGgmlFormats() { return ggmlFormats; }

const WeightFormat *ingot::encoding::findGgmlFormat(llvm::StringRef name) {
  const auto *found =
      llvm::find_if(ggmlFormats, [&](const NamedFormat &entry) { return name.equals_insensitive(entry.name); });
  return found == std::end(ggmlFormats) ? nullptr : &found->format;
}

bool ingot::encoding::canQuantize(const WeightFormat &format) {
  return format.isQuantized() && (format.subScales == SubScales::None || format.subScales == SubScales::SixBits);
}

std::string ingot::encoding::listQuantizableFormats() {
  std::string names;
  for (const NamedFormat &named : ggmlFormats)
    if (canQuantize(named.format))
      names += (names.empty() ? "" : ", ") + named.name.str();
  return names;
}

WeightFormat ingot::encoding::describeI4(int64_t group) { return makeI4(group); }

PanelLayout::PanelLayout(const WeightFormat &format) {
  if (!format.isQuantized()) {
    elementBytes = format.blockBytes;
    blockBytes = elementBytes * panelRows;
    return;
  }
  minimumOffset = 2 * panelRows;
  subScaleOffset = minimumOffset + (format.hasMinimum() ? 2 * panelRows : 0);
  codesOffset = subScaleOffset;
  if (format.subScales != SubScales::None) {
    bool inOneByte = format.subScales == SubScales::Nibbles;
    subScaleBytes = panelRows * (format.hasMinimum() && !inOneByte ? 2 : 1);
    codesOffset = llvm::alignTo<64>(subScaleOffset + format.getScales() * subScaleBytes);
  }
  lowOffset = format.high.bits * 64;
  groupBytes = format.getCodeBits() * 64;
  blockBytes = codesOffset + format.blockColumns / groupColumns * groupBytes;
}

uint64_t ingot::encoding::getPanelBytes(const WeightFormat &format, int64_t columns) {
  return static_cast<uint64_t>(columns / format.blockColumns) * static_cast<uint64_t>(PanelLayout(format).blockBytes);
}
