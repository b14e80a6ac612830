//===- QuantizeParameters.cpp - plain matrices to a block format ----------===//

#include "dialects/Model/Model.h"
#include "passes/model/Passes.h"
#include "target/TargetDescription.h"

#include "mlir/IR/Remarks.h"

namespace ingot::model {
#define GEN_PASS_DEF_MODELQUANTIZEPARAMETERS
#include "passes/model/Passes.h.inc"
} // namespace ingot::model

using namespace mlir;
using namespace ingot;
using encoding::GgmlType;

namespace {
struct QuantizeParameters : model::impl::ModelQuantizeParametersBase<QuantizeParameters> {
  void runOnOperation() override;
};
} // namespace

/// Whether `use` reads a matrix of parameters by rows, each times an activation or one of it alone.
static bool isMatrixOperand(OpOperand &use) {
  return TypeSwitch<Operation *, bool>(use.getOwner())
      .Case([&](model::EmbeddingOp op) { return use.get() == op.getTable(); })
      // A rounded router would choose other experts, for few bytes less.
      .Case([&](model::LinearOp op) {
        return use.get() == op.getWeight() && !llvm::any_of(op->getUsers(), llvm::IsaPred<model::ChooseExpertsOp>);
      })
      .Case([&](model::LogitsOp op) { return use.get() == op.getWeight(); })
      .Case([&](model::ExpertGatedMlpOp op) { return use.get() == op.getGate() || use.get() == op.getUp(); })
      .Case([&](model::ExpertSumOp op) { return use.get() == op.getWeight(); })
      .Default([](Operation *) { return false; });
}

/// The format that rows of `columns` numbers get where `wanted` was asked for; nothing where they fill no block.
static std::optional<GgmlType> chooseFormat(GgmlType wanted, int64_t columns) {
  auto fits = [&](GgmlType type) {
    return columns % encoding::findGgmlFormat(encoding::stringifyGgmlType(type))->blockColumns == 0;
  };
  if (fits(wanted))
    return wanted;
  GgmlType other = wanted == GgmlType::Q5_K ? GgmlType::Q5_1 : GgmlType::Q5_0;
  return fits(other) ? std::optional(other) : std::nullopt;
}

/// Gives the rows that `assemble` moves, and those who load it, the formats that its parameters have now.
static void updateRecipe(encoding::AssembleOp assemble, ArrayRef<model::LoadParameterOp> users,
                         const SymbolTable &symbols) {
  Attribute storage;
  auto change = [&](Value value) { value.setType(cast<RankedTensorType>(value.getType()).cloneWithEncoding(storage)); };
  for (Operation &op : assemble.getRecipe().front()) {
    if (auto load = dyn_cast<encoding::LoadOp>(op))
      storage = encoding::getStorage(symbols.lookup<model::ParameterOp>(load.getParameter()).getType());
    for (Value result : op.getResults())
      change(result);
  }
  assemble.setType(cast<RankedTensorType>(assemble.getType()).cloneWithEncoding(storage));
  for (model::LoadParameterOp load : users)
    change(load.getResult());
}

void QuantizeParameters::runOnOperation() {
  ModuleOp module = getOperation();
  FailureOr<target::CompileOptions> options = target::CompileOptions::of(module);
  if (failed(options))
    return signalPassFailure();
  if (options->quantize.empty())
    return;
  GgmlType wanted = *encoding::symbolizeGgmlType(options->quantize);

  llvm::MapVector<StringRef, SmallVector<model::LoadParameterOp>> loads;
  module.walk([&](model::LoadParameterOp load) { loads[load.getParameter()].push_back(load); });
  // Parameters that recipes are made of (the matrices of experts) are read by who loads those.
  llvm::MapVector<StringRef, SmallVector<model::LoadParameterOp>> readers = loads;
  for (auto assemble : module.getOps<encoding::AssembleOp>())
    for (auto load : assemble.getRecipe().front().getOps<encoding::LoadOp>())
      llvm::append_range(readers[load.getParameter()], loads[assemble.getSymName()]);
  for (auto parameter : module.getOps<model::ParameterOp>()) {
    auto remarkOptions =
        remark::RemarkOpts::name("quantize-parameters").category("model").function(parameter.getSymName());
    auto missed = [&](StringRef reason) {
      remark::missed(parameter.getLoc(), remarkOptions) << remark::reason("{0}", reason);
    };
    auto type = cast<RankedTensorType>(parameter.getType());
    encoding::StorageAttr storage = encoding::getStorage(type);
    if (type.getRank() != 2 || !storage)
      continue;
    if (storage.getFormat().isQuantized()) {
      missed("it is quantised already");
      continue;
    }
    SmallVector<model::LoadParameterOp> &users = loads[parameter.getSymName()];
    if (!llvm::all_of(readers[parameter.getSymName()],
                      [](model::LoadParameterOp load) { return llvm::all_of(load->getUses(), isMatrixOperand); })) {
      missed("it is no matrix of a product and no table of tokens");
      continue;
    }
    std::optional<GgmlType> chosen = chooseFormat(wanted, type.getDimSize(1));
    if (!chosen) {
      missed("its width is no multiple of 32");
      continue;
    }
    auto format = encoding::GgmlAttr::get(&getContext(), *chosen);
    auto rounded = encoding::StorageAttr::get(&getContext(), format, storage.getOrder(), storage.getLayout());
    auto newType = RankedTensorType::get(type.getShape(), type.getElementType(), rounded);
    parameter.setType(newType);
    for (model::LoadParameterOp load : users)
      load.getResult().setType(newType);
    remark::passed(parameter.getLoc(), remarkOptions)
        << remark::add("stored as {0}", encoding::stringifyGgmlType(*chosen))
        << remark::metric("Bytes", rounded.getBytes(type.getDimSize(0), type.getDimSize(1)));
  }
  SymbolTable symbols(module);
  for (auto assemble : module.getOps<encoding::AssembleOp>())
    updateRecipe(assemble, loads[assemble.getSymName()], symbols);
}
