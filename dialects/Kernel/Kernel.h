//===- Kernel.h - the kernel dialect ----------------------------*- C++ -*-===//
//
// What becomes one kernel: see Dialect.td.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_KERNEL_KERNEL_H
#define INGOT_DIALECTS_KERNEL_KERNEL_H

#include "dialects/Model/Model.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

namespace ingot::kernel {

/// See Kernel_Repeatable in Ops.td.
template <typename ConcreteType> class Repeatable : public mlir::OpTrait::TraitBase<ConcreteType, Repeatable> {};

} // namespace ingot::kernel

#include "dialects/Kernel/Dialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Kernel/Attributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Kernel/Ops.h.inc"

namespace ingot::kernel {

/// Columns of a head as kernel.pair_heads leaves it: first members, then second ones, each padded to whole panels.
constexpr int64_t pairedHeadColumns(int64_t dimension) { return 2 * encoding::paddedToPanels(dimension / 2); }

/// Columns that kernel.attention_partial writes for a head: `chunks` padded outputs, then maximum and sum of each.
constexpr int64_t partialColumns(int64_t dimension, int64_t chunks) {
  return chunks * encoding::paddedToPanels(dimension) + encoding::paddedToPanels(2 * chunks);
}

/// Where the parts of the table of kernel.group_rows begin, in words of 32 bits, and the columns that make room for it
/// in as many rows as there are.
struct GroupTable {
  explicit constexpr GroupTable(int64_t experts)
      : experts(experts), firstEntries(expertsBegin + experts), entries(firstEntries + experts + 1) {}
  static constexpr int64_t expertsBegin = 1, entryWords = 2;
  int64_t experts, firstEntries, entries;
  constexpr int64_t countColumns(int64_t count) const { return entries + entryWords * count; }
};

/// Adds the block of an elementwise region: `accumulators` + one f32 per operand, then row and column.
mlir::Block *addElementwiseBlock(mlir::OpBuilder &builder, mlir::Location location, mlir::Region &region,
                                 unsigned accumulators, unsigned operands);

} // namespace ingot::kernel

#endif // INGOT_DIALECTS_KERNEL_KERNEL_H
