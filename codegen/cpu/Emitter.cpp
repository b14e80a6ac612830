//===- Emitter.cpp - small words for writing kernels ----------------------===//

#include "codegen/cpu/Emitter.h"

#include "runtime/abi.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ingot::codegen;

static Type elementOf(Type type) { return getElementTypeOrSelf(type); }

static Type withElement(Type like, Type element) {
  auto vector = dyn_cast<VectorType>(like);
  return vector ? vector.clone(element) : element;
}

static TypedAttr constantLike(Type like, Attribute scalar) {
  if (auto vector = dyn_cast<VectorType>(like))
    return DenseElementsAttr::get(vector, scalar);
  return cast<TypedAttr>(scalar);
}

Value Emitter::integer(int64_t value, Type like) {
  Attribute scalar = builder.getIntegerAttr(elementOf(like), value);
  return arith::ConstantOp::create(builder, constantLike(like, scalar));
}

Value Emitter::real(double value, Type like) {
  Attribute scalar = builder.getFloatAttr(elementOf(like), value);
  return arith::ConstantOp::create(builder, constantLike(like, scalar));
}

Value Emitter::laneIndices() {
  SmallVector<int32_t> values;
  for (int32_t lane = 0; lane < lanes; ++lane)
    values.push_back(lane);
  return arith::ConstantOp::create(builder, DenseElementsAttr::get(vector(i32()), ArrayRef<int32_t>(values)));
}

Value Emitter::divide(Value a, int64_t b) {
  return b == 1 ? a : arith::DivUIOp::create(builder, a, integer(b, a.getType())).getResult();
}
Value Emitter::remainder(Value a, int64_t b) { return arith::RemUIOp::create(builder, a, integer(b, a.getType())); }
Value Emitter::less(Value a, Value b) { return arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, a, b); }
Value Emitter::bitAnd(Value a, int64_t b) { return arith::AndIOp::create(builder, a, integer(b, a.getType())); }
Value Emitter::shiftRight(Value a, int64_t bits) {
  return bits ? arith::ShRUIOp::create(builder, a, integer(bits, a.getType())).getResult() : a;
}
Value Emitter::shiftLeft(Value a, int64_t bits) {
  return bits ? arith::ShLIOp::create(builder, a, integer(bits, a.getType())).getResult() : a;
}

