//===- AttentionKernel.cpp - attention over the cache ---------------------===//
//
// Keys are taken in chunks, each with a maximum, a sum and an output of its own, merged
// in ascending order (arXiv:2205.14135): chunks may be computed by whoever has time, and
// bits stay the same. Queries that share keys form tiles; keys stand 16 positions to a
// vector, so that scores need no horizontal sums.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Kernels.h"
#include "target/CpuTarget.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

/// Less than any score; finite, so that differences of two of them are 0 and not NaN.
static constexpr double masked = -1e30;

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

namespace {
/// A chunk's maximum and sum join those of the chunks before it; outputs follow by `merge`.
struct ChunkMerge {
  ChunkMerge(Emitter &emit, Value oldMaximum, Value oldSum, Value chunkMaximum, Value chunkSum) : emit(emit) {
    maximum = emit.maxf(oldMaximum, chunkMaximum);
    // One of the two powers is e^0.
    Value power = math::ExpOp::create(
        emit.builder, emit.splat(emit.subf(arith::MinNumFOp::create(emit.builder, oldMaximum, chunkMaximum), maximum)));
    Value grows = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OGT, chunkMaximum, oldMaximum);
    Value one = emit.real(1.0, power.getType());
    oldFactor = arith::SelectOp::create(emit.builder, grows, power, one);
    chunkFactor = arith::SelectOp::create(emit.builder, grows, one, power);
    sum = emit.fma(chunkSum, emit.extract(chunkFactor, 0), emit.mulf(oldSum, emit.extract(oldFactor, 0)));
  }
  Value merge(Value oldOutput, Value chunkOutput) {
    return emit.fma(chunkOutput, chunkFactor, emit.mulf(oldOutput, oldFactor));
  }

  Emitter &emit;
  Value maximum, sum;

private:
  Value oldFactor, chunkFactor;
};

/// Where kernel.attention_partial leaves its results: see the operation.
struct PartialLayout {
  PartialLayout(int64_t dimension, int64_t chunks)
      : valueBytes(encoding::paddedToPanels(dimension) * 4), chunks(chunks),
        headBytes(kernel::partialColumns(dimension, chunks) * 4) {}

  Value output(Emitter &emit, Value base, Value head, Value chunk) const {
    return emit.pointer(base, emit.add(emit.mul(head, headBytes), emit.mul(chunk, valueBytes)));
  }
  /// The maximum; the sum follows it.
  Value statistics(Emitter &emit, Value base, Value head, Value chunk) const {
    return emit.pointer(base, emit.add(emit.add(emit.mul(head, headBytes), emit.mul(chunk, 8)), chunks * valueBytes));
  }

  int64_t valueBytes, chunks, headBytes;
};
} // namespace

