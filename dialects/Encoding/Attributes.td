//===- Attributes.td - storage of tensor elements ----------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_ENCODING_ATTRIBUTES
#define INGOT_DIALECTS_ENCODING_ATTRIBUTES

include "dialects/Encoding/Dialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/TensorEncoding.td"
include "mlir/IR/EnumAttr.td"

def Encoding_GgmlType : I32EnumAttr<"GgmlType", "element formats of GGUF files", [
    I32EnumAttrCase<"F32", 0, "f32">, I32EnumAttrCase<"F16", 1, "f16">, I32EnumAttrCase<"BF16", 2, "bf16">,
    I32EnumAttrCase<"Q4_0", 3, "q4_0">, I32EnumAttrCase<"Q4_1", 4, "q4_1">, I32EnumAttrCase<"Q5_0", 5, "q5_0">,
    I32EnumAttrCase<"Q5_1", 6, "q5_1">, I32EnumAttrCase<"Q8_0", 7, "q8_0">, I32EnumAttrCase<"Q2_K", 8, "q2_k">,
    I32EnumAttrCase<"Q3_K", 9, "q3_k">, I32EnumAttrCase<"Q4_K", 10, "q4_k">, I32EnumAttrCase<"Q5_K", 11, "q5_k">,
    I32EnumAttrCase<"Q6_K", 12, "q6_k">]> {
  let cppNamespace = "::ingot::encoding";
  let genSpecializedAttr = 0;
}

def Encoding_ScaleKind : I32EnumAttr<"ScaleKind", "when the scale of a group is computed", [
    I32EnumAttrCase<"Static", 0, "static">, I32EnumAttrCase<"Dynamic", 1, "dynamic">]> {
  let cppNamespace = "::ingot::encoding";
  let genSpecializedAttr = 0;
}

def Encoding_FormatInterface : AttrInterface<"FormatInterface"> {
  let cppNamespace = "::ingot::encoding";
  let description = [{
    A number format: what a group of consecutive elements of the last dimension costs in bytes.
    A row cut between groups is legal, a cut inside of one is not.
  }];
  let methods = [
    InterfaceMethod<"Elements of one block, which cannot be cut; 1 for plain formats.", "int64_t", "getGroupSize">,
    InterfaceMethod<"Bytes of one block, scales included.", "int64_t", "getGroupBytes">,
    InterfaceMethod<"Whether elements are integer codes with scales.", "bool", "isQuantized">,
    InterfaceMethod<"What a weight matrix in this format stores; not for activations.", "::ingot::encoding::WeightFormat",
                    "getWeightFormat">
  ];
}

class Encoding_Attribute<string cppName, string mnemonicName, list<Trait> traits = []>
    : AttrDef<Encoding_Dialect, cppName, traits> {
  let mnemonic = mnemonicName;
}

def Encoding_GgmlAttr : Encoding_Attribute<"Ggml", "ggml",
    [DeclareAttrInterfaceMethods<Encoding_FormatInterface>]> {
  let summary = "A format of GGUF files";
  let description = [{
    The block formats of ggml, with d and m in f16. 32 elements to a block:
    `q4_0` w = d (q - 8), `q4_1` w = d q + m, `q5_0` w = d (q - 16), `q5_1` w = d q + m, `q8_0` w = d q.
    256 elements to a block, with an integer scale s (and minimum t) per 16 or 32 of them:
    `q2_k` w = d s q - m t (16), `q3_k` w = d s (q - 4) (16), `q4_k` and `q5_k` w = d s q - m t (32),
    `q6_k` w = d s (q - 32) (16). And the plain formats `f32`, `f16`, `bf16`.
    `dialects/Encoding/Formats.h` describes every bit of them.
    Source: ggml-common.h of ggml-org/llama.cpp (`block_q4_0` and its neighbours).
  }];
  let parameters = (ins EnumParameter<Encoding_GgmlType>:$type);
  let assemblyFormat = "`<` $type `>`";
}

def Encoding_BlockAttr : Encoding_Attribute<"Block", "block",
    [DeclareAttrInterfaceMethods<Encoding_FormatInterface>]> {
  let summary = "Symmetric integers with one scale per group of the last dimension";
  let description = [{
    `i8` with a dynamic scale: activations. Codes lie in [-127, 127]; a row is its codes, then an f32 scale
    per group, then for every `sums` columns (32, or 16 for weights with a scale per 16 columns) the f32 product of the
    scale and the sum of their codes (what a weight format with a zero point or a minimum needs), then for every group
    the exponent of its scale as it is added to the bits of an f32: (exponent + 64) · 2^23. A scale has three significant
    bits: (1, 1.25, 1.5 or 1.75) · 2^exponent, or 0. `i4` with a static scale: weights, w = d (q - 8), d in f16.
  }];
  let parameters = (ins TypeParameter<"::mlir::IntegerType", "integer type of a code">:$code,
                        "int64_t":$group, EnumParameter<Encoding_ScaleKind>:$scale,
                        DefaultValuedParameter<"int64_t", "::ingot::encoding::groupColumns">:$sums);
  let assemblyFormat = "`<` $code `,` `group` `=` $group `,` `scale` `=` $scale (`,` `sums` `=` $sums^)? `>`";
  let genVerifyDecl = 1;
}

def Encoding_PanelsAttr : Encoding_Attribute<"Panels", "panels"> {
  let summary = "The packed layout of a weight matrix";
  let description = [{
    `panels<16 x 4>`: 16 consecutive rows are interleaved so that one 64-byte line holds 4 consecutive columns
    of each row; the scales of a block stand before its lines in the same stream. `panels<16 x 1>` is the
    layout of plain formats: 16 elements, one of each row, per column. `panels<1 x 1>` interleaves nothing: rows of a
    plain format stand one after the other, as libraries for matrices read them. The last panel is padded with zero rows,
    and rows that stand alone are padded to a multiple of 16 likewise.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns);
  let assemblyFormat = "`<` $rows `x` $columns `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Whether rows stand one after the other.
    bool hasPlainRows() const { return getRows() == 1; }
  }];
}

def Encoding_StorageAttr : Encoding_Attribute<"Storage", "storage",
    [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "The storage of a tensor: number format, channel order, layout";
  let description = [{
    `order` *names* a channel order; the permutation itself is an operand or a recipe, never part of a type, so that
    all layers keep one type and one code. `layout` is added after placement.
  }];
  let parameters = (ins "FormatInterface":$format, OptionalParameter<"::mlir::StringAttr">:$order,
                        OptionalParameter<"::ingot::encoding::PanelsAttr">:$layout);
  let assemblyFormat = "`<` struct(params) `>`";
  let extraClassDeclaration = [{
    /// Bytes that `rows` x `columns` elements take in this storage, padding of the layout included.
    uint64_t getBytes(int64_t rows, int64_t columns) const;
    StorageAttr withLayout(PanelsAttr layout) const;
  }];
}

#endif // INGOT_DIALECTS_ENCODING_ATTRIBUTES
