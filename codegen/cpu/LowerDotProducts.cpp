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
      return inParts(16, [&](Value sum, Part part) { return chain(sum, part, "llvm.x86.avx512.vpdpbusd.512"); });
    if (instruction == "avxvnni")
      return inParts(8, [&](Value sum, Part part) { return chain(sum, part, "llvm.x86.avx512.vpdpbusd.256"); });
    if (instruction == "avx512bw")
      return inParts(16, [&](Value sum, Part part) {
        return widenPairs(sum, part, "llvm.x86.avx512.pmaddubs.w.512", "llvm.x86.avx512.pmaddw.d.512");
      });
    if (instruction == "avx2")
      return inParts(8, [&](Value sum, Part part) {
        return widenPairs(sum, part, "llvm.x86.avx2.pmadd.ub.sw", "llvm.x86.avx2.pmadd.wd");
      });
    if (instruction == "sse2")
      return inParts(4, [&](Value sum, Part part) { return sse2(sum, part); });
    return plain();
  }

private:
  Value call(StringRef intrinsic, Type type, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(emit.builder, type, emit.builder.getStringAttr(intrinsic), operands)
        .getResult(0);
  }

  /// Part `index` of a vector that is taken apart into `parts`. What unpacks codes is repeated at the smaller width
  /// where the part is needed: with 16 registers, unpacking all codes first would spill.
  Value part(Value value, int64_t index, int64_t parts) {
    auto type = cast<VectorType>(value.getType());
    VectorType narrow = emit.vector(type.getElementType(), type.getNumElements() / parts);
    Operation *source = value.getDefiningOp();
    if (isa_and_nonnull<arith::AndIOp, arith::OrIOp, arith::ShRUIOp, arith::ShLIOp, vector::BitCastOp,
                        vector::BroadcastOp>(source)) {
      IRMapping mapping;
      for (Value operand : source->getOperands())
        if (isa<VectorType>(operand.getType()))
          mapping.map(operand, part(operand, index, parts));
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

  /// A part of one of the op's operands, made where it is asked for.
  using Part = function_ref<Value(Value)>;

  /// The sums in parts of `width` lanes, as many as the instruction has.
  Value inParts(int64_t width, function_ref<Value(Value, Part)> lowerPart) {
    int64_t count = cast<VectorType>(op.getType()).getNumElements(), parts = std::max<int64_t>(count / width, 1);
    if (parts == 1)
      return lowerPart(op.getAccumulator(), [](Value value) { return value; });
    Value result = emit.integer(0, op.getType());
    for (int64_t index = 0; index < parts; ++index) {
      Value sum =
          lowerPart(part(op.getAccumulator(), index, parts), [&](Value value) { return part(value, index, parts); });
      result = emit.insert(sum, result, index * width);
    }
    return result;
  }

  Value chain(Value sum, Part part, StringRef intrinsic) {
    for (auto [u, s] : llvm::zip(op.getUnsigned_(), op.getSigned_()))
      sum = call(intrinsic, sum.getType(), {sum, part(u), part(s)});
    return sum;
  }

  /// vpmaddubsw adds two products in 16 bits and saturates; as many of them are summed as provably fit, then one
  /// vpmaddwd widens. Codes of 8 bits are split in halves, so that all fit.
  Value widenPairs(Value sum, Part part, StringRef multiplyBytes, StringRef widen) {
    auto words = cast<VectorType>(sum.getType());
    VectorType bytes = emit.vector(emit.i8(), 4 * words.getNumElements());
    VectorType shorts = emit.vector(emit.builder.getI16Type(), 2 * words.getNumElements());
    auto accumulate = [&](int64_t largest, int64_t factor, function_ref<Value(Value)> select) {
      int64_t together = 32767 / (2 * 127 * largest), count = op.getUnsigned_().size();
      Value factors = emit.integer(factor, shorts), pending;
      for (int64_t index = 0; index < count; ++index) {
        Value products =
            call(multiplyBytes, shorts, {select(part(op.getUnsigned_()[index])), part(op.getSigned_()[index])});
        pending = pending ? emit.add(pending, products) : products;
        if ((index + 1) % together == 0 || index + 1 == count) {
          sum = emit.add(sum, call(widen, words, {pending, factors}));
          pending = {};
        }
      }
    };
    int64_t largest = op.getUnsignedMax();
    if (largest <= 127) {
      accumulate(largest, 1, [](Value u) { return u; });
      return sum;
    }
    // Halves of a byte take one multiplication more each, and widen once instead of once per operand.
    accumulate(15, 1, [&](Value u) { return emit.bitcast(emit.bitAnd(emit.bitcast(u, words), 0x0f0f0f0f), bytes); });
    accumulate(15, 16, [&](Value u) {
      return emit.bitcast(emit.bitAnd(emit.shiftRight(emit.bitcast(u, words), 4), 0x0f0f0f0f), bytes);
    });
    return sum;
  }

  /// Bytes as 16-bit numbers, the even ones and the odd ones of each 32-bit lane: pmaddwd multiplies two pairs and adds
  /// them in their lane.
  Value sse2(Value sum, Part part) {
    VectorType shorts = emit.vector(emit.builder.getI16Type(), 8);
    auto shiftRightSigned = [&](Value value) -> Value {
      return arith::ShRSIOp::create(emit.builder, value, emit.integer(8, shorts));
    };
    for (auto [u, s] : llvm::zip(op.getUnsigned_(), op.getSigned_())) {
      Value unsignedBytes = emit.bitcast(part(u), shorts), signedBytes = emit.bitcast(part(s), shorts);
      Value even = call("llvm.x86.sse2.pmadd.wd", sum.getType(),
                        {emit.bitAnd(unsignedBytes, 0xff), shiftRightSigned(emit.shiftLeft(signedBytes, 8))});
      Value odd = call("llvm.x86.sse2.pmadd.wd", sum.getType(),
                       {emit.shiftRight(unsignedBytes, 8), shiftRightSigned(signedBytes)});
      sum = emit.add(sum, emit.add(even, odd));
    }
    return sum;
  }

  Value plain() {
    auto words = cast<VectorType>(op.getType());
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

/// Products with the same unsigned operands that nothing between them reads.
using DotRun = SmallVector<kernel::Dot4Op>;

/// A chain of instructions waits for each of its links, and the CPU's schedulers hold few chains: those of a run take
/// turns, so that neighbouring instructions are independent.
constexpr size_t chainsInTurns = 4;

void lowerInTurns(DotRun &run, StringRef intrinsic) {
  kernel::Dot4Op last = run.back();
  ImplicitLocOpBuilder builder(last.getLoc(), last);
  SmallVector<Value> sums = llvm::map_to_vector(run, [](kernel::Dot4Op op) -> Value { return op.getAccumulator(); });
  for (auto [link, codes] : llvm::enumerate(last.getUnsigned_()))
    for (auto [sum, op] : llvm::zip(sums, run))
      sum = LLVM::CallIntrinsicOp::create(builder, sum.getType(), builder.getStringAttr(intrinsic),
                                          ValueRange{sum, codes, op.getSigned_()[link]})
                .getResult(0);
  for (auto [sum, op] : llvm::zip(sums, run)) {
    op.replaceAllUsesWith(sum);
    op->erase();
  }
}

struct LowerDotProducts : codegen::impl::CodegenLowerDotProductsBase<LowerDotProducts> {
  void runOnOperation() override {
    getOperation().walk([&](LLVM::LLVMFuncOp function) {
      auto attribute = function->getAttrOfType<StringAttr>("ingot.dot");
      StringRef instruction = attribute ? attribute.getValue() : "plain";
      SmallVector<DotRun> runs;
      function.walk([&](kernel::Dot4Op op) {
        if (runs.empty() || !continues(runs.back(), op))
          runs.emplace_back();
        runs.back().push_back(op);
      });
      for (DotRun &run : runs) {
        kernel::Dot4Op first = run.front();
        if (instruction == "avx512vnni" && cast<VectorType>(first.getType()).getNumElements() == 16) {
          lowerInTurns(run, "llvm.x86.avx512.vpdpbusd.512");
          continue;
        }
        for (kernel::Dot4Op op : run) {
          ImplicitLocOpBuilder builder(op.getLoc(), op);
          op.replaceAllUsesWith(DotLowering(builder, op).lower(instruction));
          op->erase();
        }
      }
    });
  }

private:
  static bool continues(ArrayRef<kernel::Dot4Op> run, kernel::Dot4Op op) {
    kernel::Dot4Op first = run.front();
    auto readLater = [&](kernel::Dot4Op before) {
      return llvm::all_of(before->getUsers(), [&](Operation *user) {
        return user->getBlock() != op->getBlock() || op->isBeforeInBlock(user);
      });
    };
    return run.size() < chainsInTurns && op->getBlock() == first->getBlock() && op.getType() == first.getType() &&
           llvm::equal(op.getUnsigned_(), first.getUnsigned_()) && llvm::all_of(run, readLater);
  }
};
} // namespace
