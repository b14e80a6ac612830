//===- LowerModel.cpp - model operations to kernels, one to one -----------===//
//
// The correct and slow form of the phase: every operation becomes kernels of
// its own. What happens after this pass is speed.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Forward.h"
#include "passes/fuse/Passes.h"
#include "passes/fuse/Recipes.h"
#include "passes/fuse/Regions.h"
#include "target/TargetDescription.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ingot::kernel {
#define GEN_PASS_DEF_LOWERMODEL
#include "passes/fuse/Passes.h.inc"
} // namespace ingot::kernel

using namespace mlir;
using namespace ingot;
using namespace ingot::kernel;

static int64_t columnsOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape().back(); }

static Value constant(OpBuilder &builder, Location location, double value) {
  return arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(value));
}

/// `function` of the scalar `x`.
static Value createActivation(OpBuilder &builder, Location location, model::ActivationFunction function, Value x) {
  auto half = [&](Value sigmoid) -> Value {
    // x · (1 + s) / 2
    Value one = constant(builder, location, 1.0);
    Value sum = arith::AddFOp::create(builder, location, one, sigmoid);
    Value scaled = arith::MulFOp::create(builder, location, x, constant(builder, location, 0.5));
    return arith::MulFOp::create(builder, location, scaled, sum);
  };
  switch (function) {
  case model::ActivationFunction::Silu: {
    Value negated = arith::NegFOp::create(builder, location, x);
    Value power = math::ExpOp::create(builder, location, negated);
    Value sum = arith::AddFOp::create(builder, location, constant(builder, location, 1.0), power);
    return arith::DivFOp::create(builder, location, x, sum);
  }
  case model::ActivationFunction::Gelu: {
    Value scaled = arith::MulFOp::create(builder, location, x, constant(builder, location, 0.70710678118654752));
    return half(math::ErfOp::create(builder, location, scaled));
  }
  case model::ActivationFunction::GeluTanh: {
    // tanh(sqrt(2 / pi) · (x + 0.044715 x³)), arXiv:1606.08415.
    Value square = arith::MulFOp::create(builder, location, x, x);
    Value cube = arith::MulFOp::create(builder, location, square, x);
    Value small = arith::MulFOp::create(builder, location, cube, constant(builder, location, 0.044715));
    Value sum = arith::AddFOp::create(builder, location, x, small);
    Value scaled = arith::MulFOp::create(builder, location, sum, constant(builder, location, 0.79788456080286536));
    return half(math::TanhOp::create(builder, location, scaled));
  }
  case model::ActivationFunction::Relu:
    return arith::MaximumFOp::create(builder, location, x, constant(builder, location, 0.0));
  }
  llvm_unreachable("unknown activation function");
}

/// Whether `op` is arithmetic on each element.
static bool isElementwise(Operation *op) {
  return isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) && OpTrait::hasElementwiseMappableTraits(op);
}

namespace {
/// Lowers one function. Values are mapped rather than replaced, because paired
/// heads have another width than the model's.
class Lowering {
public:
  Lowering(func::FuncOp function, SymbolTable &symbols)
      : function(function), symbols(symbols), builder(function.getContext()) {}

