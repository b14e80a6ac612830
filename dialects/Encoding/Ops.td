//===- Ops.td - operations of the encoding dialect ---------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_ENCODING_OPS
#define INGOT_DIALECTS_ENCODING_OPS

include "dialects/Encoding/Attributes.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Encoding_Op<string mnemonic, list<Trait> traits = []> : Op<Encoding_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

def Encoding_QuantizeOp : Encoding_Op<"quantize", [Pure]> {
  let summary = "Rounds a tensor to an integer format";
  let description = [{
    Every group of the last dimension gets the scale max |x| / 127, rounded up to three significant bits; codes are
    x / scale rounded to the nearest even.
    The rounding is part of the program: fusion may move it into the producer, never remove it.

    ```mlir
    %q = encoding.quantize %x : tensor<?x576xf32> to tensor<?x576xf32, #i8>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Encoding_DequantizeOp : Encoding_Op<"dequantize", [Pure]> {
  let summary = "Restores a plain tensor from an integer format";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Recipes
//===----------------------------------------------------------------------===//

def Encoding_AssembleOp : Encoding_Op<"assemble", [Symbol, IsolatedFromAbove, SingleBlock,
                                                    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A derived parameter and the recipe that makes it";
  let description = [{
    The region moves whole rows of parameters; it is evaluated panel by panel while the weights are written, so no
    matrix is ever held in memory. The yielded tensor has the rows, columns and format of `type`; the layout of
    `type`, once placement has chosen one, is applied last. A vector in f16 or bf16 may be stored in f32.
    `home` (added by the place phase) names the tier that holds the bytes.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<AnyRankedTensor>:$type, OptionalAttr<StrAttr>:$home);
  let regions = (region SizedRegion<1>:$recipe);
  let assemblyFormat = "$sym_name `:` $type (`on` $home^)? attr-dict-with-keyword $recipe";
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def Encoding_LoadOp : Encoding_Op<"load", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A parameter of the file, as the file stores it";
  let arguments = (ins FlatSymbolRefAttr:$parameter);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$parameter attr-dict `:` type($result)";
}

def Encoding_ConcatenateOp : Encoding_Op<"concatenate", [Pure]> {
  let summary = "Rows of several matrices, one after the other";
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$inputs attr-dict `:` type($inputs) `to` type($result)";
  let hasVerifier = 1;
}

def Encoding_InterleaveOp : Encoding_Op<"interleave", [Pure]> {
  let summary = "Panels of two matrices in turn";
  let description = [{
    `panel` rows of the first, `panel` rows of the second, and so on: a kernel then holds the matching rows of both
    in two accumulators. The row counts are padded to whole panels.
  }];
  let arguments = (ins AnyRankedTensor:$first, AnyRankedTensor:$second, I64Attr:$panel);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$first `,` $second attr-dict `:` type($first) `,` type($second) `to` type($result)";
  let hasVerifier = 1;
}

def Encoding_HeadOrder : I32EnumAttr<"HeadOrder", "order of a head's rows", [
    I32EnumAttrCase<"Natural", 0, "natural">, I32EnumAttrCase<"Halves", 1, "halves">,
    I32EnumAttrCase<"Interleaved", 2, "interleaved">]> {
  let cppNamespace = "::ingot::encoding";
}

def Encoding_HeadRowsOp : Encoding_Op<"head_rows", [Pure]> {
  let summary = "Rows of every attention head, in panels and padded";
  let description = [{
    A head has `dimension` rows. `natural` keeps them and pads the head to whole panels. `halves` and `interleaved`
    say where the two members of a rotary pair stand in the source (i and i + dimension / 2, or 2 i and 2 i + 1); both
    give the same result: panels of first members and panels of second members in turn, each half padded to whole panels.
    With `rotated`, only so many of the first rows are rotary pairs, which come first; pairs of what is left follow, row i
    and row i + half of that.
  }];
  let arguments = (ins AnyRankedTensor:$input, I64Attr:$dimension, Encoding_HeadOrder:$order, I64Attr:$panel,
                   OptionalAttr<I64Attr>:$rotated);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
  let hasVerifier = 1;
}

def Encoding_YieldOp : Encoding_Op<"yield", [Pure, Terminator, HasParent<"AssembleOp">]> {
  let summary = "The result of a recipe";
  let arguments = (ins AnyRankedTensor:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // INGOT_DIALECTS_ENCODING_OPS