/// Divides a head's output by its sum and stores it in `row`, rounded where the result's type says so.
static void storeHead(Emitter &emit, RankedTensorType type, int64_t dimension, Value row, Value head, Value sum,
                      function_ref<Value(int64_t block)> output) {
  Value inverse = emit.splat(emit.divf(emit.real(1.0), sum));
  auto result = [&](int64_t block) { return emit.mulf(output(block), inverse); };
  if (encoding::isQuantizedActivation(type)) {
    int64_t groups = dimension / encoding::groupColumns;
    for (int64_t group = 0; group < groups; ++group)
      storeQuantizedGroup(emit, result(2 * group), result(2 * group + 1), row, emit.add(emit.mul(head, groups), group),
                          type);
    return;
  }
  Value columns = emit.pointer(row, emit.mul(head, dimension * 4));
  for (int64_t block = 0; block * lanes < dimension; ++block)
    // The columns beyond the head's belong to its neighbour, which another worker may be writing.
    emit.storeLanes(result(block), emit.pointer(columns, block * lanes * 4), dimension - block * lanes);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

namespace {
/// What the forms of attention over a cache have in common.
struct AttentionShape {
  template <typename Attention>
  AttentionShape(Attention op, int64_t rows)
      : cache(op.getCache().getType()), step(op.getStep().getType()), heads(op.getHeads()),
        group(heads / cache.getHeads()), rows(rows), keyChunk(op.getKeyChunk()), window(op.getWindow().value_or(0)),
        scale(op.getScale().convertToFloat()), softcap(op.getSoftcap() ? op.getSoftcap()->convertToFloat() : 0),
        alibiSlopes(op.getAlibiSlopes().value_or(ArrayRef<float>())), bidirectional(isBidirectional(op)),
        queryStride(encoding::getActivationRowBytes(cast<RankedTensorType>(op.getQuery().getType()))) {}

  static bool isBidirectional(kernel::AttentionOp op) { return op.getBidirectional(); }
  /// A single row is the last of its sequence.
  static bool isBidirectional(kernel::AttentionPartialOp) { return false; }

  int64_t queries() const { return group * rows; }

  model::KeyValueType cache;
  model::StepType step;
  int64_t heads;    ///< query heads
  int64_t group;    ///< query heads of one key-value head
  int64_t rows;     ///< rows of a grain
  int64_t keyChunk; ///< keys
  int64_t window;   ///< positions that a row sees at most; 0: all up to its own
  double scale;
  double softcap;              ///< 0: none
  ArrayRef<float> alibiSlopes; ///< [heads], or empty
  bool bidirectional;
  int64_t queryStride; ///< bytes
};

/// A query of a tile.
struct TileQuery {
  Value address; ///< of its numbers, as keys are multiplied with them
  Value position;
  Value lastVisible; ///< position
  Value slope;       ///< of ALiBi, in all lanes; or null
};

/// Takes what one chunk gave for the queries of a tile.
class ChunkSink {
public:
  virtual ~ChunkSink() = default;
  /// `slot`: index in the tile; `query`: index in the grain, row · group + head.
  virtual void takeStatistics(int64_t slot, Value query, Value chunk, Value maximum, Value sum) = 0;
  /// 16 columns, after the statistics of the same query.
  virtual void takeOutput(int64_t slot, Value query, Value chunk, int64_t block, Value output) = 0;
};

/// One grain: the queries of some rows and of all heads that share a key-value head.
class GrainEmitter {
public:
  GrainEmitter(Emitter &emit, const AttentionShape &shape, const KernelArguments &arguments, CacheGeometry geometry)
      : emit(emit), shape(shape), arguments(arguments), cache(shape.cache, geometry) {
    scores = emit.stack(tileQueries() * valueGroups() * shape.keyChunk * 4);
    if (roundsQueries())
      rounded = emit.stack((shape.rows == 1 ? shape.heads : shape.queries()) * roundedQueryBytes());
    if (cache.isPaired())
      weightPairs = emit.stack(tileQueries() * shape.keyChunk * 2);
    if (shape.alibiSlopes.empty())
      return;
    slopes = emit.stack(shape.heads * 4);
    for (auto [head, slope] : llvm::enumerate(shape.alibiSlopes))
      emit.store(emit.real(slope), emit.pointer(slopes, static_cast<int64_t>(head) * 4), 4);
  }

  /// Selects the grain: `keyHead` and the first of its rows.
  void select(Value keyHead, Value row) {
    keyValueHead = keyHead;
    firstRow = row;
    if (shape.bidirectional)
      lastOfSequence =
          loadPosition(emit, arguments.step, findLastRow(emit, shape.step, arguments.step, arguments.rows, firstRow));
  }

  /// Rounds the queries of the selected grain to what keys are multiplied with.
  void roundQueries() {
    if (cache.isQuantized())
      roundQueriesToCodes();
    else if (cache.isPaired())
      roundQueriesToPairs();
  }

  /// The first chunk that any row of the grain sees, and the one after the last.
  Value firstChunk() { return firstVisibleChunk(emit, positionOf(emit.integer(0)), shape.keyChunk, shape.window); }
  Value endChunk() {
    return emit.add(emit.divide(lastVisible(positionOf(emit.integer(shape.queries() - 1))), shape.keyChunk), 1);
  }
  Value rowOf(Value query) {
    return emit.add(firstRow, shape.rows == 1 ? emit.integer(0) : emit.divide(query, shape.group));
  }
  Value headOf(Value query) {
    return emit.add(emit.mul(keyValueHead, shape.group), shape.rows == 1 ? query : emit.remainder(query, shape.group));
  }

  /// Queries that are not padding, a multiple of the heads that share a key-value head.
  Value countQueries() {
    return emit.mul(emit.minimum(emit.integer(shape.rows), emit.sub(arguments.rows, firstRow)), shape.group);
  }

  void emitChunk(Value chunk, ChunkSink &sink) {
    int64_t tile = tileQueries(), whole = shape.queries() / tile * tile;
    Value last = emit.minimum(emit.integer(whole), countQueries());
    if (whole == tile)
      emitTile(emit.integer(0), tile, chunk, sink);
    else
      emit.loop(emit.integer(0), last, tile, [&](Value query) { emitTile(query, tile, chunk, sink); });
    if (whole == shape.queries())
      return;
    emit.when(emit.less(emit.integer(whole), countQueries()),
              [&] { emitTile(emit.integer(whole), shape.queries() - whole, chunk, sink); });
  }

  int64_t valueBlocks() const { return cache.getValueDimension() / lanes; }

  /// While a chunk is read, the same keys and values of chunk `chunk` of `keyHead` are asked for. For a single row,
  /// which waits for memory; `lastPage` is the last one that exists.
  void prefetchNext(Value keyHead, Value chunk, Value lastPage) { next = Next{keyHead, chunk, lastPage}; }

private:
  /// Groups of value columns with scales of their own.
  int64_t valueGroups() const { return cache.isQuantized() ? cache.getValueDimension() / encoding::groupColumns : 1; }
  /// Steps of a low code in one of a high code.
  static constexpr int64_t lowSteps = 254;
  /// Numbers of a lane: of pairs, two dimensions of a key or two positions of values.
  int64_t laneNumbers() const { return cache.isPaired() ? 2 : 1; }
  bool roundsQueries() const { return cache.isQuantized() || cache.isPaired(); }
  /// Of codes: high ones of a head's dimensions, low ones; then for each group its scale and -128 · Σ codes.
  int64_t roundedQueryBytes() const {
    if (cache.isPaired())
      return 2 * cache.getKeyDimension();
    return llvm::alignTo(2 * cache.getKeyDimension() + 8 * cache.getKeyGroups(), 64);
  }
  /// Of one row, all heads have their place: grains that share heads find them rounded.
  Value roundedQuery(Value query) {
    return emit.pointer(rounded, emit.mul(shape.rows == 1 ? headOf(query) : query, roundedQueryBytes()));
  }
  Value plainQuery(Value query) {
    return emit.pointer(arguments.inputs[0], emit.add(emit.mul(realRow(query), shape.queryStride),
                                                      emit.mul(headOf(query), cache.getKeyDimension() * 4)));
  }

  /// Queries that share what is loaded.
  int64_t tileQueries() const {
    int64_t queries = shape.queries();
    if (queries <= mostQueries)
      return queries;
    for (int64_t count = mostQueries; count >= 4; --count)
      if (queries % count == 0)
        return count;
    return llvm::divideCeil(queries, llvm::divideCeil(queries, mostQueries));
  }
  static constexpr int64_t mostQueries = 6;

  /// The most accumulators for each of `queries` queries, a divisor of `all`.
  int64_t divideAccumulators(int64_t queries, int64_t all) const {
    int64_t count = std::clamp<int64_t>(emit.cpu.tiles.attentionVectors / queries, 1, std::min<int64_t>(all, 4));
    while (all % count)
      --count;
    return count;
  }

  /// Rows past the last one read it again; what they store lies in the padding of the buffer.
  Value realRow(Value query) { return emit.minimum(rowOf(query), emit.sub(arguments.rows, emit.integer(1))); }
  Value positionOf(Value query) { return loadPosition(emit, arguments.step, realRow(query)); }
  /// The last position that a row at `position` sees.
  Value lastVisible(Value position) { return shape.bidirectional ? lastOfSequence : position; }

  void emitTile(Value firstQuery, int64_t queries, Value chunk, ChunkSink &sink) {
    SmallVector<TileQuery> tile;
    for (int64_t query = 0; query < queries; ++query) {
      Value index = emit.add(firstQuery, query), position = positionOf(index);
      tile.push_back({roundsQueries() ? roundedQuery(index) : plainQuery(index), position, lastVisible(position),
                      loadSlope(index)});
    }
    sequenceRow = realRow(firstQuery);
    Value first = emit.mul(chunk, shape.keyChunk), keys = emit.integer(shape.keyChunk);
    if (shape.window) {
      // Pages before the first row's window are left out. What only earlier rows of the tile see weighs 0.
      Value visible = firstVisible(emit, tile.front().position, shape.window);
      Value page = emit.mul(emit.divide(visible, cache.getPageRows()), cache.getPageRows());
      Value end = emit.add(first, shape.keyChunk);
      first = emit.maximum(first, page);
      keys = emit.sub(end, first);
      skipped = emit.sub(visible, first);
    }
    // Positions ascend with the rows.
    Value count = emit.minimum(emit.sub(emit.add(tile.back().lastVisible, 1), first), keys);
    SmallVector<Value> maxima = emitScores(tile, first, count);
    SmallVector<Value> sums = emitWeights(maxima, first, count);
    for (int64_t query = 0; query < queries; ++query)
      sink.takeStatistics(query, emit.add(firstQuery, query), chunk, maxima[query], sums[query]);
    emitOutputs(firstQuery, queries, chunk, first, count, sink);
  }

  /// Keys of 8-bit codes meet queries of two codes for each number, 254 · high + low: rounded to 8 bits, queries would
  /// lose more than the keys do. In the groups that keys have.
  void roundQueriesToCodes() {
    emit.loop(emit.integer(0), countQueries(), [&](Value query) {
      Value plain = plainQuery(query), codes = roundedQuery(query);
      emit.loop(emit.integer(0), emit.integer(cache.getKeyGroups()), [&](Value group) {
        Type vector = emit.vector(emit.f32()), integers = emit.vector(emit.i32());
        Value firstAddress = emit.pointer(plain, emit.mul(group, lanes * 4));
        Value secondAddress = emit.pointer(firstAddress, cache.getKeyDimension() / 2 * 4);
        Value halves[] = {emit.load(vector, firstAddress, 64), emit.load(vector, secondAddress, 64)};
        Value largest = largestMagnitude(emit, halves[0], halves[1]);
        Value inverse = divideOrZero(emit, 127.0, largest);
        Value address = emit.pointer(codes, emit.mul(group, encoding::groupColumns)), sum = emit.integer(0, integers);
        for (Value half : halves) {
          Value scaled = emit.mulf(half, emit.splat(inverse));
          Value high = math::RoundEvenOp::create(emit.builder, scaled);
          Value rest = emit.mulf(emit.subf(scaled, high), emit.real(lowSteps, vector));
          Value low = math::RoundEvenOp::create(emit.builder, rest);
          for (Value part : {high, low}) {
            Value numbers = arith::FPToSIOp::create(emit.builder, integers, part);
            sum = emit.add(sum, part == high ? emit.mul(numbers, lowSteps) : numbers);
            emit.store(arith::TruncIOp::create(emit.builder, emit.vector(emit.i8()), numbers),
                       part == high ? address : emit.pointer(address, cache.getKeyDimension()), lanes);
          }
          address = emit.pointer(address, lanes);
        }
        Value numbers = emit.pointer(codes, emit.add(emit.mul(group, 8), 2 * cache.getKeyDimension()));
        emit.store(emit.mulf(largest, emit.real(1.0 / 127.0 / lowSteps)), numbers, 4);
        emit.store(emit.mul(emit.reduceAdd(sum), -128), emit.pointer(numbers, 4), 4);
      });
    });
  }

  /// With the scale of scores in them.
  void roundQueriesToPairs() {
    Type vector = emit.vector(emit.f32());
    emit.loop(emit.integer(0), countQueries(), [&](Value query) {
      Value plain = plainQuery(query), pairs = roundedQuery(query);
      for (int64_t column = 0; column < cache.getKeyDimension(); column += lanes)
        emit.store(emit.round(emit.mulf(emit.load(vector, emit.pointer(plain, column * 4), 64),
                                        emit.real(shape.scale, vector)),
                              emit.bf16()),
                   emit.pointer(pairs, column * 2), lanes * 2);
    });
  }

  /// The first key of a page that is looked at; of pairs, the first one of its pair. Keys before the window may be gone
  /// from a ring.
  Value firstSeen(Value firstKey) {
    if (!skipped)
      return emit.integer(0);
    Value first = emit.maximum(emit.sub(skipped, firstKey), emit.integer(0));
    return cache.isPaired() ? emit.bitAnd(first, -2) : first;
  }

  /// The score of a key; later its weight, of 8-bit values with the scale of each group of columns.
  Value scoreAddress(int64_t query, Value key, int64_t group = 0) {
    return emit.pointer(scores, emit.add(emit.mul(key, 4), (query * valueGroups() + group) * shape.keyChunk * 4));
  }

  /// Of pairs, the weights stand apart from the scores, as bf16.
  Value weightAddress(int64_t query, Value key, int64_t group = 0) {
    if (!cache.isPaired())
      return scoreAddress(query, key, group);
    return emit.pointer(weightPairs, emit.add(emit.mul(key, 2), query * shape.keyChunk * 2));
  }

  /// Calls `body` for the pages of a chunk with the page's first key in the chunk and how many keys of it are seen.
  SmallVector<Value>
  forEachPage(Value first, Value count, ValueRange initial,
              function_ref<SmallVector<Value>(Value page, Value firstKey, Value keys, ValueRange carried)> body) {
    Value firstPage = emit.divide(first, cache.getPageRows());
    Value rows = emit.integer(cache.getPageRows());
    return emit.loop(emit.integer(0), count, cache.getPageRows(), initial, [&](Value firstKey, ValueRange carried) {
      Value page = emit.add(firstPage, emit.divide(firstKey, cache.getPageRows()));
      return body(page, firstKey, emit.minimum(emit.sub(count, firstKey), rows), carried);
    });
  }
  Value physicalPage(Value page) { return cache.loadPage(emit, shape.step, arguments.step, sequenceRow, page); }
  /// The page of the next chunk that corresponds to the one at `firstKey` of this chunk; the address `part` gives it.
  Value addressInNext(Value firstKey, function_ref<Value(Value physicalPage, Value keyHead)> part) {
    if (!next)
      return {};
    Value key = emit.add(emit.mul(next->chunk, shape.keyChunk), firstKey);
    Value page = emit.minimum(emit.divide(key, cache.getPageRows()), next->lastPage);
    return part(physicalPage(page), next->keyHead);
  }

  /// Stores the masked scores of a chunk, in whole blocks of 16 keys; returns the largest of each query.
  SmallVector<Value> emitScores(ArrayRef<TileQuery> tile, Value first, Value count) {
    int64_t queries = tile.size(), pageBlocks = cache.getPageRows() / lanes;
    // Codes need an integer and an f32 accumulator each.
    int64_t together = divideAccumulators(cache.isQuantized() ? 2 * queries : queries, pageBlocks);
    Type vector = emit.vector(emit.f32());
    SmallVector<Value> largest(queries, emit.real(masked, vector));
    auto emitPage = [&](Value page, Value firstKey, Value keys, ValueRange carried) {
      auto keysOf = [&](Value physicalPage, Value keyHead) {
        return cache.keys(emit, arguments.states[0], physicalPage, keyHead);
      };
      Value base = keysOf(physicalPage(page), keyValueHead), nextBase = addressInNext(firstKey, keysOf);
      return emit.loop(emit.integer(0), keys, together * lanes, carried, [&](Value key, ValueRange before) {
        Value blocks = emit.pointer(base, emit.mul(key, cache.getKeyBlockBytes() / lanes));
        Value ahead = nextBase ? emit.pointer(nextBase, emit.mul(key, cache.getKeyBlockBytes() / lanes)) : Value();
        return emitBlocks(tile, blocks, ahead, emit.add(firstKey, key), first, together, before);
      });
    };
    largest = forEachPage(first, count, largest, emitPage);
    SmallVector<Value> maxima;
    for (Value value : largest)
      maxima.push_back(emit.reduceMax(value));
    return maxima;
  }

  SmallVector<Value> emitBlocks(ArrayRef<TileQuery> tile, Value blocks, Value ahead, Value key, Value first,
                                int64_t together, ValueRange before) {
    int64_t queries = tile.size();
    Type vector = emit.vector(emit.f32());
    SmallVector<Value> sums = cache.isQuantized() ? multiplyCodes(tile, blocks, ahead, together)
                                                  : multiplyPlain(tile, blocks, ahead, together);
    SmallVector<Value> largest(before);
    auto narrow = [&](Value value) { return arith::TruncIOp::create(emit.builder, emit.i32(), value); };
    for (int64_t block = 0; block < together; ++block) {
      Value firstPosition = narrow(emit.add(emit.add(first, key), block * lanes));
      Value keyPositions = emit.add(emit.splat(firstPosition), emit.laneIndices());
      for (int64_t query = 0; query < queries; ++query) {
        Value own = emit.splat(narrow(tile[query].position)), last = own;
        if (shape.bidirectional)
          last = emit.splat(narrow(tile[query].lastVisible));
        Value visible = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::sle, keyPositions, last);
        if (shape.window) {
          Value before = emit.add(own, -shape.window);
          Value inside = arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::sgt, keyPositions, before);
          visible = arith::AndIOp::create(emit.builder, visible, inside);
        }
        Value score = sums[query * together + block];
        if (!cache.isPaired())
          score = emit.mulf(score, emit.real(shape.scale, vector));
        score = adjust(score, tile[query], own, keyPositions);
        score = arith::SelectOp::create(emit.builder, visible, score, emit.real(masked, vector));
        emit.store(score, scoreAddress(query, emit.add(key, block * lanes)), 64);
        // As the instruction has it: the second where one is NaN.
        Value isLarger = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::OGT, score, largest[query]);
        largest[query] = arith::SelectOp::create(emit.builder, isLarger, score, largest[query]);
      }
    }
    return largest;
  }

  Value loadSlope(Value query) {
    if (!slopes)
      return {};
    return emit.splat(emit.load(emit.f32(), emit.pointer(slopes, emit.mul(headOf(query), 4)), 4));
  }
  /// What becomes of scaled scores before the softmax: see model.attention.
  Value adjust(Value score, const TileQuery &query, Value own, Value keyPositions) {
    if (shape.softcap != 0) {
      Type vector = score.getType();
      Value part = emit.mulf(score, emit.real(1 / shape.softcap, vector));
      score = emit.mulf(math::TanhOp::create(emit.builder, part), emit.real(shape.softcap, vector));
    }
    if (!query.slope)
      return score;
    Value distance = emit.toFloat(emit.sub(keyPositions, own));
    // What comes after a row is hidden, or as far away as what comes before it.
    if (shape.bidirectional)
      distance = arith::NegFOp::create(emit.builder, math::AbsFOp::create(emit.builder, distance));
    return emit.fma(distance, query.slope, score);
  }

  /// Products of queries and `together` blocks of keys.
  SmallVector<Value> multiplyPlain(ArrayRef<TileQuery> tile, Value blocks, Value ahead, int64_t together) {
    int64_t queries = tile.size();
    constexpr int64_t unroll = 2;
    auto multiply = [&](Value start, ValueRange carried) {
      SmallVector<Value> next(carried);
      const int64_t rowBytes = lanes * cache.getElementBytes();
      prefetch(ahead, start, unroll, together * rowBytes * laneNumbers());
      for (int64_t offset = 0; offset < unroll; ++offset) {
        Value index = emit.add(start, offset);
        Value row = emit.pointer(blocks, emit.mul(index, rowBytes * laneNumbers()));
        auto loadQuery = [&](int64_t query) {
          return emit.load(numberType(), emit.pointer(tile[query].address, emit.mul(index, 4)), 4);
        };
        auto loadKeys = [&](int64_t part) {
          Value address = emit.pointer(row, part / parts() * cache.getKeyBlockBytes());
          return cache.isPaired() ? loadPairs(address) : loadPart(address, part % parts());
        };
        multiplyParts(next, queries, 0, together * parts(), together * parts(), loadQuery, loadKeys);
      }
      return next;
    };
    return join(emit.loop(emit.integer(0), emit.integer(cache.getKeyDimension() / laneNumbers()), unroll,
                          zeroParts(queries * together), multiply));
  }
  /// A number that all lanes are multiplied with, or two of them.
  Type numberType() { return cache.isPaired() ? emit.i32() : emit.f32(); }
  /// Of 16 pairs the first members, and zeros.
  Value loadFirstOfPairs(Value address) {
    Value words = emit.bitAnd(emit.load(emit.vector(emit.i32()), address, 64), 0xffff);
    return emit.bitcast(words, emit.vector(emit.bf16(), 2 * lanes));
  }
  Value loadPairs(Value address) { return emit.load(emit.vector(emit.bf16(), 2 * lanes), address, 64); }

  /// Sums of an inner loop are vectors of a register's lanes: LLVM would take wider ones apart, all of their operands
  /// at once, and have no registers left.
  int64_t parts() const { return lanes / emit.cpu.registerLanes; }
  SmallVector<Value> zeroParts(int64_t count) {
    return SmallVector<Value>(count * parts(), emit.real(0.0, emit.vector(emit.f32(), emit.cpu.registerLanes)));
  }
  /// Part `part` of 16 elements of the cache as f32; codes without their scale.
  Value loadPart(Value address, int64_t part) {
    int64_t bytes = emit.cpu.registerLanes * cache.getElementBytes();
    Value elements =
        emit.load(emit.vector(cache.getElement(), emit.cpu.registerLanes), emit.pointer(address, part * bytes), bytes);
    if (!cache.isQuantized())
      return emit.extend(elements);
    return emit.toFloat(
        arith::ExtSIOp::create(emit.builder, emit.vector(emit.i32(), emit.cpu.registerLanes), elements));
  }
  /// sums[query · all + part] += number(query) · vector(part), for parts from `first` to `last`; or pairs of both. Of
  /// numbers and vectors the fewer are held in registers while the others pass by.
  void multiplyParts(SmallVector<Value> &sums, int64_t queries, int64_t first, int64_t last, int64_t all,
                     function_ref<Value(int64_t)> number, function_ref<Value(int64_t)> vector) {
    auto splat = [&](int64_t query) {
      Value splatted = emit.splat(number(query), emit.cpu.registerLanes);
      return cache.isPaired() ? emit.bitcast(splatted, emit.vector(emit.bf16(), 2 * lanes)) : splatted;
    };
    auto add = [&](int64_t query, int64_t part, Value splatted, Value vector) {
      Value &sum = sums[query * all + part];
      sum = cache.isPaired() ? emit.dotPairs(sum, splatted, vector) : emit.fma(splatted, vector, sum);
    };
    SmallVector<Value> held;
    if (last - first <= queries) {
      for (int64_t part = first; part < last; ++part)
        held.push_back(vector(part));
      for (int64_t query = 0; query < queries; ++query) {
        Value splatted = splat(query);
        for (int64_t part = first; part < last; ++part)
          add(query, part, splatted, held[part - first]);
      }
      return;
    }
    for (int64_t query = 0; query < queries; ++query)
      held.push_back(splat(query));
    for (int64_t part = first; part < last; ++part) {
      Value passing = vector(part);
      for (int64_t query = 0; query < queries; ++query)
        add(query, part, held[query], passing);
    }
  }
  /// Vectors of 16 lanes of what is in parts.
  SmallVector<Value> join(ArrayRef<Value> all) {
    if (parts() == 1)
      return SmallVector<Value>(all);
    SmallVector<Value> joined;
    for (size_t first = 0; first < all.size(); first += parts()) {
      Value whole = emit.real(0.0, emit.vector(emit.f32()));
      for (int64_t part = 0; part < parts(); ++part)
        whole = emit.insert(all[first + part], whole, part * emit.cpu.registerLanes);
      joined.push_back(whole);
    }
    return joined;
  }

  /// The same of 8-bit codes. A key's codes are stored + 128, so that Σ key · query = Σ stored · query - 128 Σ query.
  SmallVector<Value> multiplyCodes(ArrayRef<TileQuery> tile, Value blocks, Value ahead, int64_t together) {
    int64_t queries = tile.size(), groups = cache.getKeyGroups();
    SmallVector<Value> zeros(queries * together, emit.real(0.0, emit.vector(emit.f32())));
    Type integers = emit.vector(emit.i32()), bytes = emit.vector(emit.i8(), 4 * lanes);
    constexpr int64_t words = encoding::groupColumns / 4;
    auto multiply = [&](Value group, ValueRange carried) {
      SmallVector<Value> next(carried);
      prefetch(ahead, group, 1, together * cache.getKeyBlockBytes() / groups);
      SmallVector<SmallVector<Value>> high(queries), low(queries);
      SmallVector<Value> queryScales, queryOffsets;
      for (int64_t query = 0; query < queries; ++query) {
        Value codes = emit.pointer(tile[query].address, emit.mul(group, encoding::groupColumns));
        auto load = [&](int64_t offset) {
          return emit.bitcast(emit.splat(emit.load(emit.i32(), emit.pointer(codes, offset), 4)),
                              cast<VectorType>(bytes));
        };
        for (int64_t word = 0; word < words; ++word) {
          high[query].push_back(load(word * 4));
          low[query].push_back(load(word * 4 + cache.getKeyDimension()));
        }
        Value numbers = emit.pointer(tile[query].address, emit.add(emit.mul(group, 8), 2 * cache.getKeyDimension()));
        queryScales.push_back(emit.splat(emit.load(emit.f32(), numbers, 4)));
        queryOffsets.push_back(emit.splat(emit.load(emit.i32(), emit.pointer(numbers, 4), 4)));
      }
      for (int64_t block = 0; block < together; ++block) {
        Value keys = emit.pointer(blocks, block * cache.getKeyBlockBytes());
        Value codes = emit.pointer(keys, emit.mul(group, encoding::groupColumns * lanes));
        SmallVector<Value> keyCodes;
        for (int64_t word = 0; word < words; ++word)
          keyCodes.push_back(emit.load(bytes, emit.pointer(codes, word * 4 * lanes), 32));
        Value keyScales = cache.loadKeyScales(emit, keys, group);
        for (int64_t query = 0; query < queries; ++query) {
          auto dot = [&](Value before, ValueRange codes) -> Value {
            return kernel::Dot4Op::create(emit.builder, integers, before, keyCodes, codes, /*unsigned_max=*/255);
          };
          Value highDot = dot(emit.integer(0, integers), high[query]);
          Value whole = dot(emit.add(emit.mul(highDot, lowSteps), queryOffsets[query]), low[query]);
          Value product = emit.mulf(emit.toFloat(whole), queryScales[query]);
          Value &sum = next[query * together + block];
          sum = emit.fma(product, keyScales, sum);
        }
      }
      return next;
    };
    return emit.loop(emit.integer(0), emit.integer(groups), 1, zeros, multiply);
  }

  /// Asks for what `step` iterations from `index` on have to: `bytes` for each, from `base` on. A chunk is longer than
  /// the first cache would keep and than it has requests under way.
  void prefetch(Value base, Value index, int64_t step, int64_t bytes) {
    if (!base)
      return;
    constexpr int64_t lineBytes = 64;
    Value address = emit.pointer(base, emit.mul(index, bytes));
    for (int64_t offset = 0; offset < step * bytes; offset += lineBytes)
      emit.prefetch(emit.pointer(address, offset), PrefetchInto::SecondCache);
  }

  /// Turns the scores into weights; returns their sums. Masked keys weigh exactly nothing, so that bits do not depend
  /// on how many of them a tile looks at.
  SmallVector<Value> emitWeights(ArrayRef<Value> maxima, Value first, Value count) {
    Type vector = emit.vector(emit.f32());
    SmallVector<Value> wide, totals(maxima.size(), emit.real(0.0, vector));
    constexpr double log2e = 1.44269504088896341;
    // Where a query sees no key of the chunk, the largest score is a masked one, and masked ones still weigh 0.
    for (Value maximum : maxima)
      wide.push_back(emit.splat(
          cache.isPaired() ? emit.mulf(emit.maxf(maximum, emit.real(masked / 10)), emit.real(-log2e)) : maximum));
    auto emitWeight = [&](int64_t query, Value score) -> Value {
      if (cache.isPaired())
        return emit.roughPowerOfTwo(emit.fma(score, emit.real(log2e, vector), wide[query]));
      Value seen = arith::CmpFOp::create(emit.builder, arith::CmpFPredicate::UNE, score, emit.real(masked, vector));
      Value power = math::ExpOp::create(emit.builder, emit.subf(score, wide[query]));
      return arith::SelectOp::create(emit.builder, seen, power, emit.real(0.0, vector));
    };
    auto weigh = [&](Value key, ArrayRef<Value> scales, ValueRange carried) {
      SmallVector<Value> next(carried);
      for (int64_t query = 0; query < static_cast<int64_t>(maxima.size()); ++query) {
        Value weight = emitWeight(query, emit.load(vector, scoreAddress(query, key), 64));
        if (cache.isPaired()) {
          // What is added up is what values are multiplied with: the result stays a mean.
          Value rounded = emit.round(weight, emit.bf16());
          emit.store(rounded, weightAddress(query, key), lanes * 2);
          weight = emit.extend(rounded);
        } else {
          for (int64_t group = 0; group < valueGroups(); ++group)
            emit.store(scales.empty() ? weight : emit.mulf(weight, scales[group]), weightAddress(query, key, group),
                       64);
        }
        next[query] = emit.addf(next[query], weight);
      }
      return next;
    };
    if (!cache.isQuantized())
      totals = emit.loop(emit.integer(0), count, lanes, totals,
                         [&](Value key, ValueRange carried) { return weigh(key, {}, carried); });
    else
      totals = forEachPage(first, count, totals, [&](Value page, Value firstKey, Value keys, ValueRange carried) {
        Value values = cache.values(emit, arguments.states[1], physicalPage(page), keyValueHead);
        return emit.loop(emit.integer(0), keys, lanes, carried, [&](Value key, ValueRange before) {
          SmallVector<Value> scales;
          for (int64_t group = 0; group < valueGroups(); ++group)
            scales.push_back(cache.loadValueScales(emit, values, group, key));
          return weigh(emit.add(firstKey, key), scales, before);
        });
      });
    SmallVector<Value> sums;
    for (Value total : totals)
      sums.push_back(emit.reduceAdd(total));
    return sums;
  }

  /// weights · V of the chunk's first `count` keys.
  void emitOutputs(Value firstQuery, int64_t queries, Value chunk, Value first, Value count, ChunkSink &sink) {
    int64_t together = divideAccumulators(queries, valueBlocks());
    for (int64_t firstBlock = 0; firstBlock < valueBlocks(); firstBlock += together) {
      auto emitPage = [&](Value page, Value firstKey, Value keys, ValueRange carried) {
        auto valuesOf = [&](Value physicalPage, Value keyHead) {
          return cache.values(emit, arguments.states[1], physicalPage, keyHead);
        };
        Value base = emit.pointer(valuesOf(physicalPage(page), keyValueHead),
                                  firstBlock * lanes * cache.getElementBytes() * laneNumbers());
        Value ahead = firstBlock == 0 ? addressInNext(firstKey, valuesOf) : Value();
        auto addKey = [&](Value key, ValueRange before, bool isAlone) {
          Value row = emit.pointer(base, emit.mul(key, cache.getValueRowBytes()));
          prefetch(ahead, key, laneNumbers(), cache.getValueRowBytes());
          SmallVector<Value> next(before);
          int64_t all = together * parts(), groupParts = encoding::groupColumns / lanes * parts();
          for (int64_t part = 0, end; part < all; part = end) {
            // Of codes, each group of columns has a weight with its scale in it.
            int64_t column = firstBlock * lanes + part * emit.cpu.registerLanes;
            int64_t inGroup = column % encoding::groupColumns / emit.cpu.registerLanes;
            end = cache.isQuantized() ? std::min(all, part + groupParts - inGroup) : all;
            auto loadWeight = [&](int64_t query) {
              int64_t group = column * valueGroups() / cache.getValueDimension();
              return emit.load(numberType(), weightAddress(query, emit.add(firstKey, key), group), 4);
            };
            auto loadValues = [&](int64_t part) {
              Value address = emit.pointer(row, part / parts() * lanes * cache.getElementBytes() * laneNumbers());
              if (!cache.isPaired())
                return loadPart(address, part % parts());
              return isAlone ? loadFirstOfPairs(address) : loadPairs(address);
            };
            multiplyParts(next, queries, part, end, all, loadWeight, loadValues);
          }
          return next;
        };
        auto addKeys = [&](Value begin, Value end, ValueRange before, bool isAlone) {
          return emit.loop(begin, end, laneNumbers(), before,
                           [&](Value key, ValueRange sums) { return addKey(key, sums, isAlone); });
        };
        if (!cache.isPaired())
          return addKeys(firstSeen(firstKey), keys, carried, /*isAlone=*/false);
        // What stands beside the last key need not be a number.
        Value whole = emit.bitAnd(keys, -2);
        SmallVector<Value> ofPairs = addKeys(firstSeen(firstKey), whole, carried, /*isAlone=*/false);
        return addKeys(whole, keys, ofPairs, /*isAlone=*/true);
      };
      SmallVector<Value> outputs = join(forEachPage(first, count, zeroParts(queries * together), emitPage));
      for (int64_t query = 0; query < queries; ++query)
        for (int64_t block = 0; block < together; ++block)
          sink.takeOutput(query, emit.add(firstQuery, query), chunk, firstBlock + block,
                          outputs[query * together + block]);
    }
  }

  Emitter &emit;
  const AttentionShape &shape;
  const KernelArguments &arguments;
  CacheLayout cache;
  Value scores, weightPairs, rounded, slopes, keyValueHead, firstRow, sequenceRow, lastOfSequence;
  struct Next {
    Value keyHead, chunk, lastPage;
  };
  std::optional<Next> next;
  /// Of a window, the first visible key of the tile's chunk, relative to the first one that is looked at.
  Value skipped;
};
} // namespace

