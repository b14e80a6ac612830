//===- AttentionKernel.cpp - attention over the cache ---------------------===//
//
// One pass over the pages of a sequence with a running maximum (arXiv:2205.14135). A
// grain is a tile of queries that share keys: heads of one row, or rows of one head. Keys
// stand 16 positions to a vector, so that scores need no horizontal sums.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Kernels.h"
#include "target/TargetDescription.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

/// Less than any score; finite, so that differences of two of them are 0 and not NaN.
static constexpr double masked = -1e30;

namespace {
class AttentionTileEmitter {
public:
  AttentionTileEmitter(Emitter &emit, kernel::AttentionOp op, const KernelArguments &arguments,
                       target::AttentionTile tile, CacheGeometry geometry)
      : emit(emit), op(op), arguments(arguments), tile(tile), cache(op.getCache().getType(), geometry),
        queries(tile.heads * tile.rows), dimension(op.getCache().getType().getDimension()) {
    scores = emit.stack(queries * cache.getPageRows() * 4);
    outputs = emit.stack(queries * cache.getValueDimension() * 4);
  }

  void emitGrain(Value headGroup, Value rowTile) {
    locateQueries(headGroup, rowTile);
    Type vector = emit.vector(emit.f32());
    for (int64_t query = 0; query < queries; ++query)
      for (int64_t block = 0; block < valueBlocks(); ++block)
        emit.store(emit.real(0.0, vector), outputAddress(query, emit.integer(block * lanes)), 64);

    Value last = positions.front();
    for (Value position : positions)
      last = emit.maximum(last, position);
    Value pages = emit.add(emit.divide(last, cache.getPageRows()), 1);
    SmallVector<Value> carried(queries, emit.real(masked));
    carried.append(queries, emit.real(0.0));
    carried = emit.loop(emit.integer(0), pages, 1, carried,
                        [&](Value page, ValueRange values) { return emitPage(page, last, values); });
    for (int64_t query = 0; query < queries; ++query)
      emitResult(query, carried[queries + query]);
  }

private:
  int64_t valueBlocks() const { return cache.getValueDimension() / lanes; }

  void locateQueries(Value headGroup, Value rowTile) {
    uint64_t stride = encoding::getActivationRowBytes(cast<RankedTensorType>(op.getQuery().getType()));
    int64_t groupSize = op.getHeads() / op.getCache().getType().getHeads();
    Value firstHead = emit.mul(headGroup, tile.heads), firstRow = emit.mul(rowTile, tile.rows);
    keyValueHead = emit.divide(firstHead, groupSize);
    sequenceRow = emit.minimum(firstRow, emit.sub(arguments.rows, emit.integer(1)));
    positions.clear();
    addresses.clear();
    rows.clear();
    heads.clear();
    for (int64_t query = 0; query < queries; ++query) {
      Value row = emit.add(firstRow, tile.rows == 1 ? 0 : query),
            head = emit.add(firstHead, tile.heads == 1 ? 0 : query);
      // Rows past the last one read it again; what they store lies in the padding of the buffer.
      Value real = emit.minimum(row, emit.sub(arguments.rows, emit.integer(1)));
      rows.push_back(row);
      heads.push_back(head);
      positions.push_back(loadPosition(emit, arguments.step, real));
      Value offset = emit.add(emit.mul(real, stride), emit.mul(head, cache.getKeyDimension() * 4));
      addresses.push_back(emit.pointer(arguments.inputs[0], offset));
    }
  }

  Value scoreAddress(int64_t query, Value position) {
    return emit.pointer(scores, emit.add(emit.mul(position, 4), query * cache.getPageRows() * 4));
  }
  Value outputAddress(int64_t query, Value column) {
    return emit.pointer(outputs, emit.add(emit.mul(column, 4), query * cache.getValueDimension() * 4));
  }

