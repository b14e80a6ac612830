//===- Transformer.h - the vocabulary of all families -----------*- C++ -*-===//
//
// What makes one decoder or encoder another: the kind of its norms and where they stand,
// how positions come in, what its feed-forward layers do, which projections have biases,
// and its numbers. Importers fill one Transformer in (most of it comes from the family's
// entry in Families.cpp), and one builder writes it op by op, whatever the parameters
// come from: a GGUF file, a Hugging Face directory, or numbers made from a seed.
//
// Parameters are called in the module as GGUF files call them (docs/gguf.md of the ggml
// repository), whatever their names in the file.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_COMPILER_IMPORT_TRANSFORMER_H
#define INGOT_COMPILER_IMPORT_TRANSFORMER_H

#include "dialects/Model/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <initializer_list>
#include <optional>
#include <string>

namespace ingot::compiler {

/// What a parameter is for.
enum class Role : uint8_t {
  // One of each in the model.
  TokenTable,
  PositionTable,
  TokenTypeTable,
  EmbeddingNorm,
  InputProjection, ///< from the width of the tables to that of the layers
  RopeFactors,     ///< divide the frequencies
  FinalNorm,
  OutputProjection, ///< from the width of the layers to that of the tables
  Pooler,           ///< of the first row of a sequence, in front of the head of a classifier
  Head,
  // One of each in a layer.
  AttentionNorm,
  Query,
  Key,
  Value,
  QueryNorm,
  KeyNorm,
  AttentionOutput,
  AttentionOutputNorm,
  MlpNorm,
  Gate,
  Up,
  Down,
  Router, ///< logits of the experts
  // One of each for every expert.
  ExpertGate,
  ExpertUp,
  ExpertDown,
  // Of the expert that every row has beside those that it chooses.
  SharedGate,
  SharedUp,
  SharedDown,
  SharedRouter, ///< the one logit of its weight
  MlpOutputNorm,
};
constexpr size_t roleCount = static_cast<size_t>(Role::MlpOutputNorm) + 1;

/// Some roles.
class Roles {
public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (Role role : roles)
      bits |= bit(role);
  }
  constexpr bool contains(Role role) const { return bits & bit(role); }
  constexpr Roles operator|(Roles other) const {
    other.bits |= bits;
    return other;
  }
  constexpr Roles &operator|=(Roles other) { return *this = *this | other; }

private:
  static constexpr uint32_t bit(Role role) { return uint32_t(1) << static_cast<unsigned>(role); }
  uint32_t bits = 0;
};

enum class NormKind : uint8_t {
  RootMeanSquare, ///< arXiv:1910.07467
  Layer,          ///< arXiv:1607.06450
};

/// Where the norms stand around attention and feed-forward, f, of a layer.
enum class Residual : uint8_t {
  NormBefore,   ///< x + f(norm(x)) (GPT-2, Llama)
  NormAfter,    ///< norm(x + f(x)) (BERT)
  NormOfBranch, ///< x + norm(f(x)) (OLMo 2)
  NormAround,   ///< x + norm(f(norm(x))) (Gemma 2)
  Parallel,     ///< x + attention(norm(x)) + feed-forward(norm'(x)); norm' is norm where the layer has but one (GPT-J)
};

/// Norms of queries and keys before they are rotated.
enum class QueryKeyNorm : uint8_t {
  None,
  Head,    ///< of each head, one weight for all (Qwen 3)
  OwnHead, ///< of each head, a weight for each (Cohere)
  Whole,   ///< of all heads together (OLMo 2)
};

enum class Positions : uint8_t {
  Rotary,  ///< arXiv:2104.09864
  Learned, ///< a table's row is added to the token's
  Alibi,   ///< arXiv:2108.12409
};

/// What an encoder gives of a sequence.
enum class Pooling : uint8_t {
  None,  ///< the hidden state of each of its rows
  First, ///< that of its first row ("cls")
  Mean,  ///< their mean (arXiv:1908.10084)
};

