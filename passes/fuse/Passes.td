//===- Passes.td - passes of the fuse phase ------------------*- tablegen -*-===//

#ifndef INGOT_PASSES_FUSE_PASSES
#define INGOT_PASSES_FUSE_PASSES

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Correctness
//===----------------------------------------------------------------------===//

def LowerModel : Pass<"ingot-kernel-lower-model", "::mlir::ModuleOp"> {
  let summary = "Lowers every operation of the model to kernels of its own";
  let description = [{
    One to one, in `@forward`: a norm and a rounding become `kernel.norm_quantize`, a linear map becomes a
    `kernel.matmul` that yields its accumulator, or adds the bias to it, a gated layer two of them and a `kernel.generic`, elementwise
    arithmetic on tensors a `kernel.generic`. All layers share one `kernel.rope_table`, unless they turn
    differently. Queries and keys are laid out in pairs from here on (`kernel.pair_heads`), rotated where `model.rope` says
    so; only attention and append may take those.
    An operation that has no kernel is one error that names it.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def OutlineFunctions : Pass<"ingot-kernel-outline-functions", "::mlir::ModuleOp"> {
  let summary = "Puts every kernel into a function, equal ones into one";
  let description = [{
    Kernels are equal when everything but the values that they take is: attributes, regions, types and the
    range of rows. Layers that look alike so call the same functions. Calls of `kernel.wanted_rows` and of all that
    follows from it are marked `wanted`: such a launch has as many rows as logits are wanted, which may be fewer than
    the first of the function's range.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def FuseVerifyPhase : Pass<"ingot-kernel-verify-phase", "::mlir::ModuleOp"> {
  let summary = "Checks what the fuse phase promises";
  let description = [{
    A forward function loads parameters, calls kernels for its range of rows and returns; every kernel function is
    called. Leaves an analysis remark `launches` for every forward function.
  }];
}

//===----------------------------------------------------------------------===//
// Speed
//===----------------------------------------------------------------------===//

def FuseNormQuantize : Pass<"ingot-kernel-fuse-norm-quantize", "::mlir::ModuleOp"> {
  let summary = "Lets a norm round what it writes";
  let description = [{
    A norm whose users round it to one format writes that format. Where others read it unrounded, as a residual is after
    a norm, it is computed twice, once for either. A norm of several groups stays.
  }];
}

def FuseQueryKeyValue : Pass<"ingot-kernel-fuse-query-key-value", "::mlir::ModuleOp"> {
  let summary = "Joins Q, K and V into one product that rotates and appends";
  let description = [{
    Three products on one input with weights of one format, whose results are laid out in pairs, rotated or not, (Q and K)
    and appended (K and V), become `kernel.qkv_rope_append`. Its weight is an `encoding.assemble` of heads in panels. The
    products may have equal epilogues over vectors of parameters, such as a bias: those are joined likewise.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def FuseGatedMatmul : Pass<"ingot-kernel-fuse-gated-matmul", "::mlir::ModuleOp"> {
  let summary = "Joins two products that meet in elementwise arithmetic";
  let description = [{
    A `kernel.generic` over two products on one input, with weights of one type and no other users, becomes
    `kernel.gated_matmul`; its weight is an `encoding.assemble` of both with panels in turn.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def FuseEpilogue : Pass<"ingot-kernel-fuse-epilogue", "::mlir::ModuleOp"> {
  let summary = "Moves elementwise arithmetic into the epilogue of a product or an embedding";
  let description = [{
    A `kernel.generic` over a product, or rows of a table, that nothing else reads is appended to the epilogue of what
    computes that; its other operands (a residual) become operands there.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def FuseOutputQuantize : Pass<"ingot-kernel-fuse-output-quantize", "::mlir::ModuleOp"> {
  let summary = "Lets products and attention round what they write";
  let description = [{
    A product or an attention that only a rounding reads writes the rounded format itself, where what one grain
    writes holds whole groups: columns of a product, dimension of a head.
  }];
}

def RepeatPrologues : Pass<"ingot-kernel-repeat-prologues", "::mlir::ModuleOp"> {
  let summary = "Lets every worker compute a norm of one row for itself";
  let description = [{
    Of one row, a norm or a rounding is less work than the barrier between it and its readers costs, and one worker would do
    it while the others wait. In functions for one row it becomes a prologue of every kernel that reads it (see
    `kernel.function`). Values are the same ones, bit by bit. Where its result is larger than a worker's scratch, it stays a
    launch.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def UseLibraryProducts : Pass<"ingot-kernel-use-library-products", "::mlir::ModuleOp"> {
  let summary = "Lets a library for matrices multiply many rows";
  let description = [{
    In functions for so many rows that the target description says so, a product becomes `kernel.library_matmul`. Its input is
    rounded to the weight's format: by the norm or the gated product that computes it where nobody else reads that,
    otherwise by a launch of its own. The addition of a residual is the library's; any other epilogue becomes a kernel
    that follows: `kernel.generic`, `kernel.gated_epilogue` or `kernel.qkv_epilogue`. Products for the wanted rows alone
    stay, since there are few of those.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def SplitKeys : Pass<"ingot-kernel-split-keys", "::mlir::ModuleOp"> {
  let summary = "Shares out the attention of a single row by keys";
  let description = [{
    With one row there are few groups of heads and many keys: in the function for one row, `kernel.attention` becomes
    `kernel.attention_partial`, whose grains are chunks of keys, and `kernel.attention_merge`. The bits stay the same.
    Where a sequence is one chunk, nothing is to be shared out.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def BoundRows : Pass<"ingot-kernel-bound-rows", "::mlir::ModuleOp"> {
  let summary = "Cuts the rows of a step to those whose activations stay in the cache";
  let description = [{
    The step of `@forward` may bound its rows higher than is good for the target: what one kernel leaves is then out of the
    cache when the next one reads it. Takes the activations that are live at once at most and the bytes that the target
    description allows for them, and lowers the bound to a power of two where they do not fit. The runtime cuts prompts into
    chunks of the bound; bits do not depend on it.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

def SpecializeRows : Pass<"ingot-kernel-specialize-rows", "::mlir::ModuleOp"> {
  let summary = "Clones the forward function for ranges of rows";
  let description = [{
    Replaces `@forward` by one clone for each range of rows that the target description names, with the bounds of the
    step cut to the range. In the clone for one row, activations have static shapes.
  }];
  let dependentDialects = ["::ingot::kernel::KernelDialect"];
}

#endif // INGOT_PASSES_FUSE_PASSES
