//===- Attributes.td - attributes of the model dialect -----*- tablegen -*-===//

#ifndef INGOT_DIALECTS_MODEL_ATTRIBUTES
#define INGOT_DIALECTS_MODEL_ATTRIBUTES

include "dialects/Model/Dialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

def Model_RopeStyle : I32EnumAttr<"RopeStyle", "where the two members of a rotary pair stand", [
    I32EnumAttrCase<"Halves", 0, "halves">, I32EnumAttrCase<"Interleaved", 1, "interleaved">]> {
  let cppNamespace = "::ingot::model";
}

def Model_ActivationFunction : I32EnumAttr<"ActivationFunction", "elementwise non-linear function", [
    I32EnumAttrCase<"Silu", 0, "silu">, I32EnumAttrCase<"Gelu", 1, "gelu">, I32EnumAttrCase<"GeluTanh", 2, "gelu_tanh">,
    I32EnumAttrCase<"Relu", 3, "relu">]> {
  let cppNamespace = "::ingot::model";
}

def Model_ExpertWeighting : I32EnumAttr<"ExpertWeighting", "the weights of the experts that a row chose", [
    I32EnumAttrCase<"SoftmaxOfAll", 0, "softmax_of_all">, I32EnumAttrCase<"SoftmaxOfChosen", 1, "softmax_of_chosen">]> {
  let cppNamespace = "::ingot::model";
}

def Model_ViewAttr : AttrDef<Model_Dialect, "View"> {
  let mnemonic = "view";
  let summary = "Which elements of a file's tensor a parameter is";
  let description = [{
    Element (i, j, …, k) of the view, whose sizes are `sizes`, is element offset + i · strides[0] + j · strides[1] + … of
    the tensor, counted row-major. The last size is a row's, the others together are the rows; of a vector, all are one
    row. So one matrix of several that a file holds in one tensor (queries, keys and values head by head; gate and up),
    or a transposed one, is read without a copy.
  }];
  let parameters = (ins "int64_t":$offset, ArrayRefParameter<"int64_t">:$sizes, ArrayRefParameter<"int64_t">:$strides);
  let assemblyFormat = "`<` $offset `,` `[` $sizes `]` `,` `[` $strides `]` `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// The largest number of an element, and elements of the view.
    int64_t getLast() const;
    int64_t getCount() const;
    /// Elements of the view's rows stand one after the other.
    bool hasWholeRows() const { return getStrides().back() == 1 || getSizes().back() == 1; }
  }];
}

#endif // INGOT_DIALECTS_MODEL_ATTRIBUTES