//===----------------------------------------------------------------------===//
// Sinks
//===----------------------------------------------------------------------===//

namespace {
/// Merges every chunk into what the grain's queries have so far, on the stack.
class MergingSink : public ChunkSink {
public:
  MergingSink(Emitter &emit, int64_t queries, int64_t valueBlocks)
      : emit(emit), queries(queries), valueBlocks(valueBlocks), statistics(emit.stack(queries * 8)),
        outputs(emit.stack(queries * valueBlocks * lanes * 4)) {}

  void clear() {
    emit.loop(emit.integer(0), emit.integer(queries), [&](Value query) {
      emit.store(emit.real(masked), maximumOf(query), 4);
      emit.store(emit.real(0.0), sumOf(query), 4);
      for (int64_t block = 0; block < valueBlocks; ++block)
        emit.store(emit.real(0.0, emit.vector(emit.f32())), outputOf(query, block), 64);
    });
  }
  Value sum(Value query) { return emit.load(emit.f32(), sumOf(query), 4); }
  Value output(Value query, int64_t block) { return emit.load(emit.vector(emit.f32()), outputOf(query, block), 64); }

  void takeStatistics(int64_t slot, Value query, Value, Value maximum, Value chunkSum) override {
    merges.resize(std::max<size_t>(merges.size(), slot + 1));
    merges[slot].emplace(emit, emit.load(emit.f32(), maximumOf(query), 4), sum(query), maximum, chunkSum);
    emit.store(merges[slot]->maximum, maximumOf(query), 4);
    emit.store(merges[slot]->sum, sumOf(query), 4);
  }
  void takeOutput(int64_t slot, Value query, Value, int64_t block, Value chunkOutput) override {
    emit.store(merges[slot]->merge(output(query, block), chunkOutput), outputOf(query, block), 64);
  }

private:
  Value maximumOf(Value query) { return emit.pointer(statistics, emit.mul(query, 8)); }
  Value sumOf(Value query) { return emit.pointer(maximumOf(query), 4); }
  Value outputOf(Value query, int64_t block) {
    return emit.pointer(outputs, emit.add(emit.mul(query, valueBlocks * lanes * 4), block * lanes * 4));
  }