  LogicalResult run() {
    if (!function.getBody().hasOneBlock())
      return function.emitError() << "expected one block in @" << function.getName() << ", found "
                                  << function.getBody().getBlocks().size();
    SmallVector<Operation *> replaced, constants;
    // What is created stands before the operation that it is created for.
    for (Operation &op : function.getBody().front()) {
      if (isa<model::LoadParameterOp>(op))
        continue;
      if (op.hasTrait<OpTrait::ConstantLike>()) {
        constants.push_back(&op);
        continue;
      }
      // With a dynamic number of rows, a constant for all elements is a splat over tensor.dim.
      if (isa<tensor::SplatOp, tensor::DimOp>(op)) {
        replaced.push_back(&op);
        continue;
      }
      if (failed(checkRotated(&op)))
        return failure();
      if (isa<KernelDialect>(op.getDialect()) || isa<func::ReturnOp>(op)) {
        for (OpOperand &operand : op.getOpOperands()) {
          if (isa_and_nonnull<tensor::SplatOp, tensor::DimOp>(operand.get().getDefiningOp()))
            return op.emitError() << "cannot lower '" << op.getName()
                                  << "' to a kernel: it takes a constant, which only elementwise arith and math can";
          operand.set(map(operand.get()));
        }
        continue;
      }
      builder.setInsertionPoint(&op);
      if (failed(lower(&op)))
        return failure();
      replaced.push_back(&op);
    }
    for (Operation *op : llvm::reverse(replaced))
      op->erase();
    // Splats stand in regions now.
    for (Operation *op : constants)
      if (op->use_empty())
        op->erase();
    return success();
  }

private:
  Value map(Value value) { return values.lookupOrDefault(value); }

  LogicalResult replace(Value old, Value value) {
    values.map(old, value);
    return success();
  }

  /// Only attention and append know the order of rotated heads.
  LogicalResult checkRotated(Operation *op) {
    for (Value operand : op->getOperands()) {
      auto rope = operand.getDefiningOp<model::RopeOp>();
      if (!rope)
        continue;
      if (auto append = dyn_cast<model::KeyValueAppendOp>(op))
        if (append.getValue() != operand)
          continue;
      if (auto attention = dyn_cast<model::AttentionOp>(op))
        if (attention.getQuery() == operand)
          continue;
      return op->emitError() << "cannot lower '" << op->getName()
                             << "' to a kernel: it takes the result of model.rope, which only "
                                "the query of model.attention and the key of "
                                "model.key_value_append can";
    }
    return success();
  }

  LogicalResult lower(Operation *op) {
    Location location = op->getLoc();
    return llvm::TypeSwitch<Operation *, LogicalResult>(op)
        .Case([&](model::EmbeddingOp embedding) {
          return replace(embedding.getResult(), EmbeddingOp::create(builder, location, embedding.getResult().getType(),
                                                                    embedding.getTable(), embedding.getStep()));
        })
        .Case([&](model::WantedRowsOp wanted) {
          return replace(wanted.getResult(), WantedRowsOp::create(builder, location, wanted.getResult().getType(),
                                                                  map(wanted.getInput()), wanted.getStep()));
        })
        .Case([&](model::SequenceMeanOp mean) {
          return replace(mean.getResult(), SequenceMeanOp::create(builder, location, mean.getResult().getType(),
                                                                  map(mean.getInput()), mean.getStep()));
        })
        .Case([&](model::SoftmaxOp softmax) {
          return replace(softmax.getResult(),
                         SoftmaxOp::create(builder, location, softmax.getResult().getType(), map(softmax.getInput())));
        })
        .Case([&](model::PositionEmbeddingOp embedding) {
          return replace(embedding.getResult(),
                         EmbeddingOp::create(builder, location, embedding.getResult().getType(), embedding.getTable(),
                                             embedding.getStep(), embedding.getOffsetAttr()));
        })
        .Case([&](model::RepeatRowOp op) { return lowerRepeat(op, op.getVector()); })
        .Case([&](model::RepeatColumnOp op) { return lowerRepeat(op, map(op.getInput())); })
        .Case([&](model::RmsNormOp norm) { return lowerNorm(norm, /*bias=*/Value(), /*centered=*/false); })
        .Case([&](model::LayerNormOp norm) { return lowerNorm(norm, norm.getBias(), /*centered=*/true); })
        .Case([&](encoding::QuantizeOp quantize) {
          return replace(quantize.getResult(), NormQuantizeOp::create(builder, location, quantize.getResult().getType(),
                                                                      map(quantize.getInput())));
        })
        .Case<model::LinearOp, model::LogitsOp>([&](auto linear) {
          return replace(linear.getResult(),
                         createMatmul(builder, location, linear.getResult().getType(), map(linear.getInput()),
                                      linear.getWeight(), linear.getBias()));
        })
        .Case([&](model::GatedMlpOp op) { return lowerGatedMlp(op); })
        .Case([&](model::ChooseExpertsOp op) {
          return replace(op.getResult(), ChooseExpertsOp::create(builder, location, op.getResult().getType(),
                                                                 map(op.getInput()), op.getWeighting(), op.getCount()));
        })
        .Case([&](model::ExpertGatedMlpOp op) { return lowerExpertGatedMlp(op); })
        .Case([&](model::ExpertSumOp op) { return lowerExpertSum(op); })
        .Case([&](model::ActivationOp op) { return lowerActivation(op); })
        .Case([&](model::RopeOp op) { return lowerRope(op); })
        .Case([&](model::KeyValueAppendOp op) { return lowerAppend(op); })
        .Case([&](model::AttentionOp op) { return lowerAttention(op); })
        .Default([&](Operation *op) { return lowerElementwise(op); });
  }