/// What becomes of the scores of a classifier's labels.
enum class LabelScores : uint8_t { Plain, Sigmoid, Softmax };

/// What all models of a family have in common.
struct Traits {
  NormKind norm = NormKind::RootMeanSquare;
  Residual residual = Residual::NormBefore;
  /// In a parallel layer: whether the feed-forward part has a norm of its own.
  bool twoNorms = true;
  QueryKeyNorm queryKeyNorm = QueryKeyNorm::None;
  Positions positions = Positions::Rotary;
  /// function(gate) · up, or function(up).
  bool gated = true;
  model::ActivationFunction activation = model::ActivationFunction::Silu;
  /// Projections that have one, and norms.
  Roles biases = {};
  /// Whether layer norms have weights (OLMo's have none).
  bool normWeights = true;
  /// What the results of a row's experts are multiplied with.
  model::ExpertWeighting expertWeighting = model::ExpertWeighting::SoftmaxOfChosen;
  bool embeddingNorm = false, finalNorm = true;
  /// Whether the embedding is multiplied by the root of its width (Gemma).
  bool scalesEmbedding = false;
  /// Whether every row sees all others, and what is computed is no logits but vectors of sequences: an encoder.
  bool bidirectional = false;
  /// After the pooler of a classifier; nothing: tanh.
  std::optional<model::ActivationFunction> poolerActivation = {};
};

/// How positions turn queries and keys: 1 to head dimension / 2 angles per position, scaling included.
struct Rope {
  model::RopeStyle style = model::RopeStyle::Halves;
  llvm::SmallVector<float> frequencies;
  float magnitude = 1;
  /// Whether RopeFactors divide the frequencies.
  bool hasFactors = false;
};

/// What differs from layer to layer.
struct LayerKind {
  /// Positions that a row sees, its own included; 0: all up to its own.
  int64_t window = 0;
  /// Which of Transformer::ropes turns; -1: none.
  int rope = -1;
  /// Whether experts take the place of the feed-forward part.
  bool hasExperts = false;
};

/// One model. Numbers are at least 1 unless they say otherwise.
struct Transformer : Traits {
  int64_t width = 0, hidden = 0, vocabulary = 0;
  /// Query heads, a multiple of `keyValueHeads`; elements of a head, even.
  int64_t heads = 0, keyValueHeads = 0, headDimension = 0;
  /// Experts of a layer that has some, how many of them a row has, and columns of the hidden state of one, and of that
  /// of the shared one (0: there is none).
  int64_t experts = 0, chosenExperts = 0, expertHidden = 0, sharedHidden = 0;
  /// Columns of the tables, where projections lead from and to the layers' width.
  int64_t tableWidth = 0;
  /// Most positions of one sequence, and rows of the table of learned ones, which begin at `positionOffset`.
  int64_t context = 0, positionRows = 0, positionOffset = 0;
  /// Most rows of one step, sequences in it, and rows whose logits are wanted.
  int64_t rows = 0, sequences = 1, wanted = 0;
  llvm::SmallVector<LayerKind> layers;
  llvm::SmallVector<Rope, 2> ropes;
  /// Of norms, at least 0.
  float epsilon = 0;
  /// What scores are multiplied by; 0: 1 / root of the head's dimension.
  float attentionScale = 0;
  /// Queries, keys and values are cut to -clip … clip; 0: they are not.
  float queryKeyValueClip = 0;
  /// x becomes cap · tanh(x / cap); 0: no cap.
  float attentionSoftcap = 0, logitSoftcap = 0;
  /// Factors of the embedding, of what a branch adds, and of the logits.
  float embeddingScale = 1, residualScale = 1, logitScale = 1;
  /// One of each head where positions are Alibi.
  llvm::SmallVector<float> alibiSlopes;
  /// Whether the embedding's table is the head, too.
  bool tiedHead = false;

