//===- Passes.td - passes of the place phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_PLACE_PASSES
#define INGOT_PASSES_PLACE_PASSES

include "mlir/Pass/PassBase.td"

def AssignHomes : Pass<"ingot-place-assign-homes", "::mlir::ModuleOp"> {
  let summary = "Says where parameters lie and who executes kernels";
  let description = [{
    Every parameter that a forward function loads gets the tier that kernels read from as its home, every call the
    lane that executes it. What says so already stays as it is.
  }];
}

def AssignLayouts : Pass<"ingot-place-assign-layouts", "::mlir::ModuleOp"> {
  let summary = "Gives stored parameters their final layout";
  let description = [{
    `model.parameter` says what the file holds, `encoding.assemble` what is stored: a parameter that is loaded as it is
    gets an `encoding.assemble` of its own, named `<parameter>.packed`, which takes over its home. Matrices get the
    layout that the target reads, in the recipe's type, in loads and in the functions that take them; the rest
    is stored plainly.
  }];
  let dependentDialects = ["::ingot::encoding::EncodingDialect"];
}

def PlaceVerifyPhase : Pass<"ingot-place-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the place phase promises";
  let description = [{
    Forward functions load only `encoding.assemble`; each has a home, and a layout where it is a matrix. Every call has
    a lane.
  }];
}

#endif // INGOT_PASSES_PLACE_PASSES
