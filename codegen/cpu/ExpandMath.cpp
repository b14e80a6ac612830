//===- ExpandMath.cpp - math on vectors to polynomials --------------------===//
//
// Without this, math.exp on a vector is sixteen calls of libm. Errors are documented
// in docs/numerics.md and checked by test/unit/codegen.
//
//===----------------------------------------------------------------------===//

#include "codegen/cpu/Emitter.h"
#include "codegen/cpu/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ingot::codegen {
#define GEN_PASS_DEF_CODEGENEXPANDMATH
#include "codegen/cpu/Passes.h.inc"
} // namespace ingot::codegen

using namespace mlir;
using namespace ingot::codegen;

/// e^x = 2^n e^r with n = round(x / ln 2) and |r| <= ln 2 / 2; e^r by the polynomial of Cephes' expf (S. Moshier,
/// 1989). Relative error at most 2e-7. Arguments outside of [-87.3, 88.3] are cut there: e^-inf is 1.2e-38, not 0.
static Value expandExp(Emitter &emit, Value x) {
  Type type = x.getType();
  auto constant = [&](double value) { return emit.real(value, type); };
  x = arith::MaxNumFOp::create(emit.builder, x, constant(-87.3365447505));
  x = arith::MinNumFOp::create(emit.builder, x, constant(88.3762626647));
  Value n = math::RoundEvenOp::create(emit.builder, emit.mulf(x, constant(1.44269504088896341)));
  // ln 2 in two parts, so that n · ln 2 is exact enough.
  Value r = emit.fma(n, constant(-0.693359375), x);
  r = emit.fma(n, constant(2.12194440e-4), r);
  Value y = constant(1.9875691500e-4);
  for (double coefficient : {1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1})
    y = emit.fma(y, r, constant(coefficient));
  y = emit.fma(y, emit.mulf(r, r), emit.addf(r, constant(1.0)));
  auto vector = dyn_cast<VectorType>(type);
  Type integers = vector ? Type(vector.clone(emit.i32())) : emit.i32();
  Value exponent = arith::FPToSIOp::create(emit.builder, integers, n);
  Value power = emit.shiftLeft(emit.add(exponent, 127), 23);
  return emit.mulf(y, arith::BitcastOp::create(emit.builder, type, power));
}

namespace {
struct ExpandMath : ingot::codegen::impl::CodegenExpandMathBase<ExpandMath> {
  void runOnOperation() override {
    static const CpuDescription cpu = {};
    getOperation().walk([&](math::ExpOp op) {
      if (!getElementTypeOrSelf(op.getType()).isF32())
        return;
      ImplicitLocOpBuilder builder(op.getLoc(), op);
      Emitter emit(builder, cpu);
      op.replaceAllUsesWith(expandExp(emit, op.getOperand()));
      op.erase();
    });
    // The other functions of epilogues: vectors only, scalars may call libm.
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return name == math::TanhOp::getOperationName() || name == math::ErfOp::getOperationName() ||
             name == math::LogOp::getOperationName();
    });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    // One rounding where the CPU has the instruction. Elsewhere two: one rounding would be a call per lane.
    getOperation().walk([](math::FmaOp op) {
      OpBuilder builder(op);
      auto product = LLVM::FMulAddOp::create(builder, op.getLoc(), op.getA(), op.getB(), op.getC());
      op.replaceAllUsesWith(product.getResult());
      op.erase();
    });
  }
};
} // namespace