  Emitter &emit;
  int64_t queries, valueBlocks;
  Value statistics, outputs;
  SmallVector<std::optional<ChunkMerge>> merges;
};

/// Stores every chunk for kernel.attention_merge.
class PartialSink : public ChunkSink {
public:
  PartialSink(Emitter &emit, GrainEmitter &grains, PartialLayout layout, Value firstChunk, Value base)
      : emit(emit), grains(grains), layout(layout), firstChunk(firstChunk), base(base) {}

  void takeStatistics(int64_t, Value query, Value chunk, Value maximum, Value sum) override {
    Value address = layout.statistics(emit, base, grains.headOf(query), emit.sub(chunk, firstChunk));
    emit.store(maximum, address, 4);
    emit.store(sum, emit.pointer(address, 4), 4);
  }
  void takeOutput(int64_t, Value query, Value chunk, int64_t block, Value output) override {
    Value address = layout.output(emit, base, grains.headOf(query), emit.sub(chunk, firstChunk));
    emit.store(output, emit.pointer(address, block * lanes * 4), 64);
  }

private:
  Emitter &emit;
  GrainEmitter &grains;
  PartialLayout layout;
  Value firstChunk, base;
};
} // namespace

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

void codegen::emitAttention(Emitter &emit, kernel::AttentionOp op, const KernelArguments &arguments,
                            kernel::RowRangeAttr rows, CacheGeometry geometry) {
  AttentionShape shape(op, target::getAttentionRows(op, rows));
  GrainEmitter grains(emit, shape, arguments, geometry);
  MergingSink sink(emit, shape.queries(), grains.valueBlocks());
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Value tiles = emit.divide(emit.add(arguments.rows, shape.rows - 1), shape.rows);
  emit.loop(arguments.begin, arguments.end, [&](Value grain) {
    Value keyHead = arith::DivUIOp::create(emit.builder, grain, tiles);
    Value index = arith::RemUIOp::create(emit.builder, grain, tiles);
    // Later rows see more keys. The first tile, the last, the second, …: any two neighbours cost the same, so that
    // equal shares of grains are equal shares of work.
    Value half = emit.divide(index, 2), fromEnd = emit.sub(emit.sub(tiles, emit.integer(1)), half);
    Value isEven =
        arith::CmpIOp::create(emit.builder, arith::CmpIPredicate::eq, emit.bitAnd(index, 1), emit.integer(0));
    Value tile = arith::SelectOp::create(emit.builder, isEven, half, fromEnd);
    grains.select(keyHead, emit.mul(tile, shape.rows));
    grains.roundQueries();
    sink.clear();
    emit.loop(grains.firstChunk(), grains.endChunk(), [&](Value chunk) { grains.emitChunk(chunk, sink); });
    emit.loop(emit.integer(0), grains.countQueries(), [&](Value query) {
      Value row =
          emit.pointer(arguments.outputs[0], emit.mul(grains.rowOf(query), encoding::getActivationRowBytes(type)));
      storeHead(emit, type, shape.cache.getDimension(), row, grains.headOf(query), sink.sum(query),
                [&](int64_t block) { return sink.output(query, block); });
    });
  });
}

