//===- Forward.cpp - a transformer, op by op ------------------------------===//

#include "compiler/import/Transformer.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::compiler;
using llvm::Twine;

/// The name of the cache group of layers that see the whole context.
static constexpr StringLiteral cacheGroupName = "full";
/// Positions of one page of a cache.
static constexpr int64_t cachePageRows = 64;
/// The vector that makes an embedding as long as 1.
static constexpr StringLiteral unitLengthName = "unit_length.weight";

namespace {
/// Writes the operations of `@forward`, each with its name as its location, so that remarks and values carry it.
class ForwardBuilder {
public:
  ForwardBuilder(ModuleOp module, const Transformer &model)
      : module(module), model(model), symbols(module), builder(OpBuilder::atBlockEnd(module.getBody())) {}

  void build() {
    addCacheGroups();
    if (model.bidirectional)
      addEncoder();
    auto stepType = model::StepType::get(builder.getContext(), model.rows, model.sequences, model.wanted);
    Type resultType = rowsOf(!model.bidirectional   ? model.vocabulary
                             : model.labels.empty() ? model.width
                                                    : static_cast<int64_t>(model.labels.size()));
    function = func::FuncOp::create(builder, named(model::forwardName), model::forwardName,
                                    builder.getFunctionType({stepType}, {resultType}));
    Block *block = function.addEntryBlock();
    step = block->getArgument(0);
    step.setLoc(named("step"));
    builder.setInsertionPointToStart(block);

    Value x = buildEmbedding();
    for (int64_t layer = 0; layer < model.getLayerCount(); ++layer)
      x = buildLayer(layer, x);
    func::ReturnOp::create(builder, named("return"), model.bidirectional ? buildPooled(x) : buildHead(x));
  }

private:
  /// One for the layers that see the whole context, and one for each window.
  void addCacheGroups() {
    llvm::SetVector<int64_t> windows;
    for (const LayerKind &layer : model.layers)
      windows.insert(layer.window);
    if (windows.remove(0)) {
      int64_t pages = llvm::divideCeil(model.context, cachePageRows) * model.sequences;
      // Nothing of an encoder's sequence is kept from step to step.
      if (model.bidirectional)
        pages = std::min<int64_t>(pages, llvm::divideCeil(model.rows, cachePageRows) + model.sequences);
      model::CacheGroupOp::create(builder, named("cache_group"), cacheGroupName, model.context, cachePageRows, pages,
                                  /*window=*/IntegerAttr(), /*ring=*/IntegerAttr());
    }
    for (int64_t window : windows) {
      int64_t ring = model::CacheGroupOp::getFewestRingPages(model.context, cachePageRows, window, model.rows);
      model::CacheGroupOp::create(builder, named("cache_group"), ("window_" + Twine(window)).str(), model.context,
                                  cachePageRows, ring * model.sequences, builder.getI64IntegerAttr(window),
                                  builder.getI64IntegerAttr(ring));
    }
  }

  void addEncoder() {
    SmallVector<StringRef> labels(model.labels.begin(), model.labels.end());
    model::EncoderOp::create(builder, named("encoder"), model.vocabulary,
                             labels.empty() ? ArrayAttr() : builder.getStrArrayAttr(labels),
                             labels.empty() && model.pooling == Pooling::None);
    if (!dividesByLength())
      return;
    // x / |x| is a norm by the root of the mean square, with weights of 1 / root of the width.
    auto format = encoding::GgmlAttr::get(builder.getContext(), encoding::GgmlType::F32);
    auto storage = encoding::StorageAttr::get(builder.getContext(), format, StringAttr(), encoding::PanelsAttr());
    Location location = named(unitLengthName);
    auto parameter = model::ParameterOp::create(
        builder, location, builder.getStringAttr(unitLengthName),
        TypeAttr::get(RankedTensorType::get({model.width}, builder.getF32Type(), storage)), StringAttr(), StringAttr(),
        model::ViewAttr(), FloatAttr(),
        builder.getF32FloatAttr(static_cast<float>(1 / std::sqrt(static_cast<double>(model.width)))), IntegerAttr(),
        FloatAttr(), StringAttr());
    symbols.insert(parameter);
  }

