//===- Transformer.cpp - the parameters of a transformer ------------------===//

#include "compiler/import/Transformer.h"

#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::compiler;
using llvm::Error;
using llvm::Twine;

StringRef compiler::getName(Role role) {
  switch (role) {
  case Role::TokenTable:
    return "token_embd";
  case Role::PositionTable:
    return "position_embd";
  case Role::TokenTypeTable:
    return "token_types";
  case Role::EmbeddingNorm:
    return "token_embd_norm";
  case Role::InputProjection:
    return "input_projection";
  case Role::RopeFactors:
    return "rope_freqs";
  case Role::FinalNorm:
    return "output_norm";
  case Role::OutputProjection:
    return "output_projection";
  case Role::Pooler:
    return "cls";
  case Role::Head:
    return "output";
  case Role::AttentionNorm:
    return "attn_norm";
  case Role::Query:
    return "attn_q";
  case Role::Key:
    return "attn_k";
  case Role::Value:
    return "attn_v";
  case Role::QueryNorm:
    return "attn_q_norm";
  case Role::KeyNorm:
    return "attn_k_norm";
  case Role::AttentionOutput:
    return "attn_output";
  case Role::AttentionOutputNorm:
    return "post_attention_norm";
  case Role::MlpNorm:
    return "ffn_norm";
  case Role::Gate:
    return "ffn_gate";
  case Role::Up:
    return "ffn_up";
  case Role::Down:
    return "ffn_down";
  case Role::Router:
    return "ffn_gate_inp";
  case Role::ExpertGate:
    return "ffn_gate_exps";
  case Role::ExpertUp:
    return "ffn_up_exps";
  case Role::ExpertDown:
    return "ffn_down_exps";
  case Role::SharedGate:
    return "ffn_gate_shexp";
  case Role::SharedUp:
    return "ffn_up_shexp";
  case Role::SharedDown:
    return "ffn_down_shexp";
  case Role::SharedRouter:
    return "ffn_gate_inp_shexp";
  case Role::MlpOutputNorm:
    return "post_ffw_norm";
  }
  llvm_unreachable("unknown role");
}

std::string Parameter::getName() const {
  std::string name = compiler::getName(role).str();
  if (expert >= 0)
    name += ("." + Twine(expert)).str();
  name += isBias ? ".bias" : ".weight";
  return layer < 0 ? name : ("blk." + Twine(layer) + "." + name).str();
}

std::optional<model::ActivationFunction> compiler::findActivation(StringRef name) {
  using Function = std::optional<model::ActivationFunction>;
  return llvm::StringSwitch<Function>(name)
      .Cases({"silu", "swish"}, model::ActivationFunction::Silu)
      .Case("gelu", model::ActivationFunction::Gelu)
      .Cases({"gelu_new", "gelu_pytorch_tanh", "gelu_fast"}, model::ActivationFunction::GeluTanh)
      .Case("relu", model::ActivationFunction::Relu)
      .Default(std::nullopt);
}

SmallVector<bool> compiler::getLocalLayers(const Transformer &transformer, int64_t pattern) {
  SmallVector<bool> isLocal;
  for (int64_t layer = 0; layer < transformer.getLayerCount(); ++layer)
    isLocal.push_back(pattern == 0 || layer % pattern < pattern - 1);
  return isLocal;
}

void compiler::setWindows(Transformer &transformer, int64_t window, ArrayRef<bool> isLocal) {
  if (isLocal.empty())
    return;
  for (auto [layer, local] : llvm::zip_equal(transformer.layers, isLocal))
    layer.window = local && window < transformer.context ? window : 0;
}

void compiler::setRopes(Transformer &transformer, const Rope &rope, ArrayRef<float> localFrequencies,
                        ArrayRef<bool> isLocal) {
  transformer.ropes = {rope};
  for (LayerKind &layer : transformer.layers)
    layer.rope = 0;
  if (localFrequencies.empty() || !llvm::is_contained(isLocal, true))
    return;
  transformer.ropes.push_back({rope.style, SmallVector<float>(localFrequencies)});
  for (auto [layer, local] : llvm::zip_equal(transformer.layers, isLocal))
    layer.rope = local;
}

SmallVector<float> compiler::getAlibiSlopes(int64_t heads) {
  auto power = static_cast<int64_t>(llvm::bit_floor(static_cast<uint64_t>(heads)));
  SmallVector<float> slopes;
  for (int64_t head = 0; head < heads; ++head) {
    double exponent = head < power ? -8.0 * (head + 1) / power : -4.0 * (2 * (head - power) + 1) / power;
    slopes.push_back(static_cast<float>(std::exp2(exponent)));
  }
  return slopes;
}

Error compiler::setContext(Transformer &transformer, int64_t trained, const Request &request, StringRef origin) {
  if (request.context && *request.context > trained)
    return llvm::createStringError("a context of " + Twine(*request.context) +
                                   " was asked for, and the model has at most " + Twine(trained) + " (" + origin +
                                   "); ask for no more");
  bool isEncoder = transformer.bidirectional;
  transformer.context = request.context.value_or(std::min(trained, defaultContext));
  transformer.sequences = request.batch.value_or(isEncoder ? defaultEncoderBatch : defaultBatch);
  transformer.rows =
      std::max(isEncoder ? std::max(promptRows, transformer.context) : std::min(promptRows, transformer.context),
               transformer.sequences);
  bool wantsAll = isEncoder && transformer.labels.empty() && transformer.pooling == Pooling::None;
  transformer.wanted =
      wantsAll ? transformer.rows : std::min(std::max(wantedRows, transformer.sequences), transformer.rows);
  return Error::success();
}

