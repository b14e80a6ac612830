//===- Families.cpp - the table of families -------------------------------===//
//
// Sources: modeling_*.py and configuration_*.py of Hugging Face transformers 4.57; names
// of GGUF's architectures: gguf-py of llama.cpp.
//
//===----------------------------------------------------------------------===//

#include "compiler/import/Families.h"

#include "compiler/import/huggingface/Config.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace ingot;
using namespace ingot::compiler;
using huggingface::Config;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;
using model::ActivationFunction;

static constexpr Roles queryKeyValue = {Role::Query, Role::Key, Role::Value};
static constexpr Roles attention = queryKeyValue | Roles{Role::AttentionOutput};
static constexpr Roles mlp = {Role::Gate, Role::Up, Role::Down};
static constexpr Roles norms = {Role::EmbeddingNorm, Role::AttentionNorm, Role::AttentionOutputNorm, Role::MlpNorm,
                                Role::MlpOutputNorm, Role::FinalNorm,     Role::QueryNorm,           Role::KeyNorm};

const std::string &CheckpointNames::operator[](Role role) const {
  static const std::string none;
  switch (role) {
  case Role::TokenTable:
    return tokenTable;
  case Role::PositionTable:
    return positionTable;
  case Role::TokenTypeTable:
    return tokenTypeTable;
  case Role::EmbeddingNorm:
    return embeddingNorm;
  case Role::InputProjection:
    return inputProjection;
  case Role::OutputProjection:
    return outputProjection;
  case Role::FinalNorm:
    return finalNorm;
  case Role::Pooler:
    return pooler;
  case Role::Head:
    return head;
  case Role::AttentionNorm:
    return attentionNorm;
  case Role::Query:
    return query;
  case Role::Key:
    return key;
  case Role::Value:
    return value;
  case Role::QueryNorm:
    return queryNorm;
  case Role::KeyNorm:
    return keyNorm;
  case Role::AttentionOutput:
    return attentionOutput;
  case Role::AttentionOutputNorm:
    return attentionOutputNorm;
  case Role::MlpNorm:
    return mlpNorm;
  case Role::Gate:
    return gate;
  case Role::Up:
    return up;
  case Role::Down:
    return down;
  case Role::Router:
    return router;
  case Role::ExpertGate:
    return expertGate;
  case Role::ExpertUp:
    return expertUp;
  case Role::ExpertDown:
    return expertDown;
  case Role::SharedGate:
    return sharedGate;
  case Role::SharedUp:
    return sharedUp;
  case Role::SharedDown:
    return sharedDown;
  case Role::SharedRouter:
    return sharedRouter;
  case Role::MlpOutputNorm:
    return mlpOutputNorm;
  case Role::RopeFactors:
    return none;
  }
  llvm_unreachable("unknown role");
}

//===----------------------------------------------------------------------===//
// What takes more than a table
//===----------------------------------------------------------------------===//

/// Reads flags one after the other; `error` is that of the first which is none.
static bool getFlag(const Config &config, StringRef key, bool fallback, Error &error) {
  Expected<bool> flag = config.getFlag(key, fallback);
  if (flag)
    return *flag;
  if (error)
    llvm::consumeError(flag.takeError());
  else
    error = flag.takeError();
  return fallback;
}

/// Tables of another width than the layers, and norms after the branches (350M).
static Error refineOpt(const Config &config, Transformer &model) {
  Expected<std::optional<int64_t>> tableWidth = config.findSize({"word_embed_proj_dim"}, huggingface::mostColumns);
  if (!tableWidth)
    return tableWidth.takeError();
  model.tableWidth = tableWidth->value_or(model.width);
  Error error = Error::success();
  if (!getFlag(config, "do_layer_norm_before", true, error))
    model.residual = Residual::NormAfter;
  model.finalNorm =
      model.residual == Residual::NormBefore && !getFlag(config, "_remove_final_layer_norm", false, error);
  return error;
}