  bool dividesByLength() const { return model.normalizesEmbedding && model.labels.empty(); }

  /// What is wanted of every sequence.
  Value buildPooled(Value x) {
    if (model.labels.empty() && model.pooling == Pooling::Mean)
      x = model::SequenceMeanOp::create(builder, named("mean"), rowsOf(model.width), x, step);
    else
      x = model::WantedRowsOp::create(builder, named("wanted"), rowsOf(model.width), x, step);
    if (dividesByLength()) {
      // As torch.nn.functional.normalize: the length is at least 1e-12.
      double epsilon = 1e-24 / static_cast<double>(model.width);
      Value weight = model::LoadParameterOp::create(
          builder, named(unitLengthName), symbols.lookup<model::ParameterOp>(unitLengthName).getType(), unitLengthName);
      x = model::RmsNormOp::create(builder, named("embedding_normalized"), x.getType(), x, weight,
                                   APFloat(static_cast<float>(epsilon)), 1);
    }
    return model.labels.empty() ? x : buildLabelScores(x);
  }

  Value buildLabelScores(Value x) {
    x = linear("pooler", -1, Role::Pooler, x);
    if (model.poolerActivation)
      x = model::ActivationOp::create(builder, named("pooler_activation"), x.getType(), x, *model.poolerActivation);
    else
      x = math::TanhOp::create(builder, named("pooler_activation"), x);
    x = linear("label_scores", -1, Role::Head, x);
    if (model.labelScores == LabelScores::Softmax)
      return model::SoftmaxOp::create(builder, named("probabilities"), x);
    if (model.labelScores == LabelScores::Plain)
      return x;
    return sigmoid(named("probabilities"), x);
  }

  Value buildEmbedding() {
    Value x = model::EmbeddingOp::create(builder, named("embedding"), rowsOf(model.tableWidth),
                                         load({Role::TokenTable}), step);
    double scale = model.embeddingScale * (model.scalesEmbedding ? std::sqrt(static_cast<double>(model.width)) : 1.0);
    x = multiply("embedding_scaled", x, static_cast<float>(scale));
    if (model.tableWidth != model.width)
      x = linear("input_projection", -1, Role::InputProjection, x);
    if (model.positions == Positions::Learned) {
      Value positions = model::PositionEmbeddingOp::create(builder, named("positions"), rowsOf(model.width),
                                                           load({Role::PositionTable}), step, model.positionOffset);
      x = arith::AddFOp::create(builder, named("embedding_sum"), x, positions);
    }
    if (model.tokenTypes) {
      Value type = model::RepeatRowOp::create(builder, named("token_type"), rowsOf(model.width),
                                              load({Role::TokenTypeTable}), step);
      x = arith::AddFOp::create(builder, named("embedding_type_sum"), x, type);
    }
    if (model.embeddingNorm)
      x = norm("embedding_norm", -1, Role::EmbeddingNorm, x);
    return x;
  }