namespace {
/// Calls the caller back for every parameter, in the order of the computation.
class Listing {
public:
  Listing(const Transformer &model, function_ref<Error(const Parameter &)> add) : model(model), add(add) {}

  Error run() {
    bool isProjected = model.tableWidth != model.width;
    matrix(-1, Role::TokenTable, model.vocabulary, model.tableWidth);
    if (model.positions == Positions::Learned)
      matrix(-1, Role::PositionTable, model.positionRows, model.width);
    if (model.tokenTypes)
      vector(-1, Role::TokenTypeTable, model.width);
    if (model.embeddingNorm)
      norm(-1, Role::EmbeddingNorm, model.width);
    if (isProjected)
      matrix(-1, Role::InputProjection, model.width, model.tableWidth);
    if (llvm::any_of(model.ropes, [](const Rope &rope) { return rope.hasFactors; }))
      vector(-1, Role::RopeFactors, static_cast<int64_t>(model.ropes.front().frequencies.size()));
    for (int64_t layer = 0; layer < model.getLayerCount(); ++layer)
      listLayer(layer);
    if (model.finalNorm)
      norm(-1, Role::FinalNorm, model.width);
    if (isProjected)
      matrix(-1, Role::OutputProjection, model.tableWidth, model.width);
    listHead();
    return std::move(error);
  }

private:
  void listHead() {
    if (model.bidirectional) {
      if (model.labels.empty())
        return;
      matrix(-1, Role::Pooler, model.width, model.width);
      matrix(-1, Role::Head, static_cast<int64_t>(model.labels.size()), model.width);
    } else if (!model.tiedHead) {
      matrix(-1, Role::Head, model.vocabulary, model.tableWidth);
    } else if (model.biases.contains(Role::Head)) {
      bias(-1, Role::Head, model.vocabulary);
    }
  }

  void listLayer(int64_t layer) {
    int64_t queries = model.heads * model.headDimension, keys = model.keyValueHeads * model.headDimension;
    bool normsInput = model.residual != Residual::NormAfter && model.residual != Residual::NormOfBranch;
    bool normsOutput = model.residual != Residual::NormBefore && model.residual != Residual::Parallel;
    if (normsInput)
      norm(layer, Role::AttentionNorm, model.width);
    matrix(layer, Role::Query, queries, model.width);
    matrix(layer, Role::Key, keys, model.width);
    matrix(layer, Role::Value, keys, model.width);
    if (model.queryKeyNorm != QueryKeyNorm::None) {
      bool isShared = model.queryKeyNorm == QueryKeyNorm::Head;
      norm(layer, Role::QueryNorm, isShared ? model.headDimension : queries);
      norm(layer, Role::KeyNorm, isShared ? model.headDimension : keys);
    }
    matrix(layer, Role::AttentionOutput, model.width, queries);
    if (normsOutput)
      norm(layer, Role::AttentionOutputNorm, model.width);
    if (normsInput && (model.residual != Residual::Parallel || model.twoNorms))
      norm(layer, Role::MlpNorm, model.width);
    if (model.layers[layer].hasExperts)
      listExperts(layer);
    else
      listMlp(layer);
    if (normsOutput)
      norm(layer, Role::MlpOutputNorm, model.width);
  }

  void listMlp(int64_t layer) {
    if (model.gated)
      matrix(layer, Role::Gate, model.hidden, model.width);
    matrix(layer, Role::Up, model.hidden, model.width);
    matrix(layer, Role::Down, model.width, model.hidden);
  }

  void listExperts(int64_t layer) {
    matrix(layer, Role::Router, model.experts, model.width);
    for (int64_t expert = 0; expert < model.experts; ++expert) {
      for (Role role : {Role::ExpertGate, Role::ExpertUp})
        call({role, layer, /*isBias=*/false, {model.expertHidden, model.width}, expert});
      call({Role::ExpertDown, layer, /*isBias=*/false, {model.width, model.expertHidden}, expert});
    }
    if (model.sharedHidden == 0)
      return;
    matrix(layer, Role::SharedGate, model.sharedHidden, model.width);
    matrix(layer, Role::SharedUp, model.sharedHidden, model.width);
    matrix(layer, Role::SharedDown, model.width, model.sharedHidden);
    matrix(layer, Role::SharedRouter, 1, model.width);
  }

  void matrix(int64_t layer, Role role, int64_t outputs, int64_t inputs) {
    call({role, layer, /*isBias=*/false, {outputs, inputs}});
    if (model.biases.contains(role))
      bias(layer, role, outputs);
  }

  void norm(int64_t layer, Role role, int64_t columns) {
    if (model.normWeights)
      vector(layer, role, columns);
    if (model.biases.contains(role))
      bias(layer, role, columns);
  }

  void vector(int64_t layer, Role role, int64_t columns) { call({role, layer, /*isBias=*/false, {columns}}); }
  void bias(int64_t layer, Role role, int64_t columns) { call({role, layer, /*isBias=*/true, {columns}}); }

  void call(const Parameter &parameter) {
    if (!error)
      error = add(parameter);
  }

  const Transformer &model;
  function_ref<Error(const Parameter &)> add;
  Error error = Error::success();
};
} // namespace

Error compiler::forEachParameter(const Transformer &transformer, function_ref<Error(const Parameter &)> add) {
  return Listing(transformer, add).run();
}
