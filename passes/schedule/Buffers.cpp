//===- Buffers.cpp - how many bytes buffers need --------------------------===//

#include "passes/schedule/Buffers.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::schedule;

/// Sizes stay far from 64 bits, so that offsets and sums of a plan cannot wrap.
static constexpr uint64_t mostBytes = uint64_t(1) << 48;

/// The product of `factors`; emits an error on `op` where it is zero or beyond
/// any machine.
static FailureOr<uint64_t> multiply(Operation *op, std::initializer_list<int64_t> factors, const Twine &what) {
  uint64_t product = 1;
  for (int64_t factor : factors) {
    bool overflow = false;
    product = llvm::SaturatingMultiply(product, static_cast<uint64_t>(factor), &overflow);
    if (overflow || factor < 1 || product > mostBytes)
      return op->emitOpError() << "expected at least one byte and at most 256 TiB for " << what;
  }
  return product;
}

std::optional<Place> schedule::parsePlace(StringRef text) {
  auto [name, rest] = text.split('[');
  std::optional<Tier> tier = symbolizeTier(name);
  int64_t ordinal;
  if (!tier || !rest.consume_back("]") || rest.getAsInteger(10, ordinal) || ordinal < 0)
    return std::nullopt;
  return Place{*tier, ordinal};
}

RankedTensorType schedule::getParameterType(Operation *symbol) {
  if (auto parameter = dyn_cast_or_null<model::ParameterOp>(symbol))
    return cast<RankedTensorType>(parameter.getType());
  if (auto assemble = dyn_cast_or_null<encoding::AssembleOp>(symbol))
    return cast<RankedTensorType>(assemble.getType());
  return {};
}

StringAttr schedule::getParameterHome(Operation *symbol) {
  if (auto parameter = dyn_cast_or_null<model::ParameterOp>(symbol))
    return parameter.getHomeAttr();
  if (auto assemble = dyn_cast_or_null<encoding::AssembleOp>(symbol))
    return assemble.getHomeAttr();
  return {};
}

FailureOr<uint64_t> schedule::getParameterBytes(Operation *op, RankedTensorType type) {
  encoding::StorageAttr storage = encoding::getStorage(type);
  if (type && type.hasStaticShape() && type.getRank() == 1) {
    auto format = storage ? dyn_cast<encoding::GgmlAttr>(storage.getFormat()) : encoding::GgmlAttr();
    if (type.getElementType().isF32() && (!storage || (format && format.getType() == encoding::GgmlType::F32))) {
      FailureOr<uint64_t> bytes = multiply(op, {type.getDimSize(0), 4}, "a parameter");
      return failed(bytes) ? bytes : FailureOr<uint64_t>(llvm::alignTo(*bytes, 64));
    }
  }
  if (type && type.hasStaticShape() && type.getRank() == 2 && storage && storage.getLayout()) {
    if (failed(multiply(op, {encoding::paddedToPanels(type.getDimSize(0)), type.getDimSize(1), 4}, "a parameter")))
      return failure();
    return storage.getBytes(type.getDimSize(0), type.getDimSize(1));
  }
  return op->emitOpError() << "expected a parameter that kernels can read, a "
                              "vector of f32 or a matrix with a layout, found "
                           << type;
}

CacheGroups schedule::getCacheGroups(ModuleOp module) {
  CacheGroups groups;
  for (auto group : module.getOps<model::CacheGroupOp>())
    groups.try_emplace(group.getName(), group);
  return groups;
}

uint64_t schedule::getCacheBytesPerPosition(model::KeyValueType type, StringRef part) {
  uint64_t dimension =
      part == "key" ? kernel::pairedHeadColumns(type.getDimension()) : encoding::paddedToPanels(type.getDimension());
  uint64_t scales = type.isQuantized() ? dimension / encoding::groupColumns * 2 : 0;
  return type.getHeads() * (dimension * type.getElement().getIntOrFloatBitWidth() / 8 + scales);
}

FailureOr<uint64_t> schedule::getCacheBytes(Operation *op, const CacheGroups &groups, model::KeyValueType type,
                                            StringRef part) {
  auto found = groups.find(type.getGroup().getValue());
  if (found == groups.end())
    return op->emitOpError() << "expected a model.cache_group " << type.getGroup() << " for " << type << ", found none";
  model::CacheGroupOp group = found->second;
  return multiply(op,
                  {static_cast<int64_t>(group.getPages()), static_cast<int64_t>(group.getPageRows()),
                   static_cast<int64_t>(getCacheBytesPerPosition(type, part))},
                  "the cache of a layer");
}

int64_t schedule::getRowBound(model::StepType step, kernel::RowRangeAttr rows, bool wanted) {
  return std::min(wanted ? step.getWanted() : step.getRows(), rows.getLast());
}

FailureOr<uint64_t> schedule::getActivationBytes(Operation *op, const target::TargetDescription &target,
                                                 RankedTensorType type, int64_t rows) {
  if (type.getRank() != 2 || type.isDynamicDim(1))
    return op->emitOpError() << "expected an activation [rows, columns], found " << type;
  return multiply(op, {target.getPaddedRows(rows), static_cast<int64_t>(encoding::getActivationRowBytes(type))},
                  "an activation");
}
