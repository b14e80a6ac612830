//===- Llama.cpp - the graph of the Llama family --------------------------===//

#include "compiler/import/Llama.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/Twine.h"

#include <cmath>

using namespace mlir;
using namespace ingot;
using namespace ingot::compiler;
using llvm::Twine;

static std::string nameInLayer(int64_t layer, const Twine &suffix) {
  return ("blk." + Twine(layer) + "." + suffix).str();
}

void compiler::setWindows(LlamaShape &shape, int64_t window, int64_t pattern) {
  shape.windows.assign(shape.layers, 0);
  if (window < shape.context)
    for (int64_t layer = 0; layer < shape.layers; ++layer)
      if (pattern == 0 || layer % pattern < pattern - 1)
        shape.windows[layer] = window;
}

llvm::Error compiler::forEachParameter(const LlamaShape &shape,
                                       llvm::function_ref<llvm::Error(StringRef, ArrayRef<int64_t>)> add) {
  int64_t queries = shape.heads * shape.headDimension, keys = shape.keyValueHeads * shape.headDimension;
  if (llvm::Error error = add("token_embd.weight", {shape.vocabulary, shape.width}))
    return error;
  if (shape.ropeFactors)
    if (llvm::Error error = add("rope_freqs.weight", {shape.headDimension / 2}))
      return error;
  struct {
    StringRef suffix;
    SmallVector<int64_t, 2> shape;
  } perLayer[] = {{"attn_norm.weight", {shape.width}},
                  {"attn_q.weight", {queries, shape.width}},
                  {"attn_k.weight", {keys, shape.width}},
                  {"attn_v.weight", {keys, shape.width}},
                  {"attn_output.weight", {shape.width, queries}},
                  {"ffn_norm.weight", {shape.width}},
                  {"ffn_gate.weight", {shape.hidden, shape.width}},
                  {"ffn_up.weight", {shape.hidden, shape.width}},
                  {"ffn_down.weight", {shape.width, shape.hidden}}};
  for (int64_t layer = 0; layer < shape.layers; ++layer)
    for (auto &parameter : perLayer)
      if (llvm::Error error = add(nameInLayer(layer, parameter.suffix), parameter.shape))
        return error;
  if (llvm::Error error = add("output_norm.weight", {shape.width}))
    return error;
  if (!shape.tiedHead)
    return add("output.weight", {shape.vocabulary, shape.width});
  return llvm::Error::success();
}

namespace {
/// Writes the operations of `@forward`, each with its name as its location, so
/// that remarks and values carry it.
class ForwardBuilder {
public:
  ForwardBuilder(ModuleOp module, const LlamaShape &shape)
      : module(module), shape(shape), symbols(module), builder(OpBuilder::atBlockEnd(module.getBody())) {}

  void build() {
    addCacheGroups();
    auto stepType = model::StepType::get(builder.getContext(), shape.rows, shape.sequences, shape.wanted);
    Type logitsType = rowsOf(shape.vocabulary);
    auto function = func::FuncOp::create(builder, named(model::forwardName), model::forwardName,
                                         builder.getFunctionType({stepType}, {logitsType}));
    Block *block = function.addEntryBlock();
    step = block->getArgument(0);
    step.setLoc(named("step"));
    builder.setInsertionPointToStart(block);

    Value table = load("token_embd.weight");
    if (shape.ropeFactors)
      factors = load("rope_freqs.weight");
    Value x = model::EmbeddingOp::create(builder, named("embedding"), rowsOf(shape.width), table, step);
    for (int64_t layer = 0; layer < shape.layers; ++layer)
      x = buildLayer(layer, x);
    x = model::WantedRowsOp::create(builder, named("wanted"), rowsOf(shape.width), x, step);
    x = norm("output_norm", x, "output_norm.weight");
    Value head = shape.tiedHead ? table : load("output.weight");
    Value logits = model::LogitsOp::create(builder, named("logits"), logitsType, x, head);
    func::ReturnOp::create(builder, named("return"), logits);
  }

private:
  int64_t windowOf(int64_t layer) const { return shape.windows.empty() ? 0 : shape.windows[layer]; }

