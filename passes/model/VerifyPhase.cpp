//===- VerifyPhase.cpp - what the model phase promises
//---------------------===//

#include "dialects/Model/Model.h"
#include "passes/model/Passes.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringMap.h"

namespace ingot::model {
#define GEN_PASS_DEF_MODELVERIFYPHASE
#include "passes/model/Passes.h.inc"
} // namespace ingot::model

using namespace mlir;
using namespace ingot;

namespace {
struct VerifyPhase : model::impl::ModelVerifyPhaseBase<VerifyPhase> {
  void runOnOperation() override {
    if (failed(verifyModule()) || failed(verifyForward()))
      signalPassFailure();
  }
  LogicalResult verifyModule();
  LogicalResult verifyForward();
  LogicalResult verifySignature(func::FuncOp forward);
  LogicalResult verifyOperation(Operation *op);
  LogicalResult verifyPositions(model::PositionEmbeddingOp op);
  LogicalResult verifyRows(func::FuncOp forward);
  LogicalResult verifyEncoder(func::FuncOp forward);
  LogicalResult verifyCaches(func::FuncOp forward);

  llvm::StringMap<model::CacheGroupOp> groups;
};
} // namespace

LogicalResult VerifyPhase::verifyModule() {
  groups.clear();
  for (auto group : getOperation().getOps<model::CacheGroupOp>())
    if (!groups.try_emplace(group.getName(), group).second)
      return group.emitOpError() << "expected one cache group of this name, found another";
  for (auto parameter : getOperation().getOps<model::ParameterOp>())
    if (!encoding::getStorage(parameter.getType()))
      return parameter.emitOpError() << "expected a type with an #encoding.storage, found " << parameter.getType();
  auto texts = getOperation().getOps<model::TextOp>();
  if (!texts.empty() && !llvm::hasSingleElement(texts))
    return (*std::next(texts.begin())).emitOpError() << "expected one tokenizer, found another";
  return success();
}

LogicalResult VerifyPhase::verifyForward() {
  ModuleOp module = getOperation();
  auto forward = module.lookupSymbol<func::FuncOp>(model::forwardName);
  for (auto function : module.getOps<func::FuncOp>())
    if (function != forward)
      return function.emitOpError() << "expected no function but @" << model::forwardName;
  if (!forward) {
    if (module.getOps<model::TextOp>().empty())
      return module.emitError() << "expected a function @" << model::forwardName << " or a model.text, found neither";
    return success();
  }
  if (forward.isExternal() || !forward.getBody().hasOneBlock())
    return forward.emitOpError() << "expected a body of one block";
  if (failed(verifySignature(forward)))
    return failure();
  for (Operation &op : forward.getBody().front())
    if (failed(verifyOperation(&op)))
      return failure();
  if (failed(verifyCaches(forward)) || failed(verifyRows(forward)))
    return failure();
  return verifyEncoder(forward);
}

/// What model.encoder says is what the function does.
LogicalResult VerifyPhase::verifyEncoder(func::FuncOp forward) {
  auto encoders = getOperation().getOps<model::EncoderOp>();
  if (encoders.empty())
    return success();
  model::EncoderOp encoder = *encoders.begin();
  if (!llvm::hasSingleElement(encoders))
    return (*std::next(encoders.begin())).emitOpError() << "expected one encoder, found another";
  auto result = cast<RankedTensorType>(forward.getResultTypes().front());
  if (encoder.getLabels() && static_cast<int64_t>(encoder.getLabels()->size()) != result.getDimSize(1))
    return encoder.emitOpError() << "expected a label for each of the " << result.getDimSize(1)
                                 << " columns of the result, found " << encoder.getLabels()->size();
  auto step = cast<model::StepType>(forward.getArgumentTypes().front());
  int64_t wanted = encoder.getEachRow() ? step.getRows() : step.getSequences();
  if (step.getWanted() < wanted)
    return forward.emitOpError() << "expected " << wanted << " wanted rows, one for each "
                                 << (encoder.getEachRow() ? "row" : "sequence") << ", found " << step;
  for (auto embedding : forward.getOps<model::EmbeddingOp>())
    if (int64_t rows = cast<RankedTensorType>(embedding.getTable().getType()).getDimSize(0);
        rows < static_cast<int64_t>(encoder.getVocabulary()))
      return encoder.emitOpError() << "expected at most the " << rows << " tokens of the table, found a vocabulary of "
                                   << encoder.getVocabulary();
  for (auto group : getOperation().getOps<model::CacheGroupOp>())
    if (static_cast<int64_t>(group.getContext()) > step.getRows())
      return forward.emitOpError() << "expected steps that hold a whole sequence of " << group.getContext()
                                   << " positions, found " << step;
  return success();
}

