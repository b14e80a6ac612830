//===- Passes.td - passes of the quantize phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_QUANTIZE_PASSES
#define INGOT_PASSES_QUANTIZE_PASSES

include "mlir/Pass/PassBase.td"

def QuantizeActivations : Pass<"ingot-quantize-activations", "::mlir::ModuleOp"> {
  let summary = "Rounds the inputs of quantised weights to 8-bit groups";
  let description = [{
    The input of every `model.linear`, `model.gated_mlp` and `model.logits` whose weights are quantised is rounded to
    `#encoding.block<i8, group = 32, scale = dynamic>`, once for all its consumers and where it is produced; with `sums = 16`
    where a consumer's weights have a scale per 16 columns. Inputs of plain weights stay as they are. With `activations = "f32"` in the module's `ingot.options` (the exact path) nothing is.
  }];
  let dependentDialects = ["::ingot::encoding::EncodingDialect"];
}

def QuantizeVerifyPhase : Pass<"ingot-quantize-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the quantize phase promises";
  let description = [{
    Producers and consumers agree on format and order: a rounded activation comes from `encoding.quantize` and goes into
    products with quantised weights of its channel order; all other operations see plain tensors.
  }];
}

#endif // INGOT_PASSES_QUANTIZE_PASSES
