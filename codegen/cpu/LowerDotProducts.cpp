//===- LowerDotProducts.cpp - kernel.dot4 to instructions -----------------===//
//
// One lowering per instruction set. The instruction set stands on the function, so
// that one module can hold variants for several.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Passes.h"
#include "dialects/Kernel/Kernel.h"

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

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
      return inHalves([&](Value sum, ArrayRef<Value> us, ArrayRef<Value> ss) {
        return chain(sum, us, ss, "llvm.x86.avx512.vpdpbusd.256");
      });
    if (instruction == "avx2")
      return inHalves([&](Value sum, ArrayRef<Value> us, ArrayRef<Value> ss) { return avx2(sum, us, ss); });
    return plain();
  }

private:
  Value call(StringRef intrinsic, Type type, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(emit.builder, type, emit.builder.getStringAttr(intrinsic), operands).getResult(0);
  }

  Value chain(Value sum, ValueRange us, ValueRange ss, StringRef intrinsic) {
    for (auto [u, s] : llvm::zip(us, ss))
      sum = call(intrinsic, sum.getType(), {sum, u, s});
    return sum;
  }

  Value half(Value value, int64_t index) {
    int64_t count = cast<VectorType>(value.getType()).getNumElements() / 2;
    return vector::ExtractStridedSliceOp::create(emit.builder, value, ArrayRef<int64_t>{index * count},
                                                 ArrayRef<int64_t>{count}, ArrayRef<int64_t>{1});
  }

  Value inHalves(function_ref<Value(Value, ArrayRef<Value>, ArrayRef<Value>)> lowerHalf) {
    Value result = emit.integer(0, op.getType());
    for (int64_t index = 0; index < 2; ++index) {
      SmallVector<Value> us, ss;
      for (auto [u, s] : llvm::zip(op.getUnsigned_(), op.getSigned_())) {
        us.push_back(half(u, index));
        ss.push_back(half(s, index));
      }
      Value part = lowerHalf(half(op.getAccumulator(), index), us, ss);
      result = vector::InsertStridedSliceOp::create(emit.builder, part, result, ArrayRef<int64_t>{index * lanes / 2},
                                                    ArrayRef<int64_t>{1});
    }
    return result;
  }

  /// vpmaddubsw adds two products in 16 bits and saturates; as many of them are summed as provably fit, then one
  /// vpmaddwd widens. Codes of 8 bits are split at bit 7, so that the lower part fits.
  Value avx2(Value sum, ArrayRef<Value> us, ArrayRef<Value> ss) {
    int64_t largest = op.getUnsignedMax();
    if (largest > 127) {
      VectorType words = emit.vector(emit.i32(), 8);
      SmallVector<Value> low, high;
      for (Value u : us) {
        Value word = emit.bitcast(u, words);
        low.push_back(emit.bitcast(emit.bitAnd(word, 0x7f7f7f7f), emit.vector(emit.i8(), 32)));
        high.push_back(emit.bitcast(emit.bitAnd(emit.shiftRight(word, 7), 0x01010101), emit.vector(emit.i8(), 32)));
      }
      sum = accumulate(sum, low, ss, 127, 1);
      return accumulate(sum, high, ss, 1, 128);
    }
    return accumulate(sum, us, ss, largest, 1);
  }

  Value accumulate(Value sum, ArrayRef<Value> us, ArrayRef<Value> ss, int64_t largest, int64_t factor) {
    int64_t together = 32767 / (2 * 127 * largest);
    VectorType shorts = emit.vector(emit.builder.getI16Type(), 16);
    Value factors = emit.integer(factor, shorts), pending;
    for (size_t index = 0; index < us.size(); ++index) {
      Value products = call("llvm.x86.avx2.pmadd.ub.sw", shorts, {us[index], ss[index]});
      pending = pending ? emit.add(pending, products) : products;
      if ((index + 1) % together == 0 || index + 1 == us.size()) {
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
        Value b = arith::ShRSIOp::create(emit.builder, emit.shiftLeft(signedWord, 24 - 8 * byte), emit.integer(24, words));
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