  /// One for the layers that see the whole context, and one for each window.
  void addCacheGroups() {
    llvm::SetVector<int64_t> windows;
    for (int64_t layer = 0; layer < shape.layers; ++layer)
      windows.insert(windowOf(layer));
    if (windows.remove(0)) {
      int64_t pages = llvm::divideCeil(shape.context, cachePageRows);
      model::CacheGroupOp::create(builder, named("cache_group"), cacheGroupName, shape.context, cachePageRows,
                                  pages * shape.sequences, /*window=*/IntegerAttr(), /*ring=*/IntegerAttr());
    }
    for (int64_t window : windows) {
      int64_t ring = model::CacheGroupOp::getFewestRingPages(shape.context, cachePageRows, window, shape.rows);
      model::CacheGroupOp::create(builder, named("cache_group"), ("window_" + Twine(window)).str(), shape.context,
                                  cachePageRows, ring * shape.sequences, builder.getI64IntegerAttr(window),
                                  builder.getI64IntegerAttr(ring));
    }
  }

  Value buildLayer(int64_t layer, Value x) {
    auto in = [&](const Twine &suffix) { return nameInLayer(layer, suffix); };
    auto linear = [&](StringRef name, Value input) -> Value {
      Value weight = load(in(name + ".weight"));
      int64_t outputs = cast<RankedTensorType>(weight.getType()).getDimSize(0);
      return model::LinearOp::create(builder, named(in(name)), rowsOf(outputs), input, weight);
    };
    Value normed = norm(in("attn_norm"), x, in("attn_norm.weight"));
    Value query = rope(in("query"), linear("attn_q", normed));
    Value key = rope(in("key"), linear("attn_k", normed));
    Value value = linear("attn_v", normed);
    Value attended = model::AttentionOp::create(
        builder, named(in("attention")), rowsOf(shape.heads * shape.headDimension), query, key, value,
        /*cache=*/Value(), step, shape.heads, shape.keyValueHeads,
        APFloat(static_cast<float>(1.0 / std::sqrt(static_cast<double>(shape.headDimension)))),
        windowOf(layer) ? builder.getI64IntegerAttr(windowOf(layer)) : IntegerAttr(),
        /*softcap=*/FloatAttr(), /*alibi_slopes=*/DenseF32ArrayAttr(), /*bidirectional=*/false);
    Value projected = linear("attn_output", attended);
    x = arith::AddFOp::create(builder, named(in("attn_residual")), x, projected);

    normed = norm(in("ffn_norm"), x, in("ffn_norm.weight"));
    Value gate = linear("ffn_gate", normed), up = linear("ffn_up", normed);
    Value active = model::ActivationOp::create(builder, named(in("ffn_activation")), gate.getType(), gate,
                                               model::ActivationFunction::Silu);
    Value hidden = arith::MulFOp::create(builder, named(in("ffn_hidden")), active, up);
    return arith::AddFOp::create(builder, named(in("ffn_residual")), x, linear("ffn_down", hidden));
  }

  Value norm(StringRef name, Value input, StringRef weight) {
    Value loaded = load(weight);
    return model::RmsNormOp::create(builder, named(name), input.getType(), input, loaded, APFloat(shape.epsilon));
  }

  Value rope(StringRef name, Value input) {
    return model::RopeOp::create(builder, named(name), input.getType(), input, step, factors, shape.headDimension,
                                 model::RopeStyle::Interleaved, builder.getDenseF32ArrayAttr(shape.ropeFrequencies),
                                 APFloat(shape.ropeMagnitude));
  }

  Value load(StringRef name) {
    auto parameter = symbols.lookup<model::ParameterOp>(name);
    return model::LoadParameterOp::create(builder, named(name), parameter.getType(), name);
  }

  RankedTensorType rowsOf(int64_t columns) {
    return RankedTensorType::get({ShapedType::kDynamic, columns}, builder.getF32Type());
  }
  Location named(StringRef name) { return NameLoc::get(builder.getStringAttr(name)); }

  ModuleOp module;
  const LlamaShape &shape;
  SymbolTable symbols;
  OpBuilder builder;
  Value step, factors;
};
} // namespace

void compiler::addForward(ModuleOp module, const LlamaShape &shape) { ForwardBuilder(module, shape).build(); }
