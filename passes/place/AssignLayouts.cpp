//===- AssignLayouts.cpp - the final layout of what is stored -------------===//

#include "passes/fuse/Forward.h"
#include "passes/place/Passes.h"
#include "target/TargetDescription.h"

#include "mlir/IR/Builders.h"

namespace ingot::place {
#define GEN_PASS_DEF_ASSIGNLAYOUTS
#include "passes/place/Passes.h.inc"
} // namespace ingot::place

using namespace mlir;
using namespace ingot;

namespace {
/// The stored parameters of one module.
class Layouts {
public:
  Layouts(ModuleOp module, const target::TargetDescription &target, Operation *position)
      : symbols(module), target(target), position(position) {}

  /// Lets `load` read what is stored, in its final layout.
  LogicalResult assign(model::LoadParameterOp load) {
    encoding::AssembleOp assemble = getStored(load);
    FailureOr<RankedTensorType> type = getStoredType(load);
    if (failed(type))
      return failure();
    assemble.setType(*type);
    load.setParameterAttr(FlatSymbolRefAttr::get(assemble.getSymNameAttr()));
    load.getResult().setType(*type);
    return success();
  }

  /// Gives the function that `call` calls the types of the call's parameters.
  LogicalResult updateCallee(kernel::CallOp call) {
    auto callee = symbols.lookup<kernel::FunctionOp>(call.getCallee());
    SmallVector<Type> inputs(callee.getFunctionType().getInputs());
    for (auto [index, operand] : llvm::enumerate(call.getOperands_())) {
      if (!operand.getDefiningOp<model::LoadParameterOp>())
        continue;
      Type type = operand.getType();
      auto [known, isNew] = arguments.insert({{callee, index}, type});
      if (!isNew && known->second != type)
        return call.emitError() << "expected one layout for argument " << index << " of @" << callee.getName()
                                << ", found " << known->second << " and " << type;
      inputs[index] = type;
      callee.getBody().getArgument(index).setType(type);
    }
    callee.setFunctionType(FunctionType::get(callee.getContext(), inputs, callee.getFunctionType().getResults()));
    return success();
  }

private:
  /// What is stored for `load`: the recipe that it names, or a copy of the
  /// parameter that it names.
  encoding::AssembleOp getStored(model::LoadParameterOp load) {
    Operation *source = symbols.lookup(load.getParameter());
    if (auto assemble = dyn_cast<encoding::AssembleOp>(source))
      return assemble;
    auto parameter = cast<model::ParameterOp>(source);
    encoding::AssembleOp &packed = copies[parameter];
    if (packed)
      return packed;
    OpBuilder builder(position);
    Location location = parameter.getLoc();
    packed = encoding::AssembleOp::create(builder, location, builder.getStringAttr(parameter.getSymName() + ".packed"),
                                          parameter.getTypeAttr(), parameter.getHomeAttr());
    parameter.removeHomeAttr();
    symbols.insert(packed, Block::iterator(position));
    builder.createBlock(&packed.getRecipe());
    auto loaded = encoding::LoadOp::create(builder, location, parameter.getType(),
                                           FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
    encoding::YieldOp::create(builder, location, loaded.getResult());
    return packed;
  }

  /// The type of `load` in its final layout. One that was chosen already, in an
  /// edited dump, stays.
  FailureOr<RankedTensorType> getStoredType(model::LoadParameterOp load) {
    auto type = cast<RankedTensorType>(load.getResult().getType());
    encoding::StorageAttr storage = encoding::getStorage(type);
    // Kernels read vectors in f32 alone: they are few bytes.
    if (type.getRank() == 1 && storage && !storage.getFormat().isQuantized())
      return type.cloneWithEncoding(encoding::StorageAttr::get(
          type.getContext(), encoding::GgmlAttr::get(type.getContext(), encoding::GgmlType::F32), StringAttr(),
          encoding::PanelsAttr()));
    if (type.getRank() != 2)
      return type;
    if (!storage)
      return load.emitError() << "expected the matrix @" << load.getParameter() << " to have a storage format, found "
                              << type;
    if (storage.getLayout())
      return type;
    return type.cloneWithEncoding(storage.withLayout(target.getWeightLayout(type)));
  }

  SymbolTable symbols;
  const target::TargetDescription &target;
  Operation *position;
  llvm::DenseMap<Operation *, encoding::AssembleOp> copies;
  llvm::DenseMap<std::pair<Operation *, size_t>, Type> arguments;
};

struct AssignLayouts : place::impl::AssignLayoutsBase<AssignLayouts> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> forwards = kernel::getForwardFunctions(getOperation());
    if (forwards.empty())
      return;
    FailureOr<const target::TargetDescription *> target = target::TargetDescription::of(getOperation());
    if (failed(target))
      return signalPassFailure();
    Layouts layouts(getOperation(), **target, forwards.front());
    for (func::FuncOp function : forwards)
      for (auto load : function.getOps<model::LoadParameterOp>())
        if (failed(layouts.assign(load)))
          return signalPassFailure();
    for (func::FuncOp function : forwards)
      for (auto call : function.getOps<kernel::CallOp>())
        if (failed(layouts.updateCallee(call)))
          return signalPassFailure();
  }
};
} // namespace