  template <typename Norm> LogicalResult lowerNorm(Norm norm, Value bias, bool centered) {
    return replace(norm.getResult(),
                   NormQuantizeOp::create(builder, norm.getLoc(), norm.getResult().getType(), map(norm.getInput()),
                                          norm.getWeight(), bias, norm.getEpsilonAttr(), centered, norm.getGroups()));
  }

  /// Elementwise arithmetic takes what is repeated as it is.
  template <typename Repeat> LogicalResult lowerRepeat(Repeat op, Value repeated) {
    if (llvm::all_of(op->getUsers(), isElementwise))
      return success();
    return replace(op.getResult(), createGeneric(op.getLoc(), op.getResult().getType(), repeated,
                                                 [](ValueRange inputs) { return inputs[0]; }));
  }

  /// The matrices `weights` of `op`, one after the other for each expert and each in whole panels: panels of two in
  /// turn.
  FailureOr<Value> assembleExperts(Operation *op, ValueRange weights, int64_t experts) {
    SmallVector<StringRef> names;
    for (Value weight : weights) {
      auto load = weight.getDefiningOp<model::LoadParameterOp>();
      if (!load || weight.getType() != weights.front().getType())
        return op->emitError() << "cannot lower '" << op->getName()
                               << "' to a kernel: expected weights of one type from model.load_parameter, found "
                               << weights.front().getType() << " and " << weight.getType();
      names.push_back(load.getParameter());
    }
    int64_t rows = cast<RankedTensorType>(weights.front().getType()).getDimSize(0) / experts;
    bool isWhole = rows % encoding::panelRows == 0;
    if (weights.size() == 1 && isWhole)
      return weights.front();
    RecipeBuilder recipe(symbols, function, op->getLoc(),
                         weights.size() == 1 ? names.front().str() : joinParameterNames(names));
    SmallVector<Value> matrices;
    for (Value weight : weights) {
      Value matrix = recipe.load(weight.getDefiningOp<model::LoadParameterOp>());
      matrices.push_back(isWhole ? matrix : recipe.headRows(matrix, rows, encoding::HeadOrder::Natural));
    }
    Value result = matrices.size() == 1 ? matrices.front() : recipe.interleave(matrices[0], matrices[1]);
    return recipe.finish(result, builder).getResult();
  }

  /// The table of the rows that each expert has by `choice`: one for all that read it.
  Value getGroups(Location location, Value choice, int64_t experts) {
    Value &table = groups[choice];
    if (table)
      return table;
    auto type = cast<RankedTensorType>(choice.getType());
    int64_t columns = GroupTable(experts).countColumns(columnsOf(choice) / 2);
    return table = GroupRowsOp::create(builder, location,
                                       RankedTensorType::get({type.getDimSize(0), columns}, builder.getI32Type()),
                                       map(choice), experts);
  }