Value Emitter::fma(Value a, Value b, Value c) { return math::FmaOp::create(builder, a, b, c); }
Value Emitter::toFloat(Value integers) {
  return arith::SIToFPOp::create(builder, withElement(integers.getType(), f32()), integers);
}
Value Emitter::extend(Value value) {
  Type element = elementOf(value.getType());
  if (element.isF32())
    return value;
  if (element.isBF16()) {
    // The upper half of an f32: an integer shift, exact and in every instruction set.
    Type narrow = withElement(value.getType(), builder.getI16Type()), wide = withElement(value.getType(), i32());
    Value bits = arith::ExtUIOp::create(builder, wide, arith::BitcastOp::create(builder, narrow, value));
    return arith::BitcastOp::create(builder, withElement(value.getType(), f32()), shiftLeft(bits, 16));
  }
  Type wideFloat = withElement(value.getType(), f32());
  if (element.isF16() && !(cpu.featureBits >> INGOT_FEATURE_F16C & 1)) {
    // Without the instruction LLVM would call libgcc for every lane. The exponent moves by a product that is exact,
    // also for denormal numbers; infinities and NaN get their own exponent back.
    Type narrow = withElement(value.getType(), builder.getI16Type()), wide = withElement(value.getType(), i32());
    Value bits = arith::ExtUIOp::create(builder, wide, arith::BitcastOp::create(builder, narrow, value));
    Value magnitude = bitAnd(bits, 0x7fff), shifted = shiftLeft(magnitude, 13);
    Value scaled = mulf(arith::BitcastOp::create(builder, wideFloat, shifted), real(0x1p112, wideFloat));
    Value special = arith::OrIOp::create(builder, shifted, integer(0x7f800000, wide));
    Value isSpecial = less(integer(0x7bff, wide), magnitude);
    Value number =
        arith::SelectOp::create(builder, isSpecial, special, arith::BitcastOp::create(builder, wide, scaled));
    return arith::BitcastOp::create(builder, wideFloat,
                                    arith::OrIOp::create(builder, number, shiftLeft(bitAnd(bits, 0x8000), 16)));
  }
  return arith::ExtFOp::create(builder, wideFloat, value);
}
Value Emitter::round(Value value, Type element) {
  if (element.isF32())
    return value;
  Type type = value.getType(), narrow = withElement(type, element);
  if (!element.isF16() || (cpu.featureBits >> INGOT_FEATURE_F16C & 1))
    return arith::TruncFOp::create(builder, narrow, value);
  // Without the instruction LLVM would call libgcc for every lane. To the nearest, ties to even, as in "float->half
  // variants" (F. Giesen, 2016): the last kept bit and all dropped ones but half carry into what is kept; where a half
  // is denormal, adding 1/2 makes the addition round there.
  Type wide = withElement(type, i32());
  Value bits = arith::BitcastOp::create(builder, wide, value), magnitude = bitAnd(bits, 0x7fffffff);
  auto select = [&](Value condition, Value chosen, Value otherwise) -> Value {
    return arith::SelectOp::create(builder, condition, chosen, otherwise);
  };
  auto constant = [&](int64_t number) { return integer(number, wide); };
  Value carry = add(bitAnd(shiftRight(magnitude, 13), 1), 0xfff);
  constexpr int64_t exponentDifference = int64_t(127 - 15) << 23, half = int64_t(126) << 23;
  Value normal = shiftRight(add(sub(magnitude, constant(exponentDifference)), carry), 13);
  Value shifted = addf(arith::BitcastOp::create(builder, type, magnitude), real(0.5, type));
  Value denormal = sub(arith::BitcastOp::create(builder, wide, shifted), constant(half));
  Value number = select(less(magnitude, constant(exponentDifference + (1 << 23))), denormal, normal);
  Value special = select(less(constant(0x7f800000), magnitude), constant(0x7e00), constant(0x7c00));
  Value rounded = select(less(magnitude, constant(int64_t(127 + 16) << 23)), number, special);
  Value result = arith::OrIOp::create(builder, rounded, bitAnd(shiftRight(bits, 16), 0x8000));
  Value narrowBits = arith::TruncIOp::create(builder, withElement(type, builder.getI16Type()), result);
  return arith::BitcastOp::create(builder, narrow, narrowBits);
}
Value Emitter::splat(Value scalar, int64_t count) {
  return vector::BroadcastOp::create(builder, vector(scalar.getType(), count), scalar);
}
Value Emitter::bitcast(Value value, VectorType type) { return vector::BitCastOp::create(builder, type, value); }

