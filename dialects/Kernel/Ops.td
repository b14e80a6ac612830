//===- Ops.td - operations of the kernel dialect -----------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_KERNEL_OPS
#define INGOT_DIALECTS_KERNEL_OPS

include "dialects/Kernel/Attributes.td"
include "dialects/Model/Types.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<Kernel_Dialect, mnemonic, traits>;

// So little work for one row that every worker may do all of it for itself, rather than wait for the one who does.
def Kernel_Repeatable : NativeOpTrait<"Repeatable"> { let cppNamespace = "::ingot::kernel"; }

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

def Kernel_EmbeddingOp : Kernel_Op<"embedding", [Pure]> {
  let summary = "epilogue(the table's row of every token, or of every position), read from the packed table";
  let description = [{
    With a `position_offset`, the row is that of the position, counted from the offset on. Without an epilogue, it is
    what the table holds.
  }];
  let arguments = (ins AnyRankedTensor:$table, Model_StepType:$step, Variadic<AnyRankedTensor>:$operands_,
                   OptionalAttr<I64Attr>:$position_offset);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region MaxSizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $table `,` $step (`with` $operands_^ `:` type($operands_))? attr-dict `:` type($table) `,` type($step) `to`
    type($result) ($epilogue^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$table, "::mlir::Value":$step,
                                 CArg<"::mlir::IntegerAttr", "{}">:$positionOffset),
                            [{ build($_builder, $_state, result, table, step, ::mlir::ValueRange(), positionOffset); }]>];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

class Kernel_GatherOp<string mnemonic, list<Trait> traits = []> : Kernel_Op<mnemonic, [Pure, Model_GathersWanted] # traits> {
  let arguments = (ins AnyRankedTensor:$input, Model_StepType:$step);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `,` $step attr-dict `:` type($input) `,` type($step) `to` type($result)";
}

def Kernel_WantedRowsOp : Kernel_GatherOp<"wanted_rows", [Kernel_Repeatable]> {
  let summary = "The rows whose logits are wanted, one after the other";
}

def Kernel_SequenceMeanOp : Kernel_GatherOp<"sequence_mean"> {
  let summary = "For every wanted row, the first of its sequence: the mean of the sequence's rows";
  let description = [{ Rows that follow each other are of one sequence as long as the step says so; added up in order. }];
}

def Kernel_SoftmaxOp : Kernel_Op<"softmax", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "e^(x - m) / Σ e^(x - m) of every row, m its largest element";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def Kernel_RopeTableOp : Kernel_Op<"rope_table", [Pure]> {
  let summary = "Cosine and sine of every rotary pair, for the positions of the step";
  let description = [{
    A row holds the cosines of all pairs, padded to whole vectors, then the sines. Behind the pairs that turn stand
    `unrotated` ones with cosine 1 and sine 0. Padding is cosine 0 and sine 0.
  }];
  let arguments = (ins Model_StepType:$step, Optional<AnyRankedTensor>:$factors, DenseF32ArrayAttr:$frequencies, F32Attr:$magnitude,
                   DefaultValuedAttr<I64Attr, "0">:$unrotated);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$step (`factors` $factors^ `:` type($factors))? attr-dict `:` type($step) `to` type($result)";
  let hasVerifier = 1;
}

def Kernel_NormQuantizeOp : Kernel_Op<"norm_quantize", [Pure, Kernel_Repeatable, AttrSizedOperandSegments]> {
  let summary = "A norm (where an epsilon is given), rounded to the result's format (where it has one)";
  let description = [{
    x / sqrt(mean(x²) + epsilon) · weight + bias; `centered`, of x - mean(x) in x's place. The mean is taken first, then
    squares, so that a large one cancels nothing. A row is `groups` pieces, each normalised alone; more than one are not
    rounded. Weight and bias are as long as a piece or as the row.
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$weight, Optional<AnyRankedTensor>:$bias,
                   OptionalAttr<F32Attr>:$epsilon, UnitAttr:$centered, DefaultValuedAttr<I64Attr, "1">:$groups);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = [{
    $input (`norm` $weight^ `:` type($weight))? (`bias` $bias^ `:` type($bias))? attr-dict `:` type($input) `to`
    type($result)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input), [{
    build($_builder, $_state, result, input, /*weight=*/::mlir::Value(), /*bias=*/::mlir::Value(),
          /*epsilon=*/::mlir::FloatAttr(), /*centered=*/false);
  }]>];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Otherwise it only rounds.
    bool isNorm() { return getEpsilon().has_value(); }
  }];
}

