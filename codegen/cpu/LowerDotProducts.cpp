//===- LowerDotProducts.cpp - kernel.dot4 to instructions -----------------===//
//
// One lowering per instruction set. The instruction set stands on the function, so
// that one module can hold variants for several.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Passes.h"
#include "dialects/Kernel/Kernel.h"

#include "mlir/IR/IRMapping.h"

namespace ingot::codegen {
#define GEN_PASS_DEF_CODEGENLOWERDOTPRODUCTS
#include "codegen/cpu/Passes.h.inc"
} // namespace ingot::codegen

using namespace mlir;
using namespace ingot;
using namespace ingot::codegen;

static const CpuDescription &noCpu() {
  static const CpuDescription cpu = {};
  return cpu;
}

namespace {
class DotLowering {
public:
  DotLowering(ImplicitLocOpBuilder &builder, kernel::Dot4Op op) : emit(builder, noCpu()), op(op) {}

  Value lower(StringRef instruction) {
    if (instruction == "avx512vnni")
      return chain(op.getAccumulator(), op.getUnsigned_(), op.getSigned_(), "llvm.x86.avx512.vpdpbusd.512");
    if (instruction == "avxvnni")
      return inHalves([&](Value sum, Half half) {
        for (auto [u, s] : llvm::zip(op.getUnsigned_(), op.getSigned_()))
          sum = call("llvm.x86.avx512.vpdpbusd.256", sum.getType(), {sum, half(u), half(s)});
        return sum;
      });
    if (instruction == "avx2")
      return inHalves([&](Value sum, Half half) { return avx2(sum, half); });
    return plain();
  }

private:
  Value call(StringRef intrinsic, Type type, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(emit.builder, type, emit.builder.getStringAttr(intrinsic), operands)
        .getResult(0);
  }

  Value chain(Value sum, ValueRange us, ValueRange ss, StringRef intrinsic) {
    for (auto [u, s] : llvm::zip(us, ss))
      sum = call(intrinsic, sum.getType(), {sum, u, s});
    return sum;
  }

  /// Half `index` of a vector. What unpacks codes is repeated at half the width where the half is needed: with 16
  /// registers of 256 bits, unpacking all codes first would spill.
  Value half(Value value, int64_t index) {
    auto type = cast<VectorType>(value.getType());
    VectorType narrow = emit.vector(type.getElementType(), type.getNumElements() / 2);
    Operation *source = value.getDefiningOp();
    if (isa_and_nonnull<arith::AndIOp, arith::OrIOp, arith::ShRUIOp, arith::ShLIOp, vector::BitCastOp,
                        vector::BroadcastOp>(source)) {
      IRMapping mapping;
      for (Value operand : source->getOperands())
        if (isa<VectorType>(operand.getType()))
          mapping.map(operand, half(operand, index));
      Value result = emit.builder.clone(*source, mapping)->getResult(0);
      result.setType(narrow);
      return result;
    }
    if (auto load = dyn_cast_or_null<LLVM::LoadOp>(source)) {
      int64_t bytes = narrow.getNumElements() * narrow.getElementTypeBitWidth() / 8;
      return emit.load(narrow, emit.pointer(load.getAddr(), index * bytes),
                       std::min<int64_t>(*load.getAlignment(), bytes));
    }
    if (auto constant = dyn_cast_or_null<arith::ConstantOp>(source))
      if (auto splat = dyn_cast<SplatElementsAttr>(constant.getValue()))
        return arith::ConstantOp::create(emit.builder, splat.resizeSplat(narrow));
    return vector::ExtractStridedSliceOp::create(emit.builder, value,
                                                 ArrayRef<int64_t>{index * narrow.getNumElements()},
                                                 ArrayRef<int64_t>{narrow.getNumElements()}, ArrayRef<int64_t>{1});
  }

  /// A half of one of the op's operands, made where it is asked for.
  using Half = function_ref<Value(Value)>;

