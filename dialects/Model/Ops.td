//===- Ops.td - operations of the model dialect ------------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_MODEL_OPS
#define INGOT_DIALECTS_MODEL_OPS

include "dialects/Model/Types.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Model_Op<string mnemonic, list<Trait> traits = []> : Op<Model_Dialect, mnemonic, traits>;

// Row i of the result needs row i of the first operand and of others that have the step's rows, no other row and no
// step; the remaining operands are parameters.
def Model_RowWise : NativeOpTrait<"RowWise"> { let cppNamespace = "::ingot::model"; }

//===----------------------------------------------------------------------===//
// What the file holds
//===----------------------------------------------------------------------===//

def Model_ParameterOp : Model_Op<"parameter", [Symbol]> {
  let summary = "A named tensor of the model, by reference";
  let description = [{
    Exactly one source: a file and the tensor's key in it, a `splat` value, or `random` numbers made from a seed and the
    element's index (uniform in [-scale, scale], the same on every device and in every shard).

    Of a file's tensor the parameter may be a `view`; without one it is the whole tensor, of the same shape. Its format is
    the file's, f32 made of a 16-bit one, or a block format that a plain one is rounded to when the weights are written;
    an `addend` (f32 only) is added to every element then: some norms are stored as what their weight exceeds 1 by
    (Gemma).
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, OptionalAttr<StrAttr>:$file,
                   OptionalAttr<StrAttr>:$key, OptionalAttr<Model_ViewAttr>:$view, OptionalAttr<F32Attr>:$addend,
                   OptionalAttr<F32Attr>:$splat, OptionalAttr<I64Attr>:$seed,
                   OptionalAttr<F32Attr>:$scale, OptionalAttr<StrAttr>:$home);
  let assemblyFormat = [{
    $sym_name `:` $type (`from` $file^ `:` `:` $key)? (`view` $view^)? (`plus` $addend^)? (`splat` $splat^)? (`random` $seed^ `scale` $scale)? (`on` $home^)?
    attr-dict
  }];
  let hasVerifier = 1;
}

def Model_TextOp : Model_Op<"text"> {
  let summary = "The file whose tokenizer goes into the executable";
  let arguments = (ins StrAttr:$file);
  let assemblyFormat = "`from` $file attr-dict";
}

def Model_CacheGroupOp : Model_Op<"cache_group"> {
  let summary = "Layers whose caches share page tables";
  let description = [{
    `context` is the most positions of one sequence; pages of `page_rows` positions are handed out by the runtime, `pages`
    of them in all.

    Where every layer of the group sees no more than the last `window` positions, a sequence keeps no more than `ring`
    pages: page p stands where page p modulo `ring` stands. What a step of `rows` rows may still look at has to be there
    when all of its rows are written: `ring` pages hold at least `window` + `rows` - 1 positions.
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$context, I64Attr:$page_rows, I64Attr:$pages,
                   OptionalAttr<I64Attr>:$window, OptionalAttr<I64Attr>:$ring);
  let assemblyFormat = "$name attr-dict";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Pages that one sequence takes: those of its context, or of its ring.
    int64_t getSequencePages();
    /// The fewest pages that a ring may have for steps of `rows` rows.
    static int64_t getFewestRingPages(int64_t context, int64_t pageRows, int64_t window, int64_t rows);
    /// Emits an error on `op` where layers that see `window` positions (nothing: all) in steps of `rows` rows would look
    /// at positions that the group no longer keeps.
    ::llvm::LogicalResult verifyReader(::mlir::Operation *op, std::optional<int64_t> window, int64_t rows);
  }];
}

def Model_EncoderOp : Model_Op<"encoder"> {
  let summary = "What @forward computes is no logits but vectors of whole sequences";
  let description = [{
    A row of the function's result is a vector of one sequence: of its first row, which is the wanted one, or of all
    (`model.sequence_mean`); with `each_row`, of each row of the step, all of which are wanted. With `labels` it is their
    probabilities (or scores), one for each. Tokens are below `vocabulary`.
  }];
  let arguments = (ins I64Attr:$vocabulary, OptionalAttr<StrArrayAttr>:$labels, UnitAttr:$each_row);
  let assemblyFormat = "attr-dict";
  let hasVerifier = 1;
}

def Model_LoadParameterOp : Model_Op<"load_parameter", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A parameter as a value";
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

