//===- AttentionKernels.cpp - attention, attention_partial, attention_merge ===//

#include "codegen/cuda/Kernels.h"
#include "target/CudaTarget.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::cuda;

/// Checks what the code takes for granted of an operation that reads a cache, and returns the struct of the cache.
template <typename Attention> static FailureOr<std::string> getCache(KernelContext &context, Attention op) {
  FailureOr<CacheGroup> group = context.structs.getGroup(op, op.getCache().getType());
  if (failed(group) || failed(group->op.verifyReader(op, op.getWindow(), op.getStep().getType().getRows())))
    return failure();
  return context.structs.getCache(op, op.getCache().getType(), op.getStep().getType(), op.getWindow());
}

/// The struct of what becomes of an operation's scores.
template <typename Attention> static std::string getScore(KernelContext &context, Attention op) {
  bool isBidirectional = false;
  if constexpr (std::is_same_v<Attention, kernel::AttentionOp>)
    isBidirectional = op.getBidirectional();
  return context.structs.getScore(op.getScale(), op.getSoftcap(), op.getAlibiSlopes(), isBidirectional);
}

/// Keys of a tile: as many as leave room for the rest in 48 KiB of shared memory; 0 where not even a few do.
static int64_t getTileKeys(model::KeyValueType cache, int64_t tileRows) {
  constexpr int64_t sharedBytes = 48 << 10, mostKeys = 32, fewestKeys = 4;
  int64_t keyColumns = kernel::pairedHeadColumns(cache.getDimension());
  int64_t valueColumns = encoding::paddedToPanels(cache.getDimension());
  for (int64_t keys = mostKeys; keys >= fewestKeys; keys /= 2)
    if (4 * (tileRows * keyColumns + keys * (keyColumns + 1) + keys * valueColumns + tileRows * keys) <= sharedBytes)
      return keys;
  return 0;
}

/// The same for mma.sync, of 16-bit elements: two tiles of one part, or one of two parts; rows are padded by 8.
static int64_t getTensorTileKeys(model::KeyValueType cache) {
  constexpr int64_t sharedBytes = 48 << 10, mostKeys = 32, fewestKeys = 16;
  int64_t columns =
      kernel::pairedHeadColumns(cache.getDimension()) + encoding::paddedToPanels(cache.getDimension()) + 16;
  return 2 * 2 * mostKeys * columns <= sharedBytes ? mostKeys : fewestKeys;
}

LogicalResult cuda::emitAttention(KernelContext &context, kernel::AttentionOp op) {
  FailureOr<std::string> shape = getCache(context, op);
  if (failed(shape))
    return failure();
  model::KeyValueType cache = op.getCache().getType();
  bool isMany = target::attendsByTensorCores(op, context.rows);
  int64_t tileRows = target::getAttentionTileRows(op, context.rows);
  int64_t tileKeys = isMany ? getTensorTileKeys(cache) : getTileKeys(cache, tileRows);
  if (!tileKeys)
    return op.emitOpError() << "has no CUDA C++ for heads of " << cache.getDimension()
                            << " columns: a tile does not fit into 48 KiB of shared memory";
  const BufferNames &names = context.buffers.find(op.getCache())->second;
  context.print(R"(  constexpr int heads = $heads, keyValueHeads = $keyValueHeads, dimension = $dimension;
  attend$kind<$shape, $score, heads, keyValueHeads, dimension, $tiles>(
      step, $query, $queryStride, $keys, $values, rows, $result, $resultStride);
)",
                {{"heads", op.getHeads()},
                 {"keyValueHeads", cache.getHeads()},
                 {"dimension", cache.getDimension()},
                 {"shape", *shape},
                 {"kind", isMany ? "ManyRows" : "Rows"},
                 {"tiles", (isMany ? "" : std::to_string(tileRows) + ", ") + std::to_string(tileKeys)},
                 {"query", context.name(op.getQuery())},
                 {"queryStride", strideOf(op.getQuery())},
                 {"keys", names.first},
                 {"values", names.second},
                 {"score", getScore(context, op)},
                 {"result", context.name(op.getResult())},
                 {"resultStride", strideOf(op.getResult())}});
  return success();
}

LogicalResult cuda::emitAttentionPartial(KernelContext &context, kernel::AttentionPartialOp op) {
  FailureOr<std::string> shape = getCache(context, op);
  if (failed(shape))
    return failure();
  model::KeyValueType cache = op.getCache().getType();
  FailureOr<CacheGroup> group = context.structs.getGroup(op, cache);
  int64_t most = target::countKeyChunks(group->op.getContext(), op.getKeyChunk(), op.getWindow());
  if (static_cast<int64_t>(op.getChunks()) < most)
    return op.emitOpError() << "expected room for the " << most
                            << " chunks that a row looks at, found chunks = " << op.getChunks();
  constexpr int64_t mostKeys = 4096, mostColumns = 512;
  if (op.getKeyChunk() > mostKeys || encoding::paddedToPanels(cache.getDimension()) > mostColumns)
    return op.emitOpError() << "has no CUDA C++ for chunks of " << op.getKeyChunk() << " keys and heads of "
                            << cache.getDimension() << " columns: at most " << mostKeys << " and " << mostColumns;
  const BufferNames &names = context.buffers.find(op.getCache())->second;
  context.print(
      R"(  constexpr int heads = $heads, keyValueHeads = $keyValueHeads, keyChunk = $keyChunk, chunks = $chunks;
  attendChunk<$shape, $score, heads, keyValueHeads, keyChunk, chunks>(step, $query, $keys, $values, $result);
)",
      {{"heads", op.getHeads()},
       {"keyValueHeads", cache.getHeads()},
       {"keyChunk", op.getKeyChunk()},
       {"chunks", op.getChunks()},
       {"shape", *shape},
       {"query", context.name(op.getQuery())},
       {"keys", names.first},
       {"values", names.second},
       {"score", getScore(context, op)},
       {"result", context.name(op.getResult())}});
  return success();
}

LogicalResult cuda::emitAttentionMerge(KernelContext &context, kernel::AttentionMergeOp op) {
  context.print(R"(  constexpr int dimension = $dimension, keyChunk = $keyChunk, chunks = $chunks, window = $window;
  mergeChunks<dimension, keyChunk, chunks, window>(step, $partial, $result);
)",
                {{"dimension", op.getDimension()},
                 {"keyChunk", op.getKeyChunk()},
                 {"chunks", op.getChunks()},
                 {"window", op.getWindow().value_or(0)},
                 {"partial", context.name(op.getPartial())},
                 {"result", context.name(op.getResult())}});
  return success();
}
