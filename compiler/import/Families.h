//===- Families.h - one description per family ------------------*- C++ -*-===//
//
// What the models of a family have in common, as data: an entry of the table says how its
// checkpoints call their parameters, which words of Transformer.h describe it, and what
// the keys of its configuration mean. docs/add-a-family.md adds one.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_FAMILIES_H
#define INGOT_COMPILER_IMPORT_FAMILIES_H

#include "compiler/import/Transformer.h"

#include "llvm/ADT/ArrayRef.h"

#include <string>

namespace ingot::huggingface {
class Config;
} // namespace ingot::huggingface

namespace ingot::compiler {

/// How a Hugging Face checkpoint calls its parameters, without ".weight" and ".bias". Those of layers stand after
/// "BASE.LAYERS.N.".
struct CheckpointNames {
  /// In front of all names but the head's; checkpoints of the bare model leave it out.
  std::string base = "model.";
  std::string layers = "layers.";
  std::string tokenTable = "embed_tokens", positionTable = {}, tokenTypeTable = {}, embeddingNorm = {},
              inputProjection = {}, outputProjection = {};
  std::string finalNorm = "norm";
  std::string pooler = {};
  /// With nothing before it.
  std::string head = "lm_head";
  std::string attentionNorm = "input_layernorm", attentionOutputNorm = {};
  std::string query = "self_attn.q_proj", key = "self_attn.k_proj", value = "self_attn.v_proj";
  std::string queryNorm = "self_attn.q_norm", keyNorm = "self_attn.k_norm";
  std::string attentionOutput = "self_attn.o_proj";
  std::string mlpNorm = "post_attention_layernorm", mlpOutputNorm = {};
  std::string gate = "mlp.gate_proj", up = "mlp.up_proj", down = "mlp.down_proj";
  /// '*' stands for the number of an expert.
  std::string router = {}, expertGate = {}, expertUp = {}, expertDown = {};
  std::string sharedGate = {}, sharedUp = {}, sharedDown = {}, sharedRouter = {};
  /// Where several matrices are one tensor: queries, keys and values; gate and up, one after the other.
  std::string queryKeyValue = {}, gateUp = {};
  /// Tensors that hold no parameters (masks, frequencies) or those of other heads, by the end of their names; by their
  /// beginning where it ends with '.'.
  llvm::SmallVector<std::string, 2> ignored = {"rotary_emb.inv_freq"};

  const std::string &operator[](Role role) const;
};

/// In which order the rows of CheckpointNames::queryKeyValue stand.
enum class FusedOrder : uint8_t {
  Stacked, ///< queries, keys, values
  Grouped, ///< for each key-value head: its queries, its key, its value
};

/// Which layers see a window only, where the configuration has no `layer_types`.
enum class WindowRule : uint8_t {
  None,        ///< the key is not read
  All,         ///< all, where `sliding_window` is a number
  UpperLayers, ///< from `max_window_layers` on, where `use_sliding_window` is true (Qwen 2)
  Pattern,     ///< all but every Family::windowPattern-th (Gemma)
};

/// A number of the configuration.
struct NumberKey {
  llvm::StringLiteral key;
  float Transformer::*number;
  /// Where the key is absent; where it is null, the number is 0.
  float fallback;
  /// Whether the model divides where Transformer multiplies.
  bool isDivisor = false;
};

/// A flag of the configuration that gives some roles biases.
struct BiasKey {
  llvm::StringLiteral key;
  Roles roles;
  bool fallback;
};

/// A key whose other values change the computation in a way that no word of Transformer.h describes.
struct FixedKey {
  llvm::StringLiteral key;
  /// As JSON; absent and null are as good.
  llvm::StringLiteral value;
};

struct Family {
  /// `model_type` of config.json, and `general.architecture` of GGUF files; empty: there is none.
  std::string modelType = {}, architecture = {};
  Traits traits = {};
  CheckpointNames names = {};
  FusedOrder fusedOrder = FusedOrder::Stacked;
  /// Whether matrices of layers are stored [inputs, outputs] (GPT-2's Conv1D).
  bool transposed = false;
  /// What checkpoints leave out of the weights of norms; GGUF files have them whole.
  float normAddend = 0;
  /// How rows of queries and keys stand in checkpoints and in GGUF files.
  model::RopeStyle style = model::RopeStyle::Halves, ggufStyle = model::RopeStyle::Halves;

  /// Keys of config.json that families call differently; empty: it has no such key.
  std::string hiddenKey = "intermediate_size", keyValueHeadsKey = "num_key_value_heads", headDimensionKey = "head_dim";

  // What transformers takes where config.json has no such key.
  double ropeBase = 10000, rotatedShare = 1;
  /// Of layers with a window, which are not scaled then; 0: they turn as the others do.
  double localRopeBase = 0;
  float epsilon = 1e-5f;
  bool tiedHead = false;
  /// 0: as many as there are heads; the width divided by the heads; none.
  int64_t keyValueHeads = 0, headDimension = 0, window = 4096;
  /// Of models without a table of positions, where the configuration has no key; 0: it has one.
  int64_t positionsWithoutKey = 0;
  /// Whether GGUF files of the architecture may be mixtures of experts; `refine` says so of checkpoints.
  bool mayHaveExperts = false;
  /// Rows of the table of positions before that of the first.
  int64_t positionOffset = 0;
  /// Whether the first position follows the number of the padding token (RoBERTa), and the configuration counts all
  /// rows of the table.
  bool positionsAfterPadding = false;
  std::string activation = "silu";

  WindowRule windowRule = WindowRule::None;
  int64_t windowPattern = 0;
  llvm::SmallVector<NumberKey, 4> numbers = {};
  llvm::SmallVector<BiasKey, 2> biasKeys = {};
  llvm::SmallVector<FixedKey, 4> fixedKeys = {};
  /// Names of GGUF files that are not those of Transformer.h, alternatives between '|'.
  llvm::SmallVector<std::pair<Role, std::string>, 2> ggufNames = {};
  /// Sets Transformer::attentionScale, of which GGUF files say nothing.
  void (*setGgufScale)(Transformer &transformer) = nullptr;
  /// What takes more than a table: reads further keys of the configuration. Numbers of heads and widths are known,
  /// layers and positions not yet.
  llvm::Error (*refine)(const huggingface::Config &config, Transformer &transformer) = nullptr;
};

llvm::ArrayRef<Family> getFamilies();

/// The family of that `model_type`, or of that GGUF architecture; null where there is none.
const Family *findFamilyOfModelType(llvm::StringRef modelType);
const Family *findFamilyOfArchitecture(llvm::StringRef architecture);

/// Comma-separated, for messages.
std::string getModelTypes();
std::string getArchitectures();

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_FAMILIES_H
