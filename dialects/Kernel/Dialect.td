//===- Dialect.td - the kernel dialect's story -------------*- tablegen -*-===//

#ifndef INGOT_DIALECTS_KERNEL_DIALECT
#define INGOT_DIALECTS_KERNEL_DIALECT

include "mlir/IR/OpBase.td"

def Kernel_Dialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::ingot::kernel";
  let summary = "What becomes one kernel";
  let description = [{
    One operation is one launch. Prologues and epilogues are regions of scalar `arith` and `math` over accumulators,
    operands, row and column; a code generator inlines them at the vector width and never asks which fusion made
    them. Paired forms hand two accumulators to the region: gate and up, or the two members of a rotary pair.

    ```mlir
    %y = kernel.matmul %a, %w with %residual : tensor<?x576xf32> : tensor<?x576xf32, #i8>, tensor<576x576xf32, #q4_1>
           to tensor<?x576xf32> {
    ^bb0(%accumulator: f32, %r: f32, %row: index, %column: index):
      %sum = arith.addf %accumulator, %r : f32
      kernel.yield %sum : f32
    }
    ```

    A kernel that writes a tensor in an integer format rounds it in its store, where it was produced.
    `kernel.function` holds one operation, and for one row what every worker repeats before it; all layers call the same
    function with other parameters, so adding layers adds no kernel body. Functions are cloned for the row ranges 1, 2 to 8 and
    many.
  }];
  let useDefaultAttributePrinterParser = 1;
  let dependentDialects = ["::ingot::model::ModelDialect", "mlir::math::MathDialect"];
}

#endif // INGOT_DIALECTS_KERNEL_DIALECT