  Value buildLayer(int64_t layer, Value x) {
    switch (model.residual) {
    case Residual::NormBefore:
      x = add("attn_residual", layer, x, attention(layer, norm("attn_norm", layer, Role::AttentionNorm, x)));
      return add("ffn_residual", layer, x, mlp(layer, norm("ffn_norm", layer, Role::MlpNorm, x)));
    case Residual::NormAfter:
      x = norm("attn_output_norm", layer, Role::AttentionOutputNorm,
               add("attn_residual", layer, x, attention(layer, x)));
      return norm("ffn_output_norm", layer, Role::MlpOutputNorm, add("ffn_residual", layer, x, mlp(layer, x)));
    case Residual::NormOfBranch:
      x = add("attn_residual", layer, x,
              norm("attn_output_norm", layer, Role::AttentionOutputNorm, attention(layer, x)));
      return add("ffn_residual", layer, x, norm("ffn_output_norm", layer, Role::MlpOutputNorm, mlp(layer, x)));
    case Residual::NormAround:
      x = add("attn_residual", layer, x,
              norm("attn_output_norm", layer, Role::AttentionOutputNorm,
                   attention(layer, norm("attn_norm", layer, Role::AttentionNorm, x))));
      return add(
          "ffn_residual", layer, x,
          norm("ffn_output_norm", layer, Role::MlpOutputNorm, mlp(layer, norm("ffn_norm", layer, Role::MlpNorm, x))));
    case Residual::Parallel: {
      Value normed = norm("attn_norm", layer, Role::AttentionNorm, x);
      Value branch = model.twoNorms ? norm("ffn_norm", layer, Role::MlpNorm, x) : normed;
      Value attended = add("attn_residual", layer, x, attention(layer, normed));
      return add("ffn_residual", layer, attended, mlp(layer, branch));
    }
    }
    llvm_unreachable("unknown residual");
  }

  Value attention(int64_t layer, Value x) {
    const LayerKind &kind = model.layers[layer];
    Value query = turn("query", layer, Role::QueryNorm, clip(linear("attn_q", layer, Role::Query, x)));
    Value key = turn("key", layer, Role::KeyNorm, clip(linear("attn_k", layer, Role::Key, x)));
    Value value = clip(linear("attn_v", layer, Role::Value, x));
    float scale = model.attentionScale ? model.attentionScale
                                       : static_cast<float>(1.0 / std::sqrt(static_cast<double>(model.headDimension)));
    Value attended = model::AttentionOp::create(
        builder, named(inLayer(layer, "attention")), rowsOf(model.heads * model.headDimension), query, key, value,
        /*cache=*/Value(), step, model.heads, model.keyValueHeads, APFloat(scale),
        kind.window ? builder.getI64IntegerAttr(kind.window) : IntegerAttr(),
        model.attentionSoftcap ? builder.getF32FloatAttr(model.attentionSoftcap) : FloatAttr(),
        model.alibiSlopes.empty() ? DenseF32ArrayAttr() : builder.getDenseF32ArrayAttr(model.alibiSlopes),
        model.bidirectional);
    return linear("attn_output", layer, Role::AttentionOutput, attended);
  }

  /// Heads of queries or keys, normalised and turned.
  Value turn(StringRef name, int64_t layer, Role normRole, Value x) {
    if (model.queryKeyNorm != QueryKeyNorm::None) {
      int64_t columns = cast<RankedTensorType>(x.getType()).getShape().back();
      int64_t pieces = model.queryKeyNorm == QueryKeyNorm::Whole ? 1 : columns / model.headDimension;
      x = norm(name + Twine("_norm"), layer, normRole, x, pieces);
    }
    int rope = model.layers[layer].rope;
    if (rope < 0)
      return x;
    const Rope &turned = model.ropes[rope];
    Value factors = turned.hasFactors ? load({Role::RopeFactors}) : Value();
    return model::RopeOp::create(builder, named(inLayer(layer, name)), x.getType(), x, step, factors,
                                 model.headDimension, turned.style, builder.getDenseF32ArrayAttr(turned.frequencies),
                                 APFloat(turned.magnitude));
  }

  Value mlp(int64_t layer, Value x) {
    if (model.layers[layer].hasExperts)
      return experts(layer, x);
    if (model.gated)
      return gatedMlp(layer, x, {Role::Gate, Role::Up, Role::Down}, "ffn");
    Value hidden = linear("ffn_up", layer, Role::Up, x);
    hidden = model::ActivationOp::create(builder, named(inLayer(layer, "ffn_activation")), hidden.getType(), hidden,
                                         model.activation);
    return linear("ffn_down", layer, Role::Down, hidden);
  }

