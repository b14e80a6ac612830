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

#endif // INGOT_DIALECTS_MODEL_ATTRIBUTES