void codegen::emitAttentionPartial(Emitter &emit, kernel::AttentionPartialOp op, const KernelArguments &arguments,
                                   CacheGeometry geometry) {
  AttentionShape shape(op, /*rows=*/1);
  GrainEmitter grains(emit, shape, arguments, geometry);
  Value row = emit.integer(0), position = loadPosition(emit, arguments.step, row);
  Value firstChunk = firstVisibleChunk(emit, position, shape.keyChunk, shape.window);
  Value chunks = countVisibleChunks(emit, position, shape.keyChunk, shape.window);
  PartialSink sink(emit, grains, PartialLayout(shape.cache.getDimension(), op.getChunks()), firstChunk,
                   arguments.outputs[0]);
  auto keyHeadOf = [&](Value grain) { return arith::DivUIOp::create(emit.builder, grain, chunks); };
  auto chunkOf = [&](Value grain) { return emit.add(firstChunk, arith::RemUIOp::create(emit.builder, grain, chunks)); };
  Value lastPage = emit.divide(position, geometry.pageRows);
  emit.loop(keyHeadOf(arguments.begin), keyHeadOf(emit.add(arguments.end, emit.sub(chunks, emit.integer(1)))),
            [&](Value head) {
              grains.select(head, row);
              grains.roundQueries();
            });
  emit.loop(arguments.begin, arguments.end, [&](Value grain) {
    grains.select(keyHeadOf(grain), row);
    Value next = emit.minimum(emit.add(grain, 1), emit.sub(arguments.end, emit.integer(1)));
    grains.prefetchNext(keyHeadOf(next), chunkOf(next), lastPage);
    grains.emitChunk(chunkOf(grain), sink);
  });
}