  struct GatedRoles {
    Role gate, up, down;
  };
  Value gatedMlp(int64_t layer, Value x, GatedRoles roles, StringRef name) {
    Value hidden = linear(getName(roles.gate), layer, roles.gate, x),
          up = linear(getName(roles.up), layer, roles.up, x);
    hidden = model::ActivationOp::create(builder, named(inLayer(layer, name + Twine("_activation"))), hidden.getType(),
                                         hidden, model.activation);
    hidden = arith::MulFOp::create(builder, named(inLayer(layer, name + Twine("_hidden"))), hidden, up);
    return linear(getName(roles.down), layer, roles.down, hidden);
  }

  Value experts(int64_t layer, Value x) {
    auto nameOf = [&](StringRef name) { return named(inLayer(layer, name)); };
    Value logits = linear("ffn_router", layer, Role::Router, x);
    Value choice = model::ChooseExpertsOp::create(builder, nameOf("ffn_choice"), rowsOf(2 * model.chosenExperts),
                                                  logits, model.expertWeighting, model.chosenExperts);
    Value hidden = model::ExpertGatedMlpOp::create(
        builder, nameOf("ffn_expert_hidden"), rowsOf(model.chosenExperts * model.expertHidden), x, choice,
        loadExperts(layer, Role::ExpertGate), loadExperts(layer, Role::ExpertUp), model.activation, model.experts);
    Value sum = model::ExpertSumOp::create(builder, nameOf("ffn_experts"), rowsOf(model.width), hidden, choice,
                                           loadExperts(layer, Role::ExpertDown), model.experts);
    if (model.sharedHidden == 0)
      return sum;
    Value shared = gatedMlp(layer, x, {Role::SharedGate, Role::SharedUp, Role::SharedDown}, "ffn_shared");
    Value gate = sigmoid(nameOf("ffn_shared_gate"), linear("ffn_shared_router", layer, Role::SharedRouter, x));
    gate = model::RepeatColumnOp::create(builder, nameOf("ffn_shared_gates"), shared.getType(), gate);
    shared = arith::MulFOp::create(builder, nameOf("ffn_shared"), shared, gate);
    return arith::AddFOp::create(builder, nameOf("ffn_sum"), sum, shared);
  }

  Value sigmoid(Location location, Value x) {
    Value power = math::ExpOp::create(builder, location, arith::NegFOp::create(builder, location, x));
    Value one = splat(location, 1, x);
    return arith::DivFOp::create(builder, location, one, arith::AddFOp::create(builder, location, power, one));
  }

  /// The matrices of all experts, one after the other.
  Value loadExperts(int64_t layer, Role role) {
    Parameter all = {role, layer};
    std::string name = all.getName();
    Location location = named(name);
    SmallVector<model::ParameterOp> parameters;
    for (int64_t expert = 0; expert < model.experts; ++expert) {
      Parameter own = all;
      own.expert = expert;
      parameters.push_back(symbols.lookup<model::ParameterOp>(own.getName()));
    }
    auto one = cast<RankedTensorType>(parameters.front().getType());
    auto type = one.clone({model.experts * one.getDimSize(0), one.getDimSize(1)});
    OpBuilder recipe(function);
    auto assemble = encoding::AssembleOp::create(recipe, location, name, type, /*home=*/StringAttr());
    recipe.createBlock(&assemble.getRecipe());
    SmallVector<Value> matrices;
    for (model::ParameterOp parameter : parameters)
      matrices.push_back(encoding::LoadOp::create(recipe, location, one, parameter.getSymName()));
    encoding::YieldOp::create(recipe, location,
                              encoding::ConcatenateOp::create(recipe, location, type, matrices).getResult());
    return model::LoadParameterOp::create(builder, location, type, name);
  }