  LogicalResult lowerExpertGatedMlp(model::ExpertGatedMlpOp op) {
    Location location = op.getLoc();
    FailureOr<Value> weight = assembleExperts(op, {op.getGate(), op.getUp()}, op.getExperts());
    if (failed(weight))
      return failure();
    auto product = ExpertGatedMatmulOp::create(builder, location, op.getResult().getType(), map(op.getInput()),
                                               getGroups(location, op.getChoice(), op.getExperts()), *weight,
                                               /*operands=*/ValueRange(), op.getExperts(), op.getCount());
    OpBuilder::InsertionGuard guard(builder);
    Block *block = addElementwiseBlock(builder, location, product.getEpilogue(), /*accumulators=*/2, /*operands=*/0);
    Value hidden = createActivation(builder, location, op.getFunction(), block->getArgument(0));
    hidden = arith::MulFOp::create(builder, location, hidden, block->getArgument(1));
    YieldOp::create(builder, location, hidden);
    return replace(op.getResult(), product.getResult());
  }

  LogicalResult lowerExpertSum(model::ExpertSumOp op) {
    Location location = op.getLoc();
    FailureOr<Value> weight = assembleExperts(op, op.getWeight(), op.getExperts());
    if (failed(weight))
      return failure();
    auto sum = ExpertSumOp::create(builder, location, op.getResult().getType(), map(op.getInput()),
                                   getGroups(location, op.getChoice(), op.getExperts()), *weight,
                                   /*operands=*/ValueRange(), op.getExperts(), op.getCount());
    OpBuilder::InsertionGuard guard(builder);
    Block *block = addElementwiseBlock(builder, location, sum.getEpilogue(), /*accumulators=*/1, /*operands=*/0);
    YieldOp::create(builder, location, block->getArgument(0));
    return replace(op.getResult(), sum.getResult());
  }

  LogicalResult lowerGatedMlp(model::GatedMlpOp op) {
    Location location = op.getLoc();
    Type type = op.getResult().getType();
    Value input = map(op.getInput());
    Value gate = createMatmul(builder, location, type, input, op.getGate(), op.getGateBias());
    Value up = createMatmul(builder, location, type, input, op.getUp(), op.getUpBias());
    return replace(op.getResult(), createGeneric(location, type, {gate, up}, [&](ValueRange inputs) -> Value {
                     Value hidden = createActivation(builder, location, op.getFunction(), inputs[0]);
                     return arith::MulFOp::create(builder, location, hidden, inputs[1]);
                   }));
  }

  LogicalResult lowerActivation(model::ActivationOp op) {
    return replace(op.getResult(),
                   createGeneric(op.getLoc(), op.getResult().getType(), map(op.getInput()), [&](ValueRange inputs) {
                     return createActivation(builder, op.getLoc(), op.getFunction(), inputs[0]);
                   }));
  }

  Value createGeneric(Location location, Type type, ValueRange operands, function_ref<Value(ValueRange)> createBody) {
    auto generic = GenericOp::create(builder, location, type, operands);
    OpBuilder::InsertionGuard guard(builder);
    Block *block = addElementwiseBlock(builder, location, generic.getBody(),
                                       /*accumulators=*/0, operands.size());
    YieldOp::create(builder, location, createBody(block->getArguments().drop_back(2)));
    return generic.getResult();
  }

  /// `input` as attention takes it, rotated where `rope` is given.
  Value createPairs(Location location, Value input, int64_t dimension, model::RopeOp rope) {
    auto type = cast<RankedTensorType>(input.getType());
    auto resultType = RankedTensorType::get(
        {type.getDimSize(0), columnsOf(input) / dimension * pairedHeadColumns(dimension)}, builder.getF32Type());
    int64_t rotated = rope ? countRotated(rope) : 0;
    return PairHeadsOp::create(builder, location, resultType, map(input), rope ? getTable(rope) : Value(),
                               builder.getI64IntegerAttr(dimension), rope ? rope.getStyleAttr() : nullptr,
                               rope && rotated != dimension ? builder.getI64IntegerAttr(rotated) : IntegerAttr());
  }