void codegen::emitAttentionMerge(Emitter &emit, kernel::AttentionMergeOp op, const KernelArguments &arguments) {
  int64_t dimension = op.getDimension(), blocks = llvm::divideCeil(dimension, lanes);
  PartialLayout layout(dimension, op.getChunks());
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Value chunks = countVisibleChunks(emit, loadPosition(emit, arguments.step, emit.integer(0)), op.getKeyChunk(),
                                    op.getWindow().value_or(0));
  auto emitHead = [&](Value head) {
    // Maximum, sum, outputs.
    SmallVector<Value> initial = {emit.real(masked), emit.real(0.0)};
    initial.append(blocks, emit.real(0.0, emit.vector(emit.f32())));
    SmallVector<Value> merged = emit.loop(emit.integer(0), chunks, 1, initial, [&](Value chunk, ValueRange before) {
      Value statistics = layout.statistics(emit, arguments.inputs[0], head, chunk);
      ChunkMerge merge(emit, before[0], before[1], emit.load(emit.f32(), statistics, 4),
                       emit.load(emit.f32(), emit.pointer(statistics, 4), 4));
      SmallVector<Value> next = {merge.maximum, merge.sum};
      Value output = layout.output(emit, arguments.inputs[0], head, chunk);
      for (int64_t block = 0; block < blocks; ++block)
        next.push_back(merge.merge(before[2 + block],
                                   emit.load(emit.vector(emit.f32()), emit.pointer(output, block * lanes * 4), 64)));
      return next;
    });
    storeHead(emit, type, dimension, arguments.outputs[0], head, merged[1],
              [&](int64_t block) { return merged[2 + block]; });
  };
  // One row, one grain.
  emit.loop(arguments.begin, arguments.end,
            [&](Value) { emit.loop(emit.integer(0), emit.integer(op.getHeads()), emitHead); });
}
