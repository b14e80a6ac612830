//===- Passes.td - passes of the model phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_MODEL_PASSES
#define INGOT_PASSES_MODEL_PASSES

include "mlir/Pass/PassBase.td"

def ModelQuantizeParameters : Pass<"ingot-model-quantize-parameters", "::mlir::ModuleOp"> {
  let summary = "Gives plain matrices the block format that the user asked for";
  let description = [{
    The format is `quantize` of the module's `ingot.options`; without it nothing happens. Parameters that only products
    and the table of tokens read (`model.linear`, `model.logits`, `model.embedding`, experts) change their type, themselves or
    as parts of a recipe; their numbers are rounded when the weights are written, row by row. A router, whose product
    `model.choose_experts` reads, stays as it is. Rows of 256 blocks that a matrix's width does not fill become
    `q5_0` instead of `q4_k` and `q5_1` instead of `q5_k`, as llama-quantize has it. What is quantised already, what is
    no matrix, and a matrix whose width is no multiple of 32 stay as they are; the remark says so.
  }];
  let dependentDialects = ["::ingot::encoding::EncodingDialect"];
}

def ModelRaiseGatedMlp : Pass<"ingot-model-raise-gated-mlp", "::mlir::ModuleOp"> {
  let summary = "Recognises the gated half of a feed-forward layer";
  let description = [{
    `activation(linear(x, G)) * linear(x, U)` becomes `model.gated_mlp x, G, U`, so that later phases see one operation
    where two matrices share an input and an epilogue. A gate that stays an elementwise product is correct, only slower;
    the remark says why.
  }];
  let dependentDialects = ["::ingot::model::ModelDialect"];
}

def ModelMakeCacheExplicit : Pass<"ingot-model-make-cache-explicit", "::mlir::ModuleOp"> {
  let summary = "Turns attention over a step's own keys into attention over a cache";
  let description = [{
    Every `model.attention` with plain key and value gets a cache of its own: one more argument and one more result of
    the function, in the order of the layers, and a `model.key_value_append` in between. The element of the cache is
    `key_value` of the module's `ingot.options`.
  }];
  let dependentDialects = ["::ingot::model::ModelDialect"];
}

def ModelNarrowToWantedRows : Pass<"ingot-model-narrow-to-wanted-rows", "::mlir::ModuleOp"> {
  let summary = "Runs the end of the last layer on the rows whose logits are wanted";
  let description = [{
    `model.wanted_rows` moves up to the highest single value from which all of its input comes, past operations that
    treat each row by itself: those with the trait `RowWise`, and elementwise arithmetic. In a Llama that is the input
    of the last feed-forward layer, which then runs on one row of a prompt, and on none of a chunk that is not the last.
    What else reads a row in between keeps the operation that computes it. Where two values meet without one above them
    (attention and feed-forward side by side), nothing moves. The remark says what stopped it. Values are the same ones,
    bit by bit.
  }];
  let dependentDialects = ["::ingot::model::ModelDialect", "::mlir::tensor::TensorDialect"];
}

def ModelVerifyPhase : Pass<"ingot-model-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the model phase promises";
  let description = [{
    Every parameter has a storage; no attention lacks a cache; every version of a cache is taken once, by the next append
    or by the return; `@forward` takes a step and its caches and returns the logits, then the caches in the same order.
    A module without `@forward` holds a tokenizer.
  }];
}

#endif // INGOT_PASSES_MODEL_PASSES
