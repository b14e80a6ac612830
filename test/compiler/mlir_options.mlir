// MLIR's own options work as in mlir-opt.
// RUN: rm -rf %t && mkdir -p %t && cd %t
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o a.mlir --mlir-timing 2>&1 | FileCheck %s --check-prefix=TIMING
// TIMING: Execution time report
// TIMING: import
// TIMING: model
// TIMING: ModelVerifyPhase
// TIMING: quantize
// RUN: ingotc %data/tiny/one_layer_q5_0.gguf --compile-to=quantize -o a.mlir --mlir-print-ir-after=ingot-quantize-activations 2>&1 | FileCheck %s --check-prefix=AFTER
// AFTER: IR Dump After QuantizeActivations
// AFTER: encoding.quantize

// A failing pass leaves a reproducer that ingot-opt runs.
// RUN: not ingotc %S/diagnostics.mlir --compile-to=model -o b.mlir --mlir-pass-pipeline-crash-reproducer=crash.mlir 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: ingotc: error: {{.*}}expected no function but @forward
// ERROR-NOT: {{.}}
// RUN: FileCheck %s --check-prefix=REPRODUCER <crash.mlir
// REPRODUCER: mlir_reproducer
// REPRODUCER: ingot-model-verify-phase
// RUN: not ingot-opt --run-reproducer crash.mlir 2>&1 | FileCheck %s --check-prefix=AGAIN
// AGAIN: expected no function but @forward