/// Scores are divided by the root of another number than the head's dimension.
static Error refineGemma(const Config &config, Transformer &model) {
  Expected<double> scalar = config.getNumber({"query_pre_attn_scalar"}, 256);
  if (!scalar)
    return scalar.takeError();
  if (*scalar <= 0)
    return config.wrong("query_pre_attn_scalar", "a number above 0");
  model.attentionScale = static_cast<float>(1 / std::sqrt(*scalar));
  return Error::success();
}

/// As llama.cpp sets f_attention_scale: the 27B models divide by the root of another number than the head's dimension.
static void setGemmaScale(Transformer &model) {
  constexpr int64_t layersOf27B[] = {46, 62};
  if (llvm::is_contained(layersOf27B, model.getLayerCount()))
    model.attentionScale = static_cast<float>(1 / std::sqrt(static_cast<double>(model.width / model.heads)));
}

static Error refineGptNeox(const Config &config, Transformer &model) {
  Error error = Error::success();
  if (!getFlag(config, "use_parallel_residual", true, error))
    model.residual = Residual::NormBefore;
  return error;
}

static Error refineStablelm(const Config &config, Transformer &model) {
  Error error = Error::success();
  if (getFlag(config, "use_parallel_residual", false, error)) {
    model.residual = Residual::Parallel;
    model.twoNorms = false;
  }
  return error;
}

static Error refineCohere(const Config &config, Transformer &model) {
  Error error = Error::success();
  if (getFlag(config, "use_qk_norm", false, error))
    model.queryKeyNorm = QueryKeyNorm::OwnHead;
  return error;
}

/// 7B: one key-value head, one norm. 40B ("new decoder"): groups of heads, two norms. 1B: ALiBi.
static Error refineFalcon(const Config &config, Transformer &model) {
  Error error = Error::success();
  bool isNew = getFlag(config, "new_decoder_architecture", false, error);
  bool hasOneHead = getFlag(config, "multi_query", true, error);
  if (!getFlag(config, "parallel_attn", true, error))
    model.residual = Residual::NormBefore;
  if (getFlag(config, "alibi", false, error)) {
    model.positions = Positions::Alibi;
    // Falcon scales the sum of product and slope.
    for (float &slope : model.alibiSlopes = getAlibiSlopes(model.heads))
      slope /= std::sqrt(static_cast<float>(model.headDimension));
  }
  if (error)
    return error;
  Expected<std::optional<int64_t>> norms = config.findSize({"num_ln_in_parallel_attn"}, 2);
  if (!norms)
    return norms.takeError();
  model.twoNorms = norms->value_or(isNew ? 2 : 1) == 2;
  if (!isNew)
    model.keyValueHeads = hasOneHead ? 1 : model.heads;
  return Error::success();
}

/// Reads `key`, 1 to `most`, or `fallback` where it is absent.
static Error readSize(const Config &config, StringRef key, int64_t most, int64_t fallback, int64_t &size) {
  Expected<std::optional<int64_t>> found = config.findSize({key}, most);
  if (!found)
    return found.takeError();
  size = found->value_or(fallback);
  return Error::success();
}

/// The numbers that configurations of mixtures of experts have; `key` is that of how many there are.
static Error readExperts(const Config &config, Transformer &model, StringRef key, int64_t experts, int64_t chosen) {
  if (Error error = readSize(config, key, mostExperts, experts, model.experts))
    return error;
  if (Error error = readSize(config, "num_experts_per_tok", mostExperts, chosen, model.chosenExperts))
    return error;
  if (model.chosenExperts > model.experts)
    return config.wrong("num_experts_per_tok", "at most the " + llvm::Twine(model.experts) + " experts");
  for (LayerKind &layer : model.layers)
    layer.hasExperts = true;
  return Error::success();
}

static Error refineMixtral(const Config &config, Transformer &model) {
  model.expertHidden = model.hidden;
  return readExperts(config, model, "num_local_experts", 8, 2);
}