  /// `carried`: maximum of each query, then its sum. Returns them after this page.
  SmallVector<Value> emitPage(Value page, Value last, ValueRange carried) {
    Value physical = loadPage(emit, op.getStep().getType(), arguments.step, sequenceRow, page);
    Value keys = cache.keys(emit, arguments.states[0], physical, keyValueHead);
    Value values = cache.values(emit, arguments.states[1], physical, keyValueHead);
    Value firstPosition = emit.mul(page, cache.getPageRows());
    SmallVector<Value> largest = emitScores(keys, firstPosition);

    SmallVector<Value> maxima, sums, corrections;
    int64_t blocks = cache.getPageRows() / lanes;
    for (int64_t query = 0; query < queries; ++query) {
      Value maximum = emit.maxf(carried[query], emit.reduceMax(largest[query]));
      Value difference = emit.splat(emit.subf(carried[query], maximum));
      Value correction = math::ExpOp::create(emit.builder, difference);
      Value total, wide = emit.splat(maximum);
      for (int64_t block = 0; block < blocks; ++block) {
        Value address = scoreAddress(query, emit.integer(block * lanes));
        Value score = emit.load(emit.vector(emit.f32()), address, 64);
        Value weight = math::ExpOp::create(emit.builder, emit.subf(score, wide));
        emit.store(weight, address, 64);
        total = total ? emit.addf(total, weight) : weight;
      }
      maxima.push_back(maximum);
      corrections.push_back(correction);
      sums.push_back(emit.fma(carried[queries + query], emit.extract(correction, 0), emit.reduceAdd(total)));
    }
    Value count = emit.minimum(emit.sub(emit.add(last, 1), firstPosition), emit.integer(cache.getPageRows()));
    emitWeightedValues(values, count, corrections);
    maxima.append(sums);
    return maxima;
  }

  /// Stores the scores of one page, masked; returns a vector of the largest per query.
  SmallVector<Value> emitScores(Value keys, Value firstPosition) {
    Type vector = emit.vector(emit.f32());
    SmallVector<Value> largest(queries, emit.real(masked, vector));
    int64_t blocks = cache.getPageRows() / lanes;
    for (int64_t firstBlock = 0, together; firstBlock < blocks; firstBlock += together) {
      together = std::min(emit.cpu.tiles.keyBlocks, blocks - firstBlock);
      SmallVector<Value> zeros(queries * together, emit.real(0.0, vector));
      Value base = emit.pointer(keys, firstBlock * cache.getKeyBlockBytes());
      constexpr int64_t unroll = 2;
      SmallVector<Value> sums = emit.loop(
          emit.integer(0), emit.integer(cache.getKeyDimension()), unroll, zeros, [&](Value first, ValueRange carried) {
            SmallVector<Value> next(carried);
            for (int64_t offset = 0; offset < unroll; ++offset) {
              Value index = emit.add(first, offset);
              Value row = emit.pointer(base, emit.mul(index, lanes * cache.getElementBytes()));
              SmallVector<Value> blockKeys;
              for (int64_t block = 0; block < together; ++block)
                blockKeys.push_back(
                    emit.loadExtended(cache.getElement(), emit.pointer(row, block * cache.getKeyBlockBytes()), 32));
              for (int64_t query = 0; query < queries; ++query) {
                Value element =
                    emit.splat(emit.load(emit.f32(), emit.pointer(addresses[query], emit.mul(index, 4)), 4));
                for (int64_t block = 0; block < together; ++block) {
                  Value &sum = next[query * together + block];
                  sum = emit.fma(element, blockKeys[block], sum);
                }
              }
            }
            return next;
          });
      for (int64_t block = 0; block < together; ++block) {
        Value first =
            arith::TruncIOp::create(emit.builder, emit.i32(), emit.add(firstPosition, (firstBlock + block) * lanes));
        Value keyPositions = emit.add(emit.splat(first), emit.laneIndices());
        for (int64_t query = 0; query < queries; ++query) {
          Value own = emit.splat(arith::TruncIOp::create(emit.builder, emit.i32(), positions[query]));
          Value visible = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::sle, keyPositions, own);
          Value score = emit.mulf(sums[query * together + block], emit.real(op.getScale().convertToFloat(), vector));
          score = arith::SelectOp::create(emit.builder, visible, score, emit.real(masked, vector));
          emit.store(score, scoreAddress(query, emit.integer((firstBlock + block) * lanes)), 64);
          largest[query] = emit.maxf(largest[query], score);
        }
      }
    }
    return largest;
  }