def Model_EmbeddingOp : Model_Op<"embedding", [Pure]> {
  let summary = "The table's row of every token";
  let arguments = (ins AnyRankedTensor:$table, Model_StepType:$step);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$table `,` $step attr-dict `:` type($table) `,` type($step) `to` type($result)";
  let hasVerifier = 1;
}

def Model_PositionEmbeddingOp : Model_Op<"position_embedding", [Pure]> {
  let summary = "The table's row of every row's position, counted from `offset` on";
  let description = [{ Learned positions (arXiv:1810.04805, BERT; OPT counts from 2 on). The table holds the whole context. }];
  let arguments = (ins AnyRankedTensor:$table, Model_StepType:$step, DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$table `,` $step attr-dict `:` type($table) `,` type($step) `to` type($result)";
  let hasVerifier = 1;
}

def Model_RepeatRowOp : Model_Op<"repeat_row", [Pure]> {
  let summary = "One vector of parameters for every row";
  let description = [{ What elementwise arithmetic adds to each row, such as BERT's embedding of token type 0. }];
  let arguments = (ins AnyRankedTensor:$vector, Model_StepType:$step);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$vector `,` $step attr-dict `:` type($vector) `,` type($step) `to` type($result)";
  let hasVerifier = 1;
}

def Model_RepeatColumnOp : Model_Op<"repeat_column", [Pure, Model_RowWise]> {
  let summary = "One number of each row for every column";
  let description = [{ What elementwise arithmetic multiplies a row with, such as the gate of a shared expert. }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
}

def Model_WantedRowsOp : Model_Op<"wanted_rows", [Pure, Model_GathersWanted]> {
  let summary = "The rows whose logits are wanted";
  let arguments = (ins AnyRankedTensor:$input, Model_StepType:$step);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $step attr-dict `:` type($input) `,` type($step) `to` type($result)";
  let hasVerifier = 1;
}

def Model_SequenceMeanOp : Model_Op<"sequence_mean", [Pure, Model_GathersWanted]> {
  let summary = "For every wanted row, the first of its sequence: the mean of the sequence's rows";
  let description = [{
    The rows of a sequence stand one after the other and are all in the step. They are added up in their order, so that
    the bits depend on nothing else in it. Source: arXiv:1908.10084 (Sentence-BERT).
  }];
  let arguments = (ins AnyRankedTensor:$input, Model_StepType:$step);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $step attr-dict `:` type($input) `,` type($step) `to` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

// A product with a matrix of parameters, and a vector of them.
class Model_LinearBase<string mnemonic> : Model_Op<mnemonic, [Pure, Model_RowWise]> {
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, Optional<AnyRankedTensor>:$bias);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^ `:` type($bias))? attr-dict `:` type($input) `,` type($weight) `to` type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input, "::mlir::Value":$weight),
                            [{ build($_builder, $_state, result, input, weight, /*bias=*/::mlir::Value()); }]>];
  let hasVerifier = 1;
}

def Model_LinearOp : Model_LinearBase<"linear"> {
  let summary = "y = x Wᵀ + b, W stored [outputs, inputs]";
}

def Model_LogitsOp : Model_LinearBase<"logits"> {
  let summary = "A linear map onto the vocabulary: what the step answers";
}

def Model_RmsNormOp : Model_Op<"rms_norm", [Pure, Model_RowWise, AllTypesMatch<["input", "result"]>]> {
  let summary = "x / sqrt(mean(x²) + epsilon) · w";
  let description = [{
    A row is `groups` equal pieces, each of which is normalised alone (the heads of queries, for instance). The weight is
    as long as a piece, and serves all of them, or as long as the row. Source: arXiv:1910.07467.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, F32Attr:$epsilon,
                   DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $weight attr-dict `:` type($input) `,` type($weight)";
  let hasVerifier = 1;
}

def Model_LayerNormOp : Model_Op<"layer_norm", [Pure, Model_RowWise, AttrSizedOperandSegments,
                                                AllTypesMatch<["input", "result"]>]> {
  let summary = "(x - mean(x)) / sqrt(variance(x) + epsilon) · w + b";
  let description = [{
    The variance is the mean of the squares of x - mean(x). Groups: as `model.rms_norm` has them. Weight and bias may be
    left out. Source: arXiv:1607.06450.

    ```mlir
    %y = model.layer_norm %x weight %w : tensor<64xf32, #f32> bias %b : tensor<64xf32, #f32> {epsilon = 1.0e-5 : f32}
      : tensor<?x64xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$weight, Optional<AnyRankedTensor>:$bias,
                   F32Attr:$epsilon, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input (`weight` $weight^ `:` type($weight))? (`bias` $bias^ `:` type($bias))? attr-dict `:` type($input)
  }];
  let hasVerifier = 1;
}

def Model_RopeOp : Model_Op<"rope", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotary position embedding of every head";
  let description = [{
    Pair i of a head turns by position · frequencies[i] (divided by factors[i] where given), and is multiplied by
    `magnitude`. The frequencies contain base and scaling; they are a handful of numbers per model. With `halves`, the
    r = 2 · (number of frequencies) elements that turn are paired (i, i + r/2), with `interleaved` (2 i, 2 i + 1).
    Elements of a head from r on stay as they are.
    Sources: arXiv:2104.09864 (RoPE), arXiv:2309.00071 (YaRN), arXiv:2204.06745 (GPT-NeoX, which turns a part).
  }];
  let arguments = (ins AnyRankedTensor:$input, Model_StepType:$step, Optional<AnyRankedTensor>:$factors, I64Attr:$dimension,
                   Model_RopeStyle:$style, DenseF32ArrayAttr:$frequencies, DefaultValuedAttr<F32Attr, "1.0f">:$magnitude);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input `,` $step (`factors` $factors^ `:` type($factors))? attr-dict `:` type($input) `,` type($step)
  }];
  let hasVerifier = 1;
}

def Model_KeyValueAppendOp : Model_Op<"key_value_append", [AllTypesMatch<["cache", "result"]>, Pure]> {
  let summary = "The next version of a cache: keys and values of the step's rows stand at their positions";
  let arguments = (ins Model_KeyValueType:$cache, AnyRankedTensor:$key, AnyRankedTensor:$value, Model_StepType:$step);
  let results = (outs Model_KeyValueType:$result);
  let assemblyFormat = "$cache `,` $key `,` $value `,` $step attr-dict `:` type($cache) `,` type($key) `,` type($value) `,` type($step)";
  let hasVerifier = 1;
}

def Model_AttentionOp : Model_Op<"attention", [Pure, AttrSizedOperandSegments]> {
  let summary = "softmax(q Kᵀ · scale) V for every head";
  let description = [{
    Takes the K and V of the rows themselves (as an importer writes it) or a cache that already holds them (after
    ingot-model-make-cache-explicit). A row sees the positions of its own sequence up to its own; with a `window`, the
    last so many of them, its own included; `bidirectional`, all up to the last one that the step has a row of, so that
    a sequence must be one step's. Source of windows: arXiv:2004.05150, arXiv:2310.06825 (Mistral).

    Before the softmax, a score s becomes `softcap` · tanh(s / `softcap`) (arXiv:2408.00118, Gemma 2); then
    `alibi_slopes`[head] · |distance of the two positions| is subtracted from it (arXiv:2108.12409, ALiBi).
  }];
  let arguments = (ins AnyRankedTensor:$query, Optional<AnyRankedTensor>:$key, Optional<AnyRankedTensor>:$value,
                   Optional<Model_KeyValueType>:$cache, Model_StepType:$step, I64Attr:$heads, I64Attr:$key_value_heads,
                   F32Attr:$scale, OptionalAttr<I64Attr>:$window, OptionalAttr<F32Attr>:$softcap,
                   OptionalAttr<DenseF32ArrayAttr>:$alibi_slopes, UnitAttr:$bidirectional);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $query `,` $step (`key` $key^ `:` type($key))? (`value` $value^ `:` type($value))? (`cache` $cache^ `:` type($cache))?
    attr-dict `:` type($query) `,` type($step) `to` type($result)
  }];
  let hasVerifier = 1;
}

def Model_ActivationOp : Model_Op<"activation", [Pure, Model_RowWise, SameOperandsAndResultType]> {
  let summary = "An elementwise non-linear function";
  let arguments = (ins AnyRankedTensor:$input, Model_ActivationFunction:$function);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$function $input attr-dict `:` type($input)";
}

def Model_SoftmaxOp : Model_Op<"softmax", [Pure, Model_RowWise, SameOperandsAndResultType]> {
  let summary = "e^x / Σ e^x of every row";
  let description = [{ The row's largest element is subtracted first. }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Model_GatedMlpOp : Model_Op<"gated_mlp", [Pure, Model_RowWise, AttrSizedOperandSegments]> {
  let summary = "function(x Gᵀ + g) · (x Uᵀ + u): the hidden state of a gated feed-forward layer";
  let description = [{ With both biases or without. Source: arXiv:2002.05202 (SwiGLU and its family). }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$gate, AnyRankedTensor:$up,
                   Optional<AnyRankedTensor>:$gate_bias, Optional<AnyRankedTensor>:$up_bias,
                   Model_ActivationFunction:$function);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $function $input `,` $gate `,` $up (`bias` $gate_bias^ `,` $up_bias `:` type($gate_bias) `,` type($up_bias))? attr-dict
    `:` type($input) `,` type($gate) `,` type($up) `to` type($result)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

def Model_ChooseExpertsOp : Model_Op<"choose_experts", [Pure, Model_RowWise]> {
  let summary = "The experts of each row, by a router's logits, and what their results are multiplied with";
  let description = [{
    A row of the input has a logit for each expert. The `count` largest are chosen, of equal ones those of the lowest
    numbers. A row of the result holds the numbers of the chosen experts in ascending order, then their weights: the
    softmax over all logits, or over those of the chosen experts only. Sources: arXiv:1701.06538, arXiv:2401.04088
    (Mixtral: of the chosen), arXiv:2407.10671 (Qwen 2: of all, where norm_topk_prob is false).

    ```mlir
    %choice = model.choose_experts softmax_of_chosen %logits {count = 2} : tensor<?x8xf32> to tensor<?x4xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input, Model_ExpertWeighting:$weighting, I64Attr:$count);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weighting $input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
}

// The matrices of `experts` experts, equal in shape, one after the other.
class Model_ExpertsBase<string mnemonic, dag weights> : Model_Op<mnemonic, [Pure, Model_RowWise]> {
  let arguments = !con((ins AnyRankedTensor:$input, AnyRankedTensor:$choice), weights, (ins I64Attr:$experts));
  let results = (outs AnyRankedTensor:$result);
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Experts of a row.
    int64_t getCount();
  }];
}

def Model_ExpertGatedMlpOp : Model_ExpertsBase<"expert_gated_mlp",
                                               (ins AnyRankedTensor:$gate, AnyRankedTensor:$up,
                                                Model_ActivationFunction:$function)> {
  let summary = "function(x Gᵀ) · (x Uᵀ) by each of a row's experts: their hidden states side by side";
  let description = [{
    The choice is that of `model.choose_experts`; piece j of a row is the hidden state of the j-th expert that it names.
    Rows e · n … (e + 1) · n - 1 of gate and up, of n hidden columns, are expert e's. Only the matrices of chosen
    experts are read.

    ```mlir
    %hidden = model.expert_gated_mlp silu %x, %choice, %gate, %up {experts = 8} : tensor<?x64xf32>, tensor<?x4xf32>,
      tensor<768x64xf32, #q8_0>, tensor<768x64xf32, #q8_0> to tensor<?x192xf32>
    ```
  }];
  let assemblyFormat = [{
    $function $input `,` $choice `,` $gate `,` $up attr-dict `:` type($input) `,` type($choice) `,` type($gate) `,`
    type($up) `to` type($result)
  }];
}

def Model_ExpertSumOp : Model_ExpertsBase<"expert_sum", (ins AnyRankedTensor:$weight)> {
  let summary = "Σ weight · (h Wᵀ) over a row's experts, in ascending order of their numbers";
  let description = [{
    Takes the hidden states side by side, as `model.expert_gated_mlp` leaves them. Rows e · n … (e + 1) · n - 1 of the
    matrix, of n columns of the result, are expert e's.

    ```mlir
    %y = model.expert_sum %hidden, %choice, %down {experts = 8} : tensor<?x192xf32>, tensor<?x4xf32>,
      tensor<512x96xf32, #q8_0> to tensor<?x64xf32>
    ```
  }];
  let assemblyFormat = [{
    $input `,` $choice `,` $weight attr-dict `:` type($input) `,` type($choice) `,` type($weight) `to` type($result)
  }];
}

#endif // INGOT_DIALECTS_MODEL_OPS
