//===- Emitter.h - small words for writing kernels --------------*- C++ -*-===//
//
// Kernels are written as explicit register tiles: scf loops over i64, vectors of 16
// lanes, and pointers with byte offsets. This class holds the words that all of them
// use; it knows nothing of transformers.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_CODEGEN_CPU_EMITTER_H
#define INGOT_CODEGEN_CPU_EMITTER_H

#include "codegen/cpu/CpuDescription.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ingot::codegen {

/// Lanes of every vector in generated kernels; narrower machines take parts of it.
constexpr int64_t lanes = 16;

/// Where a prefetched line is to stand, as llvm.prefetch counts locality.
enum class PrefetchInto { SecondCache = 2, FirstCache = 3 };

class Emitter {
public:
  Emitter(mlir::ImplicitLocOpBuilder &builder, const CpuDescription &cpu) : builder(builder), cpu(cpu) {}

  mlir::ImplicitLocOpBuilder &builder;
  const CpuDescription &cpu;

  mlir::Type i8() { return builder.getI8Type(); }
  mlir::Type i32() { return builder.getI32Type(); }
  mlir::Type i64() { return builder.getI64Type(); }
  mlir::Type f16() { return builder.getF16Type(); }
  mlir::Type bf16() { return builder.getBF16Type(); }
  mlir::Type f32() { return builder.getF32Type(); }
  mlir::Type pointerType() { return mlir::LLVM::LLVMPointerType::get(builder.getContext()); }
  mlir::VectorType vector(mlir::Type element, int64_t count = lanes) { return mlir::VectorType::get({count}, element); }

  /// Constants; `like` may be a scalar or a vector type.
  mlir::Value integer(int64_t value) { return integer(value, i64()); }
  mlir::Value integer(int64_t value, mlir::Type like);
  mlir::Value real(double value) { return real(value, f32()); }
  mlir::Value real(double value, mlir::Type like);
  /// The vector [0, 1, …, 15] of i32.
  mlir::Value laneIndices();

  mlir::Value add(mlir::Value a, mlir::Value b) { return mlir::arith::AddIOp::create(builder, a, b); }
  mlir::Value sub(mlir::Value a, mlir::Value b) { return mlir::arith::SubIOp::create(builder, a, b); }
  mlir::Value mul(mlir::Value a, mlir::Value b) { return mlir::arith::MulIOp::create(builder, a, b); }
  mlir::Value add(mlir::Value a, int64_t b) { return b ? add(a, integer(b, a.getType())) : a; }
  mlir::Value mul(mlir::Value a, int64_t b) { return b == 1 ? a : mul(a, integer(b, a.getType())); }
  mlir::Value divide(mlir::Value a, int64_t b);
  mlir::Value remainder(mlir::Value a, int64_t b);
  mlir::Value minimum(mlir::Value a, mlir::Value b) { return mlir::arith::MinSIOp::create(builder, a, b); }
  mlir::Value maximum(mlir::Value a, mlir::Value b) { return mlir::arith::MaxSIOp::create(builder, a, b); }
  mlir::Value less(mlir::Value a, mlir::Value b);
  mlir::Value bitAnd(mlir::Value a, int64_t b);
  mlir::Value shiftRight(mlir::Value a, int64_t bits);
  mlir::Value shiftLeft(mlir::Value a, int64_t bits);

  mlir::Value addf(mlir::Value a, mlir::Value b) { return mlir::arith::AddFOp::create(builder, a, b); }
  mlir::Value subf(mlir::Value a, mlir::Value b) { return mlir::arith::SubFOp::create(builder, a, b); }
  mlir::Value mulf(mlir::Value a, mlir::Value b) { return mlir::arith::MulFOp::create(builder, a, b); }
  mlir::Value divf(mlir::Value a, mlir::Value b) { return mlir::arith::DivFOp::create(builder, a, b); }
  mlir::Value maxf(mlir::Value a, mlir::Value b) { return mlir::arith::MaxNumFOp::create(builder, a, b); }
  /// a * b + c with one rounding.
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value toFloat(mlir::Value integers);
  /// f16, bf16 or f32 (or a vector of them) as f32.
  mlir::Value extend(mlir::Value value);
  /// f32 as `element`.
  mlir::Value round(mlir::Value value, mlir::Type element);
  mlir::Value splat(mlir::Value scalar, int64_t count = lanes);
  mlir::Value bitcast(mlir::Value value, mlir::VectorType type);
  /// sums[i] + a[2 i] · b[2 i] + a[2 i + 1] · b[2 i + 1] of 32 bf16 each. Denormal numbers count as 0. This and the
  /// next one: where the CPU has pair products.
  mlir::Value dotPairs(mlir::Value sums, mlir::Value a, mlir::Value b);
  /// 2^x of 16 lanes for what is rounded to bf16 next: relative error at most 7.5e-5; 0 where x is below the exponents.
  mlir::Value roughPowerOfTwo(mlir::Value x);
  mlir::Value reduceAdd(mlir::Value value);
  mlir::Value reduceMax(mlir::Value value);
  mlir::Value extract(mlir::Value value, int64_t lane);
  /// `whole` with the vector `part` in the lanes from `first` on.
  mlir::Value insert(mlir::Value part, mlir::Value whole, int64_t first);

  mlir::Value pointer(mlir::Value base, mlir::Value byteOffset);
  mlir::Value pointer(mlir::Value base, int64_t byteOffset);
  mlir::Value load(mlir::Type type, mlir::Value address, unsigned alignment);
  void store(mlir::Value value, mlir::Value address, unsigned alignment);
  /// The first `count` lanes of f32, and zeros.
  mlir::Value loadLanes(mlir::Value address, int64_t count);
  /// Stores the first `count` lanes.
  void storeLanes(mlir::Value value, mlir::Value address, int64_t count);
  /// Loads `count` elements of `element` (f16, bf16 or f32) as f32.
  mlir::Value loadExtended(mlir::Type element, mlir::Value address, unsigned alignment, int64_t count = lanes);
  /// Asks for the line of `address`, which need not be readable.
  void prefetch(mlir::Value address, PrefetchInto cache = PrefetchInto::FirstCache);
  /// `bytes` in the function's frame, aligned to 64.
  mlir::Value stack(int64_t bytes);

  using Body = llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value index, mlir::ValueRange carried)>;
  /// for (index = first; index < last; index += step) carried = body(index, carried)
  llvm::SmallVector<mlir::Value> loop(mlir::Value first, mlir::Value last, int64_t step, mlir::ValueRange carried,
                                      Body body);
  void loop(mlir::Value first, mlir::Value last, int64_t step, llvm::function_ref<void(mlir::Value index)> body);
  void loop(mlir::Value first, mlir::Value last, llvm::function_ref<void(mlir::Value index)> body) {
    loop(first, last, 1, body);
  }
  void when(mlir::Value condition, llvm::function_ref<void()> body);
  /// do { again = body() } while (again)
  void repeatWhile(llvm::function_ref<mlir::Value()> body);
};

} // namespace ingot::codegen

#endif // INGOT_CODEGEN_CPU_EMITTER_H