LogicalResult VerifyPhase::verifySignature(func::FuncOp forward) {
  TypeRange arguments = forward.getArgumentTypes(), results = forward.getResultTypes();
  if (arguments.empty() || !isa<model::StepType>(arguments.front()))
    return forward.emitOpError() << "expected a !model.step as the first argument";
  for (Type type : arguments.drop_front()) {
    auto cache = dyn_cast<model::KeyValueType>(type);
    if (!cache)
      return forward.emitOpError() << "expected caches after the step, found an argument of type " << type;
    if (!groups.contains(cache.getGroup().getValue()))
      return forward.emitOpError() << "expected a model.cache_group " << cache.getGroup() << " for " << cache
                                   << ", found none";
  }
  auto logits = results.empty() ? RankedTensorType() : dyn_cast<RankedTensorType>(results.front());
  if (!logits || logits.getRank() != 2 || !logits.isDynamicDim(0) || logits.isDynamicDim(1) ||
      !logits.getElementType().isF32() || logits.getEncoding())
    return forward.emitOpError() << "expected logits of type tensor<?xNxf32> as the first result";
  if (results.drop_front() != arguments.drop_front())
    return forward.emitOpError() << "expected one result for each cache, in "
                                    "the order of the arguments";
  return success();
}

LogicalResult VerifyPhase::verifyOperation(Operation *op) {
  // Elementwise arithmetic and the constants in it are upstream's; everything else is said in the words
  // of the model.
  if (!isa<model::ModelDialect, arith::ArithDialect, math::MathDialect>(op->getDialect()) &&
      !isa<func::ReturnOp, tensor::DimOp, tensor::SplatOp>(op))
    return op->emitOpError() << "is not allowed at the end of the model phase: "
                                "expected operations of the dialects "
                                "model, arith and math, or tensor.dim and tensor.splat";
  if (auto embedding = dyn_cast<model::PositionEmbeddingOp>(op))
    return verifyPositions(embedding);
  auto attention = dyn_cast<model::AttentionOp>(op);
  if (!attention)
    return success();
  if (!attention.getCache())
    return attention.emitOpError() << "expected a cache: run ingot-model-make-cache-explicit";
  return groups.lookup(attention.getCache().getType().getGroup().getValue())
      .verifyReader(attention, attention.getWindow(), attention.getStep().getType().getRows());
}

/// A sequence is as long as its caches, which the table has to last for.
LogicalResult VerifyPhase::verifyPositions(model::PositionEmbeddingOp op) {
  if (groups.empty())
    return op.emitOpError() << "expected a model.cache_group, whose context bounds positions, found none";
  int64_t context = std::numeric_limits<int64_t>::max();
  for (auto &entry : groups)
    context = std::min(context, static_cast<int64_t>(entry.second.getContext()));
  int64_t positions =
      cast<RankedTensorType>(op.getTable().getType()).getDimSize(0) - static_cast<int64_t>(op.getOffset());
  if (positions < context)
    return op.emitOpError() << "expected a table for the " << context << " positions of the context, found "
                            << positions << "; compile with --context=" << positions;
  return success();
}

/// Follows the rows whose logits are wanted: they never meet the rows of the step, and they are what comes out.
LogicalResult VerifyPhase::verifyRows(func::FuncOp forward) {
  DenseMap<Value, bool> isWanted;
  for (Operation &op : forward.getBody().front()) {
    std::optional<bool> rows;
    for (Value operand : op.getOperands()) {
      auto known = isWanted.find(operand);
      if (known == isWanted.end())
        continue;
      if (rows && *rows != known->second)
        return op.emitOpError() << "expected operands with the same rows, found rows of the step and wanted rows";
      rows = known->second;
      if (isa<func::ReturnOp>(op))
        break;
    }
    if (isa<func::ReturnOp>(op)) {
      if (rows == false)
        return op.emitOpError() << "expected logits of the wanted rows: model.wanted_rows stands before the head";
      break;
    }
    if (isa<model::EmbeddingOp, model::PositionEmbeddingOp>(op))
      rows = false;
    if (op.hasTrait<model::GathersWanted>()) {
      if (rows == true)
        return op.emitOpError() << "expected the rows of the step, found wanted rows";
      rows = true;
    }
    if (rows)
      for (Value result : op.getResults())
        if (isa<RankedTensorType>(result.getType()))
          isWanted[result] = *rows;
  }
  return success();
}

/// Follows every cache from its argument through its appends to the return.
LogicalResult VerifyPhase::verifyCaches(func::FuncOp forward) {
  auto returnOp = cast<func::ReturnOp>(forward.getBody().front().getTerminator());
  for (BlockArgument argument : forward.getArguments().drop_front()) {
    Value version = argument;
    while (true) {
      Operation *taker = nullptr;
      for (Operation *user : version.getUsers()) {
        if (!isa<model::KeyValueAppendOp, func::ReturnOp>(user))
          continue;
        if (taker)
          return user->emitOpError() << "expected each version of a cache to be taken once, found "
                                        "argument "
                                     << argument.getArgNumber() << " taken again";
        taker = user;
      }
      if (!taker)
        return forward.emitOpError() << "expected the last version of argument " << argument.getArgNumber()
                                     << " to be returned, found it dropped";
      if (taker == returnOp)
        break;
      version = cast<model::KeyValueAppendOp>(taker).getResult();
    }
    if (returnOp.getOperand(argument.getArgNumber()) != version)
      return returnOp.emitOpError() << "expected the last version of argument " << argument.getArgNumber()
                                    << " as operand " << argument.getArgNumber();
  }
  return success();
}