  static int64_t countRotated(model::RopeOp op) { return 2 * static_cast<int64_t>(op.getFrequencies().size()); }

  LogicalResult lowerRope(model::RopeOp op) {
    values.map(op.getResult(), createPairs(op.getLoc(), op.getInput(), static_cast<int64_t>(op.getDimension()), op));
    return success();
  }

  /// Queries (or `what` else) of heads of `dimension` elements as attention takes them: model.rope has paired those
  /// that it rotates.
  FailureOr<Value> getPairs(Operation *op, StringRef what, Value heads, int64_t dimension) {
    auto rope = heads.getDefiningOp<model::RopeOp>();
    if ((rope && static_cast<int64_t>(rope.getDimension()) != dimension) || dimension % 2)
      return op->emitError() << "cannot lower '" << op->getName() << "' to a kernel: expected " << what
                             << " of an even dimension, rotated (if at all) by model.rope with dimension = "
                             << dimension;
    return rope ? map(heads) : createPairs(op->getLoc(), heads, dimension, rope);
  }

  /// The table that `op` reads: one for all layers that turn alike.
  Value getTable(model::RopeOp op) {
    const void *factors = nullptr;
    if (Value value = op.getFactors()) {
      auto load = value.getDefiningOp<model::LoadParameterOp>();
      factors = load ? load.getParameterAttr().getAsOpaquePointer() : value.getAsOpaquePointer();
    }
    int64_t dimension = op.getDimension();
    Value &table =
        tables[{op.getFrequenciesAttr(), op.getMagnitudeAttr(), factors, op.getStep().getAsOpaquePointer(), dimension}];
    if (!table) {
      auto rows = cast<RankedTensorType>(op.getResult().getType());
      auto type = RankedTensorType::get({rows.getDimSize(0), pairedHeadColumns(dimension)}, builder.getF32Type());
      table = RopeTableOp::create(builder, op.getLoc(), type, op.getStep(),
                                  op.getFactors() ? map(op.getFactors()) : Value(), op.getFrequenciesAttr(),
                                  op.getMagnitudeAttr(), builder.getI64IntegerAttr((dimension - countRotated(op)) / 2));
    }
    return table;
  }

  LogicalResult lowerAppend(model::KeyValueAppendOp op) {
    FailureOr<Value> keys = getPairs(op, "keys", op.getKey(), op.getCache().getType().getDimension());
    if (failed(keys))
      return failure();
    return replace(op.getResult(), AppendOp::create(builder, op.getLoc(), op.getResult().getType(), map(op.getCache()),
                                                    *keys, map(op.getValue()), op.getStep()));
  }

  LogicalResult lowerAttention(model::AttentionOp op) {
    if (!op.getCache())
      return op.emitError() << "cannot lower '" << op->getName()
                            << "' to a kernel: expected a cache; run "
                               "ingot-model-make-cache-explicit first";
    FailureOr<Value> queries = getPairs(op, "queries", op.getQuery(), op.getCache().getType().getDimension());
    if (failed(queries) || failed(checkPairs(op)))
      return failure();
    return replace(op.getResult(),
                   AttentionOp::create(builder, op.getLoc(), op.getResult().getType(), *queries, map(op.getCache()),
                                       op.getStep(), op.getHeads(), op.getScale(), getKeyChunk(op), op.getWindowAttr(),
                                       op.getSoftcapAttr(), op.getAlibiSlopesAttr(), op.getBidirectional()));
  }

  /// Queries have to be paired as the keys of the cache are, where the function says how those are.
  static LogicalResult checkPairs(model::AttentionOp op) {
    auto append = op.getCache().getDefiningOp<model::KeyValueAppendOp>();
    if (!append)
      return success();
    auto query = op.getQuery().getDefiningOp<model::RopeOp>(), key = append.getKey().getDefiningOp<model::RopeOp>();
    auto describe = [](model::RopeOp rope) {
      return rope ? std::to_string(countRotated(rope)) + " elements in the style " +
                        stringifyRopeStyle(rope.getStyle()).str()
                  : std::string("none");
    };
    if (describe(query) == describe(key))
      return success();
    return op->emitError() << "cannot lower '" << op->getName()
                           << "' to a kernel: expected queries and keys with the same rotated elements, found "
                           << describe(query) << " and " << describe(key);
  }

