//===- Model.h - the model dialect ------------------------------*- C++ -*-===//
//
// What a transformer computes, in its own words: see Dialect.td.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_DIALECTS_MODEL_MODEL_H
#define INGOT_DIALECTS_MODEL_MODEL_H

#include "dialects/Encoding/Encoding.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ingot::model {

/// See Model_RowWise in Ops.td.
template <typename ConcreteType> class RowWise : public mlir::OpTrait::TraitBase<ConcreteType, RowWise> {};
/// See Model_GathersWanted in Types.td.
template <typename ConcreteType> class GathersWanted : public mlir::OpTrait::TraitBase<ConcreteType, GathersWanted> {};

} // namespace ingot::model

#include "dialects/Model/Dialect.h.inc"
#include "dialects/Model/Enums.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Model/Attributes.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Model/Types.h.inc"
#define GET_OP_CLASSES
#include "dialects/Model/Ops.h.inc"

namespace ingot::model {

/// The function of an entry that computes a step.
constexpr llvm::StringLiteral forwardName = "forward";

} // namespace ingot::model

#endif // INGOT_DIALECTS_MODEL_MODEL_H