Value Emitter::dotPairs(Value sums, Value a, Value b) {
  return LLVM::CallIntrinsicOp::create(
             builder, sums.getType(), builder.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"), ValueRange{sums, a, b})
      .getResult(0);
}
Value Emitter::roughPowerOfTwo(Value x) {
  Type type = x.getType();
  Value whole = math::RoundEvenOp::create(builder, x), rest = subf(x, whole);
  // The cubic of least relative error on [-1/2, 1/2], by reweighted least squares.
  Value y = real(0.05517166948513847, type);
  for (double coefficient : {0.24261112497775567, 0.6932609856236787, 0.9999280733736741})
    y = fma(y, rest, real(coefficient, type));
  constexpr int64_t allLanes = -1, currentRounding = 4;
  return LLVM::CallIntrinsicOp::create(
             builder, type, builder.getStringAttr("llvm.x86.avx512.mask.scalef.ps.512"),
             ValueRange{y, whole, y, integer(allLanes, builder.getI16Type()), integer(currentRounding, i32())})
      .getResult(0);
}

Value Emitter::reduceAdd(Value value) {
  // A fixed tree of halves: an ordered reduction would be a chain of fifteen additions.
  auto flags = arith::FastMathFlags::reassoc;
  return vector::ReductionOp::create(builder, vector::CombiningKind::ADD, value,
                                     isa<FloatType>(elementOf(value.getType())) ? flags : arith::FastMathFlags::none);
}
Value Emitter::reduceMax(Value value) {
  return vector::ReductionOp::create(builder, vector::CombiningKind::MAXNUMF, value, arith::FastMathFlags::nnan);
}
Value Emitter::extract(Value value, int64_t lane) { return vector::ExtractOp::create(builder, value, lane); }
Value Emitter::insert(Value part, Value whole, int64_t first) {
  return vector::InsertStridedSliceOp::create(builder, part, whole, ArrayRef<int64_t>{first}, ArrayRef<int64_t>{1});
}

Value Emitter::pointer(Value base, Value byteOffset) {
  return LLVM::GEPOp::create(builder, pointerType(), i8(), base, ArrayRef<LLVM::GEPArg>{byteOffset});
}
Value Emitter::pointer(Value base, int64_t byteOffset) {
  return byteOffset ? pointer(base, integer(byteOffset)) : base;
}
Value Emitter::load(Type type, Value address, unsigned alignment) {
  return LLVM::LoadOp::create(builder, type, address, alignment);
}
void Emitter::store(Value value, Value address, unsigned alignment) {
  LLVM::StoreOp::create(builder, value, address, alignment);
}
/// The mask of the first `count` lanes.
static Value maskLanes(Emitter &emit, int64_t count) {
  SmallVector<bool> mask;
  for (int64_t lane = 0; lane < lanes; ++lane)
    mask.push_back(lane < count);
  return arith::ConstantOp::create(emit.builder,
                                   DenseElementsAttr::get(emit.vector(emit.builder.getI1Type()), ArrayRef<bool>(mask)));
}

Value Emitter::loadLanes(Value address, int64_t count) {
  VectorType type = vector(f32());
  return LLVM::MaskedLoadOp::create(builder, type, address, maskLanes(*this, count), real(0.0, type), /*alignment=*/4,
                                    /*nontemporal=*/false);
}

void Emitter::storeLanes(Value value, Value address, int64_t count) {
  LLVM::MaskedStoreOp::create(builder, value, address, maskLanes(*this, count), /*alignment=*/4);
}
Value Emitter::loadExtended(Type element, Value address, unsigned alignment, int64_t count) {
  return extend(load(vector(element, count), address, alignment));
}
void Emitter::prefetch(Value address, PrefetchInto cache) {
  LLVM::Prefetch::create(builder, address, /*rw=*/0, /*hint=*/static_cast<int>(cache), /*cache=*/1);
}
Value Emitter::stack(int64_t bytes) {
  // Only in the entry block is an allocation part of the frame.
  OpBuilder::InsertionGuard guard(builder);
  Operation *parent = builder.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<LLVM::LLVMFuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<LLVM::LLVMFuncOp>();
  builder.setInsertionPointToStart(&function.getBody().front());
  return LLVM::AllocaOp::create(builder, pointerType(), i8(), integer(bytes), /*alignment=*/64);
}

SmallVector<Value> Emitter::loop(Value first, Value last, int64_t step, ValueRange carried, Body body) {
  auto loop = scf::ForOp::create(builder, first, last, integer(step), carried);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = body(loop.getInductionVar(), loop.getRegionIterArgs());
  if (!next.empty())
    scf::YieldOp::create(builder, next);
  return SmallVector<Value>(loop.getResults());
}

void Emitter::loop(Value first, Value last, int64_t step, function_ref<void(Value)> body) {
  loop(first, last, step, ValueRange(), [&](Value index, ValueRange) {
    body(index);
    return SmallVector<Value>();
  });
}

void Emitter::when(Value condition, function_ref<void()> body) {
  auto branch = scf::IfOp::create(builder, condition, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  body();
}

void Emitter::repeatWhile(function_ref<Value()> body) {
  auto loop = scf::WhileOp::create(builder, TypeRange(), ValueRange());
  OpBuilder::InsertionGuard guard(builder);
  builder.createBlock(&loop.getBefore());
  scf::ConditionOp::create(builder, body(), ValueRange());
  builder.createBlock(&loop.getAfter());
  scf::YieldOp::create(builder);
}