def Kernel_PairHeadsOp : Kernel_Op<"pair_heads", [Pure]> {
  let summary = "Leaves each head as the first members of its pairs, padded, then the second ones, padded; rotated by the "
                "table where there is one";
  let description = [{
    Queries and keys that meet are paired alike; which pairs those are matters only where they are rotated. With a table,
    `style` says where the members of rotary pairs stand, and `rotated` how many of a head's elements are rotated (by
    default all of them): those pairs come first. What is left, or all where nothing is rotated, is paired as halves.
  }];
  let arguments = (ins AnyRankedTensor:$input, Optional<AnyRankedTensor>:$table, I64Attr:$dimension,
                   OptionalAttr<Model_RopeStyle>:$style, OptionalAttr<I64Attr>:$rotated);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input (`rope` $table^ `:` type($table))? attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Elements of a head that are rotated.
    int64_t countRotated() { return getTable() ? getRotated().value_or(getDimension()) : 0; }
  }];
}

def Kernel_AppendOp : Kernel_Op<"append", [AllTypesMatch<["cache", "result"]>, Pure]> {
  let summary = "Stores keys (paired heads) and plain values at the positions of the step";
  let arguments = (ins Model_KeyValueType:$cache, AnyRankedTensor:$key, AnyRankedTensor:$value, Model_StepType:$step);
  let results = (outs Model_KeyValueType:$result);
  let assemblyFormat = "$cache `,` $key `,` $value `,` $step attr-dict `:` type($cache) `,` type($key) `,` type($value) `,` type($step)";
}