  /// outputs = outputs · correction + weights · V, for the first `count` positions of the page.
  void emitWeightedValues(Value values, Value count, ArrayRef<Value> corrections) {
    for (int64_t first = 0; first < valueBlocks(); first += emit.cpu.tiles.valueBlocks) {
      int64_t together = std::min(emit.cpu.tiles.valueBlocks, valueBlocks() - first);
      auto column = [&](int64_t block) { return emit.integer((first + block) * lanes); };
      SmallVector<Value> initial;
      for (int64_t query = 0; query < queries; ++query)
        for (int64_t block = 0; block < together; ++block) {
          Value old = emit.load(emit.vector(emit.f32()), outputAddress(query, column(block)), 64);
          initial.push_back(emit.mulf(old, corrections[query]));
        }
      SmallVector<Value> sums = emit.loop(emit.integer(0), count, 1, initial, [&](Value position, ValueRange carried) {
        Value row = emit.pointer(
            values, emit.add(emit.mul(position, cache.getValueRowBytes()), first * lanes * cache.getElementBytes()));
        SmallVector<Value> blockValues, next(carried);
        for (int64_t block = 0; block < together; ++block)
          blockValues.push_back(
              emit.loadExtended(cache.getElement(), emit.pointer(row, block * lanes * cache.getElementBytes()), 32));
        for (int64_t query = 0; query < queries; ++query) {
          Value weight = emit.splat(emit.load(emit.f32(), scoreAddress(query, position), 4));
          for (int64_t block = 0; block < together; ++block) {
            Value &sum = next[query * together + block];
            sum = emit.fma(weight, blockValues[block], sum);
          }
        }
        return next;
      });
      for (int64_t query = 0; query < queries; ++query)
        for (int64_t block = 0; block < together; ++block)
          emit.store(sums[query * together + block], outputAddress(query, column(block)), 64);
    }
  }

  /// Divides by the sum and stores the head's columns, rounded where the result's type says so.
  void emitResult(int64_t query, Value sum) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    Value row = emit.pointer(arguments.outputs[0], emit.mul(rows[query], encoding::getActivationRowBytes(type)));
    Value inverse = emit.splat(emit.divf(emit.real(1.0), sum));
    auto result = [&](int64_t block) {
      Value value = emit.load(emit.vector(emit.f32()), outputAddress(query, emit.integer(block * lanes)), 64);
      return emit.mulf(value, inverse);
    };
    if (encoding::isQuantizedActivation(type)) {
      int64_t groups = dimension / encoding::groupColumns;
      for (int64_t group = 0; group < groups; ++group)
        storeQuantizedGroup(emit, result(2 * group), result(2 * group + 1), row,
                            emit.add(emit.mul(heads[query], groups), group), type);
      return;
    }
    Value head = emit.pointer(row, emit.mul(heads[query], dimension * 4));
    for (int64_t block = 0; block < valueBlocks(); ++block)
      // The columns beyond the head's belong to its neighbour, which another worker may be writing.
      emit.storeLanes(result(block), emit.pointer(head, block * lanes * 4), dimension - block * lanes);
  }

  Emitter &emit;
  kernel::AttentionOp op;
  const KernelArguments &arguments;
  target::AttentionTile tile;
  CacheLayout cache;
  int64_t queries, dimension;
  Value scores, outputs, keyValueHead, sequenceRow;
  SmallVector<Value> positions, addresses, rows, heads;
};
} // namespace

void codegen::emitAttention(Emitter &emit, kernel::AttentionOp op, const KernelArguments &arguments,
                            kernel::RowRangeAttr rows, CacheGeometry geometry) {
  target::AttentionTile tile = target::getAttentionTile(op, rows);
  AttentionTileEmitter tileEmitter(emit, op, arguments, tile, geometry);
  Value tiles = emit.divide(emit.add(arguments.rows, tile.rows - 1), tile.rows);
  emit.loop(arguments.begin, arguments.end, [&](Value grain) {
    // A worker's share is whole heads, which cost the same; tiles of rows do not.
    Value headGroup = arith::DivUIOp::create(emit.builder, grain, tiles);
    Value rowTile = arith::RemUIOp::create(emit.builder, grain, tiles);
    tileEmitter.emitGrain(headGroup, rowTile);
  });
}