  Value inHalves(function_ref<Value(Value, Half)> lowerHalf) {
    Value result = emit.integer(0, op.getType());
    for (int64_t index = 0; index < 2; ++index) {
      Value part = lowerHalf(half(op.getAccumulator(), index), [&](Value value) { return half(value, index); });
      result = vector::InsertStridedSliceOp::create(emit.builder, part, result, ArrayRef<int64_t>{index * lanes / 2},
                                                    ArrayRef<int64_t>{1});
    }
    return result;
  }

  /// vpmaddubsw adds two products in 16 bits and saturates; as many of them are summed as provably fit, then one
  /// vpmaddwd widens. Codes of 8 bits are split at bit 7, so that the lower part fits.
  Value avx2(Value sum, Half half) {
    int64_t largest = op.getUnsignedMax();
    if (largest <= 127)
      return accumulate(sum, half, largest, 1, [](Value u) { return u; });
    VectorType words = emit.vector(emit.i32(), 8), bytes = emit.vector(emit.i8(), 32);
    sum = accumulate(sum, half, 127, 1,
                     [&](Value u) { return emit.bitcast(emit.bitAnd(emit.bitcast(u, words), 0x7f7f7f7f), bytes); });
    return accumulate(sum, half, 1, 128, [&](Value u) {
      return emit.bitcast(emit.bitAnd(emit.shiftRight(emit.bitcast(u, words), 7), 0x01010101), bytes);
    });
  }

  Value accumulate(Value sum, Half half, int64_t largest, int64_t factor, function_ref<Value(Value)> part) {
    int64_t together = 32767 / (2 * 127 * largest), count = op.getUnsigned_().size();
    VectorType shorts = emit.vector(emit.builder.getI16Type(), 16);
    Value factors = emit.integer(factor, shorts), pending;
    for (int64_t index = 0; index < count; ++index) {
      Value products = call("llvm.x86.avx2.pmadd.ub.sw", shorts,
                            {part(half(op.getUnsigned_()[index])), half(op.getSigned_()[index])});
      // Nothing saturates here, but LLVM leaves the order of saturating additions alone: a tree of plain ones would
      // keep more registers busy than there are.
      pending = pending ? call("llvm.sadd.sat.v16i16", shorts, {pending, products}) : products;
      if ((index + 1) % together == 0 || index + 1 == count) {
        sum = emit.add(sum, call("llvm.x86.avx2.pmadd.wd", sum.getType(), {pending, factors}));
        pending = {};
      }
    }
    return sum;
  }

  Value plain() {
    VectorType words = emit.vector(emit.i32());
    Value sum = op.getAccumulator();
    for (auto [u, s] : llvm::zip(op.getUnsigned_(), op.getSigned_())) {
      Value unsignedWord = emit.bitcast(u, words), signedWord = emit.bitcast(s, words);
      for (int64_t byte = 0; byte < 4; ++byte) {
        Value a = emit.bitAnd(emit.shiftRight(unsignedWord, 8 * byte), 0xff);
        Value b =
            arith::ShRSIOp::create(emit.builder, emit.shiftLeft(signedWord, 24 - 8 * byte), emit.integer(24, words));
        sum = emit.add(sum, emit.mul(a, b));
      }
    }
    return sum;
  }

  Emitter emit;
  kernel::Dot4Op op;
};

struct LowerDotProducts : codegen::impl::CodegenLowerDotProductsBase<LowerDotProducts> {
  void runOnOperation() override {
    getOperation().walk([&](kernel::Dot4Op op) {
      auto function = op->getParentOfType<LLVM::LLVMFuncOp>();
      auto instruction = function ? function->getAttrOfType<StringAttr>("ingot.dot") : StringAttr();
      ImplicitLocOpBuilder builder(op.getLoc(), op);
      op.replaceAllUsesWith(DotLowering(builder, op).lower(instruction ? instruction.getValue() : "plain"));
      op.erase();
    });
  }
};
} // namespace