  Value buildHead(Value x) {
    x = model::WantedRowsOp::create(builder, named("wanted"), rowsOf(model.width), x, step);
    if (model.finalNorm)
      x = norm("output_norm", -1, Role::FinalNorm, x);
    if (model.tableWidth != model.width)
      x = linear("output_projection", -1, Role::OutputProjection, x);
    Value table = load({model.tiedHead ? Role::TokenTable : Role::Head});
    Value logits =
        model::LogitsOp::create(builder, named("logits"), rowsOf(model.vocabulary), x, table, loadBias(-1, Role::Head));
    logits = multiply("logits_scaled", logits, model.logitScale);
    if (!model.logitSoftcap)
      return logits;
    Value small = multiply("logits_small", logits, 1 / model.logitSoftcap);
    Value capped = math::TanhOp::create(builder, named("logits_tanh"), small);
    return multiply("logits_capped", capped, model.logitSoftcap);
  }

  /// x + branch, where branches have a factor times that.
  Value add(StringRef name, int64_t layer, Value x, Value branch) {
    branch = multiply(inLayer(layer, name + Twine("_scaled")), branch, model.residualScale);
    return arith::AddFOp::create(builder, named(inLayer(layer, name)), x, branch);
  }

  Value multiply(StringRef name, Value x, float factor) {
    if (factor == 1)
      return x;
    Location location = named(name);
    return arith::MulFOp::create(builder, location, x, splat(location, factor, x));
  }

  Value clip(Value x) {
    if (model.queryKeyValueClip == 0)
      return x;
    Location location = x.getLoc();
    x = arith::MaximumFOp::create(builder, location, x, splat(location, -model.queryKeyValueClip, x));
    return arith::MinimumFOp::create(builder, location, x, splat(location, model.queryKeyValueClip, x));
  }

  /// A number for every element of `like`.
  Value splat(Location location, float number, Value like) {
    Value scalar = arith::ConstantOp::create(builder, location, builder.getF32FloatAttr(number));
    Value rows = tensor::DimOp::create(builder, location, like, 0);
    return tensor::SplatOp::create(builder, location, like.getType(), scalar, rows);
  }

  Value linear(StringRef name, int64_t layer, Role role, Value input) {
    Value weight = load({role, layer});
    int64_t outputs = cast<RankedTensorType>(weight.getType()).getDimSize(0);
    return model::LinearOp::create(builder, named(inLayer(layer, name)), rowsOf(outputs), input, weight,
                                   loadBias(layer, role));
  }

  Value norm(const Twine &name, int64_t layer, Role role, Value input, int64_t groups = 1) {
    Location location = named(inLayer(layer, name));
    Value weight = model.normWeights ? load({role, layer}) : Value();
    if (model.norm == NormKind::RootMeanSquare)
      return model::RmsNormOp::create(builder, location, input.getType(), input, weight, APFloat(model.epsilon),
                                      groups);
    return model::LayerNormOp::create(builder, location, input.getType(), input, weight, loadBias(layer, role),
                                      APFloat(model.epsilon), groups);
  }

  Value loadBias(int64_t layer, Role role) {
    return model.biases.contains(role) ? load({role, layer, /*isBias=*/true}) : Value();
  }

  Value load(const Parameter &parameter) {
    std::string name = parameter.getName();
    auto op = symbols.lookup<model::ParameterOp>(name);
    return model::LoadParameterOp::create(builder, named(name), op.getType(), name);
  }

  RankedTensorType rowsOf(int64_t columns) {
    return RankedTensorType::get({ShapedType::kDynamic, columns}, builder.getF32Type());
  }
  std::string inLayer(int64_t layer, const Twine &name) {
    return layer < 0 ? name.str() : ("blk." + Twine(layer) + "." + name).str();
  }
  Location named(StringRef name) { return NameLoc::get(builder.getStringAttr(name)); }

  ModuleOp module;
  const Transformer &model;
  SymbolTable symbols;
  OpBuilder builder;
  func::FuncOp function;
  Value step;
};
} // namespace

void compiler::addForward(ModuleOp module, const Transformer &transformer) {
  ForwardBuilder(module, transformer).build();
}