  /// Keys that are taken together, where the cache's group says how long sequences are and how their pages lie.
  static int64_t getKeyChunk(model::AttentionOp op) {
    auto module = op->getParentOfType<ModuleOp>();
    for (auto group : module.getOps<model::CacheGroupOp>())
      if (group.getNameAttr() == op.getCache().getType().getGroup())
        return target::getKeyChunk(std::min(group.getContext(), op.getWindow().value_or(group.getContext())),
                                   group.getPageRows());
    constexpr int64_t unknownContext = 1, unknownPageRows = 64;
    return target::getKeyChunk(unknownContext, unknownPageRows);
  }

  /// Arithmetic on whole tensors becomes the same arithmetic on an element.
  LogicalResult lowerElementwise(Operation *op) {
    auto fail = [&](const Twine &reason) {
      return op->emitError() << "cannot lower '" << op->getName() << "' to a kernel: " << reason;
    };
    if (!isElementwise(op) || op->getNumResults() != 1)
      return fail("expected an operation of the model, or elementwise arith or "
                  "math");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.getElementType().isF32() || type.getRank() != 2 || type.getEncoding())
      return fail("expected a plain f32 result of rank 2");
    SmallVector<Value> operands;
    SmallVector<FloatAttr> splats;
    for (Value operand : op->getOperands()) {
      DenseElementsAttr elements;
      FloatAttr scalar;
      if (operand.getType() != type)
        return fail("expected operands of the result's type");
      if (auto repeat = operand.getDefiningOp<model::RepeatRowOp>()) {
        operands.push_back(repeat.getVector());
        splats.push_back({});
        continue;
      }
      if (auto repeat = operand.getDefiningOp<model::RepeatColumnOp>()) {
        operands.push_back(map(repeat.getInput()));
        splats.push_back({});
        continue;
      }
      if (auto splat = operand.getDefiningOp<tensor::SplatOp>()) {
        if (!matchPattern(splat.getInput(), m_Constant(&scalar)))
          return fail("expected a tensor.splat of a constant");
        splats.push_back(scalar);
        continue;
      }
      if (!matchPattern(operand, m_Constant(&elements))) {
        operands.push_back(map(operand));
        splats.push_back({});
      } else if (elements.isSplat()) {
        splats.push_back(elements.getSplatValue<FloatAttr>());
      } else {
        return fail("expected constants with one value for all elements; make "
                    "others a model.parameter");
      }
    }
    return replace(op->getResult(0), createGeneric(op->getLoc(), type, operands, [&](ValueRange inputs) -> Value {
                     IRMapping scalars;
                     for (auto [operand, splat] : llvm::zip_equal(op->getOperands(), splats)) {
                       if (splat) {
                         scalars.map(operand, arith::ConstantOp::create(builder, op->getLoc(), splat));
                       } else {
                         scalars.map(operand, inputs.front());
                         inputs = inputs.drop_front();
                       }
                     }
                     Operation *scalar = builder.clone(*op, scalars);
                     scalar->getResult(0).setType(builder.getF32Type());
                     return scalar->getResult(0);
                   }));
  }

  func::FuncOp function;
  SymbolTable &symbols;
  OpBuilder builder;
  IRMapping values;
  /// By the choice that they are of.
  llvm::DenseMap<Value, Value> groups;
  llvm::DenseMap<std::tuple<Attribute, Attribute, const void *, const void *, int64_t>, Value> tables;
};

struct LowerModel : kernel::impl::LowerModelBase<LowerModel> {
  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (func::FuncOp function : getForwardFunctions(getOperation()))
      if (failed(Lowering(function, symbols).run()))
        return signalPassFailure();
  }
};
} // namespace