/// Some layers may have no experts; a shared expert stands beside those that are chosen.
static Error refineQwen2Moe(const Config &config, Transformer &model) {
  if (Error error = readExperts(config, model, "num_experts", 60, 4))
    return error;
  if (Error error = readSize(config, "moe_intermediate_size", huggingface::mostColumns, 1408, model.expertHidden))
    return error;
  if (Error error =
          readSize(config, "shared_expert_intermediate_size", huggingface::mostColumns, 5632, model.sharedHidden))
    return error;
  Error error = Error::success();
  if (getFlag(config, "norm_topk_prob", false, error))
    model.expertWeighting = model::ExpertWeighting::SoftmaxOfChosen;
  if (error)
    return error;
  int64_t period;
  if (Error error = readSize(config, "decoder_sparse_step", huggingface::mostLayers, 1, period))
    return error;
  for (auto [index, layer] : llvm::enumerate(model.layers))
    layer.hasExperts = (static_cast<int64_t>(index) + 1) % period == 0;
  const llvm::json::Value *dense = config.find({"mlp_only_layers"});
  if (!dense)
    return Error::success();
  const llvm::json::Array *numbers = dense->getAsArray();
  std::string expected = "a list of layers' numbers, 0 to " + std::to_string(model.getLayerCount() - 1);
  if (!numbers)
    return config.wrong("mlp_only_layers", expected);
  for (const llvm::json::Value &number : *numbers) {
    std::optional<int64_t> layer = number.getAsInteger();
    if (!layer || *layer < 0 || *layer >= model.getLayerCount())
      return config.wrong("mlp_only_layers", expected);
    model.layers[*layer].hasExperts = false;
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static std::vector<Family> makeFamilies() {
  std::vector<Family> families;
  auto add = [&](Family family) -> Family & { return families.emplace_back(std::move(family)); };

  const Family llama = {.modelType = "llama",
                        .architecture = "llama",
                        .ggufStyle = model::RopeStyle::Interleaved,
                        .epsilon = 1e-6f,
                        .mayHaveExperts = true,
                        .biasKeys = {{"attention_bias", attention, false}, {"mlp_bias", mlp, false}}};
  add(llama);

  Family &mistral = add(llama);
  mistral.modelType = "mistral";
  mistral.architecture.clear();
  mistral.biasKeys.clear();
  mistral.windowRule = WindowRule::All;

  Family &mixtral = add(llama);
  mixtral.modelType = "mixtral";
  mixtral.architecture.clear();
  mixtral.names.router = "block_sparse_moe.gate";
  mixtral.names.expertGate = "block_sparse_moe.experts.*.w1";
  mixtral.names.expertUp = "block_sparse_moe.experts.*.w3";
  mixtral.names.expertDown = "block_sparse_moe.experts.*.w2";
  mixtral.ropeBase = 1000000;
  mixtral.epsilon = 1e-5f;
  mixtral.keyValueHeads = 8;
  mixtral.window = 0;
  mixtral.biasKeys.clear();
  mixtral.windowRule = WindowRule::All;
  mixtral.refine = refineMixtral;

  add({.modelType = "qwen2_moe",
       .architecture = "qwen2moe",
       .traits = {.biases = queryKeyValue, .expertWeighting = model::ExpertWeighting::SoftmaxOfAll},
       .names = {.router = "mlp.gate",
                 .expertGate = "mlp.experts.*.gate_proj",
                 .expertUp = "mlp.experts.*.up_proj",
                 .expertDown = "mlp.experts.*.down_proj",
                 .sharedGate = "mlp.shared_expert.gate_proj",
                 .sharedUp = "mlp.shared_expert.up_proj",
                 .sharedDown = "mlp.shared_expert.down_proj",
                 .sharedRouter = "mlp.shared_expert_gate"},
       .epsilon = 1e-6f,
       .mayHaveExperts = true,
       .fixedKeys = {{"use_sliding_window", "false"}, {"qkv_bias", "true"}},
       .refine = refineQwen2Moe});

  add({.modelType = "qwen2",
       .architecture = "qwen2",
       .traits = {.biases = queryKeyValue},
       .epsilon = 1e-6f,
       .windowRule = WindowRule::UpperLayers});

  add({.modelType = "qwen3",
       .architecture = "qwen3",
       .traits = {.queryKeyNorm = QueryKeyNorm::Head},
       .epsilon = 1e-6f,
       .headDimension = 128,
       .windowRule = WindowRule::UpperLayers,
       .biasKeys = {{"attention_bias", attention, false}}});

  Family &granite = add(llama);
  granite.modelType = granite.architecture = "granite";
  granite.numbers = {{"embedding_multiplier", &Transformer::embeddingScale, 1},
                     {"attention_multiplier", &Transformer::attentionScale, 1},
                     {"residual_multiplier", &Transformer::residualScale, 1},
                     {"logits_scaling", &Transformer::logitScale, 1, /*isDivisor=*/true}};

  const Family gemma = {.modelType = "gemma",
                        .architecture = "gemma",
                        .traits = {.scalesEmbedding = true},
                        .normAddend = 1,
                        .epsilon = 1e-6f,
                        .tiedHead = true,
                        .headDimension = 256,
                        .activation = "gelu_pytorch_tanh",
                        .biasKeys = {{"attention_bias", attention, false}}};
  add(gemma);

  Family gemma2 = gemma;
  gemma2.modelType = gemma2.architecture = "gemma2";
  gemma2.traits.residual = Residual::NormAround;
  gemma2.names.attentionOutputNorm = "post_attention_layernorm";
  gemma2.names.mlpNorm = "pre_feedforward_layernorm";
  gemma2.names.mlpOutputNorm = "post_feedforward_layernorm";
  gemma2.windowRule = WindowRule::Pattern;
  gemma2.windowPattern = 2;
  gemma2.numbers = {{"attn_logit_softcapping", &Transformer::attentionSoftcap, 50},
                    {"final_logit_softcapping", &Transformer::logitSoftcap, 30}};
  gemma2.setGgufScale = setGemmaScale;
  gemma2.refine = refineGemma;
  add(gemma2);

  Family &gemma3 = add(gemma2);
  gemma3.modelType = "gemma3_text";
  gemma3.architecture = "gemma3";
  gemma3.traits.queryKeyNorm = QueryKeyNorm::Head;
  gemma3.ropeBase = 1000000;
  gemma3.localRopeBase = 10000;
  gemma3.windowPattern = 6;
  for (NumberKey &softcap : gemma3.numbers)
    softcap.fallback = 0;
  gemma3.fixedKeys = {{"use_bidirectional_attention", "false"}};

  add({.modelType = "phi",
       .architecture = "phi2",
       .traits = {.norm = NormKind::Layer,
                  .residual = Residual::Parallel,
                  .twoNorms = false,
                  .gated = false,
                  .biases = attention | mlp | norms | Roles{Role::Head}},
       .names =
           {.finalNorm = "final_layernorm", .attentionOutput = "self_attn.dense", .up = "mlp.fc1", .down = "mlp.fc2"},
       .rotatedShare = 0.5,
       .activation = "gelu_new",
       .fixedKeys = {{"qk_layernorm", "false"}}});

  add({.modelType = "phi3",
       .architecture = "phi3",
       .names = {.queryKeyValue = "self_attn.qkv_proj", .gateUp = "mlp.gate_up_proj"},
       .window = 0,
       .windowRule = WindowRule::All});

  add({.modelType = "gpt2",
       .architecture = "gpt2",
       .traits = {.norm = NormKind::Layer,
                  .positions = Positions::Learned,
                  .gated = false,
                  .biases = attention | mlp | norms},
       .names = {.base = "transformer.",
                 .layers = "h.",
                 .tokenTable = "wte",
                 .positionTable = "wpe",
                 .finalNorm = "ln_f",
                 .attentionNorm = "ln_1",
                 .attentionOutput = "attn.c_proj",
                 .mlpNorm = "ln_2",
                 .up = "mlp.c_fc",
                 .down = "mlp.c_proj",
                 .queryKeyValue = "attn.c_attn",
                 .ignored = {"attn.bias", "attn.masked_bias"}},
       .transposed = true,
       .hiddenKey = "n_inner",
       .keyValueHeadsKey = {},
       .headDimensionKey = {},
       .tiedHead = true,
       .activation = "gelu_new",
       .fixedKeys = {{"scale_attn_weights", "true"}, {"scale_attn_by_inverse_layer_idx", "false"}}});

  add({.modelType = "gptj",
       .architecture = "gptj",
       .traits = {.norm = NormKind::Layer,
                  .residual = Residual::Parallel,
                  .twoNorms = false,
                  .gated = false,
                  .biases = mlp | norms | Roles{Role::Head}},
       .names = {.base = "transformer.",
                 .layers = "h.",
                 .tokenTable = "wte",
                 .finalNorm = "ln_f",
                 .attentionNorm = "ln_1",
                 .query = "attn.q_proj",
                 .key = "attn.k_proj",
                 .value = "attn.v_proj",
                 .attentionOutput = "attn.out_proj",
                 .up = "mlp.fc_in",
                 .down = "mlp.fc_out",
                 .ignored = {"attn.bias", "attn.masked_bias"}},
       .style = model::RopeStyle::Interleaved,
       .ggufStyle = model::RopeStyle::Interleaved,
       .hiddenKey = "n_inner",
       .keyValueHeadsKey = {},
       .headDimensionKey = {},
       .activation = "gelu_new"});

  add({.modelType = "gpt_neox",
       .architecture = "gptneox",
       .traits = {.norm = NormKind::Layer, .residual = Residual::Parallel, .gated = false, .biases = mlp | norms},
       .names = {.base = "gpt_neox.",
                 .tokenTable = "embed_in",
                 .finalNorm = "final_layer_norm",
                 .head = "embed_out",
                 .attentionOutput = "attention.dense",
                 .up = "mlp.dense_h_to_4h",
                 .down = "mlp.dense_4h_to_h",
                 .queryKeyValue = "attention.query_key_value",
                 .ignored = {"attention.bias", "attention.masked_bias", "rotary_emb.inv_freq"}},
       .fusedOrder = FusedOrder::Grouped,
       .keyValueHeadsKey = {},
       .headDimensionKey = {},
       .rotatedShare = 0.25,
       .activation = "gelu",
       .biasKeys = {{"attention_bias", attention, true}},
       .refine = refineGptNeox});

  add({.modelType = "opt",
       .traits = {.norm = NormKind::Layer, .positions = Positions::Learned, .gated = false, .biases = norms},
       .names = {.base = "model.decoder.",
                 .positionTable = "embed_positions",
                 .inputProjection = "project_in",
                 .outputProjection = "project_out",
                 .finalNorm = "final_layer_norm",
                 .attentionNorm = "self_attn_layer_norm",
                 .attentionOutputNorm = "self_attn_layer_norm",
                 .attentionOutput = "self_attn.out_proj",
                 .mlpNorm = "final_layer_norm",
                 .mlpOutputNorm = "final_layer_norm",
                 .up = "fc1",
                 .down = "fc2"},
       .hiddenKey = "ffn_dim",
       .keyValueHeadsKey = {},
       .headDimensionKey = {},
       .tiedHead = true,
       .positionOffset = 2,
       .activation = "relu",
       .biasKeys = {{"enable_bias", attention | mlp, true}},
       .fixedKeys = {{"layer_norm_elementwise_affine", "true"}},
       .refine = refineOpt});

  add({.modelType = "bloom",
       .architecture = "bloom",
       .traits = {.norm = NormKind::Layer,
                  .positions = Positions::Alibi,
                  .gated = false,
                  .biases = attention | mlp | norms,
                  .embeddingNorm = true},
       .names = {.base = "transformer.",
                 .layers = "h.",
                 .tokenTable = "word_embeddings",
                 .embeddingNorm = "word_embeddings_layernorm",
                 .finalNorm = "ln_f",
                 .attentionOutput = "self_attention.dense",
                 .up = "mlp.dense_h_to_4h",
                 .down = "mlp.dense_4h_to_h",
                 .queryKeyValue = "self_attention.query_key_value"},
       .fusedOrder = FusedOrder::Grouped,
       .hiddenKey = {},
       .keyValueHeadsKey = {},
       .headDimensionKey = {},
       .tiedHead = true,
       .positionsWithoutKey = 2048,
       .activation = "gelu_pytorch_tanh",
       .fixedKeys = {{"apply_residual_connection_post_layernorm", "false"}}});

  add({.modelType = "falcon",
       .architecture = "falcon",
       .traits = {.norm = NormKind::Layer, .residual = Residual::Parallel, .gated = false, .biases = norms},
       .names = {.base = "transformer.",
                 .layers = "h.",
                 .tokenTable = "word_embeddings",
                 .finalNorm = "ln_f",
                 .attentionNorm = "input_layernorm|ln_attn",
                 .attentionOutput = "self_attention.dense",
                 .mlpNorm = "post_attention_layernorm|ln_mlp",
                 .up = "mlp.dense_h_to_4h",
                 .down = "mlp.dense_4h_to_h",
                 .queryKeyValue = "self_attention.query_key_value"},
       .fusedOrder = FusedOrder::Grouped,
       .hiddenKey = "ffn_hidden_size",
       .keyValueHeadsKey = "num_kv_heads",
       .headDimensionKey = {},
       .tiedHead = true,
       .activation = "gelu",
       .biasKeys = {{"bias", attention | mlp, false}},
       .ggufNames = {{Role::AttentionNorm, "attn_norm_2|attn_norm"}, {Role::MlpNorm, "attn_norm"}},
       .refine = refineFalcon});

  add({.modelType = "olmo",
       .architecture = "olmo",
       .traits = {.norm = NormKind::Layer, .normWeights = false},
       .ggufStyle = model::RopeStyle::Interleaved,
       .numbers = {{"clip_qkv", &Transformer::queryKeyValueClip, 0}},
       .biasKeys = {{"attention_bias", attention, false}}});

  add({.modelType = "olmo2",
       .architecture = "olmo2",
       .traits = {.residual = Residual::NormOfBranch, .queryKeyNorm = QueryKeyNorm::Whole},
       .names = {.attentionOutputNorm = "post_attention_layernorm", .mlpOutputNorm = "post_feedforward_layernorm"},
       .biasKeys = {{"attention_bias", attention, false}}});

  add({.modelType = "starcoder2",
       .architecture = "starcoder2",
       .traits = {.norm = NormKind::Layer, .gated = false, .biases = norms},
       .names = {.up = "mlp.c_fc", .down = "mlp.c_proj"},
       .tiedHead = true,
       .window = 0,
       .activation = "gelu_pytorch_tanh",
       .windowRule = WindowRule::All,
       .biasKeys = {{"use_bias", attention | mlp, true}}});

  add({.modelType = "stablelm",
       .architecture = "stablelm",
       .traits = {.norm = NormKind::Layer, .biases = norms},
       .rotatedShare = 0.25,
       .biasKeys = {{"use_qkv_bias", queryKeyValue, false}},
       .fixedKeys = {{"qk_layernorm", "false"}},
       .refine = refineStablelm});

  add({.modelType = "cohere",
       .architecture = "command-r",
       .traits = {.norm = NormKind::Layer, .residual = Residual::Parallel, .twoNorms = false},
       .style = model::RopeStyle::Interleaved,
       .ggufStyle = model::RopeStyle::Interleaved,
       .tiedHead = true,
       .numbers = {{"logit_scale", &Transformer::logitScale, 0.0625f}},
       .biasKeys = {{"attention_bias", attention, false}},
       .refine = refineCohere});

  // Poolers of embedding models, which nothing reads, and heads of what they were trained for.
  const Family bert = {
      .modelType = "bert",
      .traits = {.norm = NormKind::Layer,
                 .residual = Residual::NormAfter,
                 .positions = Positions::Learned,
                 .gated = false,
                 .biases = attention | mlp | norms | Roles{Role::Pooler, Role::Head},
                 .embeddingNorm = true,
                 .finalNorm = false,
                 .bidirectional = true},
      .names = {.base = "bert.",
                .layers = "encoder.layer.",
                .tokenTable = "embeddings.word_embeddings",
                .positionTable = "embeddings.position_embeddings",
                .tokenTypeTable = "embeddings.token_type_embeddings",
                .embeddingNorm = "embeddings.LayerNorm",
                .pooler = "pooler.dense",
                .head = "classifier",
                .attentionOutputNorm = "attention.output.LayerNorm",
                .query = "attention.self.query",
                .key = "attention.self.key",
                .value = "attention.self.value",
                .attentionOutput = "attention.output.dense",
                .mlpOutputNorm = "output.LayerNorm",
                .up = "intermediate.dense",
                .down = "output.dense",
                .ignored = {"pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids", "cls."}},
      .keyValueHeadsKey = {},
      .headDimensionKey = {},
      .epsilon = 1e-12f,
      .activation = "gelu",
      .fixedKeys = {
          {"position_embedding_type", "\"absolute\""}, {"is_decoder", "false"}, {"add_cross_attention", "false"}}};
  add(bert);

  for (const char *name : {"roberta", "xlm-roberta"}) {
    Family &roberta = add(bert);
    roberta.modelType = name;
    roberta.names.base = "roberta.";
    roberta.names.pooler = "classifier.dense";
    roberta.names.head = "classifier.out_proj";
    roberta.names.ignored.back() = "lm_head.";
    roberta.positionsAfterPadding = true;
  }

  Family &distilbert = add(bert);
  distilbert.modelType = "distilbert";
  distilbert.traits.poolerActivation = ActivationFunction::Relu;
  distilbert.names = {
      .base = "distilbert.",
      .layers = "transformer.layer.",
      .tokenTable = "embeddings.word_embeddings",
      .positionTable = "embeddings.position_embeddings",
      .embeddingNorm = "embeddings.LayerNorm",
      .pooler = "pre_classifier",
      .head = "classifier",
      .attentionOutputNorm = "sa_layer_norm",
      .query = "attention.q_lin",
      .key = "attention.k_lin",
      .value = "attention.v_lin",
      .attentionOutput = "attention.out_lin",
      .mlpOutputNorm = "output_layer_norm",
      .up = "ffn.lin1",
      .down = "ffn.lin2",
      .ignored = {"embeddings.position_ids", "vocab_transform.", "vocab_layer_norm.", "vocab_projector."}};
  distilbert.hiddenKey = "hidden_dim";
  distilbert.fixedKeys.clear();

  // arXiv:2204.02311; transformers has no such model.
  add({.modelType = "palm",
       .traits = {.norm = NormKind::Layer, .residual = Residual::Parallel, .twoNorms = false},
       .tiedHead = true,
       .keyValueHeads = 1});

  return families;
}

llvm::ArrayRef<Family> compiler::getFamilies() {
  static const std::vector<Family> families = makeFamilies();
  return families;
}

const Family *compiler::findFamilyOfModelType(StringRef modelType) {
  const Family *found =
      llvm::find_if(getFamilies(), [&](const Family &family) { return family.modelType == modelType; });
  return found == getFamilies().end() ? nullptr : found;
}

const Family *compiler::findFamilyOfArchitecture(StringRef architecture) {
  const Family *found =
      llvm::find_if(getFamilies(), [&](const Family &family) { return family.architecture == architecture; });
  return architecture.empty() || found == getFamilies().end() ? nullptr : found;
}

static std::string join(llvm::function_ref<StringRef(const Family &)> name) {
  std::string names;
  for (const Family &family : getFamilies())
    if (!name(family).empty())
      names += (names.empty() ? "" : ", ") + name(family).str();
  return names;
}

std::string compiler::getModelTypes() {
  return join([](const Family &family) -> StringRef { return family.modelType; });
}

std::string compiler::getArchitectures() {
  return join([](const Family &family) -> StringRef { return family.architecture; });
}
