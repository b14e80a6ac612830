//===- Order.h - what happens before what in a program ----------*- C++ -*-===//
//
// The happens-before relation that awaits make, and the rules that a program's
// order keeps in the schedule phase and after it.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_PASSES_SCHEDULE_ORDER_H
#define INGOT_PASSES_SCHEDULE_ORDER_H

#include "passes/schedule/Buffers.h"

#include "llvm/ADT/BitVector.h"

#include <tuple>
#include <vector>

namespace ingot::schedule {

/// The launches of one program and the transitive closure of their awaits: one
/// bit for each pair of launches.
class ProgramOrder {
public:
  explicit ProgramOrder(ProgramOp program);

  unsigned size() const { return launches.size(); }
  /// Launches count in the order of the text.
  LaunchOp getLaunch(unsigned index) const { return launches[index]; }
  unsigned getIndex(mlir::Operation *launch) const { return indices.lookup(launch); }
  /// The launch that a timepoint is the end of.
  unsigned getIndexOf(mlir::Value timepoint) const { return getIndex(timepoint.getDefiningOp()); }

  /// Launch `a` is done before launch `b` starts.
  bool isBefore(unsigned a, unsigned b) const { return before[b].test(a); }

private:
  llvm::SmallVector<LaunchOp> launches;
  llvm::DenseMap<mlir::Operation *, unsigned> indices;
  /// For each launch, all that are done before it.
  std::vector<llvm::BitVector> before;
};

/// What a buffer of the cache holds: layer, then 0 for keys and 1 for values.
using StateIdentity = std::pair<int64_t, int>;

/// Reads it from the schedule.state or schedule.view that defines `buffer`;
/// nothing where that holds no state.
std::optional<StateIdentity> getStateIdentity(mlir::Value buffer);
/// As in messages: `the keys of layer 3`.
std::string describe(StateIdentity state);

/// The parameter that a schedule.constant or schedule.view of constants holds;
/// null for other buffers.
mlir::FlatSymbolRefAttr getParameter(mlir::Value buffer);

/// Whether a launch of `kernel` writes the caches it takes.
bool writesState(mlir::Operation *kernel);

/// What rules look up in the module.
struct OrderContext {
  const target::TargetDescription &target;
  const mlir::SymbolTable &symbols;
  const CacheGroups &groups;
};

/// Checks the rules that ingot-schedule-verify-order lists; emits an error for
/// the first that is broken.
mlir::LogicalResult verifyOrder(ProgramOp program, const ProgramOrder &order, const OrderContext &context);

} // namespace ingot::schedule

#endif // INGOT_PASSES_SCHEDULE_ORDER_H