  // Of encoders.
  /// Rows of the table of token types, of which the first is added to every row; 0: there is none.
  int64_t tokenTypes = 0;
  Pooling pooling = Pooling::Mean;
  /// Whether the pooled vector is divided by its length.
  bool normalizesEmbedding = false;
  /// Of a classifier, one for each row of the head; empty: it is none.
  llvm::SmallVector<std::string> labels;
  LabelScores labelScores = LabelScores::Softmax;

  int64_t getLayerCount() const { return static_cast<int64_t>(layers.size()); }
};

/// One parameter of a model.
struct Parameter {
  Role role;
  /// -1: of the model.
  int64_t layer = -1;
  bool isBias = false;
  /// One size for vectors, [outputs, inputs] for matrices.
  llvm::SmallVector<int64_t, 2> shape = {};
  /// -1: of no expert, or of all together.
  int64_t expert = -1;

  /// "blk.3.attn_q.weight", "blk.3.ffn_up_exps.5.weight"
  std::string getName() const;
};

/// GGUF's name of a role without layer and suffix: "attn_q".
llvm::StringRef getName(Role role);

/// The activation that configurations call so ("gelu_new"); nothing where there is none.
std::optional<model::ActivationFunction> findActivation(llvm::StringRef name);
/// What `findActivation` knows, for messages.
constexpr llvm::StringLiteral activationNames = "silu, gelu, gelu_new, gelu_pytorch_tanh, relu";

/// Of every layer whether it sees a window only: all but every `pattern`-th one, as llama.cpp counts
/// (`llama_hparams::set_swa_pattern`); with 0 all of them.
llvm::SmallVector<bool> getLocalLayers(const Transformer &transformer, int64_t pattern);

/// Gives the window to the layers that `isLocal` names (empty: none), where it hides anything in the context.
void setWindows(Transformer &transformer, int64_t window, llvm::ArrayRef<bool> isLocal);

/// All layers turn by `rope`; those that `isLocal` names (empty: none) by `localFrequencies` alone, where there are
/// any.
void setRopes(Transformer &transformer, const Rope &rope, llvm::ArrayRef<float> localFrequencies,
              llvm::ArrayRef<bool> isLocal);

/// 2^(-8 i / heads) for i = 1 …, and for a number of heads that is no power of two every other one of the next power's
/// (arXiv:2108.12409 and the authors' code).
llvm::SmallVector<float> getAlibiSlopes(int64_t heads);

/// Calls `add` with every parameter that the model has; ends at its first error.
llvm::Error forEachParameter(const Transformer &transformer, llvm::function_ref<llvm::Error(const Parameter &)> add);

/// Appends the cache groups and `@forward` to `module`, which holds all parameters.
void addForward(mlir::ModuleOp module, const Transformer &transformer);

/// Far above any model.
constexpr int64_t mostExperts = 1 << 12;

/// What the user asks an importer for; nothing: what the model says, or a default.
struct Request {
  /// Positions of a sequence, and sequences of a step.
  std::optional<int64_t> context, batch;
  std::optional<Pooling> pooling;
};

/// Most positions of a sequence, and sequences of a step of a decoder and of an encoder, where the user asks for none.
constexpr int64_t defaultContext = 4096, defaultBatch = 1, defaultEncoderBatch = 8;
/// Rows of one step (a piece of a prompt), and rows of it whose logits are wanted, at most. The fuse phase cuts the
/// former to what suits the target.
constexpr int64_t promptRows = 512, wantedRows = 16;

/// Sets context, sequences, rows and wanted rows of a model that was trained for `trained` positions; an error, without
/// the file's name, where the user asked for more. `origin` says where `trained` stands. An encoder's steps hold whole
/// sequences; whether it is a classifier, and its pooling, is known.
llvm::Error setContext(Transformer &transformer, int64_t trained, const Request &request, llvm::StringRef origin);

} // namespace ingot::compiler

#endif // INGOT_COMPILER_IMPORT_TRANSFORMER_H