def Kernel_GenericOp : Kernel_Op<"generic", [Pure]> {
  let summary = "Elementwise arithmetic over equally shaped tensors";
  let arguments = (ins Variadic<AnyRankedTensor>:$operands_);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$operands_ attr-dict `:` type($operands_) `to` type($result) $body";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Matrices
//===----------------------------------------------------------------------===//

class Kernel_MatmulBase<string mnemonic> : Kernel_Op<mnemonic, [Pure]> {
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, Variadic<AnyRankedTensor>:$operands_);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $input `,` $weight (`with` $operands_^ `:` type($operands_))? attr-dict `:` type($input) `,` type($weight)
    `to` type($result) $epilogue
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Kernel_MatmulOp : Kernel_MatmulBase<"matmul"> {
  let summary = "epilogue(x Wᵀ)";
}

def Kernel_GatedMatmulOp : Kernel_MatmulBase<"gated_matmul"> {
  let summary = "epilogue(x Gᵀ, x Uᵀ), panels of G and U interleaved in one weight";
}

def Kernel_QkvRopeAppendOp : Kernel_Op<"qkv_rope_append", [Pure, AttrSizedOperandSegments]> {
  let summary = "x Wᵀ of queries, keys and values; pairs rotated; keys and values stored in the cache";
  let description = [{
    Rows of the weight stand as `encoding.head_rows` leaves them: queries and keys in pairs of panels, then values. The
    epilogue, where there is one, is that of `kernel.matmul`, over vectors (a bias) with an element for each of those rows.
    Where queries and keys are rotated there is a table, and the rotation turns one pair: (first, second, cosine, sine) to
    (first, second).
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, Variadic<AnyRankedTensor>:$operands_,
                   Optional<AnyRankedTensor>:$table, Model_KeyValueType:$cache, Model_StepType:$step, I64Attr:$heads);
  let results = (outs AnyRankedTensor:$query, Model_KeyValueType:$result);
  let regions = (region MaxSizedRegion<1>:$epilogue, MaxSizedRegion<1>:$rotation);
  let assemblyFormat = [{
    $input `,` $weight `,` $cache `,` $step (`with` $operands_^ `:` type($operands_))? (`rope` $table^ `:` type($table))?
    attr-dict `:` type($input) `,` type($weight) `,` type($cache) `,` type($step) `to` type($query) `,` type($result)
    (`epilogue` $epilogue^)? (`rotation` $rotation^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Mixtures of experts
//===----------------------------------------------------------------------===//

def Kernel_ChooseExpertsOp : Kernel_Op<"choose_experts", [Pure, Kernel_Repeatable]> {
  let summary = "The experts of each row in ascending order, then their weights: see `model.choose_experts`";
  let arguments = (ins AnyRankedTensor:$input, Model_ExpertWeighting:$weighting, I64Attr:$count);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$weighting $input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
}

def Kernel_GroupRowsOp : Kernel_Op<"group_rows", [Pure, Kernel_Repeatable]> {
  let summary = "A table of the rows that each expert has, so that they are multiplied together";
  let description = [{
    Takes the choice of `kernel.choose_experts`, k experts a row. The result is one table of 32-bit words, whatever rows
    it is stored as: the number of groups, one for each expert that has rows, n; `experts` places for the groups'
    experts, in ascending order; `experts` + 1 places for the first entries of the groups, and past that of the last one
    the number of entries; then the entries, two words each: row · k + place of the expert in the row's choice, and the
    bits of the weight, an f32. Entries of a group are in ascending order.
  }];
  let arguments = (ins AnyRankedTensor:$choice, I64Attr:$experts);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$choice attr-dict `:` type($choice) `to` type($result)";
  let hasVerifier = 1;
}

// A product of rows with the matrices of their experts, which stand one after the other, each in whole panels. A row has
// `count` of them.
class Kernel_ExpertProductBase<string mnemonic> : Kernel_Op<mnemonic, [Pure]> {
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$groups, AnyRankedTensor:$weight,
                   Variadic<AnyRankedTensor>:$operands_, I64Attr:$experts, I64Attr:$count);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $input `,` $groups `,` $weight (`with` $operands_^ `:` type($operands_))? attr-dict `:` type($input) `,`
    type($groups) `,` type($weight) `to` type($result) $epilogue
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Kernel_ExpertGatedMatmulOp : Kernel_ExpertProductBase<"expert_gated_matmul"> {
  let summary = "epilogue(x Gᵀ, x Uᵀ) by each of a row's experts, side by side; panels of G and U interleaved";
}

def Kernel_ExpertSumOp : Kernel_ExpertProductBase<"expert_sum"> {
  let summary = "epilogue(Σ weight · (h Wᵀ)) over a row's experts in ascending order, of inputs side by side";
}

//===----------------------------------------------------------------------===//
// Products of a library
//===----------------------------------------------------------------------===//

def Kernel_LibraryMatmulOp : Kernel_Op<"library_matmul", [Pure]> {
  let summary = "x Wᵀ, plus the addend where there is one, by a library for matrices that the target has (cuBLASLt)";
  let description = [{
    Input and weight are of one format of 16 bits; products are added up in f32. The result has a column for each row of
    the weight, in the order in which those stand. The workspace is the library's; nobody reads it.
  }];
  let arguments = (ins AnyRankedTensor:$input, AnyRankedTensor:$weight, Optional<AnyRankedTensor>:$addend);
  let results = (outs AnyRankedTensor:$result, AnyRankedTensor:$workspace);
  let assemblyFormat = [{
    $input `,` $weight (`plus` $addend^ `:` type($addend))? attr-dict `:` type($input) `,` type($weight) `to` type($result)
    `,` type($workspace)
  }];
  let hasVerifier = 1;
}

def Kernel_GatedEpilogueOp : Kernel_Op<"gated_epilogue", [Pure]> {
  let summary = "What `kernel.gated_matmul` does with its product, of a product that is there";
  let arguments = (ins AnyRankedTensor:$product, Variadic<AnyRankedTensor>:$operands_);
  let results = (outs AnyRankedTensor:$result);
  let regions = (region SizedRegion<1>:$epilogue);
  let assemblyFormat = [{
    $product (`with` $operands_^ `:` type($operands_))? attr-dict `:` type($product) `to` type($result) $epilogue
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Kernel_QkvEpilogueOp : Kernel_Op<"qkv_epilogue", [Pure, AttrSizedOperandSegments]> {
  let summary = "What `kernel.qkv_rope_append` does with its product, of a product that is there";
  let arguments = (ins AnyRankedTensor:$product, Variadic<AnyRankedTensor>:$operands_, Optional<AnyRankedTensor>:$table,
                   Model_KeyValueType:$cache, Model_StepType:$step, I64Attr:$heads);
  let results = (outs AnyRankedTensor:$query, Model_KeyValueType:$result);
  let regions = (region MaxSizedRegion<1>:$epilogue, MaxSizedRegion<1>:$rotation);
  let assemblyFormat = [{
    $product `,` $cache `,` $step (`with` $operands_^ `:` type($operands_))? (`rope` $table^ `:` type($table))?
    attr-dict `:` type($product) `,` type($cache) `,` type($step) `to` type($query) `,` type($result)
    (`epilogue` $epilogue^)? (`rotation` $rotation^)?
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

class Kernel_AttentionBase<string mnemonic> : Kernel_Op<mnemonic, [Pure]> {
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$query `,` $cache `,` $step attr-dict `:` type($query) `,` type($cache) `,` type($step) `to` type($result)";
  let hasVerifier = 1;
}

def Kernel_AttentionOp : Kernel_AttentionBase<"attention"> {
  let summary = "softmax(q Kᵀ · scale) V over the cache";
  let description = [{
    Queries come as `kernel.pair_heads` leaves them, the result is compact: heads · dimension columns. Keys are taken in
    chunks of `key_chunk`, whole pages. A chunk gives a maximum m, the sum s of the weights e^(score - m) and the
    weighted sum o of its values; chunks are merged in ascending order:

    ```
    M' = max(M, m)    S' = S e^(M - M') + s e^(m - M')    O' = O e^(M - M') + o e^(m - M')
    ```

    The result is O / S. Bits depend on `key_chunk` and on nothing else in the step, so that it is a constant. With a
    `window` a row sees the last so many positions, its own included. Chunks still begin at multiples of `key_chunk`
    positions, wherever those stand in a ring; chunks that no row sees are left out. `softcap`, `alibi_slopes` and
    `bidirectional`: as model.attention has them.
    Source: arXiv:2205.14135 (the running maximum), arXiv:2305.13245 (grouped queries).
  }];
  let arguments = (ins AnyRankedTensor:$query, Model_KeyValueType:$cache, Model_StepType:$step, I64Attr:$heads, F32Attr:$scale,
                   DefaultValuedAttr<I64Attr, "128">:$key_chunk, OptionalAttr<I64Attr>:$window,
                   OptionalAttr<F32Attr>:$softcap, OptionalAttr<DenseF32ArrayAttr>:$alibi_slopes, UnitAttr:$bidirectional);
}

def Kernel_AttentionPartialOp : Kernel_AttentionBase<"attention_partial"> {
  let summary = "Maximum, sum and output of every chunk of keys, not yet merged: attention of one row, shared out by keys";
  let description = [{
    For every head one block of f32: the outputs o of up to `chunks` chunks, each padded to whole panels, then m and s
    of every chunk, padded to whole lines of 16. The first is that of the first chunk that the row sees; what lies beyond
    the last one is not written. A single row sees nothing beyond its own position, bidirectional or not.
  }];
  let arguments = (ins AnyRankedTensor:$query, Model_KeyValueType:$cache, Model_StepType:$step, I64Attr:$heads, F32Attr:$scale,
                   DefaultValuedAttr<I64Attr, "128">:$key_chunk, I64Attr:$chunks, OptionalAttr<I64Attr>:$window,
                   OptionalAttr<F32Attr>:$softcap, OptionalAttr<DenseF32ArrayAttr>:$alibi_slopes);
}

def Kernel_AttentionMergeOp : Kernel_Op<"attention_merge", [Pure, Kernel_Repeatable]> {
  let summary = "Merges the chunks that `kernel.attention_partial` left, in ascending order, as `kernel.attention` does";
  let arguments = (ins AnyRankedTensor:$partial, Model_StepType:$step, I64Attr:$heads, I64Attr:$dimension,
                   DefaultValuedAttr<I64Attr, "128">:$key_chunk, I64Attr:$chunks, OptionalAttr<I64Attr>:$window);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$partial `,` $step attr-dict `:` type($partial) `,` type($step) `to` type($result)";
  let hasVerifier = 1;
}

def Kernel_YieldOp : Kernel_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "The values that a region computes for one element";
  let arguments = (ins Variadic<F32>:$values);
  let assemblyFormat = "$values attr-dict `:` type($values)";
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

def Kernel_FunctionOp : Kernel_Op<"function", [FunctionOpInterface, IsolatedFromAbove, SingleBlock]> {
  let summary = "One kernel, called by every layer that has its shape";
  let description = [{
    The last operation is the kernel: its grains are shared out among the workers. In a function for one row, prologues
    may stand before it: operations so small (a norm, a rounding) that every worker computes them whole, into scratch of its
    own, instead of waiting at a barrier for the one worker that would. What a prologue computes is read in this
    function only.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type, Kernel_RowRangeAttr:$row_range,
                   OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// The operation that the function is for: the last one before kernel.return.
    ::mlir::Operation *getKernel() { return getBody().front().back().getPrevNode(); }
    /// What every worker computes for itself before.
    auto getPrologues() { return ::llvm::make_range(getBody().front().begin(), ::mlir::Block::iterator(getKernel())); }
  }];
}

def Kernel_ReturnOp : Kernel_Op<"return", [Pure, Terminator, ReturnLike, HasParent<"FunctionOp">]> {
  let summary = "The results of a kernel function";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

def Kernel_CallOp : Kernel_Op<"call", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "One launch of a kernel function";
  let description = [{
    `wanted`: the launch runs on the rows whose logits are wanted, not on all rows of the step.
    `lane` (added by the place phase) says who executes it.
  }];
  let arguments = (ins FlatSymbolRefAttr:$callee, Variadic<AnyType>:$operands_, UnitAttr:$wanted, OptionalAttr<StrAttr>:$lane);
  let results = (outs Variadic<AnyType>:$results_);
  let assemblyFormat = [{
    $callee `(` $operands_ `)` (`wanted` $wanted^)? (`on` $lane^)? attr-dict `:` functional-type($operands_, $results_)
  }];
}

//===----------------------------------------------------------------------===//
// Instructions
//===----------------------------------------------------------------------===//

def Kernel_Dot4Op : Kernel_Op<"dot4", [Pure, SameVariadicOperandSize, AllTypesMatch<["accumulator", "result"]>]> {
  let summary = "A chain of four-way byte dot products";
  let description = [{
    result[i] = accumulator[i] + Σ_n Σ_{j < 4} unsigned_n[4 i + j] · signed_n[4 i + j], in 32 bits. Bytes of the
    unsigned operands are at most `unsigned_max`, of the signed ones at least -127: a lowering may use either bound, for
    instance to add up 16-bit products before widening (x86 `vpmaddubsw` saturates, `vpdpbusd` does not).
    Vectors have 16 lanes, or as many as a register has where a tile is computed in parts.
  }];
  let arguments = (ins VectorOfLengthAndType<[4, 8, 16], [I32]>:$accumulator,
                   Variadic<VectorOfLengthAndType<[16, 32, 64], [I8]>>:$unsigned_,
                   Variadic<VectorOfLengthAndType<[16, 32, 64], [I8]>>:$signed_, I64Attr:$unsigned_max);
  let results = (outs VectorOfLengthAndType<[4, 8, 16], [I32]>:$result);
  let assemblyFormat = [{
    $accumulator `,` `(` $unsigned_ `)` `times` `(` $signed_ `)` attr-dict `:` type($accumulator) `,`
    `(` type($unsigned_) `)` `times` `(` type($signed_) `)`
  }];
  let hasVerifier = 1;
}

#endif // INGOT_DIALECTS_KERNEL_OPS
