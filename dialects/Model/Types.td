//===- Types.td - types of the model dialect ---------------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_MODEL_TYPES
#define INGOT_DIALECTS_MODEL_TYPES

include "dialects/Model/Attributes.td"

// Of operations whose operand has the step's rows, and whose result has the wanted ones.
def Model_GathersWanted : NativeOpTrait<"GathersWanted"> { let cppNamespace = "::ingot::model"; }

class Model_Type<string cppName, string mnemonicName> : TypeDef<Model_Dialect, cppName> {
  let mnemonic = mnemonicName;
  let genVerifyDecl = 1;
}

def Model_StepType : Model_Type<"Step", "step"> {
  let summary = "What one step computes";
  let description = [{
    Tokens, positions, the sequence of each row, page tables and the rows whose logits are wanted, with the bounds that
    buffers are planned for: at most so many rows, sequences and wanted rows. At run time: `IngotStep` of runtime/abi.h.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$sequences, "int64_t":$wanted);
  let assemblyFormat = "`<` struct(params) `>`";
}

def Model_KeyValueType : Model_Type<"KeyValue", "key_value"> {
  let summary = "One version of a layer's key-value cache";
  let description = [{
    `heads` x `dimension` elements of `element` for keys and as many for values, at every position of the cache group
    of that name. K and V lie apart. `i8` stands for codes in groups of 32 with an f16 scale each, as in GGML's q8_0.
    Elements of bf16 are multiplied as they are: attention rounds queries and weights to bf16, too; sums are f32.
  }];
  let parameters = (ins "int64_t":$heads, "int64_t":$dimension, "::mlir::Type":$element, "::mlir::StringAttr":$group);
  let assemblyFormat = "`<` $heads `x` $dimension `x` $element `,` $group `>`";
  let extraClassDeclaration = [{
    /// Whether elements are 8-bit codes with a scale for each group of 32.
    bool isQuantized() const { return getElement().isInteger(8); }
    /// The name of the elements in `key_value` of `ingot.options`; elements by such a name, null where there are none.
    ::llvm::StringRef getElementName() const;
    static ::mlir::Type getElement(::mlir::MLIRContext *context, ::llvm::StringRef name);
  }];
}

#endif // INGOT_DIALECTS_MODEL_TYPES
